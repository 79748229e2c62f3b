# The three services: built once, an image each that holds one static program and nothing else.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /shop
COPY . .
# Macros and build scripts cannot be static: with a `--target`, though it is this very machine, the
# flags are for the services alone.
ENV RUSTFLAGS="-C target-feature=+crt-static"
# Such as chassis/database-tls, for a database that demands TLS (docs/database.md).
ARG FEATURES=
# Touched, because cargo goes by the files' times, and target may hold newer ones of another checkout.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/shop/target,sharing=locked \
    find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --target host-tuple -p web -p products-api -p stock-api --features "$FEATURES" \
    && mkdir /services \
    && cp target/*/release/web target/*/release/products-api target/*/release/stock-api /services

FROM scratch AS service
USER 65532:65532
EXPOSE 8080 9090

FROM service AS web
COPY --from=build /services/web /
HEALTHCHECK --start-period=30s --start-interval=0.25s CMD ["/web", "probe", "http://localhost:9090/readyz"]
ENTRYPOINT ["/web"]

FROM service AS products-api
COPY --from=build /services/products-api /
HEALTHCHECK --start-period=30s --start-interval=0.25s CMD ["/products-api", "probe", "http://localhost:9090/readyz"]
ENTRYPOINT ["/products-api"]

FROM service AS stock-api
COPY --from=build /services/stock-api /
HEALTHCHECK --start-period=30s --start-interval=0.25s CMD ["/stock-api", "probe", "http://localhost:9090/readyz"]
ENTRYPOINT ["/stock-api"]
