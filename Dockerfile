# docker build -t meshlint . && docker run --rm -v "$PWD:/work:ro" meshlint check
FROM rust:1.90-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin meshlint && strip target/release/meshlint

# No shell, no package manager, and a user who is not root.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/meshlint /usr/local/bin/meshlint
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/meshlint"]
CMD ["check"]
