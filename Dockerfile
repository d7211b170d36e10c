# The operator as one static program in an empty image: no shell, no libc, nothing to patch but itself.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag <image> .

FROM rust:1.95-bookworm AS build
# musl's C compiler, for the cryptography that is written in C.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The same paths and the same versions give the same program, wherever it is built.
ENV RUSTFLAGS="--remap-path-prefix=/src=/src --remap-path-prefix=/usr/local/cargo=/cargo"
# Some distributions' kernels for arm64 have pages of 64 KiB: jemalloc would refuse to work with larger pages than it
# was built for.
RUN if [ "$(uname -m)" = aarch64 ]; then export JEMALLOC_SYS_WITH_LG_PAGE=16; fi \
    && target="$(uname -m)-unknown-linux-musl" \
    && rustup target add "$target" \
    && cargo build --release --locked --no-default-features --bin pingone-aic-operator --target "$target" \
    && install -D "target/$target/release/pingone-aic-operator" /image/pingone-aic-operator \
    && install -D --mode=644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

FROM scratch
LABEL org.opencontainers.image.title="pingone-aic-operator" \
      org.opencontainers.image.description="Joins PingOne Advanced Identity Cloud tenants to PingOne, declaratively, from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/pingone-aic-operator"]
