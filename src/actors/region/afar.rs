//! Other shards, here or on other nodes, and agents that come from there.

use super::crossing::{Arrival, Journey};
use super::offer::{Destination, Fate, Offer};
use super::{RegionActor, RegionMessage, Settled};
use crate::actors::directory::Whereabouts;
use crate::actors::mailbox::answer;
use crate::actors::node::{DEADLINE, Node};
use crate::actors::peer::message::{self, Arrive, News, Traveller};
use crate::actors::peer::{Told, read_receipt};
use crate::actors::request::Request;
use crate::base::id::{AgentId, NodeId, ShardId};
use crate::domain::region::Body;
use crate::domain::space::Vec3;
use std::sync::Arc;
use std::time::Duration;

/// How long another node may take to answer an offer. Afterwards a transaction finds out.
const OFFER_DEADLINE: Duration = Duration::from_secs(2);

/// Tells another shard something, wherever it runs. What gets lost is asked for and told again. Gives whether it was sent.
pub(super) fn tell(
    node: &Node,
    shard: ShardId,
    here: impl FnOnce() -> RegionMessage,
    there: impl FnOnce() -> News,
) -> bool {
    match node.directory.find(shard) {
        // Counted by the mailbox.
        Whereabouts::Here(seats) => seats.region.tell(here()).is_ok(),
        Whereabouts::There(other) => {
            node.peers.tell(other, there());
            true
        }
        Whereabouts::Nowhere => false,
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
fn traveller(node: &Node, body: &Body) -> Traveller {
    let sockets = node.directory.sockets(&body.profile.handle);
    let nodes = sockets
        .iter()
        .map(|socket| socket.node.unwrap_or(node.id))
        .collect();
    Traveller {
        nodes,
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
        told: impl FnOnce(message::Fate) + Send + 'static,
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
            ..
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

impl RegionActor {
    /// Offers an agent to a shard of another node. What becomes of it is heard from there, or found out in the store.
    pub(super) fn offer_there(
        &self,
        node: NodeId,
        (body, at): (Body, Vec3),
        to: Destination,
        journey: Journey,
    ) {
        let (agent, hop, me) = (body.profile.id, body.hop, self.me());
        let (teleport, away, follows) = match journey {
            Journey::Teleport(request) => match self.await_receipt(node, &body, *request) {
                Some(teleport) => (Some(teleport), None, None),
                None => return self.tell_myself(RegionMessage::HandedOver(agent, hop, Fate::Kept)),
            },
            Journey::OnFoot { away, follows } => (None, away, follows),
        };
        let arrive = message::Arrive {
            shard: to.shard,
            body: traveller(&self.node, &body),
            at,
            from: self.shard.id,
            from_region: self.plan.name.clone(),
            teleport,
            away,
            follows,
        };
        let receipt = arrive.teleport.as_ref().map(|(_, number)| *number);
        let question = message::Question::Arrive(Box::new(arrive));
        let peers = Arc::clone(&self.node.peers);
        self.node
            .peers
            .ask_then(node, question, OFFER_DEADLINE, move |told| {
                if let (Told::Missing | Told::Unsent, Some(receipt)) = (&told, receipt) {
                    // Nothing was done, and nobody else will say so.
                    peers.expect_no_more(node, receipt);
                }
                let fate = Fate::of_answer(told, to);
                if let Some(me) = me {
                    me.order(RegionMessage::HandedOver(agent, hop, fate));
                }
            });
    }

    /// A request that goes along to another node, with the number under which its receipt is awaited. None: it was refused.
    fn await_receipt(&self, node: NodeId, body: &Body, request: Request) -> Option<(message::Act, u64)> {
        let (act, reply) = request.into_act(body.profile.handle.clone());
        let number = self.node.peers.expect(node, DEADLINE, move |told| {
            answer(reply, told.into_result().and_then(|bytes| read_receipt(&bytes)));
        });
        // Too many wait: the reply was dropped, and its asker is told `unavailable`.
        number.ok().map(|number| (act, number))
    }
}
