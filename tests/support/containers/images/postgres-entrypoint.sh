#!/usr/bin/env bash
# What the official image's entrypoint does on a first start, as far as our compose file uses it:
# POSTGRES_USER, POSTGRES_PASSWORD(_FILE), POSTGRES_INITDB_ARGS and /docker-entrypoint-initdb.d.
set -euo pipefail
[[ ${1:-} == postgres ]] || exec "$@"
export POSTGRES_USER=${POSTGRES_USER:-postgres}
if [[ -n ${POSTGRES_PASSWORD_FILE:-} ]]; then
  POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
fi

if [[ ! -s $PGDATA/PG_VERSION ]]; then
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA"
  # shellcheck disable=SC2086 # several arguments in one variable, as in the official image
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:?no password for the superuser}") \
    ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # On the socket alone: nobody may come in before the scripts are done.
  pg_ctl -w start -o "-c listen_addresses=''"
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) if [[ -x $script ]]; then "$script"; else . "$script"; fi ;;
      *.sql) psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres -f "$script" ;;
    esac
  done
  pg_ctl -w -m fast stop
fi
exec "$@" -c listen_addresses='*'
