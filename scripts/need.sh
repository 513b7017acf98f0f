#!/usr/bin/env bash
# Installs what a task misses, through apt-get: scripts/need.sh GROUP...
#
#   rust      (checked only) cargo with rustfmt and clippy
#   compiler  a C compiler and pkg-config, for the bundled SQLite
#   node      Node.js and npm, for the page
#   services  PostgreSQL, Redis and Mosquitto, which the tests start and stop themselves, faketime for their clocks, openssl for
#             certificates of theirs, and ssh-keygen for logins
#   browser   Chromium, for the tests of the page
#   python    Python with venv and pip, for the tests of the examples
#
# It says nothing and does nothing when all is there, and leaves no service running.
set -euo pipefail

say() { printf 'need: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
has_postgres() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_venv() { has python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
has_pip() { has python3 && python3 -c 'import pip' >/dev/null 2>&1; }

missing=()
# want PACKAGE TEST...: notes the package when the test fails.
want() {
    local package=$1
    shift
    "$@" || missing+=("$package")
}

check() {
    missing=()
    local group
    for group in "$@"; do
        case $group in
        rust) check_rust ;;
        compiler)
            want gcc has cc
            want libc6-dev test -e /usr/include/stdlib.h
            want pkg-config has pkg-config
            ;;
        node)
            want nodejs has node
            want npm has npm
            ;;
        services)
            want postgresql has_postgres
            want redis-server has redis-server
            want mosquitto has mosquitto
            want faketime has faketime
            want openssl has openssl
            want openssh-client has ssh-keygen
            ;;
        browser) want chromium has chromium ;;
        python)
            want python3-venv has_venv
            want python3-pip has_pip
            ;;
        *) die "no group '$group'; there are: rust compiler node services browser python" ;;
        esac
    done
}

check_rust() {
    has cargo || die 'cargo is missing: install a Rust toolchain with rustup (https://rustup.rs)'
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        has rustup || die 'cargo fmt or cargo clippy is missing: install rustfmt and clippy for your toolchain'
        say 'adding rustfmt and clippy to the toolchain'
        rustup component add rustfmt clippy
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Removes what kept the services quiet, if it was ours.
quiet_files=()
loud() {
    local file
    for file in ${quiet_files[@]+"${quiet_files[@]}"}; do as_root rm -f -- "$file"; done
}

# Debian starts a service when its package is installed; ours are started by the tests, on ports of their own.
quiet() {
    trap loud EXIT
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        quiet_files+=(/usr/sbin/policy-rc.d)
        printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
        as_root chmod 755 /usr/sbin/policy-rc.d
    fi
    # Without this the package would also make a cluster in /var/lib/postgresql.
    local drop_in=/etc/postgresql-common/createcluster.d/rookery.conf
    if ! has_postgres && [ ! -e "$drop_in" ]; then
        quiet_files+=("$drop_in")
        as_root mkdir -p "${drop_in%/*}"
        echo 'create_main_cluster = false' | as_root tee "$drop_in" >/dev/null
    fi
}

install() {
    local by_hand="apt-get install ${missing[*]}"
    has apt-get || die "missing: ${missing[*]}. There is no apt-get here: install them your system's way"
    [ "$(id -u)" -eq 0 ] || has sudo || die "missing: ${missing[*]}. Neither root nor sudo: run as root: $by_hand"
    # Nobody is there to type a password when the input is no terminal.
    [ "$(id -u)" -eq 0 ] || [ -t 0 ] || sudo -n true 2>/dev/null ||
        die "missing: ${missing[*]}. sudo wants a password and there is no terminal: run as root: $by_hand"
    say "installing with apt-get: ${missing[*]}"
    local services=() package
    for package in "${missing[@]}"; do
        case $package in
        redis-server | mosquitto) services+=("$package") ;;
        postgresql) services+=("$package") ;;
        esac
    done
    [ ${#services[@]} -eq 0 ] || quiet
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    as_root "${apt[@]}" update </dev/null >&2 || say 'apt-get update failed; trying with the package lists that are here'
    as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 ||
        die "apt-get failed; run by hand: $by_hand"
    # They would start at the next boot.
    if [ ${#services[@]} -gt 0 ] && [ -d /run/systemd/system ]; then
        as_root systemctl disable --quiet "${services[@]}" || say "could not disable: ${services[*]}"
    fi
}

[ $# -gt 0 ] || die 'which group? rust compiler node services browser python'
check "$@"
if [ ${#missing[@]} -gt 0 ]; then
    install
    check "$@"
    [ ${#missing[@]} -eq 0 ] || die "installed, yet not found: ${missing[*]}"
    say 'all is there'
fi
