#!/bin/sh
# nginx wants the resolver's address in its own configuration.
set -eu
awk '$1 == "nameserver" { print "resolver " ($2 ~ /:/ ? "[" $2 "]" : $2) " valid=2s;"; exit }' /etc/resolv.conf > /etc/nginx/resolver.conf
exec nginx -g 'daemon off;'
