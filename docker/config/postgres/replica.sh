#!/bin/bash
# Becomes a read replica: copies the primary once, into an empty PGDATA, and follows it by a slot of its own from then on.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD=$REPLICATION_PASSWORD
  pg_basebackup --pgdata "$PGDATA" --write-recovery-conf --wal-method stream --checkpoint fast \
    --create-slot --slot "${REPLICATION_SLOT:-replica}" \
    --dbname "host=${PRIMARY_HOST:-postgres} user=replicator application_name=replica"
  chmod 0700 "$PGDATA"
fi
exec docker-entrypoint.sh "$@"
