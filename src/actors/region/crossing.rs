//! Hand-offs between shards: by teleport, and on foot over a border inside a region. The receiver's transaction decides.

use super::coming::Entered;
use super::{RegionActor, RegionMessage, Settled};
use crate::actors::committer::{Pending, Settle};
use crate::actors::directory::ShardSeats;
use crate::actors::mailbox::{Seat, answer};
use crate::actors::request::Request;
use crate::actors::watch::{self, Stage};
use crate::base::id::{AgentId, ShardId};
use crate::domain::agent::Profile;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::get_location::location;
use crate::domain::region::{Beyond, Body};
use crate::domain::scene::{Decision, HandOff};
use crate::domain::space::{Trajectory, Vec3};
use crate::store::commit::Outcome;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Between two tries to learn what became of an offer.
const RECLAIM_PAUSE: Duration = Duration::from_millis(500);

/// An agent that comes from another shard.
pub struct Arrival {
    /// Who, with all that goes along.
    body: Body,
    /// Where it will be.
    at: Vec3,
    /// The shard that it leaves.
    from: ShardId,
    /// The region that it leaves.
    from_region: String,
    /// Tells the sender that it keeps the agent, unless it is told otherwise.
    offer: Offer,
    /// How it comes.
    journey: Journey,
}

/// How an agent comes to another shard.
pub(super) enum Journey {
    /// At once, as it asked for.
    Teleport(Box<Request>),
    /// Over a border inside its region: its walk goes on.
    OnFoot {
        /// What it showed before it was marked away, when nobody came back for it yet.
        away: Option<String>,
        /// Where the one goes whom it follows.
        follows: Option<Beyond>,
    },
}

/// A shard with the name of its region.
#[derive(Clone)]
pub struct Destination {
    pub(super) shard: ShardId,
    pub(super) region: Arc<str>,
}

/// What became of an offer.
pub enum Fate {
    /// The agent stays, as the receiver or the database said.
    Kept,
    /// The agent stays for now: the receiver never heard of it, or cannot take anybody at the moment.
    Later,
    /// The agent stays, and this is on disk under one more hand-off.
    Reclaimed,
    /// The agent is there now.
    Taken(Destination),
    /// The receiver asked the database and got no answer: only a transaction of our own can tell.
    Unknown(Destination),
}

/// An agent offered to another shard. Dropped on the way (a full queue, a failed actor), the sender keeps the agent.
struct Offer {
    from: Option<Seat<RegionActor>>,
    to: Destination,
    agent: AgentId,
    hop: i64,
    is_committing: bool,
}

impl Offer {
    fn end(&mut self, fate: Fate) {
        if let Some(from) = self.from.take() {
            from.order(RegionMessage::HandedOver(self.agent, self.hop, fate));
        }
    }

    fn decided(mut self, outcome: &Result<Outcome, Refusal>) {
        let to = self.to.clone();
        self.end(match outcome {
            Ok(Outcome::Committed { .. }) => Fate::Taken(to),
            Ok(Outcome::Refused(_) | Outcome::Replayed(_)) => Fate::Kept,
            Err(_) => Fate::Unknown(to),
        });
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        let to = self.to.clone();
        self.end(if self.is_committing {
            Fate::Unknown(to)
        } else {
            Fate::Later
        });
    }
}

impl RegionActor {
    /// An agent wants to be in another place at once: here, or in another shard that must take it first.
    pub(super) fn hand_off(&mut self, profile: &Arc<Profile>, decision: Decision, request: Request) {
        let Some(HandOff { region, at }) = decision.hand_off else {
            return answer(request.reply, Err(Refusal::internal()));
        };
        let world = self.node.directory.world();
        let Some(plan) = world.region(&region) else {
            return answer(
                request.reply,
                Err(Refusal::new(Code::RegionNotFound, "no such region")),
            );
        };
        let at = at.unwrap_or(plan.spawn);
        let Some((shard, seats)) = self.node.directory.shard_at(&region, at) else {
            return answer(request.reply, Err(Refusal::unavailable()));
        };
        let Some(body) = self.state.as_mut().and_then(|state| state.body_mut(profile.id)) else {
            return answer(request.reply, Err(Refusal::not_in_world()));
        };
        if shard == self.shard.id {
            return self.stand_elsewhere(profile, at, request);
        }
        // Frozen before it is offered: two owners are worse than a late one.
        body.is_frozen = true;
        let body = body.clone();
        let to = Destination {
            shard,
            region: region.into(),
        };
        self.offer(body, at, to, &seats, Journey::Teleport(Box::new(request)));
    }

