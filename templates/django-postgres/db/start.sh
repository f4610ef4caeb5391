#!/bin/sh
# Makes the database once, under another name first, so that a kill in the middle leaves nothing half-made; then serves it.
set -eu

quoted() { printf '%s' "$1" | sed "s/'/''/g"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  new="$PGDATA.new"
  rm -rf "$new"
  initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 --no-sync > /dev/null
  echo "host all all all scram-sha-256" >> "$new/pg_hba.conf"
  postgres --single -D "$new" postgres > /dev/null <<SQL
CREATE ROLE "$POSTGRES_USER" LOGIN PASSWORD '$(quoted "$POSTGRES_PASSWORD")';
CREATE DATABASE "$POSTGRES_DB" OWNER "$POSTGRES_USER";
SQL
  mv "$new" "$PGDATA"
  echo "database $POSTGRES_DB made for $POSTGRES_USER"
fi

exec postgres -D "$PGDATA" -c listen_addresses='*'
