# The three services: built once, an image each that holds one static program and nothing else. For
# another platform than this machine's a cross compiler makes them, so that nothing is emulated:
#     docker buildx build --platform linux/amd64,linux/arm64 --target web .

# A static program does not tell what it is made of: a list of that (`--sbom`) is made from Cargo.lock.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

FROM --platform=$BUILDPLATFORM rust:1.95.0-slim-bookworm AS build
# Set by BuildKit: amd64 or arm64, of this machine and of the image.
ARG BUILDARCH
ARG TARGETARCH
# hadolint ignore=DL3008 # the compiler of this Debian release; old versions leave its archive
RUN case $TARGETARCH in \
        amd64) triple=x86_64-unknown-linux-gnu gcc=gcc-x86-64-linux-gnu ;; \
        arm64) triple=aarch64-unknown-linux-gnu gcc=gcc-aarch64-linux-gnu ;; \
        *) echo "The shop is built for amd64 and arm64, not for $TARGETARCH." >&2; exit 1 ;; \
    esac \
    && echo "$triple" >/triple \
    && if [ "$TARGETARCH" != "$BUILDARCH" ]; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends \
            "$gcc" "libc6-dev-$TARGETARCH-cross" \
        && rm -r /var/lib/apt/lists/* \
        && rustup target add "$triple"; \
    fi
# Macros and build scripts cannot be static: with a `--target`, though it may be this very machine,
# the flags are for the services alone. Debian gives the machine's own compiler such a name, too.
ENV RUSTFLAGS="-C target-feature=+crt-static" \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
WORKDIR /shop
COPY . .
# Such as chassis/database-tls, for a database that demands TLS (docs/database.md).
ARG FEATURES=
# Touched, because cargo goes by the files' times, and target may hold newer ones of another checkout.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/shop/target,id=shop-$TARGETARCH,sharing=locked \
    find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && triple=$(cat /triple) \
    && cargo build --release --locked --target "$triple" --features "$FEATURES" \
        -p web -p products-api -p stock-api \
    && mkdir /services \
    && cp "target/$triple/release/web" "target/$triple/release/products-api" \
        "target/$triple/release/stock-api" /services

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
