#!/usr/bin/env bash
# Runs a chaos scenario: SCENARIO=kill9 scripts/chaos.sh [--short]. ARGS goes to the scenario.
# The short run is part of `make test` and uses its debug build; the full run is a release build.
set -euo pipefail
cd "$(dirname "$0")/.."

scenario=${SCENARIO:-kill9}
scripts/need.sh rust compiler services
build=(--release)
[ "${1-}" != --short ] || build=()
# shellcheck disable=SC2086 # ARGS holds several words.
exec cargo test --locked --features faults ${build[@]+"${build[@]}"} --test chaos -- "$scenario" "$@" ${ARGS-}
