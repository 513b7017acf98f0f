//! Hand-offs between shards: by teleport, and on foot over a border inside a region. The receiver's transaction decides.

use super::coming::Entered;
use super::offer::{self, Destination, Fate, Offer, Overtaken, Step};
use super::{RegionActor, RegionMessage, Settled, afar};
use crate::actors::agent::AgentMessage;
use crate::actors::committer::{Pending, Settle};
use crate::actors::directory::Whereabouts;
use crate::actors::lease::moving;
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

impl Arrival {
    /// Who comes and to which point, from which shard of which region.
    pub(super) fn new(
        (body, at): (Body, Vec3),
        (from, from_region): (ShardId, String),
        offer: Offer,
        journey: Journey,
    ) -> Self {
        Self {
            body,
            at,
            from,
            from_region,
            offer,
            journey,
        }
    }
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
        let Some(shard) = world.shard_at(&region, at).map(|shard| shard.id) else {
            return answer(request.reply, Err(Refusal::unavailable()));
        };
        let Some(body) = self.state.as_mut().and_then(|state| state.body_mut(profile.id)) else {
            return answer(request.reply, Err(Refusal::not_in_world()));
        };
        if shard == self.shard.id {
            return self.stand_elsewhere(profile, at, request);
        }
        let found = self.node.directory.find(shard);
        if matches!(found, Whereabouts::Nowhere) {
            return answer(request.reply, Err(moving()));
        }
        // Frozen before it is offered: two owners are worse than a late one.
        body.is_frozen = true;
        let body = body.clone();
        let to = Destination {
            shard,
            region: region.into(),
        };
        self.offer(body, at, to, found, Journey::Teleport(Box::new(request)));
    }

    /// Offers an agent, which is frozen already.
    pub(super) fn offer(&self, body: Body, at: Vec3, to: Destination, found: Whereabouts, journey: Journey) {
        let seats = match found {
            Whereabouts::Here(seats) => seats,
            Whereabouts::There(node) => return self.offer_there(node, (body, at), to, journey),
            Whereabouts::Nowhere => {
                let (agent, hop) = (body.profile.id, body.hop);
                return self.tell_myself(RegionMessage::HandedOver(agent, hop, Fate::Later));
            }
        };
        let offer = Offer::new(self.me(), to, body.profile.id, body.hop);
        let from = (self.shard.id, self.plan.name.clone());
        let arrival = Arrival::new((body, at), from, offer, journey);
        if let Err(refusal) = seats.region.tell(RegionMessage::Arrive(Box::new(arrival))) {
            // A request was dropped with the message, so its asker is told `unavailable`; so was the offer, and the body stays.
            tracing::debug!(shard.id = %self.shard.id, "the neighbour takes nobody: {refusal}");
        }
    }

    pub(super) fn me(&self) -> Option<Seat<RegionActor>> {
        self.node.directory.shard(self.shard.id).map(|seats| seats.region)
    }

    pub(super) fn tell_myself(&self, message: RegionMessage) {
        if let Some(me) = self.me() {
            me.order(message);
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
        let region = self.me();
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
        let region = self.me();
        offer.begin_commit();
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
        let mut body = state.body_mut(agent);
        match fate.step(hop, body.as_ref().map(|body| body.hop)) {
            Some(Step::Thaw) => self.thaw(agent),
            Some(Step::OfferLater(hop)) => {
                if let Some(body) = body.as_mut().filter(|body| body.hop != hop) {
                    body.hop = hop;
                    self.node
                        .note_present(&body.profile, (self.shard.id, &self.plan.name), hop);
                }
                self.cross_later(agent, hop, stage);
            }
            Some(Step::LetGo(to)) => self.let_go(agent, &to),
            Some(Step::Reclaim(to)) => {
                watch::later(stage, RECLAIM_PAUSE, move |me, _| me.reclaim(agent, hop, to));
            }
            None => {}
        }
    }

    /// Another shard has an agent by a hand-off that this one may not know of.
    pub(super) fn overtaken(&mut self, agent: AgentId, hop: i64, to: Destination, stage: &mut Stage<Self>) {
        let body = self.state.as_ref().and_then(|state| state.body(agent));
        match body.map_or(Overtaken::No, |body| offer::overtaken(body, hop)) {
            Overtaken::No => {}
            Overtaken::LookAgain => {
                watch::later(stage, RECLAIM_PAUSE, move |me, stage| {
                    me.overtaken(agent, hop, to, stage);
                });
            }
            Overtaken::LetGo => {
                tracing::warn!(shard.id = %self.shard.id, "agent {agent} is in shard {} already", to.shard);
                self.let_go(agent, &to);
            }
        }
    }

    /// An agent was just loaded: what is known of it may be later than what was read.
    pub(super) fn note_overtaken(&self, profile: &Profile, hop: i64) {
        if let Some(online) = self.node.directory.online(&profile.handle)
            && let Some(shard) = online.shard.filter(|shard| *shard != self.shard.id)
            && online.hop > hop
        {
            let region = online.region;
            let to = Destination { shard, region };
            self.tell_myself(RegionMessage::Overtaken(profile.id, online.hop, to));
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
        }
        let body = self.state.as_mut().and_then(|state| state.leave(agent));
        if let Some(body) = body.as_ref().filter(|_| !is_elsewhere) {
            self.leave_ghost(body, to, waiting);
        }
        if let Some(body) = &body
            && self.node.directory.shard(to.shard).is_none()
        {
            self.pass_agent_on(body, to);
        }
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

    /// The agent is another node's: it is not to be found here any more, and its actor here sends its sockets after it.
    fn pass_agent_on(&self, body: &Body, to: &Destination) {
        let handle = &body.profile.handle;
        self.node.note_absent(handle, &self.plan.name);
        if let Some(agent) = self.node.directory.agent(handle) {
            let hop = body.hop.saturating_add(1);
            agent
                .seat
                .order(AgentMessage::Moved(to.shard, to.region.to_string(), hop));
        }
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
        let here = self.me();
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let fate = Fate::of_reclaim(outcome, to);
            if let Fate::Taken(to) = &fate {
                afar::reload(&node, to.shard);
            }
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
