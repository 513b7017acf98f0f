#!/usr/bin/env bash
# Installs what the examples and the tests with SDKs (tests/it/sdk) need: the Python SDK into .venv, the JavaScript SDK
# into examples/node_modules. It does nothing when both are there.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh node python

# The mark is set last, so that a broken installation is made again.
wanted='centrifuge-python==0.7.0'
if [ "$(cat .venv/rookery-examples 2>/dev/null)" != "$wanted" ]; then
    echo "examples: installing $wanted into .venv"
    python3 -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$wanted" </dev/null
    echo "$wanted" >.venv/rookery-examples
fi

installed=examples/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ examples/package-lock.json -nt "$installed" ]; then
    echo 'examples: installing the packages of the JavaScript agent (npm ci)'
    (cd examples && npm ci --no-audit --no-fund --loglevel=error </dev/null)
    mkdir -p examples/node_modules && touch "$installed"
fi
