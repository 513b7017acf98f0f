#!/usr/bin/env bash
# Checks form, lints, documentation, types and dependencies. Runs every check and fails at the end when one failed.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
check() {
    local name=$1
    shift
    printf '=== lint: %s\n' "$name"
    "$@" </dev/null || failed+=("$name")
}

scripts_parse() {
    local file
    for file in scripts/*.sh .ci/run; do bash -n "$file" || return 1; done
}

clippy() { cargo clippy --locked --all-targets --features faults -- -D warnings; }

doc() { RUSTDOCFLAGS=-Dwarnings cargo doc --locked --features faults --no-deps --document-private-items; }

types() { scripts/page.sh --packages && npm --prefix static run --silent check; }

# h2 0.3 has an open advisory (unbounded empty DATA frames), so the server is built without HTTP/2.
no_h2() {
    local found
    # cargo fails when the lock file has no h2 at all, which is as good.
    found=$(cargo tree --locked --target all -e normal,build -i h2 2>/dev/null || true)
    [ -z "$found" ] || { printf 'the server must not contain h2:\n%s\n' "$found"; return 1; }
}

# Compiling cargo-deny takes as long as compiling Rookery, so it is used where it is there; tests/tidy and no_h2 check
# the part of it that matters most.
deny() {
    if cargo deny --version >/dev/null 2>&1; then
        cargo deny --locked --log-level warn check bans licenses sources
    else
        echo 'SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny)'
    fi
}

scripts/need.sh rust compiler node
check 'scripts parse' scripts_parse
check 'cargo fmt' cargo fmt --check
check 'cargo clippy' clippy
check 'cargo doc' doc
check 'types of the page' types
check 'no h2' no_h2
check 'cargo deny' deny

if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint: FAILED:'
    printf ' [%s]' "${failed[@]}"
    echo
    exit 1
fi
echo 'lint: all clean'
