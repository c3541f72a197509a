#!/bin/sh
# Passwords for deploy/compose.yaml, drawn at random: sh deploy/secrets.sh > deploy/.env
set -eu
for name in CONTROL_TOKEN REDIS_PASSWORD QUESTDB_PASSWORD NATS_PASSWORD GRAFANA_PASSWORD; do
    printf '%s=pw_%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
done
