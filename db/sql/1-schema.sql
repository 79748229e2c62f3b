-- What is sold, for how much, and how many are left.
CREATE TABLE public.products (
    id    bigint PRIMARY KEY,
    name  varchar(255) NOT NULL,
    price numeric(19, 2) NOT NULL CHECK (price >= 0),
    stock bigint NOT NULL CHECK (stock >= 0)
);
