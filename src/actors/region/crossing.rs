//! Coming and going: into the world, out of it, and between shards. Each is durable before memory follows.

use super::{RegionActor, RegionMessage, Settled};
use crate::actors::agent::AgentMessage;
use crate::actors::committer::{Pending, Settle};
use crate::actors::mailbox::{Reply, Seat, answer};
use crate::actors::request::Request;
use crate::actors::spectator::SpectatorMessage;
use crate::actors::watch::Stage;
use crate::base::id::AgentId;
use crate::domain::agent::Profile;
use crate::domain::conversation::leave_behind;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::Body;
use crate::domain::region::get_location::location;
use crate::domain::scene::{Decision, HandOff};
use crate::domain::space::{Trajectory, Vec3};
use crate::domain::write::Write;
use crate::store::commit::Outcome;
use serde_json::json;
use std::sync::Arc;

/// How far spectators' and neighbours' notice of coming and going reaches. Units: metres. Source: features.md CB-46.
const NOTICE_M: f64 = 50.0;

/// An agent that comes into the world.
pub struct Entering {
    /// Who.
    pub profile: Arc<Profile>,
    /// Where it was last; the region's spawn otherwise.
    pub at: Option<Vec3>,
    /// The count of its hand-offs.
    pub hop: i64,
    /// Where the answer goes: where it stands.
    pub reply: Reply<Vec3>,
}

/// An agent that comes from another shard.
pub struct Arrival {
    /// Who, with all that goes along.
    pub body: Body,
    /// Where it will stand.
    pub at: Vec3,
    /// The region that it leaves.
    pub from_region: String,
    /// Tells the sender that it keeps the agent, unless it is told otherwise.
    pub offer: Offer,
    /// What it asked for.
    pub request: Request,
}

/// An agent offered to another shard. Dropped on the way (a full queue, a failed actor), the sender keeps the agent.
pub struct Offer {
    from: Option<Seat<RegionActor>>,
    agent: AgentId,
}

impl Offer {
    /// The agent is the other region's now.
    fn taken(mut self, by: Arc<str>) {
        if let Some(from) = self.from.take() {
            from.order(RegionMessage::HandedOver(self.agent, Some(by)));
        }
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        if let Some(from) = self.from.take() {
            from.order(RegionMessage::HandedOver(self.agent, None));
        }
    }
}

/// An agent that is on disk here.
pub struct Entered {
    body: Body,
    at: Vec3,
    is_here: bool,
}

