#!/usr/bin/env bash
# Runs the simulation: SEEDS=5000 scripts/sim.sh, from FROM on; SEED=42 runs one alone and tells what failed in it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh rust compiler
export ROOKERY_SIM_SEEDS=${SEEDS-} ROOKERY_SIM_FROM=${FROM-} ROOKERY_SIM_SEED=${SEED-}
test=tests::what_is_promised_holds_whatever_happens
# shellcheck disable=SC2086 # ARGS holds several words.
exec cargo test --locked --features faults --release --test sim -- --exact "$test" --nocapture ${ARGS-}
