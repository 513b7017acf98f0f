//! An agent acts: permission, limit, once per command id; then whoever owns the action decides.

use super::commands::{may_be_stored, replay};
use super::{AgentActor, Counted};
use crate::actors::committer::{CommitterMessage, Pending};
use crate::actors::mailbox::{Reply, answer};
use crate::actors::region::RegionMessage;
use crate::actors::request::{Receipt, Request};
use crate::actors::watch::{self, Stage};
use crate::domain::action::{Action, Durability, Owner};
use crate::domain::agent::Profile;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::Decision;
use crate::host::fault;
use std::sync::Arc;

impl AgentActor {
    /// Does what is asked, or refuses with the first reason that applies.
    pub(super) fn act(&mut self, request: Request, stage: &mut Stage<Self>) {
        if fault::is_at("agent.mute") {
            // Forgotten, for a request that is dropped is answered by that.
            return std::mem::forget(request);
        }
        if self.is_departed {
            return self.pass_on(request);
        }
        let now = self.now();
        self.presence.note_seen(now);
        if let Err(refusal) = self.admit(&request) {
            return answer(request.reply, Err(refusal));
        }
        if self.is_mirrored() {
            self.rates.note(request.command.action, now);
        }
        if request.command.durability == Durability::Durable {
            self.act_once(request, stage);
        } else {
            self.route(request, stage);
        }
    }

    /// The agent is another node's: what it is asked for is done there.
    fn pass_on(&self, request: Request) {
        let (act, reply) = request.into_act(self.handle.clone());
        self.node.act_again(act, reply);
    }

    /// Permission first, then the limit. Source: society.md §5.2.
    fn admit(&mut self, request: &Request) -> Result<(), Refusal> {
        let profile = self.profile()?;
        let permission = request.action.permission();
        if !profile.permissions.has(permission) || !request.permissions.has(permission) {
            return Err(Refusal::new(Code::PermissionMissing, "the agent may not do that"));
        }
        self.check(Counted::of(permission))
    }

    /// A durable command: a concurrent duplicate waits for the first one's answer.
    fn act_once(&mut self, mut request: Request, stage: &mut Stage<Self>) {
        let id = request.command.id.clone();
        let (reply, outcome) = Reply::awaited();
        let asker = std::mem::replace(&mut request.reply, reply);
        if !self.commands.begin(&request.command, asker) {
            return;
        }
        let (body_hash, has_own_id) = (request.command.body_hash, request.has_own_id);
        self.route(request, stage);
        let node = Arc::clone(&self.node);
        let agent = self.profile.as_ref().map(|profile| profile.id);
        let find = id.clone();
        let work = async move {
            let outcome: Result<Receipt, Refusal> =
                outcome.await.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
            match (outcome, agent) {
                // Refused before the store saw it: it may have been done earlier, and then the stored answer counts.
                (Err(refusal), Some(agent)) if may_be_stored(&refusal, has_own_id) => {
                    let key = find.clone();
                    let stored = node
                        .database
                        .read(move |reader| reader.find_command(agent, &key))
                        .await;
                    stored
                        .ok()
                        .flatten()
                        .map_or(Err(refusal), |stored| replay(&stored, find, &body_hash))
                }
                (outcome, _) => outcome,
            }
        };
        watch::then(stage, work, move |me, outcome, stage| {
            me.commands.conclude(&id, outcome);
            me.end_departed(stage);
        });
    }

    fn route(&mut self, request: Request, stage: &mut Stage<Self>) {
        let profile = match self.profile() {
            Ok(profile) => profile,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        if self.node.quarantine.is_poison(profile.id, &request.command) {
            return answer(request.reply, Err(poison()));
        }
        request.meet_fault("agent.act");
        self.count(&request.action, &profile);
        let Some(place) = &self.place else {
            return answer(request.reply, Err(Refusal::not_in_world()));
        };
        match request.action.owner() {
            Owner::Region | Owner::Conversation => self.ask_region(&profile, request, stage),
            Owner::Agent => {
                let region = place.region_name.clone();
                self.decide_here(&profile, region, request, stage);
            }
        }
    }

    fn ask_region(&mut self, profile: &Arc<Profile>, mut request: Request, stage: &mut Stage<Self>) {
        let Some(place) = &self.place else { return };
        let region = place.region.clone();
        if let Action::Teleport(_) = request.action {
            let (reply, outcome) = Reply::awaited();
            let asker = std::mem::replace(&mut request.reply, reply);
            let hop = place.hop;
            // The place changes before the one who asked hears of it.
            watch::then(stage, outcome, move |me, outcome, stage| {
                let outcome = outcome.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
                if let Ok(receipt) = &outcome {
                    me.follow_hand_off(receipt, hop);
                }
                answer(asker, outcome);
                me.strand_if_lost(stage);
            });
        }
        // A full mailbox drops the request with its reply, and the asker is told `unavailable`.
        if let Err(refusal) = region.tell(RegionMessage::Act(Arc::clone(profile), Box::new(request))) {
            tracing::debug!(agent.handle = %self.handle, "the region takes nothing: {refusal}");
        }
    }

    /// Decides what the agent itself owns: money, private messages, questions for the database.
    fn decide_here(
        &mut self,
        profile: &Arc<Profile>,
        region: String,
        request: Request,
        stage: &mut Stage<Self>,
    ) {
        let world = self.node.directory.world();
        match request.action.decide(&self.node.scene(profile, &world)) {
            Err(refusal) => answer(request.reply, Err(refusal)),
            Ok(decision) => match decision.lookup {
                Some(lookup) => self.look_up(lookup, region, request, stage),
                None => self.commit(profile, region, decision, request),
            },
        }
    }

    fn commit(&self, profile: &Profile, region: String, decision: Decision, request: Request) {
        let event = match request.demand(decision.event) {
            Ok(event) => event,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        let mut commit = self.node.commit_of(
            profile,
            region,
            event,
            decision.writes,
            decision.result.into_tree(),
        );
        commit.command = Some(request.command);
        self.send(Pending {
            commit,
            reply: Some(request.reply),
            settle: None,
        });
    }

    /// Hands a commit to the committer of the agent's shard.
    pub(super) fn send(&self, pending: Pending) {
        let seats = self
            .place
            .as_ref()
            .and_then(|place| self.node.directory.shard(place.shard));
        // Without a committer the commit is dropped with its reply, and the asker is told `unavailable`.
        if let Some(seats) = seats
            && let Err(refusal) = seats.committer.tell(CommitterMessage::Commit(Box::new(pending)))
        {
            tracing::debug!(agent.handle = %self.handle, "the committer takes nothing: {refusal}");
        }
    }

    fn count(&self, action: &Action, profile: &Profile) {
        let now = self.now();
        let is_speech = matches!(action, Action::Say(_) | Action::Whisper(_));
        self.node.count(profile.id, |counters| {
            counters.actions = counters.actions.saturating_add(1);
            counters.messages = counters.messages.saturating_add(i64::from(is_speech));
            counters.last_seen = Some(now);
        });
    }
}

fn poison() -> Refusal {
    Refusal::new(
        Code::Poison,
        "the command made the server fail three times and is quarantined",
    )
}

/// Answers a question once the database did.
pub(super) fn answer_lookup(
    reply: Reply<Receipt>,
    receipt: Receipt,
    result: Result<serde_json::Value, Refusal>,
) {
    answer(
        reply,
        result.map(|result| Receipt {
            result: result.into(),
            ..receipt
        }),
    );
}
