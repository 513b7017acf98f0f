#!/usr/bin/env bash
# Plants each defect in turn and expects its test to fail: a test that finds nothing proves nothing.
# The list is that of docs/PROMISES.md.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh rust compiler services
cargo test --locked --features faults --lib --test it --test sim --no-run

survivors=0
# kill DEFECT KIND TEST: the test, one of `--lib`, of `--test it` or of `--test sim`, passes without the defect and fails with it.
kill() {
    local defect=$1 test=$3 kind
    read -ra kind <<<"$2"
    local run=(cargo test --locked --features faults "${kind[@]}" -- --exact "$test") said
    said=$("${run[@]}" 2>&1) || true
    if ! grep -q '^test result: ok. 1 passed' <<<"$said"; then
        echo "mutants: $test does not pass by itself"
        survivors=$((survivors + 1))
        return
    fi
    said=$(ROOKERY_MUTANT=$defect "${run[@]}" 2>&1) || true
    if grep -q '^test result: FAILED. 0 passed; 1 failed' <<<"$said"; then
        echo "mutants: $defect is killed by $test"
    else
        echo "mutants: $defect SURVIVES $test"
        survivors=$((survivors + 1))
    fi
}

fence=store::tests::commits::fence
engine=store::commit::engine::tests
kill fence_without_epoch --lib $fence::a_batch_of_an_earlier_epoch_of_the_same_owner_is_fenced
kill fence_that_only_reads --lib $engine::the_fence_holds_the_shard_until_the_transaction_ends
kill lease_by_transaction_start --lib $engine::a_lease_that_runs_out_while_the_transaction_waits_is_fenced
kill acknowledge_before_commit '--test it' world::fault::what_is_not_committed_is_neither_acknowledged_nor_heard
kill publish_before_commit '--test it' world::fault::what_is_not_committed_is_neither_acknowledged_nor_heard
kill no_dedupe --lib store::tests::commits::once::numbers_are_dense_over_many_batches_with_refusals_and_repeats
kill dedupe_in_redis_only '--test it' world::standby::a_node_that_is_killed_is_replaced_with_all_it_acknowledged
kill accounts_locked_out_of_order --lib $engine::accounts_are_locked_in_one_order
kill raw_do_send --lib actors::mailbox::tests::a_full_mailbox_refuses
kill unbounded_session_queue --lib actors::outbox::tests::a_slow_socket_is_ended_and_its_queue_dropped
kill snapshot_outside_the_fence --lib $fence::a_fenced_batch_writes_nothing
kill commits_not_flushed --lib $fence::a_writer_waits_for_the_disk
# The simulation finds eight (docs/PROMISES.md); these are those that no other test here is named for.
simulation=tests::what_is_promised_holds_whatever_happens
kill lease_without_proof '--test sim' $simulation
kill overtaken_unnoticed '--test sim' $simulation

echo "mutants: $((14 - survivors)) of 14 killed"
[ "$survivors" -eq 0 ]
