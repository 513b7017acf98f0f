//! Checkpoints: trajectories at intervals of a second or less, one row a shard; and the way back from one.

use super::RegionActor;
use crate::actors::agent::AgentActor;
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, answer};
use crate::actors::node::Node;
use crate::actors::watch::{self, Stage};
use crate::base::id::AgentId;
use crate::base::time::{Tick, Timestamp};
use crate::domain::agent::Profile;
use crate::domain::refusal::Refusal;
use crate::domain::region::{Body, RegionState};
use crate::domain::scene::{Change, Follow};
use crate::domain::space::{Trajectory, Vec3};
use crate::store::agent::AgentRow;
use crate::store::commit::Lease;
use crate::store::replay::Taken;
use crate::store::shard::{Checkpoint, ShardLoad};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Seconds between two looks whether a snapshot is due: a busy shard takes no more of them.
const SNAPSHOT_LOOK_S: f64 = 30.0;

/// What an agent shows after a start until it comes back.
const AWAY: &str = "away";

/// What a checkpoint says of a body, and what it takes along on a hand-off.
#[derive(Serialize, Deserialize)]
struct Saved {
    agent: AgentId,
    hop: i64,
    trajectory: Trajectory,
    status: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    cooldowns: BTreeMap<String, Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow: Option<Follow>,
}

impl Saved {
    /// Of a body with the way it is on, and with what it showed before it was marked away.
    fn of(body: &Body, way: Option<&Trajectory>, away: Option<&String>) -> Self {
        Self {
            agent: body.profile.id,
            hop: body.hop,
            trajectory: *way.unwrap_or(&body.trajectory),
            status: away.unwrap_or(&body.status).clone(),
            cooldowns: body.cooldowns.clone(),
            follow: body.follow.clone(),
        }
    }
}

impl RegionActor {
    /// What a body takes along on a hand-off, kept in its row: its new shard has no checkpoint with it yet.
    pub fn carried(body: &Body, away: Option<&String>) -> String {
        // Plain numbers and texts always serialise.
        serde_json::to_string(&Saved::of(body, None, away)).unwrap_or_default()
    }

    /// Builds the state from the store: agents by their row, where they went by the last checkpoint, or as they came.
    pub(super) fn install(&mut self, loaded: ShardLoad) {
        let tick = self.node.tick();
        let mut state = RegionState::new(self.shard.id, self.plan.clone(), self.node.rate, loaded.objects);
        state.area = self.shard.area;
        let (checkpoint, spawn) = (loaded.checkpoint.as_ref(), self.plan.spawn);
        for mut body in bodies(checkpoint, loaded.carried, loaded.agents, spawn, tick) {
            let (profile, hop) = (Arc::clone(&body.profile), body.hop);
            if self.node.directory.sockets(&profile.handle).is_empty() {
                let before = std::mem::replace(&mut body.status, AWAY.to_owned());
                self.away.insert(profile.id, before);
            }
            self.node
                .note_present(&profile, (self.shard.id, &self.plan.name), hop);
            self.note_overtaken(&profile, hop);
            state.enter(body, tick);
            self.viewers.refocus(profile.id);
            self.wake_agent(&profile);
            self.tell_place(&profile, hop);
        }
        tracing::info!(shard.id = %self.shard.id, agents = state.agent_count(), "shard {} of region {} runs with {} agents", self.shard.id, self.plan.name, state.agent_count());
        let agents: Vec<AgentId> = state.bodies().map(|body| body.profile.id).collect();
        state.seek_followed(tick);
        self.state = Some(state);
        self.ask_for_followed();
        self.greet_neighbours();
        self.count_online();
        // Nobody sees one where its way led it meanwhile, when another shard runs there.
        for agent in agents {
            self.cross_if_stray(agent);
        }
        for conversation in &loaded.conversations {
            self.conversed(conversation);
        }
    }

    /// An agent that was in the world before the start has an actor, which lets it go when nobody comes back.
    pub(super) fn wake_agent(&self, profile: &Arc<Profile>) {
        let Some(seats) = self.node.directory.shard(self.shard.id) else {
            return;
        };
        let (id, handle) = (profile.id, profile.handle.clone());
        self.node.directory.agent_or_start(&profile.handle, || {
            AgentActor::start(&self.node, &seats.arbiter, id, handle)
        });
    }

    /// An agent that was marked away after the start is back: it shows what it showed before.
    pub(super) fn note_back(&mut self, agent: AgentId) {
        if let Some(status) = self.away.remove(&agent)
            && let Some(state) = &mut self.state
        {
            state.apply(agent, Change::Status(status));
        }
    }

    /// At intervals and at the stop: the checkpoint, and the mirror for outside tools. While it loads there is nothing to save:
    /// the asker hears `unavailable`.
    pub(super) fn save(&mut self, stage: &mut Stage<Self>, reply: Option<Reply<()>>) {
        if !self.node.leases.keep(&self.lease, self.node.clock.monotonic_ms()) {
            // Whose shard this is writes what there is to write.
            if let Some(reply) = reply {
                answer(reply, Err(moving()));
            }
            return;
        }
        // Taken out, because a part of the actor must not be looked at while it changes itself.
        let Some(mut state) = self.state.take() else {
            return;
        };
        let population = self.node.directory.population(&self.plan.name);
        state.elsewhere = population.saturating_sub(state.agent_count());
        self.save_state(&state, stage, reply);
        self.state = Some(state);
    }

