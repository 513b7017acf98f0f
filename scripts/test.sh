#!/usr/bin/env bash
# Runs all tests: Rust, the page alone, the page in Chromium against a running world, and a short chaos run.
# Stops at the first part that fails. The closing lines of every part are printed again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/rookery-test-XXXXXX")
log=$work/log
world=

finish() {
    local status=$?
    trap - EXIT
    if [ -n "$world" ]; then
        kill "$world" 2>/dev/null || true
        wait "$world" 2>/dev/null || true
    fi
    printf '\n=== test: closing lines\n'
    scripts/closing-lines.sh "$log"
    rm -rf -- "$work"
    if [ "$status" -eq 0 ]; then echo 'test: all passed'; else echo "test: FAILED (status $status)"; fi
    exit "$status"
}
trap finish EXIT
# A signal ends the script through `finish`, so that no world is left behind.
trap 'exit 130' INT
trap 'exit 143' TERM

# part NAME COMMAND...: runs a part of the tests, shows its output and keeps it for the closing lines.
part() {
    printf '\n=== test: %s\n' "$1" | tee -a "$log"
    shift
    "$@" </dev/null 2>&1 | tee -a "$log"
}

# Starts the world that the page is looked at in, and waits until it is ready.
start_world() {
    local port tries
    port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
    ROOKERY_URL=http://127.0.0.1:$port
    export ROOKERY_URL
    # shellcheck source=scripts/limits.sh
    . scripts/limits.sh
    "${CARGO_TARGET_DIR:-target}/debug/rookery" serve --demo 24 --listen "127.0.0.1:$port" --data "$work/data" \
        </dev/null >"$work/world.log" 2>&1 &
    world=$!
    for ((tries = 0; tries < 300; tries++)); do
        if ! kill -0 "$world" 2>/dev/null; then break; fi
        if curl -fsS -o /dev/null --max-time 2 "$ROOKERY_URL/health/ready" 2>/dev/null; then return; fi
        sleep 0.2
    done
    echo 'test: the world for the page did not become ready; the end of its log:'
    tail -n 40 "$work/world.log"
    return 1
}

page_test() {
    if (cd static && npm run --silent test:page); then return; fi
    echo 'the end of the log of the world:'
    tail -n 40 "$work/world.log"
    return 1
}

: >"$log"
scripts/need.sh rust compiler node services browser python
part 'building the page' scripts/page.sh
part 'installing for the examples' scripts/examples.sh
part 'Rust: lib, tidy, it' cargo test --locked --features faults --no-fail-fast --lib --bins --test tidy --test it
part 'simulation: one run a seed' cargo test --locked --features faults --test sim
part 'page: units' npm --prefix static run --silent test
start_world
part 'page: in Chromium' page_test
part 'chaos: a short run of each scenario' scripts/chaos.sh --short
part 'mutants' scripts/mutants.sh
