#!/usr/bin/env bash
# Builds the page and the server, and starts a world with 24 inhabitants. ARGS goes to `rookery serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh rust compiler
scripts/page.sh
# shellcheck source=scripts/limits.sh
. scripts/limits.sh
echo 'run: building the server; the first time takes some minutes'
# shellcheck disable=SC2086 # ARGS holds several words.
exec cargo run --release --locked -- serve --demo 24 ${ARGS-}
