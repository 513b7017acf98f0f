//! The actor of a conversation: owns whose turn it is. One change at a time: the next is decided when the last is on disk.

mod commit;
#[cfg(test)]
mod tests;

use super::committer::Committer;
use super::mailbox::{Seat, answer};
use super::node::Node;
use super::quarantine::Culprit;
use super::region::RegionMessage;
use super::request::Request;
use super::watch::{self, Role, Stage};
use crate::base::id::{AgentId, ConversationId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::Profile;
use crate::domain::conversation::{Conversation, Departure, Happening};
use crate::domain::refusal::Refusal;
use crate::domain::region::RegionState;
use crate::domain::write::Write;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most turns that wait for a commit; beyond, callers are told `busy`.
const TURNS_MAX: usize = 64;
/// Longest sleep before the clock is looked at again: it may have been set. Units: milliseconds.
const SLEEP_MAX_MS: i64 = 1_000;
/// Shortest sleep. Units: milliseconds.
const SLEEP_MIN_MS: i64 = 10;
/// How long the store is left alone after it failed.
const RETRY: Duration = Duration::from_secs(1);

/// What a conversation's actor is told, by the region alone.
pub enum ConversationMessage {
    /// A member, or one who would be, does something.
    Act(Box<Turn>),
    /// A member is not in the region any more.
    Depart(AgentId),
    /// Where the members are; each second while one is on its way.
    Positions(Box<RegionState>),
    /// Nothing in memory is to be trusted: load from the store.
    Reload,
    /// Another node runs the shard: end.
    End,
    /// Fail.
    #[cfg(test)]
    Fail,
}

/// What somebody does in a conversation, with what the region knows of it.
pub struct Turn {
    /// Who acts.
    pub profile: Arc<Profile>,
    /// What it wants.
    pub request: Request,
    /// The bodies concerned, for verbs that go by distance.
    pub view: Option<RegionState>,
}

/// The actor of one conversation.
pub struct ConversationActor {
    node: Arc<Node>,
    shard: ShardId,
    committer: Seat<Committer>,
    id: ConversationId,
    /// As it was when the actor was started; the store knows it as of later.
    first: Option<Conversation>,
    /// As it is on disk; none until loaded.
    state: Option<Conversation>,
    turns: VecDeque<Turn>,
    departing: Vec<AgentId>,
    positions: Option<Box<RegionState>>,
    /// One permit, held by the commit under way until its outcome is known. It survives a failure of the actor.
    commit_permit: Arc<Semaphore>,
    is_committing: bool,
    alarm_at: Option<Timestamp>,
}

impl ConversationActor {
    /// The actor of a conversation that is on disk like this.
    pub fn new(
        node: Arc<Node>,
        shard: ShardId,
        committer: Seat<Committer>,
        conversation: Conversation,
    ) -> Self {
        Self {
            node,
            shard,
            committer,
            id: conversation.id,
            first: Some(conversation),
            state: None,
            turns: VecDeque::new(),
            departing: Vec::new(),
            positions: None,
            commit_permit: Arc::new(Semaphore::new(1)),
            is_committing: false,
            alarm_at: None,
        }
    }

    fn load(&mut self, stage: &mut Stage<Self>) {
        let (node, id, permit) = (Arc::clone(&self.node), self.id, Arc::clone(&self.commit_permit));
        let work = async move {
            // What was under way when the actor failed must come to its end, or what is read is soon not true any more.
            let _permit = permit.acquire().await;
            node.database.read(move |reader| reader.conversation(id)).await
        };
        watch::first(stage, work, |me, loaded, stage| match loaded {
            Ok(Some(conversation)) => {
                me.tell_region(RegionMessage::Conversed(Box::new(conversation.clone())));
                me.state = Some(conversation);
                me.proceed(stage);
            }
            Ok(None) => {
                tracing::error!(conversation.id = %me.id, "conversation {} is not in the store", me.id);
                me.tell_region(RegionMessage::ConversationLost(me.id));
            }
            Err(refusal) => {
                tracing::error!(conversation.id = %me.id, "conversation {} could not be loaded: {refusal}", me.id);
                watch::later(stage, RETRY, Self::load);
            }
        });
    }

    fn tell_region(&self, message: RegionMessage) {
        if let Some(seats) = self.node.directory.shard(self.shard) {
            seats.region.order(message);
        }
    }

    fn wait_in_line(&mut self, turn: Turn) {
        let refusal = match &self.state {
            None => Refusal::unavailable(),
            Some(_) if self.turns.len() >= TURNS_MAX => Refusal::busy(),
            Some(_) => return self.turns.push_back(turn),
        };
        answer(turn.request.reply, Err(refusal));
    }

    /// Does what is to be done next, until a commit is under way: what is due first, then what agents asked for.
    fn proceed(&mut self, stage: &mut Stage<Self>) {
        while self.state.is_some() && !self.is_committing {
            if let Some(happening) = self.next_happening() {
                self.commit_happening(happening, stage);
            } else if let Some(turn) = self.turns.pop_front() {
                self.take_turn(turn, stage);
            } else {
                return self.set_alarm(stage);
            }
        }
    }

    /// The first thing that happens by itself. What follows from it is found when it is on disk.
    fn next_happening(&mut self) -> Option<Happening> {
        let (now, dice) = (self.node.now(), self.node.entropy.u64());
        let state = self.state.as_ref()?;
        if state.next_deadline().is_some_and(|at| at <= now)
            && let Some(happening) = state.clone().on_time(now, dice).into_iter().next()
        {
            return Some(happening);
        }
        while let Some(agent) = self.departing.pop() {
            let mut after = state.clone();
            if let (Some(event), Some(member)) = (
                after.depart(agent, Departure::Left, now, dice),
                state.member(agent),
            ) {
                let handle = member.handle.clone();
                return Some(Happening {
                    agent,
                    handle,
                    event,
                    writes: vec![Write::Conversation(Box::new(after))],
                });
            }
        }
        let view = self.positions.take()?;
        let tick = self.node.rate.tick_at(now);
        let near = |conversation: &Conversation, agent| conversation.distance_m(agent, &view, tick);
        let arrived = state.clone().on_positions(near, now).into_iter().next()?;
        self.positions = Some(view);
        Some(arrived)
    }

    /// Sleeps until time has something to do again.
    fn set_alarm(&mut self, stage: &mut Stage<Self>) {
        let Some(deadline) = self.state.as_ref().and_then(Conversation::next_deadline) else {
            return;
        };
        let now = self.node.now();
        let sleep_ms = deadline.since_ms(now).clamp(SLEEP_MIN_MS, SLEEP_MAX_MS);
        let at = now.plus_ms(sleep_ms);
        if self.alarm_at.is_some_and(|earlier| earlier <= at) {
            return;
        }
        self.alarm_at = Some(at);
        let sleep = Duration::from_millis(u64::try_from(sleep_ms).unwrap_or(0));
        watch::later(stage, sleep, move |me, stage| {
            me.alarm_at.take_if(|alarm| *alarm == at);
            me.proceed(stage);
        });
    }
}

impl Role for ConversationActor {
    type Message = ConversationMessage;
    const NAME: &'static str = "conversation";
    const CAPACITY: usize = 256;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        self.state = self.first.take();
        if self.state.is_some() {
            self.proceed(stage);
        } else {
            self.load(stage);
        }
    }

    // Who waited hears `unavailable`. The region tells again who is gone and who is near.
    fn forget(&mut self) {
        (self.first, self.state, self.positions, self.alarm_at) = (None, None, None, None);
        self.turns.clear();
        self.departing.clear();
        self.is_committing = false;
    }

    fn culprit(message: &ConversationMessage) -> Option<Culprit> {
        match message {
            ConversationMessage::Act(turn) => Some(turn.request.culprit(turn.profile.id)),
            _ => None,
        }
    }

    fn take(&mut self, message: ConversationMessage, stage: &mut Stage<Self>) {
        match message {
            ConversationMessage::Act(turn) => self.wait_in_line(*turn),
            ConversationMessage::Depart(agent) if self.departing.contains(&agent) => {}
            ConversationMessage::Depart(agent) => self.departing.push(agent),
            ConversationMessage::Positions(view) => self.positions = Some(view),
            ConversationMessage::Reload => {
                self.state = None;
                self.load(stage);
            }
            ConversationMessage::End => return watch::finish(stage),
            #[cfg(test)]
            ConversationMessage::Fail => panic!("a test wants the conversation to fail"),
        }
        self.proceed(stage);
    }

    fn give_up(&mut self) -> bool {
        self.tell_region(RegionMessage::ConversationLost(self.id));
        true
    }
}
