-- Puts the shop into a database elsewhere: `psql URL -f db/prepare.sql`, as the database's owner
-- (docs/database.md). All of it or nothing; what is there already stays as it is.
\set ON_ERROR_STOP on
BEGIN;
SELECT to_regclass('public.products') IS NULL AS is_empty \gset
\if :is_empty
    \ir sql/1-schema.sql
    \ir sql/2-data.sql
\endif
\ir sql/3-roles.sql
COMMIT;
