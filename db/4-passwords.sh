#!/bin/sh
# Gives the roles of 3-roles.sql their passwords, without white space at the end, as the services
# read them.
set -eu

psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname "$POSTGRES_DB" <<'SQL'
\set products `cat /run/secrets/products-api-password`
\set stock `cat /run/secrets/stock-api-password`
SELECT format('ALTER ROLE %I PASSWORD %L', role, regexp_replace(password, '\s+$', ''))
FROM (VALUES ('products_api', :'products'), ('stock_api', :'stock')) AS roles (role, password)
\gexec
SQL
rm /var/lib/postgresql/unfinished