    /// Offers an agent, which is frozen already.
    pub(super) fn offer(&self, body: Body, at: Vec3, to: Destination, seats: &ShardSeats, journey: Journey) {
        let offer = Offer {
            from: self.node.directory.shard(self.shard.id).map(|seats| seats.region),
            to,
            agent: body.profile.id,
            hop: body.hop,
            is_committing: false,
        };
        let arrival = Arrival {
            body,
            at,
            from: self.shard.id,
            from_region: self.plan.name.clone(),
            offer,
            journey,
        };
        if let Err(refusal) = seats.region.tell(RegionMessage::Arrive(Box::new(arrival))) {
            // A request was dropped with the message, so its asker is told `unavailable`; so was the offer, and the body stays.
            tracing::debug!(shard.id = %self.shard.id, "the neighbour takes nobody: {refusal}");
        }
    }

    fn stand_elsewhere(&mut self, profile: &Arc<Profile>, at: Vec3, request: Request) {
        let hop = self
            .state
            .as_ref()
            .and_then(|state| state.body(profile.id))
            .map_or(0, |body| body.hop);
        let content = json!({"from": self.plan.name, "to": self.plan.name});
        let event = self.notice(
            Event::new(EventKind::AgentTeleport, Some(profile.handle.clone()), content),
            at,
        );
        let writes = vec![self.relocate(at, hop, true, None)];
        let result = json!({"location": location(at, &self.plan.name)});
        let mut commit = self.commit_of(profile, event, writes, result);
        commit.command = Some(request.command);
        let agent = profile.id;
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            if let (Ok(Outcome::Committed { .. }), Some(region)) = (outcome, region) {
                region.order(RegionMessage::Settled(
                    agent,
                    vec![Settled::Stand(at, hop.saturating_add(1))],
                ));
            }
        });
        self.send(Pending {
            commit,
            reply: Some(request.reply),
            settle: Some(settle),
        });
    }

    /// An agent comes from another shard: it is ours once our transaction says so.
    pub(super) fn arrive(&mut self, arrival: Arrival, _: &mut Stage<Self>) {
        let Arrival {
            mut body,
            at,
            from,
            from_region,
            mut offer,
            journey,
        } = arrival;
        let profile = Arc::clone(&body.profile);
        if let Err(refusal) = self.reserve(profile.id) {
            if refusal.code == Code::RegionFull {
                offer.end(Fate::Kept);
            }
            if let Journey::Teleport(request) = journey {
                answer(request.reply, Err(refusal));
            }
            return;
        }
        let (tick, hop) = (self.node.tick(), body.hop);
        body.hop = hop.saturating_add(1);
        let source = Some(profile.handle.clone());
        let (event, result, request, away, follows) = match journey {
            Journey::Teleport(request) => {
                body.trajectory = Trajectory::standing(at, tick, body.trajectory.heading);
                body.follow = None;
                // Whoever reads of the arrival need not know of a stay where nobody may watch.
                let from = Some(from_region).filter(|region| self.node.directory.world().is_public(region));
                let content = json!({"from": from, "to": self.plan.name});
                let event = self.notice(Event::new(EventKind::AgentTeleport, source, content), at);
                let result = json!({"location": location(at, &self.plan.name)});
                (event, result, Some(request), None, None)
            }
            Journey::OnFoot { away, follows } => {
                body.trajectory = body.trajectory.resumed(at, tick);
                let content = json!({"from": from, "to": self.shard.id});
                let event = Event::new(EventKind::AgentCrossed, source, content).at(at);
                (event, json!({}), None, away, follows)
            }
        };
        let writes = vec![self.relocate(at, hop, true, Some(Self::carried(&body, away.as_ref())))];
        let mut commit = self.commit_of(&profile, event, writes, result);
        let reply = request.map(|request| {
            commit.command = Some(request.command);
            request.reply
        });
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        offer.is_committing = true;
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            if let Some(region) = region {
                region.order(RegionMessage::Entered(Box::new(Entered {
                    body,
                    is_here: matches!(outcome, Ok(Outcome::Committed { .. })),
                    away,
                    follows,
                })));
            }
            offer.decided(outcome);
        });
        self.send(Pending {
            commit,
            reply,
            settle: Some(settle),
        });
    }

    /// What became of an agent that was offered to another shard, or that wanted to leave. An answer to an offer of an
    /// earlier hand-off is about nothing any more.
    pub(super) fn handed_over(&mut self, agent: AgentId, hop: i64, fate: Fate, stage: &mut Stage<Self>) {
        let Some(state) = &mut self.state else { return };
        let body = state.body_mut(agent);
        if body.as_ref().is_some_and(|body| body.hop != hop) {
            return;
        }
        match fate {
            Fate::Kept => self.thaw(agent),
            Fate::Later => self.cross_later(agent, hop, stage),
            Fate::Reclaimed => {
                let hop = hop.saturating_add(1);
                if let Some(body) = body {
                    body.hop = hop;
                }
                self.cross_later(agent, hop, stage);
            }
            Fate::Taken(to) => self.let_go(agent, &to),
            Fate::Unknown(to) => {
                watch::later(stage, RECLAIM_PAUSE, move |me, _| me.reclaim(agent, hop, to));
            }
        }
    }

    /// An agent takes commands again. One that waited at the border stands there.
    pub(super) fn thaw(&mut self, agent: AgentId) {
        self.waiting.remove(&agent);
        if let Some(body) = self.state.as_mut().and_then(|state| state.body_mut(agent)) {
            body.is_frozen = false;
        }
    }

    /// The agent is another shard's now.
    fn let_go(&mut self, agent: AgentId, to: &Destination) {
        let waiting = self.waiting.remove(&agent);
        self.away.remove(&agent);
        let beyond = waiting.map(|waiting| Beyond {
            shard: to.shard,
            trajectory: waiting.way,
        });
        self.departed.insert(agent, (self.node.tick(), beyond));
        let is_elsewhere = *to.region != *self.plan.name;
        if is_elsewhere {
            self.viewers_lose(agent, Some(Arc::clone(&to.region)));
        } else {
            self.viewers.release(agent);
        }
        let body = self.state.as_mut().and_then(|state| state.leave(agent));
        match waiting {
            Some(waiting) => self.pass_on(agent, to.shard, waiting.way),
            None => self.end_tracking(agent),
        }
        if let Some(body) = body.filter(|_| is_elsewhere) {
            let is_out = !self.node.directory.world().is_public(&to.region);
            self.mirror_left(body.profile.handle.as_str(), is_out);
        }
        self.depart(agent);
        self.count_online();
    }

    /// Takes an agent back whose offer had no answer: of two transactions about one hand-off only one succeeds. If it is not
    /// ours, the other one was, and the other shard learns that from the store.
    fn reclaim(&mut self, agent: AgentId, hop: i64, to: Destination) {
        let Some(body) = self.state.as_ref().and_then(|state| state.body(agent)) else {
            return;
        };
        if body.hop != hop || !body.is_frozen {
            return;
        }
        let (profile, tick) = (Arc::clone(&body.profile), self.node.tick());
        let at = body.trajectory.at(tick, &self.node.rate).0;
        let mut kept = body.clone();
        kept.hop = hop.saturating_add(1);
        let carried = Self::carried(&kept, self.away.get(&agent));
        let content = json!({"from": self.shard.id, "to": self.shard.id});
        let event = Event::new(EventKind::AgentCrossed, Some(profile.handle.clone()), content).at(at);
        let writes = vec![self.relocate(at, hop, true, Some(carried))];
        let commit = self.commit_of(&profile, event, writes, json!({}));
        let node = Arc::clone(&self.node);
        let here = node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let fate = match outcome {
                Ok(Outcome::Committed { .. }) => Fate::Reclaimed,
                Ok(_) => {
                    if let Some(seats) = node.directory.shard(to.shard) {
                        seats.region.order(RegionMessage::Reload);
                    }
                    Fate::Taken(to)
                }
                Err(_) => Fate::Unknown(to),
            };
            if let Some(here) = here {
                here.order(RegionMessage::HandedOver(agent, hop, fate));
            }
        });
        self.send(Pending {
            commit,
            reply: None,
            settle: Some(settle),
        });
    }
}
