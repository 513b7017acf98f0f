//! What the region does for conversations: it starts their actors, hands them what they must see of bodies, and keeps who
//! is engaged. It owns bodies and engagement; a conversation's state is its own actor's.

use super::RegionActor;
use crate::actors::conversation::{ConversationActor, ConversationMessage, Turn};
use crate::actors::mailbox::{Reply, Seat, answer};
use crate::actors::request::{Receipt, Request};
use crate::actors::watch::{self, Stage};
use crate::base::id::{AgentId, ConversationId};
use crate::base::time::Timestamp;
use crate::domain::action::Action;
use crate::domain::agent::Profile;
use crate::domain::conversation::{Conversation, MemberPhase, Phase};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::RegionState;
use crate::domain::scene::Change;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How long a conversation that is over still answers `closed`, before nobody knows it. Units: milliseconds.
const CLOSED_KEPT_MS: i64 = 60_000;

/// The conversations of a shard. An agent is in at most one and rests 15 s between two, so there are few for each agent.
#[derive(Default)]
pub(super) struct Conversations {
    known: HashMap<ConversationId, Known>,
    /// Agents that begin or accept one right now: engaged already, and free again if that is refused.
    engaging: HashSet<AgentId>,
}

/// A conversation as of its last commit.
struct Known {
    seat: Seat<ConversationActor>,
    members: Vec<(AgentId, MemberPhase)>,
    closed_at: Option<Timestamp>,
}

impl Known {
    fn agents(&self) -> impl Iterator<Item = AgentId> {
        self.members.iter().map(|(agent, _)| *agent)
    }

    fn is(&self, agent: AgentId, test: fn(MemberPhase) -> bool) -> bool {
        self.closed_at.is_none()
            && self
                .members
                .iter()
                .any(|(member, phase)| *member == agent && test(*phase))
    }
}

impl Conversations {
    /// The region fails: what waited for an answer does not any more.
    pub(super) fn forget_engaging(&mut self) {
        self.engaging.clear();
    }

    /// Another node runs the shard.
    pub(super) fn end(&self) {
        for known in self.known.values() {
            known.seat.order(ConversationMessage::End);
        }
    }

    /// The shard was claimed anew: only the store is to be trusted.
    pub(super) fn reload(&self) {
        for known in self.known.values() {
            known.seat.order(ConversationMessage::Reload);
        }
    }
}

