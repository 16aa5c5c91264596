#!/bin/sh
# Before anything else starts: every database at this version's schema and shipped data, every topic on the bus.
# Doing it again changes nothing. Each part has its own role, whose password lies under its own name.
set -eu
for part in registry eligibility finance notification gateway; do
    PEIYU_DATABASE_URL="postgresql+psycopg://peiyu_$part@${PEIYU_DATABASE_HOST}/peiyu_$part" \
    PEIYU_SECRETS_DIR="/run/secrets/$part" python -m peiyu migrate "$part"
done
exec python -m peiyu topics apply
