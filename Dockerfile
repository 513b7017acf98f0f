# docker build -t rookery . && docker run --read-only -p 8000:8000 -v rookery:/data rookery
# The root file system may be read-only: everything that Rookery writes is in /data.

FROM node:18-bookworm-slim AS page
WORKDIR /build/static
COPY static/package.json static/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY static ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS server
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
COPY --from=page /build/static/dist static/dist
RUN cargo build --release --locked --bin rookery

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin rookery \
    && install -d -o rookery -g rookery /data
COPY --from=server /build/target/release/rookery /usr/local/bin/rookery
USER 10001:10001
ENV ROOKERY_LISTEN=0.0.0.0:8000 ROOKERY_DATA=/data
VOLUME /data
EXPOSE 8000
# Probes ask /health/live and /health/ready; the image has no curl to ask with, so it declares no HEALTHCHECK of its own.
STOPSIGNAL SIGTERM
ENTRYPOINT ["rookery"]
CMD ["serve"]
