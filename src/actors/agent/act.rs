//! An agent acts: permission, limit, once per command id; then whoever owns the action decides.

use super::{AgentActor, InFlight};
use crate::actors::committer::{CommitterMessage, Pending};
use crate::actors::mailbox::{Reply, answer};
use crate::actors::region::RegionMessage;
use crate::actors::request::{Receipt, Request};
use crate::actors::watch::{self, Stage};
use crate::domain::action::{Action, Durability, Owner};
use crate::domain::agent::{Permission, Profile};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Decision, Scene};
use crate::host::fault;
use crate::store::commit::{Commit, StoredAnswer};
use std::sync::Arc;
use tokio::sync::oneshot;

impl AgentActor {
    /// Does what is asked, or refuses with the first reason that applies.
    pub(super) fn act(&mut self, request: Request, stage: &mut Stage<Self>) {
        let now = self.now();
        self.presence.note_seen(now);
        if let Err(refusal) = self.admit(&request) {
            return answer(request.reply, Err(refusal));
        }
        if self.node.mirror.is_on() {
            self.rates.note(request.command.action, now);
        }
        if request.command.durability == Durability::Durable {
            self.act_once(request, stage);
        } else {
            self.route(request, stage);
        }
    }

    /// Permission first, then the limit. Source: society.md §5.2.
    fn admit(&mut self, request: &Request) -> Result<(), Refusal> {
        fault::panic_if("agent.act", request.command.action);
        let profile = self.profile()?;
        let permission = request.action.permission();
        if !profile.permissions.has(permission) || !request.permissions.has(permission) {
            return Err(Refusal::new(Code::PermissionMissing, "the agent may not do that"));
        }
        let limiter = if permission == Permission::Perceive {
            &mut self.limits.perceptions
        } else {
            &mut self.limits.actions
        };
        limiter.check(&self.node.clock)?;
        if self.node.quarantine.is_poison(&request.culprit(profile.id)) {
            return Err(Refusal::new(
                Code::Poison,
                "the command made the server fail three times and is quarantined",
            ));
        }
        Ok(())
    }

    /// A durable command: a concurrent duplicate waits for the first one's answer.
    fn act_once(&mut self, mut request: Request, stage: &mut Stage<Self>) {
        let id = request.command.id.clone();
        if let Some(first) = self.in_flight.get_mut(&id) {
            if first.body_hash == request.command.body_hash {
                first.waiters.push(request.reply);
            } else {
                answer(request.reply, Err(mismatch()));
            }
            return;
        }
        let (reply, outcome) = oneshot::channel();
        let asker = std::mem::replace(&mut request.reply, reply);
        let (body_hash, has_own_id) = (request.command.body_hash, request.has_own_id);
        self.in_flight.insert(
            id.clone(),
            InFlight {
                body_hash,
                waiters: vec![asker],
            },
        );
        self.route(request, stage);
        let node = Arc::clone(&self.node);
        let agent = self.profile.as_ref().map(|profile| profile.id);
        let find = id.clone();
        let work = async move {
            let outcome: Result<Receipt, Refusal> =
                outcome.await.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
            match (outcome, agent) {
                // Refused before the store saw it: it may have been done earlier, and then the stored answer counts.
                (Err(refusal), Some(agent)) if has_own_id && is_decided(&refusal) => {
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
        watch::then(stage, work, move |me, outcome, _| me.conclude(&id, outcome));
    }

    /// Everybody who asked for the command gets the answer; all but the first know that it is a repeat.
    fn conclude(&mut self, id: &str, outcome: Result<Receipt, Refusal>) {
        let Some(first) = self.in_flight.remove(id) else {
            return;
        };
        let mut waiters = first.waiters.into_iter();
        if let Some(asker) = waiters.next() {
            answer(asker, outcome.clone());
        }
        for waiter in waiters {
            answer(
                waiter,
                outcome.clone().map(|receipt| Receipt {
                    replayed: true,
                    ..receipt
                }),
            );
        }
    }

    fn route(&mut self, request: Request, stage: &mut Stage<Self>) {
        let profile = match self.profile() {
            Ok(profile) => profile,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
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
            let (reply, outcome) = oneshot::channel();
            let asker = std::mem::replace(&mut request.reply, reply);
            let hop = place.hop;
            // The place changes before the one who asked hears of it.
            watch::then(stage, outcome, move |me, outcome, _| {
                let outcome = outcome.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
                if let Ok(receipt) = &outcome {
                    me.follow_hand_off(receipt, hop);
                }
                answer(asker, outcome);
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
        let now = self.now();
        let scene = Scene {
            now,
            tick: self.node.rate.tick_at(now),
            rate: self.node.rate,
            dice: self.node.entropy.u64(),
            fresh_id: self.node.entropy.uuid_v7(now.0),
            me: profile,
            world: &world,
            region: None,
            conversation: None,
        };
        match request.action.decide(&scene) {
            Err(refusal) => answer(request.reply, Err(refusal)),
            Ok(decision) => match decision.lookup {
                Some(lookup) => self.look_up(lookup, region, request, stage),
                None => self.commit(profile, region, decision, request),
            },
        }
    }

    fn commit(&self, profile: &Profile, region: String, decision: Decision, request: Request) {
        let Decision {
            result,
            event: Some(event),
            writes,
            ..
        } = decision
        else {
            tracing::error!(
                action = request.command.action,
                "durable action {} decided no event",
                request.command.action
            );
            return answer(request.reply, Err(Refusal::internal()));
        };
        let commit = Commit {
            agent: profile.id,
            handle: profile.handle.clone(),
            name: profile.name.clone(),
            command: Some(request.command),
            event_id: self.node.event_id(),
            event,
            region,
            tick: self.node.tick(),
            writes,
            result,
        };
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

/// Whether a rule of the world refused, and not a part that is busy or away: then an earlier answer to the command counts.
fn is_decided(refusal: &Refusal) -> bool {
    !refusal.code.is_temporary() || matches!(refusal.code, Code::OnCooldown | Code::RegionFull)
}

fn mismatch() -> Refusal {
    Refusal::new(
        Code::CommandMismatch,
        "the command id was used with other parameters",
    )
}

/// The stored answer of a command. Errors: the stored refusal; `command_mismatch` when the bodies differ.
pub(in crate::actors) fn replay(
    stored: &StoredAnswer,
    id: String,
    body_hash: &[u8; 32],
) -> Result<Receipt, Refusal> {
    if stored.body_hash != *body_hash {
        return Err(mismatch());
    }
    stored
        .outcome
        .clone()
        .map(|result| Receipt::replayed(stored, id, result))
}

/// Answers a question once the database did.
pub(super) fn answer_lookup(
    reply: Reply<Receipt>,
    receipt: Receipt,
    result: Result<serde_json::Value, Refusal>,
) {
    answer(reply, result.map(|result| Receipt { result, ..receipt }));
}
