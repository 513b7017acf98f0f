//! Two nodes, one world.

mod acting;
mod borders;
mod channels;
mod counting;
mod many;
mod polling;
mod socket;
mod sockets;
mod stage;
mod timers;
mod watching;

use crate::actors::test_node::{TestNode, plan, run_pair};
use crate::base::id::ShardId;
use std::future::Future;

/// The shard of the plaza, which the first node has.
const PLAZA: ShardId = ShardId(1);
/// That of the forest, which the second has.
const FOREST: ShardId = ShardId(2);

/// Runs a test where the first node has the plaza and the second the forest.
fn run<F: Future<Output = ()>>(body: impl FnOnce(TestNode, TestNode) -> F) {
    run_pair(
        &[plan("plaza"), plan("forest")],
        async |first: TestNode, second: TestNode| {
            second.take_shard(&first, FOREST).await;
            body(first, second).await;
        },
    );
}