    fn save_state(&mut self, state: &RegionState, stage: &mut Stage<Self>, reply: Option<Reply<()>>) {
        let tick = self.node.tick();
        let rate = self.node.rate;
        // Ten seconds are more than any answer about a hand-off takes.
        self.departed
            .retain(|_, (at, _)| rate.seconds_between(*at, tick) < 10.0);
        let body = encode(state.bodies().map(|body| {
            let agent = &body.profile.id;
            let way = self.waiting.get(agent).map(|waiting| &waiting.way);
            (body, way, self.away.get(agent))
        }));
        self.mirror(state, tick);
        self.beat(state, tick, stage);
        let (node, shard, agents) = (Arc::clone(&self.node), self.shard.id, state.agent_count());
        let lease = Lease {
            shard,
            owner: node.id,
            epoch: self.lease.epoch(),
        };
        let now = node.now();
        // A save that was asked for is the last one before a stop.
        let is_last = reply.is_some();
        let seconds_ago = self.snapshot_at.map(|last| rate.seconds_between(last, tick));
        let is_looked_at = is_last || seconds_ago.is_none_or(|seconds| seconds >= SNAPSHOT_LOOK_S);
        if is_looked_at {
            self.snapshot_at = Some(tick);
        }
        watch::then(
            stage,
            async move {
                let saved = node
                    .database
                    .write(move |store| store.save_checkpoint(lease, &Checkpoint { tick, body }, agents, now))
                    .await;
                if is_looked_at && matches!(saved, Ok(true)) {
                    take_snapshot(&node, lease, is_last).await;
                }
                saved
            },
            move |_, saved, _| {
                let why = match &saved {
                    Ok(true) => None,
                    Ok(false) => Some("its lease is another's, or a later one is there".to_owned()),
                    Err(refusal) => Some(refusal.to_string()),
                };
                if let Some(why) = why {
                    tracing::warn!(shard.id = %shard, "the checkpoint of shard {shard} was not saved: {why}");
                }
                if let Some(reply) = reply {
                    let kept =
                        saved.and_then(|is_kept| is_kept.then_some(()).ok_or_else(Refusal::unavailable));
                    answer(reply, kept);
                }
            },
        );
    }
}

/// A checkpoint of bodies, each with the way it is on and with what it showed before it was marked away.
pub fn encode<'a>(
    bodies: impl Iterator<Item = (&'a Body, Option<&'a Trajectory>, Option<&'a String>)>,
) -> Vec<u8> {
    let saved: Vec<Saved> = bodies
        .map(|(body, way, away)| Saved::of(body, way, away))
        .collect();
    // Plain numbers and texts always serialise.
    serde_json::to_vec(&saved).unwrap_or_default()
}

/// The bodies of a shard as the store tells: agents by their row, where they went by the last checkpoint, or as they came.
pub fn bodies(
    checkpoint: Option<&Checkpoint>,
    carried: Vec<(AgentId, String)>,
    agents: Vec<AgentRow>,
    spawn: Vec3,
    tick: Tick,
) -> Vec<Body> {
    let mut saved = read(checkpoint);
    for (agent, carried) in carried {
        if let Ok(carried) = serde_json::from_str::<Saved>(&carried)
            && saved.get(&agent).is_none_or(|known| known.hop < carried.hop)
        {
            saved.insert(agent, carried);
        }
    }
    let body = |row: AgentRow| {
        let at = row.at.unwrap_or(spawn);
        let mut body = Body::standing(Arc::new(row.profile()), at, tick, row.hop);
        // A checkpoint from before the last hand-off tells of another place.
        if let Some(saved) = saved.remove(&row.id).filter(|saved| saved.hop == row.hop) {
            (body.trajectory, body.status, body.cooldowns) =
                (saved.trajectory, saved.status, saved.cooldowns);
            body.follow = saved.follow;
        }
        body
    };
    agents.into_iter().map(body).collect()
}

fn read(checkpoint: Option<&Checkpoint>) -> HashMap<AgentId, Saved> {
    let Some(checkpoint) = checkpoint else {
        return HashMap::new();
    };
    match serde_json::from_slice::<Vec<Saved>>(&checkpoint.body) {
        Ok(saved) => saved.into_iter().map(|saved| (saved.agent, saved)).collect(),
        Err(error) => {
            // Positions are worth a warning, not a standstill: agents stand where they last entered.
            tracing::warn!(error = %error, "a checkpoint is not readable");
            HashMap::new()
        }
    }
}

/// Takes a snapshot for replay, when one is due. The shard goes on without: a replay then reads more events.
async fn take_snapshot(node: &Node, lease: Lease, is_last: bool) {
    let (shard, now) = (lease.shard, node.now());
    let taken = node
        .database
        .write(move |store| store.take_snapshot(lease, is_last, now))
        .await;
    match taken {
        Ok(Taken::Kept(seq)) => {
            tracing::debug!(shard.id = %shard, "shard {shard} has a snapshot after event {seq}")
        }
        Ok(Taken::NotDue | Taken::NotOurs) => {}
        Err(refusal) => {
            tracing::warn!(shard.id = %shard, "a snapshot of shard {shard} was not taken: {refusal}");
        }
    }
}
