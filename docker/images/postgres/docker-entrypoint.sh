#!/bin/bash
# Makes the database cluster when PGDATA is empty, runs what lies in /docker-entrypoint-initdb.d on it, and then what was asked for.
set -euo pipefail

if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD: the database is open to the network}"
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --encoding=UTF8 \
    --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

  # Not on TCP yet: nobody takes a database that is half made for a ready one.
  pg_ctl --silent --wait -o "-c listen_addresses=''" start
  sql() { psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$user" --dbname "$@"; }
  if [ "$database" != postgres ]; then sql postgres --quiet --set "name=$database" <<<'CREATE DATABASE :"name";'; fi
  export POSTGRES_USER=$user POSTGRES_DB=$database
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) bash "$file" ;;
      *.sql) sql "$database" --quiet --file "$file" ;;
    esac
  done
  pg_ctl --silent --wait --mode=fast stop
fi
[ "${1:-}" != postgres ] || set -- "$@" -c listen_addresses='*'
exec "$@"
