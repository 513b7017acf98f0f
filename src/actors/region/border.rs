//! Walking over an inner border of a region: an agent waits at the border until the neighbour has it, and is offered again
//! while the neighbour cannot take it.

use super::RegionActor;
use super::crossing::Journey;
use super::offer::Destination;
use crate::actors::directory::Whereabouts;
use crate::actors::watch::{self, Stage};
use crate::base::id::AgentId;
use crate::domain::space::{Trajectory, Vec3};
use std::time::Duration;

/// Between two offers of an agent.
const OFFER_PAUSE: Duration = Duration::from_millis(500);
/// How often an agent is offered before it stands: with the pauses longer than a shard takes to load.
const OFFERS_MAX: u32 = 40;

/// An agent at the border.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    /// The way that it was on.
    pub(super) way: Trajectory,
    /// Where it will be on the other side.
    pub(super) at: Vec3,
    /// How often it was offered.
    offers: u32,
}

impl RegionActor {
    /// Halts an agent that is on another shard's land by now, and offers it there.
    pub(super) fn cross_if_stray(&mut self, agent: AgentId) {
        let tick = self.node.tick();
        let stray = self.state.as_ref().and_then(|state| state.stray(agent, tick));
        if let Some(at) = stray {
            self.cross(agent, at);
        }
    }

    /// An agent walked over the border of this shard and is at a point that another one runs: it waits at the border until
    /// that one has it.
    pub(super) fn cross(&mut self, agent: AgentId, at: Vec3) {
        let tick = self.node.tick();
        let Some(state) = &mut self.state else { return };
        let Some(way) = state.halt_at_border(agent, tick) else {
            return;
        };
        self.viewers.refocus(agent);
        let offers = 0;
        self.waiting.insert(agent, Waiting { way, at, offers });
        self.offer_on_foot(agent);
    }

    fn offer_on_foot(&mut self, agent: AgentId) {
        let (Some(state), Some(waiting)) = (&self.state, self.waiting.get_mut(&agent)) else {
            return;
        };
        waiting.offers = waiting.offers.saturating_add(1);
        let Waiting { way, at, .. } = *waiting;
        let Some(mut body) = state.body(agent).cloned() else {
            return;
        };
        let world = self.node.directory.world();
        let neighbour = world.shard_at(&self.plan.name, at).map(|shard| shard.id);
        // None: the border is not where it was, and it is looked at again.
        let shard = neighbour.filter(|shard| *shard != self.shard.id);
        let found = shard.map_or(Whereabouts::Nowhere, |shard| self.node.directory.find(shard));
        let shard = shard.unwrap_or(self.shard.id);
        body.trajectory = way;
        let followed = body.follow.as_ref().map(|follow| follow.target);
        let journey = Journey::OnFoot {
            away: self.away.get(&agent).cloned(),
            follows: followed.and_then(|target| self.last_known(target)),
        };
        let region = self.plan.name.as_str().into();
        self.offer(body, at, Destination { shard, region }, found, journey);
    }

    /// The neighbour cannot take an agent now: it waits on and is offered once more, unless that was tried often enough. One
    /// that does not walk takes commands again.
    pub(super) fn cross_later(&mut self, agent: AgentId, hop: i64, stage: &mut Stage<Self>) {
        let offers = self.waiting.get(&agent).map(|waiting| waiting.offers);
        let Some(offers) = offers.filter(|offers| *offers < OFFERS_MAX) else {
            return self.thaw(agent);
        };
        watch::later(stage, OFFER_PAUSE, move |me, _| {
            let body = me.state.as_ref().and_then(|state| state.body(agent));
            // Since then the shard may have been loaded again, and the agent be on another way.
            let is_same = body.is_some_and(|body| body.is_frozen && body.hop == hop);
            if is_same
                && me
                    .waiting
                    .get(&agent)
                    .is_some_and(|waiting| waiting.offers == offers)
            {
                me.offer_on_foot(agent);
            }
        });
    }
}
