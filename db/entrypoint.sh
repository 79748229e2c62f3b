#!/bin/sh
# What PostgreSQL's own entry point leaves out: it takes whatever is in $PGDATA for a whole database.
# Here none is begun without the passwords, and one that was left half made is made again.
set -eu

secrets=/run/secrets
unfinished=/var/lib/postgresql/unfinished # 4-passwords.sh, the last that fills it, removes this

if [ -e "$unfinished" ]; then
    echo "The database was left half made: making it again."
    find "$PGDATA" -mindepth 1 -delete
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    for role in postgres products-api stock-api; do
        secret=$secrets/$role-password
        if [ -e "$secret" ] && [ ! -r "$secret" ]; then
            echo "$secret cannot be read by user $(id -u). With Docker Compose: chmod -R a+rX db/demo-passwords" >&2
            exit 1
        fi
        if ! grep -qs '[^[:space:]]' "$secret"; then
            echo "$secret is missing or empty: it must hold the password of $role." >&2
            exit 1
        fi
    done
    mkdir -p "$PGDATA"
    touch "$unfinished"
fi
export POSTGRES_PASSWORD_FILE="$secrets/postgres-password"
exec docker-entrypoint.sh "$@"
