//! Other shards, here or on other nodes, and agents that come from there.

use super::crossing::{Arrival, Journey, Offer};
use super::{RegionMessage, Settled};
use crate::actors::directory::Whereabouts;
use crate::actors::node::Node;
use crate::actors::peer::message::{Arrive, Fate, News, Traveller};
use crate::actors::request::Request;
use crate::base::id::{AgentId, ShardId};
use crate::domain::region::Body;
use std::sync::Arc;

/// Tells another shard something, wherever it runs. What gets lost is asked for and told again.
pub(super) fn tell(
    node: &Node,
    shard: ShardId,
    here: impl FnOnce() -> RegionMessage,
    there: impl FnOnce() -> News,
) {
    match node.directory.find(shard) {
        // Counted by the mailbox.
        Whereabouts::Here(seats) => drop(seats.region.tell(here())),
        Whereabouts::There(other) => node.peers.tell(other, there()),
        Whereabouts::Nowhere => {}
    }
}

/// Tells another shard of the region that things changed.
pub(super) fn settle(node: &Node, shard: ShardId, agent: AgentId, objects: Vec<Settled>) {
    match node.directory.find(shard) {
        Whereabouts::Here(seats) => seats.region.order(RegionMessage::Settled(agent, objects)),
        Whereabouts::There(other) => {
            let change = |settled| match settled {
                Settled::Object(object, change) => Some((object, change)),
                Settled::Change(_) | Settled::Conversation(_) | Settled::Stand(..) => None,
            };
            let changes = objects.into_iter().filter_map(change).collect();
            node.peers.tell(other, News::Objects(shard, agent, changes));
        }
        Whereabouts::Nowhere => {}
    }
}

/// Has another shard loaded again.
pub(super) fn reload(node: &Node, shard: ShardId) {
    match node.directory.find(shard) {
        Whereabouts::Here(seats) => seats.region.order(RegionMessage::Reload),
        Whereabouts::There(other) => node.peers.tell(other, News::Reload(shard)),
        Whereabouts::Nowhere => {}
    }
}

/// A body as it goes to another node.
pub(super) fn traveller(body: &Body) -> Traveller {
    Traveller {
        profile: (*body.profile).clone(),
        trajectory: body.trajectory,
        status: body.status.clone(),
        follow: body.follow.clone(),
        cooldowns: body.cooldowns.clone(),
        hop: body.hop,
    }
}

impl Arrival {
    /// An agent that comes from another node, with the request that it comes by. `told` hears what becomes of it.
    pub fn from_afar(
        arrive: Arrive,
        request: Option<Request>,
        told: impl FnOnce(Fate) + Send + 'static,
    ) -> Self {
        let Arrive {
            shard,
            body,
            at,
            from,
            from_region,
            away,
            follows,
            ..
        } = arrive;
        let Traveller {
            profile,
            trajectory,
            status,
            follow,
            cooldowns,
            hop,
        } = body;
        let mut body = Body::standing(Arc::new(profile), at, trajectory.start, hop);
        (body.trajectory, body.status, body.follow, body.cooldowns) = (trajectory, status, follow, cooldowns);
        let journey = match request {
            Some(request) => Journey::Teleport(Box::new(request)),
            None => Journey::OnFoot { away, follows },
        };
        let offer = Offer::of_another_node(body.profile.id, (shard, hop), told);
        Self::new((body, at), (from, from_region), offer, journey)
    }
}
