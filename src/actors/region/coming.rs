//! Coming into the world and going out of it. Each is durable before memory follows.

use super::offer::Fate;
use super::{RegionActor, RegionMessage};
use crate::actors::agent::AgentMessage;
use crate::actors::committer::{Pending, Settle};
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, answer};
use crate::actors::watch::Stage;
use crate::base::id::AgentId;
use crate::domain::agent::Profile;
use crate::domain::conversation::leave_behind;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{Beyond, Body, RegionState};
use crate::domain::space::Vec3;
use crate::domain::write::Write;
use crate::store::commit::Outcome;
use crate::telemetry::metric::agents_online;
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

/// An agent that is on disk here.
pub struct Entered {
    pub(super) body: Body,
    pub(super) is_here: bool,
    /// What it showed before it was marked away, when nobody came back for it yet.
    pub(super) away: Option<String>,
    /// The one it follows, who may be in another shard.
    pub(super) follows: Option<Beyond>,
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
        if !self.is_ours() {
            return answer(reply, Err(moving()));
        }
        let tick = self.node.tick();
        let Some(state) = &mut self.state else {
            return answer(reply, Err(Refusal::unavailable()));
        };
        if let Some(body) = state.body(profile.id) {
            let at = state.position(body, tick);
            self.viewers.note_met(profile.id);
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
        let writes = vec![self.relocate(at, hop, true, None)];
        let commit = self.commit_of(&profile, event, writes, json!({}));
        let body = Body::standing(Arc::clone(&profile), at, tick, hop.saturating_add(1));
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let Some(region) = region else { return };
            let is_here = matches!(outcome, Ok(Outcome::Committed { .. }));
            region.order(RegionMessage::Entered(Box::new(Entered {
                body,
                is_here,
                away: None,
                follows: None,
            })));
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
        let Entered {
            mut body,
            away,
            follows,
            ..
        } = entered;
        let (profile, hop) = (Arc::clone(&body.profile), body.hop);
        // What is left of its way begins when it is here.
        body.trajectory = body.trajectory.resumed(body.trajectory.from, tick);
        body.is_frozen = false;
        leave_behind(&mut body, self.node.now());
        let followed = body.follow.as_ref().map(|follow| follow.target);
        state.enter(body, tick);
        self.end_ghost(profile.id);
        self.viewers.refocus(profile.id);
        self.departed.remove(&profile.id);
        if let (Some(target), Some(beyond)) = (followed, follows) {
            self.follow_beyond(target, beyond);
        }
        if let Some(status) = away {
            self.away.insert(profile.id, status);
        }
        self.node
            .note_present(&profile, (self.shard.id, &self.plan.name), hop);
        self.count_online();
        self.wake_agent(&profile);
        self.tell_place(&profile, hop);
    }

    /// Tells an agent's actor where its body is, whatever became of the one who asked.
    pub(super) fn tell_place(&self, profile: &Profile, hop: i64) {
        if let Some(agent) = self.node.directory.agent(&profile.handle) {
            agent
                .seat
                .order(AgentMessage::Moved(self.shard.id, self.plan.name.clone(), hop));
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
            return answer(reply, if is_elsewhere { Err(on_its_way()) } else { Ok(()) });
        };
        if body.is_frozen {
            return answer(reply, Err(on_its_way()));
        }
        body.is_frozen = true;
        let (profile, hop, trajectory) = (Arc::clone(&body.profile), body.hop, body.trajectory);
        let at = trajectory.at(tick, &self.node.rate).0;
        let event = self.notice(
            Event::new(EventKind::AgentDespawn, Some(profile.handle.clone()), json!({})),
            at,
        );
        let writes = vec![self.relocate(at, hop, false, None)];
        let commit = self.commit_of(&profile, event, writes, json!({}));
        let left = Arc::clone(&profile);
        let region = self.node.directory.shard(self.shard.id).map(|seats| seats.region);
        let settle = Settle::new(move |outcome: &Result<Outcome, Refusal>| {
            let is_gone = matches!(outcome, Ok(Outcome::Committed { .. }));
            if let Some(region) = region {
                region.order(if is_gone {
                    RegionMessage::Left(left)
                } else {
                    RegionMessage::HandedOver(agent, hop, Fate::Kept)
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
        self.viewers_lose(profile.id, None);
        if let Some(state) = &mut self.state {
            state.leave(profile.id);
        }
        self.end_tracking(profile.id);
        self.depart(profile.id);
        self.node.note_absent(&profile.handle, &self.plan.name);
        self.mirror_left(profile.handle.as_str(), true);
        self.count_online();
    }

    /// Room for one more, those on their way counted. Errors: `region_full`, `unavailable`.
    pub(super) fn reserve(&mut self, agent: AgentId) -> Result<(), Refusal> {
        let state = self.state.as_ref().ok_or_else(Refusal::unavailable)?;
        let taken = state.agent_count().saturating_add(self.coming.len());
        if taken >= usize::try_from(self.plan.capacity).unwrap_or(usize::MAX) {
            return Err(Refusal::new(Code::RegionFull, "the region has no room").retry_after(5_000));
        }
        self.coming.insert(agent);
        Ok(())
    }

    pub(super) fn relocate(&self, at: Vec3, hop: i64, is_in_world: bool, carried: Option<String>) -> Write {
        Write::Relocate {
            region: self.plan.name.clone(),
            shard: self.shard.id,
            at,
            hop,
            is_in_world,
            carried,
        }
    }

    /// Those near enough notice.
    pub(super) fn notice(&self, event: Event, at: Vec3) -> Event {
        let Some(state) = &self.state else {
            return event.at(at);
        };
        let near = state.near(at, NOTICE_M, crate::domain::chat::HEARERS_MAX);
        let hearers = near
            .into_iter()
            .filter_map(|(agent, _)| state.seen(agent))
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
        let at = self.shard.area.clamp(at).rounded();
        if at.is_within(self.plan.size_m) {
            at
        } else {
            self.plan.spawn
        }
    }

    /// The agent's own sockets see this shard no more. Spectators that look at the agent, which is still here, are told where it
    /// goes and where it was, and watch on from there.
    pub(super) fn viewers_lose(&mut self, agent: AgentId, to: Option<Arc<str>>) {
        let at = self.state.as_ref().and_then(|state| state.grid().position(agent));
        for viewer in self.viewers.of_agent(agent) {
            // A spectator that is gone follows nobody.
            let watches_on = viewer.follower.is_some_and(|follower| follower.tell(&to, at));
            if !watches_on {
                self.viewers.remove(viewer.session);
            }
        }
    }

    pub(super) fn count_online(&self) {
        let count = self.state.as_ref().map_or(0, RegionState::agent_count);
        self.node.directory.put_population(self.shard.id, count);
        self.show_online();
    }

    /// Shows how many agents are in the region, with this node.
    pub(super) fn show_online(&self) {
        let population = self.node.directory.population_here(&self.plan.name);
        agents_online(self.plan.name.clone()).set(f64::from(u32::try_from(population).unwrap_or(u32::MAX)));
    }
}

/// The refusal while an agent is between two shards.
fn on_its_way() -> Refusal {
    Refusal::new(Code::Moving, "the agent is on its way").retry_after(200)
}
