//! Once a second: a sign of life to each other node, and what tells the two whether they still know the same.

use super::Peers;
use super::message::{Beat, News, Slice};
use crate::actors::node::Node;
use crate::base::id::{NodeId, SessionId};
use std::sync::Arc;
use std::time::Duration;

/// Between two beats.
const BEAT: Duration = Duration::from_secs(1);
/// The sockets are told every so many beats.
const SOCKETS_EVERY: u32 = 5;
/// Overdue answers are looked for so often between two beats.
const SWEEPS: u32 = 10;

/// Beats for as long as the node runs.
pub async fn keep_beating(node: Arc<Node>) {
    let mut count: u32 = 0;
    loop {
        for _ in 0..SWEEPS {
            tokio::time::sleep(BEAT / SWEEPS).await;
            node.peers.sweep();
        }
        count = count.wrapping_add(1);
        beat(&node, count.is_multiple_of(SOCKETS_EVERY));
    }
}

fn beat(node: &Node, with_sockets: bool) {
    let peers: &Peers = &node.peers;
    let others = peers.all();
    if others.is_empty() {
        return;
    }
    let digest = node.directory.digest(None);
    let populations = node.directory.populations();
    for other in others {
        let beat = Beat {
            populations: populations.clone(),
            digest,
        };
        peers.tell(other, News::Beat(Box::new(beat)));
        if with_sockets {
            tell_sockets(node, other);
        }
    }
}

/// Tells a node which sockets of this one have their agents there.
fn tell_sockets(node: &Node, other: NodeId) {
    let all = node.homes.sockets_at(other);
    for slice in Slice::all(all.iter().map(|(_, sessions)| sessions.len()).sum()) {
        let inside = |sessions: &[SessionId]| -> Vec<SessionId> {
            let inside = sessions.iter().filter(|session| slice.has(**session));
            inside.copied().collect()
        };
        let some = all
            .iter()
            .map(|(handle, sessions)| (handle.clone(), inside(sessions)))
            .filter(|(_, sessions)| !sessions.is_empty());
        let some = some.collect();
        let news = match slice {
            Slice::WHOLE => News::Sockets(some),
            slice => News::SocketsIn(slice, some),
        };
        node.peers.tell(other, news);
    }
}
