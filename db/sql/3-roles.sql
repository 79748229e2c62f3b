-- One role for each API, which may do what that API does and nothing else. Neither can log in
-- before whoever starts the database has given it a password. A server may have both already, for
-- another database.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'products_api') THEN
        CREATE ROLE products_api LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stock_api') THEN
        CREATE ROLE stock_api LOGIN;
    END IF;
END
$$;
GRANT SELECT (id, name, price) ON public.products TO products_api;
GRANT SELECT (id, stock), UPDATE (stock) ON public.products TO stock_api;
