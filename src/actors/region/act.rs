//! An agent acts: decide, then apply at once or after the commit.

use super::{NEVER, RegionActor, RegionMessage, Settled, afar};
use crate::actors::committer::{CommitterMessage, Pending, Settle};
use crate::actors::lease::moving;
use crate::actors::mailbox::answer;
use crate::actors::request::{Receipt, Request};
use crate::actors::watch::Stage;
use crate::base::id::AgentId;
use crate::base::time::Tick;
use crate::domain::action::{Action, Durability};
use crate::domain::agent::Profile;
use crate::domain::event::{Event, EventKind};
use crate::domain::output::Output;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::RegionState;
use crate::domain::scene::{Change, Decision, Scene};
use crate::domain::write::Write;
use crate::store::commit::{Commit, Outcome};
use crate::telemetry::metric;
use std::sync::Arc;

impl RegionActor {
    /// Decides an action that the region owns.
    pub(super) fn act(&mut self, profile: &Arc<Profile>, request: Request, stage: &mut Stage<Self>) {
        if !self.is_ours() {
            return answer(request.reply, Err(moving()));
        }
        // Between two ticks, and after a start, it may be where another shard decides.
        self.cross_if_stray(profile.id);
        if let Some(conversation) = request.action.conversation_id() {
            return self.converse(profile, conversation, request, stage);
        }
        let tick = self.tick_for(&request);
        let decided = self.decide(profile, &request, tick);
        match decided {
            Err(refusal) => answer(request.reply, Err(refusal)),
            Ok(decision) if decision.hand_off.is_some() => self.hand_off(profile, decision, request),
            Ok(decision) if request.command.durability == Durability::Durable => {
                self.commit(profile, decision, request, stage)
            }
            Ok(decision) => self.do_now(profile, decision, request, tick),
        }
    }

    /// The tick that a request is about. Under overload all who ask what is around between two ticks are told the same
    /// picture, that of the last one.
    fn tick_for(&self, request: &Request) -> Tick {
        let is_overloaded = || self.node.overload.is_on(self.node.clock.monotonic_ms());
        if matches!(request.action, Action::GetNearbyAgents(_)) && self.tick > NEVER && is_overloaded() {
            metric::perceptions_of_last_tick().increment(1);
            return self.tick;
        }
        self.node.tick()
    }

    fn decide(&self, profile: &Arc<Profile>, request: &Request, tick: Tick) -> Result<Decision, Refusal> {
        request.meet_fault("region.act");
        let state = self.state.as_ref().ok_or_else(Refusal::unavailable)?;
        check_settled(state, profile.id, self.departed.contains_key(&profile.id))?;
        let world = self.node.directory.world();
        let scene = Scene {
            tick,
            region: Some(state),
            ..self.node.scene(profile, &world)
        };
        request.action.decide(&scene)
    }

    /// Checkpointed and ephemeral actions: memory, the next frame, the answer.
    fn do_now(&mut self, profile: &Arc<Profile>, decision: Decision, request: Request, tick: Tick) {
        if let Some(state) = &mut self.state {
            for change in decision.changes {
                state.apply(profile.id, change);
            }
            if let Some(event) = decision.event
                && let Some(at) = event.location
            {
                state.note_happening(at, event.to_wire(None));
            }
        }
        answer(
            request.reply,
            Ok(self.receipt(
                decision.result,
                request.command.id,
                request.command.durability,
                tick,
            )),
        );
    }

    fn receipt(&self, result: Output, command_id: String, durability: Durability, tick: Tick) -> Receipt {
        Receipt {
            result,
            durability,
            command_id,
            region: Some(self.plan.name.clone()),
            shard: Some(self.shard.id),
            seq: None,
            tick,
            replayed: false,
        }
    }

