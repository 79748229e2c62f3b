-- One widget of each availability: plenty, a few, plenty, none.
INSERT INTO public.products (id, name, price, stock) VALUES
    (1, 'Arm64 SoC', 30.00, 600),
    (2, 'IoT breakout board', 8.00, 40),
    (3, 'DAC extension board', 15.50, 750),
    (4, 'Mars comms unit', 6000.00, 0);
