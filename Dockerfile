# Plenary: the server. Two ways to the same image:
#   --target plenary   (the default) builds the binary here
#   --target prebuilt  takes the one at target/image/plenary, built outside; nothing but the base image is needed then
ARG RUST_IMAGE=rust:1.95.0-bookworm
# docs/deploy.md says how to move on to another day's.
ARG DEBIAN_IMAGE=debian:bookworm-20260824-slim

FROM ${DEBIAN_IMAGE} AS base
# The number is fixed, because coturn gives the TURN secret to it.
RUN groupadd --system --gid 10001 plenary && \
    useradd --system --uid 10001 --gid plenary --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plenary
COPY docker/lib.sh docker/entrypoint.sh docker/healthcheck.sh /usr/local/lib/plenary/
RUN chmod -R a+rX /usr/local/lib/plenary
# A volume that is mounted here for the first time takes its owner and its permissions from this folder.
RUN install -d -m 0700 -o plenary -g plenary /var/lib/plenary
# HTTP at every address of the container: what is published of it is said where it is run.
ENV PLENARY_PLAIN_HTTP=true PLENARY_HTTP_PORT=8080 PLENARY_HTTP_ADDRESS=0.0.0.0 PLENARY_STATE=/var/lib/plenary
USER 10001:10001
EXPOSE 8080/tcp 61000/udp 61000/tcp
HEALTHCHECK --interval=3s --timeout=3s --retries=5 CMD ["bash", "/usr/local/lib/plenary/healthcheck.sh"]
ENTRYPOINT ["bash", "/usr/local/lib/plenary/entrypoint.sh"]

# Before the stage that compiles: the classic builder builds every stage above the target, BuildKit only those it needs.
FROM base AS prebuilt
COPY target/image/plenary /usr/local/bin/plenary

FROM ${RUST_IMAGE} AS build
WORKDIR /plenary
# Cargo.toml names benches and tests, so they have to be there, although nothing of them is built.
COPY Cargo.toml Cargo.lock build.rs ./
COPY build build
COPY benches benches
COPY tests tests
COPY src src
COPY client client
RUN cargo build --release --locked --bin plenary && strip target/release/plenary

FROM base AS plenary
COPY --from=build /plenary/target/release/plenary /usr/local/bin/plenary