    /// Durable actions: into the next batch; memory follows the disk.
    fn commit(
        &mut self,
        profile: &Arc<Profile>,
        decision: Decision,
        mut request: Request,
        stage: &mut Stage<Self>,
    ) {
        let agent = profile.id;
        let Decision {
            result,
            changes,
            event,
            writes,
            ..
        } = decision;
        let mut settled: Vec<Settled> = Vec::new();
        for change in changes {
            match change {
                // A cooldown holds from the decision on, or two quick tries would both pass.
                Change::Cooldown(..) => {
                    if let Some(state) = &mut self.state {
                        state.apply(agent, change);
                    }
                }
                Change::Conversation(Some(id)) => self.engage(agent, id, &mut request.reply, stage),
                other => settled.push(Settled::Change(other)),
            }
        }
        for write in &writes {
            if let Write::UseObject { object_id, change } = write {
                settled.push(Settled::Object(object_id.clone(), change.clone()));
            }
            if let Write::Conversation(conversation) = write {
                settled.push(Settled::Conversation(conversation.clone()));
            }
        }
        let event = match request.demand(event) {
            Ok(event) => event,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        let mut commit = self.commit_of(profile, event, writes, result.into_tree());
        commit.command = Some(request.command);
        let settle = (!settled.is_empty()).then(|| self.settle_with(agent, settled));
        self.send(Pending {
            commit,
            reply: Some(request.reply),
            settle,
        });
    }

    /// A commit about an agent, without a command.
    ///
    /// What happens in a region that is not public is for nobody who only watches.
    pub(super) fn commit_of(
        &self,
        profile: &Profile,
        mut event: Event,
        writes: Vec<Write>,
        result: serde_json::Value,
    ) -> Commit {
        event.is_public &= self.plan.is_public;
        let region = self.plan.name.clone();
        self.node.commit_of(profile, region, event, writes, result)
    }

    /// Hands a commit to the committer; when that cannot take it, nothing happened and the caller is told.
    pub(super) fn send(&self, pending: Pending) {
        // A commit that is dropped here drops its reply, and its asker is told `unavailable`.
        if let Err(refusal) = self.committer.tell(CommitterMessage::Commit(Box::new(pending))) {
            tracing::warn!(shard.id = %self.shard.id, "the committer takes nothing: {refusal}");
        }
    }

    fn settle_with(&self, agent: AgentId, settled: Vec<Settled>) -> Settle {
        let seats = self.node.directory.shard(self.shard.id);
        let objects: Vec<Settled> = settled.iter().filter_map(Settled::of_object).collect();
        // The things of a region are known in all of its shards: one may be used from over the border.
        let others = if objects.is_empty() {
            Vec::new()
        } else {
            self.node.directory.siblings(&self.shard)
        };
        let node = Arc::clone(&self.node);
        Settle::new(move |outcome| {
            if let (Ok(Outcome::Committed { .. }), Some(seats)) = (outcome, seats) {
                seats.region.order(RegionMessage::Settled(agent, settled));
                for other in others {
                    let objects = objects.iter().filter_map(Settled::of_object).collect();
                    afar::settle(&node, other, agent, objects);
                }
            }
        })
    }

    /// Memory follows the disk.
    pub(super) fn settled(&mut self, agent: AgentId, changes: Vec<Settled>) {
        let tick = self.node.tick();
        let mut lost = Vec::new();
        for change in changes {
            let Some(state) = &mut self.state else { return };
            match change {
                Settled::Conversation(conversation) => self.conversed(&conversation),
                Settled::Change(change) => state.apply(agent, change),
                Settled::Object(object, change) => {
                    if let Some(object) = state.objects.get_mut(&object) {
                        object.state = change.apply(&object.state);
                        object.version = object.version.saturating_add(1);
                    }
                }
                Settled::Stand(at, hop) => {
                    self.waiting.remove(&agent);
                    lost.extend(state.lose_followers(agent));
                    if let Some(mut body) = state.leave(agent) {
                        body.trajectory =
                            crate::domain::space::Trajectory::standing(at, tick, body.trajectory.heading);
                        (body.hop, body.is_frozen, body.follow) = (hop, false, None);
                        self.node
                            .note_present(&body.profile, (self.shard.id, &self.plan.name), hop);
                        state.enter(body, tick);
                        self.viewers.refocus(agent);
                    }
                    self.end_tracking(agent);
                }
            }
        }
        for follower in lost {
            self.tell_agent(
                &follower,
                EventKind::FollowEnded,
                serde_json::json!({"reason": "target_teleported"}),
            );
        }
    }

    /// Tells one agent something that is kept nowhere.
    pub(super) fn tell_agent(&self, agent: &Arc<Profile>, kind: EventKind, content: serde_json::Value) {
        let event = Event::new(kind, None, content).heard_by(vec![Arc::clone(agent)]);
        self.fanout.spread_unstored(&event, &self.plan.name);
    }
}

/// Whether an agent is settled here, or was never here. Errors: `moving` while it is on its way, and once it `has_departed`.
pub fn check_settled(state: &RegionState, agent: AgentId, has_departed: bool) -> Result<(), Refusal> {
    let detail = match state.body(agent) {
        Some(body) if body.is_frozen => "the agent is on its way to another region",
        None if has_departed => "the agent is in another region now",
        _ => return Ok(()),
    };
    Err(Refusal::new(Code::Moving, detail).retry_after(200))
}

#[cfg(test)]
mod tests {
    use crate::actors::test_node::run;
    use crate::base::time::Tick;
    use serde_json::json;

    /// Regions of a test's world; nobody else sleeps by its clock.
    const REGIONS: usize = 2;

    #[test]
    fn under_overload_who_asks_is_told_the_picture_of_the_last_tick() {
        run(|node| async move {
            let alice = node.join("alice", 10.0, 10.0).await;
            node.clock.all_asleep(REGIONS).await;
            let (clock, shared) = (&node.clock, node.node());
            let tick_of = async |action: &str| {
                node.act(&alice, action, json!({"status": "x"}))
                    .await
                    .unwrap()
                    .tick
            };
            let asked = async || {
                node.act(&alice, "get_nearby_agents", json!({}))
                    .await
                    .unwrap()
                    .tick
            };

            clock.advance(1_000);
            clock.all_asleep(REGIONS).await;
            assert_eq!(asked().await, shared.tick());
            shared.overload.begin(clock.monotonic_ms());
            clock.advance(1_000);
            clock.all_asleep(REGIONS).await;
            // Ticks are stretched now: the next one is not due.
            let last = shared.tick();
            clock.advance(100);
            assert_eq!(shared.tick(), Tick(last.0 + 1));
            assert_eq!(asked().await, last);
            assert_eq!(tick_of("set_status").await, shared.tick());
            clock.advance(100);
            clock.all_asleep(REGIONS).await;
            assert_eq!(asked().await, Tick(last.0 + 2));
            clock.advance(70_000);
            clock.all_asleep(REGIONS).await;
            clock.advance(50);
            assert_eq!(asked().await, shared.tick());
        });
    }
}
