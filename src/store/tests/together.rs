//! Batches of several shards in one transaction.

use super::*;

#[test]
fn shards_that_commit_together_keep_their_own_fences_and_numbers() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let (now, owner) = (stage.now, stage.lease.owner);
        let other = stage.open(&plan("harbour"), owner)[0];
        let stale = Lease {
            epoch: other.epoch - 1,
            ..other
        };
        let batch = |lease, commits| Batch {
            lease,
            lease_ttl_ms: 0,
            now,
            commits,
        };
        let batches = [
            batch(stage.lease, vec![stage.pay("alice", "bob", 10, "x")]),
            batch(stale, vec![stage.pay("alice", "bob", 1_000, "lost")]),
            // The same command again, from the shard that the agent went to.
            batch(
                other,
                vec![
                    stage.pay("alice", "bob", 10, "x"),
                    stage.pay("bob", "alice", 3, "y"),
                ],
            ),
        ];
        let results = stage.store.commit_together(&batches);
        let outcomes: Vec<&Vec<Outcome>> = [&results[0], &results[2]]
            .map(|result| result.as_ref().unwrap())
            .into();
        assert!(matches!(results[1], Err(CommitError::Fenced(shard)) if shard == other.shard));
        assert_eq!(
            replay_of(&outcomes[1][0]).outcome.as_ref().unwrap(),
            result_of(&outcomes[0][0])
        );
        assert_eq!(seq_of(&outcomes[1][1]), 1, "each shard counts for itself");
        assert_eq!(stage.balance("bob"), 100_007);
        stage.assert_sound();
    });
}

#[test]
fn a_batch_that_cannot_be_committed_does_not_take_others_along() {
    on_both(|target| {
        let mut stage = Stage::new(target, &["alice", "bob"]);
        let (now, lease) = (stage.now, stage.lease);
        let twins = (
            stage.pay("alice", "bob", 10, "x"),
            stage.pay("bob", "alice", 3, "y"),
        );
        // Two events of one id break a key of the table.
        let broken = vec![
            twins.0.clone(),
            Commit {
                event_id: twins.0.event_id,
                ..twins.1
            },
        ];
        let good = vec![stage.pay("alice", "bob", 5, "z")];
        let batches = [
            Batch {
                lease,
                lease_ttl_ms: 0,
                now,
                commits: broken,
            },
            Batch {
                lease,
                lease_ttl_ms: 0,
                now,
                commits: good,
            },
        ];
        let results = stage.store.commit_together(&batches);
        assert!(results[0].is_err());
        assert_eq!(seq_of(&results[1].as_ref().unwrap()[0]), 1);
        assert_eq!((stage.balance("bob"), stage.last_seq()), (100_005, 1));
        stage.assert_sound();
    });
}
