-- One role for each API, which may do what that API does and nothing else. Neither can log in
-- before whoever starts the database has given it a password.
CREATE ROLE products_api LOGIN;
GRANT SELECT (id, name, price) ON public.products TO products_api;

CREATE ROLE stock_api LOGIN;
GRANT SELECT (id, stock), UPDATE (stock) ON public.products TO stock_api;
