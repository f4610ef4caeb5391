#!/bin/sh
# Makes the database once, under another name first, so that a kill in the middle leaves nothing half-made; then serves it.
set -eu

data=/var/lib/mysql/main
quoted() { printf '%s' "$1" | sed "s/'/''/g"; }

if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  mariadb-install-db --datadir="$data.new" --auth-root-authentication-method=normal --skip-test-db > /dev/null
  mariadbd --datadir="$data.new" --bootstrap --skip-grant-tables=OFF <<SQL
CREATE DATABASE \`$MARIADB_DATABASE\`;
CREATE USER '$(quoted "$MARIADB_USER")'@'%' IDENTIFIED BY '$(quoted "$MARIADB_PASSWORD")';
GRANT ALL ON \`$MARIADB_DATABASE\`.* TO '$(quoted "$MARIADB_USER")'@'%';
SQL
  mv "$data.new" "$data"
  echo "database $MARIADB_DATABASE made for $MARIADB_USER"
fi

exec mariadbd --datadir="$data" --bind-address=0.0.0.0 --skip-name-resolve
