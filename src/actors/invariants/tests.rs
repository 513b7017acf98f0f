//! Which node checks what.

use super::{Scope, check};
use crate::actors::test_node::{TestNode, plan, run_pair};
use crate::base::id::ShardId;
use crate::store::test_database::tamper;

#[test]
fn what_nodes_share_is_checked_by_the_one_that_runs_the_first_shard() {
    let plans = [plan("plaza"), plan("forest")];
    run_pair(&plans, async |first: TestNode, second: TestNode| {
        let (plaza, forest) = (ShardId(1), ShardId(2));
        second.take_shard(&first, forest).await;
        first.register("alice").await;
        let target = first.read(|reader| Ok(reader.target().clone())).await;
        tamper(
            &target,
            "UPDATE account SET balance = balance + 1 WHERE kind = 2200",
        );
        for (node, shard, is_told) in [(&first, plaza, true), (&second, forest, false)] {
            let report = check(node.node(), Scope::of(node.node())).await.unwrap();
            assert_eq!(report.replayed, Some(shard));
            assert_eq!(!report.violations.is_empty(), is_told, "{:?}", report.violations);
        }
        // Whoever asks a node is told of all.
        let report = check(second.node(), Scope::World).await.unwrap();
        assert!(!report.violations.is_empty());
        // The whole world comes to one node.
        second.take_shard(&first, plaza).await;
        let report = check(second.node(), Scope::of(second.node())).await.unwrap();
        assert!(!report.violations.is_empty());
    });
}
