#!/usr/bin/env bash
# Builds the page into static/dist when a source is newer than what was built. `--packages` stops after `npm ci`.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh node
cd static

# npm writes this file last, so it is missing after a broken install; the date is set even when nothing changed.
installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
    echo 'page: installing its packages (npm ci)'
    npm ci --no-audit --no-fund --loglevel=error </dev/null
    mkdir -p node_modules && touch "$installed"
fi
[ "${1-}" != --packages ] || exit 0

newer() { find . \( -name node_modules -o -name dist -o -name test \) -prune -o -type f -newer dist/app.js -print -quit; }
if [ ! -e dist/app.js ] || [ -n "$(newer)" ]; then
    echo 'page: building static/dist (npm run build)'
    npm run --silent build </dev/null
fi
