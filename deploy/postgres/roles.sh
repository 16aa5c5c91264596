#!/bin/bash
# Run once, by the image, when the data directory is new: a role and a database for each part of the suite.
# A role owns its own database and cannot enter any other.
set -eu
psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres)
"${psql[@]}" -c 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
for part in registry eligibility finance notification gateway; do
  # The password goes in by a variable of psql, not as an argument that anybody on the machine can read.
  "${psql[@]}" <<SQL
\set password \`cat /run/secrets/$part-database-password\`
CREATE ROLE peiyu_$part LOGIN PASSWORD :'password';
CREATE DATABASE peiyu_$part OWNER peiyu_$part TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE peiyu_$part FROM PUBLIC;
SQL
done
