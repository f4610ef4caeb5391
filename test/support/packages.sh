#!/bin/sh
# Debian packages that the tests use and that a fresh machine may lack: installed where that is allowed, otherwise named.
set -eu
missing=
for wanted in "$@"; do
  dpkg-query -W -f '${Status}' "$wanted" 2> /dev/null | grep -q 'ok installed' || missing="$missing $wanted"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "the tests need$missing: sudo apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends $missing > /dev/null 2>&1 && exit 0
apt-get update -qq
apt-get install -y -qq --no-install-recommends $missing > /dev/null
