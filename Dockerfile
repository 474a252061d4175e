# The console, built with Node.
FROM node:22-bookworm-slim AS console
WORKDIR /build/portals-web
COPY portals-web/package.json portals-web/package-lock.json ./
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY openapi.json /build/openapi.json
COPY portals-web/ ./
RUN npm run build

# The binary, with the console inside.
FROM rust:1.95-bookworm AS binary
WORKDIR /build
COPY . .
COPY --from=console /build/portals-web/dist portals-web/dist
RUN cargo build --release --locked

# What runs: one file, no root. SIP and media name their addresses to peers, so they must be told:
#   docker run --network host -e DIDTRON_SIP_LISTENERS=udp/203.0.113.9:5060,tcp/203.0.113.9:5060 \
#       -e DIDTRON_MEDIA_ADDRESS=203.0.113.9 -v didtron:/var/lib/didtron didtron
FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/didtron --create-home didtron
COPY --from=binary /build/target/release/didtron /usr/local/bin/didtron
COPY configs/didtron.toml /etc/didtron/didtron.toml
ENV DIDTRON_DATA_DIR=/var/lib/didtron \
    DIDTRON_CONFIG=/etc/didtron/didtron.toml \
    DIDTRON_HTTP_ADDRESS=0.0.0.0:8080
USER didtron
VOLUME /var/lib/didtron
EXPOSE 5060/udp 5060/tcp 8080/tcp 16384-32767/udp
ENTRYPOINT ["didtron"]
CMD ["serve"]
