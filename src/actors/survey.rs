//! Who stands where, asked of all shards.

use super::mailbox::{Reply, answer, wait};
use super::node::Node;
use super::peer::message::Question;
use super::region::RegionMessage;
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::space::Vec3;
use futures_util::future::{join, join_all};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long one shard, or one node, may take to answer; one that is slower is left out.
const DEADLINE: Duration = Duration::from_secs(2);

/// An agent in the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// Where.
    pub at: Vec3,
    /// What it shows.
    pub status: String,
}

/// Who stands where in the shards of this node. One that loads or is too busy is left out.
pub async fn here(node: &Node) -> Vec<Standing> {
    let asks = node.directory.shards().into_iter().map(|(_, seats)| async move {
        let ask = |reply| {
            RegionMessage::Look(Box::new(move |state, tick: Tick| {
                let standing = state.bodies().map(|body| Standing {
                    handle: body.profile.handle.clone(),
                    name: body.profile.name.clone(),
                    region: state.plan.name.clone(),
                    at: state.position(body, tick).rounded(),
                    status: body.status.clone(),
                });
                answer(reply, Ok(standing.collect::<Vec<_>>()));
            }))
        };
        seats.region.ask(DEADLINE, ask).await
    });
    join_all(asks).await.into_iter().flatten().flatten().collect()
}

/// Who stands where in the whole world.
pub async fn everywhere(node: &Node) -> Vec<Standing> {
    let asks = node.peers.all().into_iter().map(|other| {
        let (reply, told) = Reply::<Vec<Standing>>::awaited();
        node.peers.ask(other, Question::Survey, reply);
        wait(DEADLINE, told)
    });
    let (mut all, others) = join(here(node), join_all(asks)).await;
    all.extend(others.into_iter().flatten().flatten());
    all
}