impl RegionActor {
    /// An agent comes into the world: there must be room, and the database must know first.
    pub(super) fn enter(&mut self, entering: Entering, _: &mut Stage<Self>) {
        let Entering {
            profile,
            at,
            hop,
            reply,
        } = entering;
        let tick = self.node.tick();
        let Some(state) = &mut self.state else {
            return answer(reply, Err(Refusal::unavailable()));
        };
        if let Some(body) = state.body(profile.id) {
            let at = state.position(body, tick);
            state.set_profile(profile);
            return answer(reply, Ok(at));
        }
        if let Err(refusal) = self.reserve(profile.id) {
            return answer(reply, Err(refusal));
        }
        let at = at.unwrap_or_else(|| self.scattered_spawn());
        let event = self.notice(
            Event::new(
                EventKind::AgentSpawn,
                Some(profile.handle.clone()),
                json!({"name": profile.name}),
            ),
            at,
        );
        let writes = vec![self.relocate(at, hop, true)];
        let commit = self.commit_of(&profile, event, writes, json!({}));
        let body = Body::standing(Arc::clone(&profile), at, tick, hop.saturating_add(1));
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let Some(region) = region else { return };
            let is_here = matches!(outcome, Ok(Outcome::Committed { .. }));
            region.order(RegionMessage::Entered(Box::new(Entered { body, at, is_here })));
            let result = match outcome {
                Ok(Outcome::Committed { .. }) => Ok(at),
                Ok(Outcome::Refused(refusal)) | Err(refusal) => Err(refusal.clone()),
                Ok(Outcome::Replayed(_)) => Err(Refusal::internal()),
            };
            answer(reply, result);
        });
        self.send(Pending {
            commit,
            reply: None,
            settle: Some(settle),
        });
    }

    /// An agent is on disk here: memory follows.
    pub(super) fn entered(&mut self, entered: Entered) {
        self.coming.remove(&entered.body.profile.id);
        if !entered.is_here {
            return;
        }
        let tick = self.node.tick();
        let Some(state) = &mut self.state else { return };
        let profile = Arc::clone(&entered.body.profile);
        let mut body = entered.body;
        body.trajectory = Trajectory::standing(entered.at, tick, body.trajectory.heading);
        (body.is_frozen, body.follow) = (false, None);
        leave_behind(&mut body, self.node.now());
        state.enter(body, tick);
        self.viewers.refocus(profile.id);
        self.departed.remove(&profile.id);
        self.node.directory.put_online(&profile, &self.plan.name);
        self.count_online();
        // Its actor learns of the place from here, whatever became of the one who asked.
        if let Some(agent) = self.node.directory.agent(&profile.handle) {
            agent
                .seat
                .order(AgentMessage::Moved(self.shard.id, self.plan.name.clone()));
        }
    }

    /// An agent goes out of the world.
    pub(super) fn leave(&mut self, agent: AgentId, reply: Reply<()>, _: &mut Stage<Self>) {
        let tick = self.node.tick();
        let Some(state) = &mut self.state else {
            return answer(reply, Err(Refusal::unavailable()));
        };
        let Some(body) = state.body_mut(agent) else {
            let is_elsewhere = self.departed.contains_key(&agent);
            return answer(reply, if is_elsewhere { Err(moving()) } else { Ok(()) });
        };
        if body.is_frozen {
            return answer(reply, Err(moving()));
        }
        body.is_frozen = true;
        let (profile, hop, trajectory) = (Arc::clone(&body.profile), body.hop, body.trajectory);
        let at = trajectory.at(tick, &self.node.rate).0;
        let event = self.notice(
            Event::new(EventKind::AgentDespawn, Some(profile.handle.clone()), json!({})),
            at,
        );
        let writes = vec![self.relocate(at, hop, false)];
        let commit = self.commit_of(&profile, event, writes, json!({}));
        let left = Arc::clone(&profile);
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let is_gone = matches!(outcome, Ok(Outcome::Committed { .. }));
            if let Some(region) = region {
                region.order(if is_gone {
                    RegionMessage::Left(left)
                } else {
                    RegionMessage::HandedOver(agent, None)
                });
            }
            answer(
                reply,
                if is_gone {
                    Ok(())
                } else {
                    Err(Refusal::unavailable())
                },
            );
        });
        self.send(Pending {
            commit,
            reply: None,
            settle: Some(settle),
        });
    }

    /// An agent that left is on disk: memory follows, whether the shard was loaded again meanwhile or not.
    pub(super) fn left(&mut self, profile: &Profile) {
        self.away.remove(&profile.id);
        if let Some(state) = &mut self.state {
            state.leave(profile.id);
        }
        self.depart(profile.id);
        self.node
            .directory
            .remove_online(&profile.handle, &self.plan.name);
        self.mirror_left(profile.handle.as_str(), true);
        self.viewers_lose(profile.id, None);
        self.count_online();
    }

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
        let from = self.shard.id;
        let Some(body) = self.state.as_mut().and_then(|state| state.body_mut(profile.id)) else {
            return answer(request.reply, Err(Refusal::not_in_world()));
        };
        if shard == from {
            return self.stand_elsewhere(profile, at, request);
        }
        // Frozen before it is offered: two owners are worse than a late one.
        body.is_frozen = true;
        let here = self.node.directory.shard(from).map(|seats| seats.region);
        let offer = Offer {
            from: here,
            agent: profile.id,
        };
        let arrival = Arrival {
            body: body.clone(),
            at,
            from_region: self.plan.name.clone(),
            offer,
            request,
        };
        if let Err(refusal) = seats.region.tell(RegionMessage::Arrive(Box::new(arrival))) {
            // The request was dropped with the message, so its asker is told `unavailable`; so was the offer, which thaws the body.
            tracing::debug!(shard.id = %shard, "{shard} takes nobody: {refusal}");
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
        let writes = vec![self.relocate(at, hop, true)];
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
            from_region,
            offer,
            request,
        } = arrival;
        let profile = Arc::clone(&body.profile);
        let agent = profile.id;
        if let Err(refusal) = self.reserve(agent) {
            return answer(request.reply, Err(refusal));
        }
        // Whoever reads of the arrival need not know of a stay where nobody may watch.
        let from = Some(from_region).filter(|region| self.node.directory.world().is_public(region));
        let content = json!({"from": from, "to": self.plan.name});
        let event = self.notice(
            Event::new(EventKind::AgentTeleport, Some(profile.handle.clone()), content),
            at,
        );
        let writes = vec![self.relocate(at, body.hop, true)];
        let result = json!({"location": location(at, &self.plan.name)});
        let mut commit = self.commit_of(&profile, event, writes, result);
        commit.command = Some(request.command);
        body.hop = body.hop.saturating_add(1);
        let name: Arc<str> = self.plan.name.as_str().into();
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let is_here = matches!(outcome, Ok(Outcome::Committed { .. }));
            if let Some(region) = region {
                region.order(RegionMessage::Entered(Box::new(Entered { body, at, is_here })));
            }
            if is_here {
                offer.taken(name);
            }
        });
        self.send(Pending {
            commit,
            reply: Some(request.reply),
            settle: Some(settle),
        });
    }

    /// What became of an agent that was offered to another shard, or that wanted to leave.
    pub(super) fn handed_over(&mut self, agent: AgentId, to: Option<Arc<str>>) {
        let Some(state) = &mut self.state else { return };
        let Some(to) = to else {
            if let Some(body) = state.body_mut(agent) {
                body.is_frozen = false;
            }
            return;
        };
        self.departed.insert(agent, self.node.tick());
        if let Some(body) = state.leave(agent) {
            let is_out = !self.node.directory.world().is_public(&to);
            self.mirror_left(body.profile.handle.as_str(), is_out);
            self.viewers_lose(agent, Some(to));
            self.depart(agent);
        }
        self.count_online();
    }

    /// Room for one more, those on their way counted. Errors: `region_full`, `unavailable`.
    fn reserve(&mut self, agent: AgentId) -> Result<(), Refusal> {
        let state = self.state.as_ref().ok_or_else(Refusal::unavailable)?;
        let taken = state.agent_count().saturating_add(self.coming.len());
        if taken >= usize::try_from(self.plan.capacity).unwrap_or(usize::MAX) {
            return Err(Refusal::new(Code::RegionFull, "the region has no room").retry_after(5_000));
        }
        self.coming.insert(agent);
        Ok(())
    }

    fn relocate(&self, at: Vec3, hop: i64, is_in_world: bool) -> Write {
        Write::Relocate {
            region: self.plan.name.clone(),
            shard: self.shard.id,
            at,
            hop,
            is_in_world,
        }
    }

    /// Those near enough notice.
    fn notice(&self, event: Event, at: Vec3) -> Event {
        let Some(state) = &self.state else {
            return event.at(at);
        };
        let near = state.grid().near(at, NOTICE_M, crate::domain::chat::HEARERS_MAX);
        let hearers = near
            .into_iter()
            .filter_map(|(agent, _)| state.body(agent))
            .map(|body| Arc::clone(&body.profile));
        let source = event.source.clone();
        let hearers = hearers
            .filter(|profile| Some(&profile.handle) != source.as_ref())
            .collect();
        event.at(at).heard_by(hearers).public()
    }

    /// The spawn, scattered by a few metres, so that newcomers do not stand in one another.
    fn scattered_spawn(&self) -> Vec3 {
        let dice = self.node.entropy.u64();
        let unit = |bits: u64| f64::from(u32::try_from(bits & 0xffff).unwrap_or(0)) / 65_535.0 - 0.5;
        let at = Vec3::new(
            self.plan.spawn.x + unit(dice) * 8.0,
            self.plan.spawn.y + unit(dice >> 16) * 8.0,
            self.plan.spawn.z,
        );
        if at.is_within(self.plan.size_m) {
            at.rounded()
        } else {
            self.plan.spawn
        }
    }

    /// Spectators that look at an agent are told where it went.
    fn viewers_lose(&mut self, agent: AgentId, to: Option<Arc<str>>) {
        for viewer in self.viewers.of_agent(agent) {
            if let Some(follower) = viewer.follower {
                // A spectator that is gone follows nobody.
                let _ = follower.tell(SpectatorMessage::TargetMoved(to.clone()));
            }
            self.viewers.remove(viewer.session);
        }
    }

    fn count_online(&self) {
        let count = self
            .state
            .as_ref()
            .map_or(0, crate::domain::region::RegionState::agent_count);
        crate::telemetry::metric::agents_online(self.plan.name.clone())
            .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    }
}

/// The refusal while an agent is between two shards.
fn moving() -> Refusal {
    Refusal::new(Code::Moving, "the agent is on its way").retry_after(200)
}