impl RegionActor {
    /// Hands an agent's turn to the conversation's actor, with what it must see of the bodies concerned.
    pub(super) fn converse(
        &mut self,
        profile: &Arc<Profile>,
        id: ConversationId,
        mut request: Request,
        stage: &mut Stage<Self>,
    ) {
        let seat = match self.admit_turn(profile.id, id, &request.action) {
            Ok(seat) => seat,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        let view = self.view_for(profile.id, id, &request.action);
        let is_free = self.engaged_in(profile.id).is_none();
        if is_free && matches!(request.action, Action::ConverseAccept(_)) {
            self.engage(profile.id, id, &mut request.reply, stage);
        }
        let turn = Turn {
            profile: Arc::clone(profile),
            request,
            view,
        };
        // A full mailbox drops the turn with its reply, and the asker is told `unavailable`.
        if let Err(refusal) = seat.tell(ConversationMessage::Act(Box::new(turn))) {
            tracing::debug!(conversation.id = %id, "conversation {id} takes nothing: {refusal}");
        }
    }

    /// Errors: `unavailable`, `not_in_world`, `moving`, `not_found`, and `busy` while the same agent's yes is under way.
    fn admit_turn(
        &self,
        agent: AgentId,
        id: ConversationId,
        action: &Action,
    ) -> Result<Seat<ConversationActor>, Refusal> {
        let state = self.state.as_ref().ok_or_else(Refusal::unavailable)?;
        let body = state.body(agent).ok_or_else(Refusal::not_in_world)?;
        if body.is_frozen {
            return Err(
                Refusal::new(Code::Moving, "the agent is on its way to another region").retry_after(200),
            );
        }
        let known = self.conversations.known.get(&id);
        let known = known.ok_or_else(|| Refusal::new(Code::NotFound, "no such conversation"))?;
        // The reservation is undone by the one that made it, so there is one at a time.
        let is_engaging = body.conversation == Some(id) && self.conversations.engaging.contains(&agent);
        if is_engaging && matches!(action, Action::ConverseAccept(_)) {
            return Err(Refusal::busy());
        }
        Ok(known.seat.clone())
    }

    /// What the verbs that go by distance and engagement must see: the bodies of the members, of the acting and of the asked.
    fn view_for(&self, agent: AgentId, id: ConversationId, action: &Action) -> Option<RegionState> {
        let state = self.state.as_ref()?;
        let asked = match action {
            Action::ConverseAccept(_) => None,
            Action::ConverseInvite(invite) => state
                .seen_by_handle(&invite.target_id)
                .map(|body| body.profile.id),
            _ => return None,
        };
        let members = self
            .conversations
            .known
            .get(&id)
            .into_iter()
            .flat_map(Known::agents);
        Some(state.view_of(members.chain([agent]).chain(asked)))
    }

    fn engaged_in(&self, agent: AgentId) -> Option<ConversationId> {
        self.state.as_ref()?.body(agent)?.conversation
    }

    /// The agent counts as engaged from now on, or it could begin or accept two conversations before the first is on disk. It
    /// is free again when the answer is a refusal, or is lost.
    pub(super) fn engage(
        &mut self,
        agent: AgentId,
        id: ConversationId,
        reply: &mut Reply<Receipt>,
        stage: &mut Stage<Self>,
    ) {
        if let Some(state) = &mut self.state {
            state.apply(agent, Change::Conversation(Some(id)));
        }
        self.conversations.engaging.insert(agent);
        let (own, outcome) = Reply::awaited();
        let asker = std::mem::replace(reply, own);
        watch::then(stage, outcome, move |me, outcome, _| {
            let outcome = outcome.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
            me.conversations.engaging.remove(&agent);
            if !outcome.as_ref().is_ok_and(|receipt: &Receipt| !receipt.replayed) {
                me.disengage(agent, id);
            }
            answer(asker, outcome);
        });
    }

    /// Frees an agent from a conversation that, as far as is known, does not have it.
    fn disengage(&mut self, agent: AgentId, id: ConversationId) {
        let known = self.conversations.known.get(&id);
        let is_in = known.is_some_and(|known| known.is(agent, is_engaged));
        if !is_in
            && self.engaged_in(agent) == Some(id)
            && let Some(state) = &mut self.state
        {
            state.apply(agent, Change::Conversation(None));
        }
    }

    /// A conversation is on disk like this: bodies follow, and a new one gets its actor.
    pub(super) fn conversed(&mut self, conversation: &Conversation) {
        let now = self.node.now();
        let Some(state) = &mut self.state else { return };
        conversation.note_in(state, now);
        let is_closed = conversation.phase == Phase::Closed;
        if !self.conversations.known.contains_key(&conversation.id) {
            if is_closed {
                return;
            }
            let seat = self.start_conversation(conversation);
            self.conversations.known.insert(
                conversation.id,
                Known {
                    seat,
                    members: Vec::new(),
                    closed_at: None,
                },
            );
        }
        let Some(known) = self.conversations.known.get_mut(&conversation.id) else {
            return;
        };
        known.members = conversation
            .members
            .iter()
            .map(|member| (member.agent, member.phase))
            .collect();
        known.closed_at = is_closed.then(|| known.closed_at.unwrap_or(now));
        let Some(state) = &self.state else { return };
        // Who went while that was under way, or is engaged elsewhere, cannot take part.
        for agent in known.agents() {
            let is_lost = match state.body(agent) {
                None => known.is(agent, MemberPhase::is_current),
                Some(body) => known.is(agent, is_engaged) && body.conversation != Some(conversation.id),
            };
            if is_lost {
                known.seat.order(ConversationMessage::Depart(agent));
            }
        }
    }

    fn start_conversation(&self, conversation: &Conversation) -> Seat<ConversationActor> {
        let (node, committer) = (Arc::clone(&self.node), self.committer.clone());
        let actor = ConversationActor::new(node, self.shard.id, committer, conversation.clone());
        watch::start_here(&self.node.quarantine, actor)
    }

    /// The actor of a conversation is given up: its members are free, without a rest.
    pub(super) fn conversation_lost(&mut self, id: ConversationId) {
        if let (Some(known), Some(state)) = (self.conversations.known.remove(&id), &mut self.state) {
            for agent in known.agents() {
                if state
                    .body(agent)
                    .is_some_and(|body| body.conversation == Some(id))
                {
                    state.apply(agent, Change::Conversation(None));
                }
            }
        }
    }

    /// An agent is not here any more: it leaves the conversations that it takes part in or is asked to.
    pub(super) fn depart(&self, agent: AgentId) {
        for known in self
            .conversations
            .known
            .values()
            .filter(|known| known.is(agent, MemberPhase::is_current))
        {
            known.seat.order(ConversationMessage::Depart(agent));
        }
    }

    /// Once a second: those on their way to a conversation may have arrived; those long over are forgotten, and with the last
    /// seat their actors end.
    pub(super) fn attend_conversations(&mut self) {
        let now = self.node.now();
        let Some(state) = &self.state else { return };
        let is_kept = |known: &Known| known.closed_at.is_none_or(|at| now.since_ms(at) < CLOSED_KEPT_MS);
        self.conversations.known.retain(|_, known| is_kept(known));
        for known in self.conversations.known.values() {
            if known
                .agents()
                .any(|agent| known.is(agent, |phase| phase == MemberPhase::Joining))
            {
                let view = state.view_of(known.agents());
                // Counted by the mailbox; there is another look in a second.
                let _ = known.seat.tell(ConversationMessage::Positions(Box::new(view)));
            }
        }
    }
}

fn is_engaged(phase: MemberPhase) -> bool {
    matches!(phase, MemberPhase::Participating | MemberPhase::Joining)
}
