#!/usr/bin/env bash
# Runs the benches. ARGS chooses: ARGS='--bench payments'. PostgreSQL is started by the bench itself.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh rust compiler services
# shellcheck disable=SC2086 # ARGS holds several words.
exec cargo bench --locked ${ARGS---benches}
