#!/usr/bin/env bash
# Prints what each test runner said last, under the part it belongs to: scripts/closing-lines.sh LOG
set -euo pipefail
# Parts are marked by test.sh; the rest are lines of cargo, of Node's runner, of the chaos run and of the mutants.
grep -aE '^=== |^ +Running |^test result:|^error(\[|:)|^# (tests|pass|fail) |^ℹ (tests|pass|fail) |^chaos: |^mutants: ' "$1" || true
