#!/usr/bin/env bash
# Measures everything and writes docs/BENCHMARKS.md. ARGS chooses one bench, which writes no page:
# ARGS='--bench payments', ARGS='--bench swarm -- --run channel'. PostgreSQL and the servers are started by the benches.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh rust compiler services
if [ -n "${ARGS-}" ]; then
    # shellcheck disable=SC2086 # ARGS holds several words.
    exec cargo bench --locked $ARGS
fi
# All is compiled before anything is measured.
cargo bench --locked --benches --no-run
cargo bench --locked --bench world
cargo bench --locked --bench payments
cargo bench --locked --bench swarm -- --write docs/BENCHMARKS.md
