//! Decides a turn and brings what comes of it to the disk; memory follows.

use super::{ConversationActor, RETRY, Turn};
use crate::actors::committer::{CommitterMessage, Pending, Settle};
use crate::actors::mailbox::{Reply, answer};
use crate::actors::region::RegionMessage;
use crate::actors::request::Receipt;
use crate::actors::watch::{self, Stage};
use crate::domain::conversation::{Conversation, Happening};
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Decision, Scene};
use crate::domain::write::Write;
use crate::store::commit::{Commit, Outcome};
use serde_json::json;
use std::sync::Arc;

impl ConversationActor {
    /// Decides what a member wants, on the state that is on disk.
    pub(super) fn take_turn(&mut self, turn: Turn, stage: &mut Stage<Self>) {
        let decision = match self.decide(&turn) {
            Ok(decision) => decision,
            Err(refusal) => return answer(turn.request.reply, Err(refusal)),
        };
        let Turn { profile, request, .. } = turn;
        // Changes of bodies follow from the state: the region notes them after the commit.
        let event = match request.demand(decision.event) {
            Ok(event) => event,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        let region = self.region_name();
        let mut commit = self.node.commit_of(
            &profile,
            region,
            event,
            decision.writes,
            decision.result.into_tree(),
        );
        commit.command = Some(request.command);
        self.commit(commit, Some(request.reply), stage);
    }

    fn decide(&self, turn: &Turn) -> Result<Decision, Refusal> {
        let request = &turn.request;
        request.meet_fault("conversation.act");
        let world = self.node.directory.world();
        let scene = Scene {
            region: turn.view.as_ref(),
            conversation: self.state.as_ref(),
            ..self.node.scene(&turn.profile, &world)
        };
        request.action.decide(&scene)
    }

    /// Commits what no agent asked for.
    pub(super) fn commit_happening(&mut self, happening: Happening, stage: &mut Stage<Self>) {
        let Happening {
            agent,
            handle,
            event,
            writes,
        } = happening;
        let online = self.node.directory.online(&handle);
        let commit = Commit {
            agent,
            name: online.map_or_else(|| handle.to_string(), |online| online.name),
            handle,
            command: None,
            event_id: self.node.event_id(),
            event,
            region: self.region_name(),
            tick: self.node.tick(),
            writes,
            result: json!({}),
        };
        self.commit(commit, None, stage);
    }

    fn region_name(&self) -> String {
        self.state
            .as_ref()
            .map(|state| state.region.clone())
            .unwrap_or_default()
    }

    fn commit(&mut self, commit: Commit, asker: Option<Reply<Receipt>>, stage: &mut Stage<Self>) {
        let after = commit.writes.iter().find_map(|write| match write {
            Write::Conversation(after) => Some(after.clone()),
            _ => None,
        });
        let permit = Arc::clone(&self.commit_permit).try_acquire_owned();
        let (Some(after), Ok(permit)) = (after, permit) else {
            // Every change writes the conversation, and one is made at a time.
            tracing::error!(conversation.id = %self.id, "conversation {} decided what cannot be committed", self.id);
            self.settled(None, asker, Err(Refusal::internal()), stage);
            return;
        };
        self.is_committing = true;
        let region = self.node.directory.shard(self.shard).map(|seats| seats.region);
        let noted = after.clone();
        let settle = Settle::new(move |outcome| {
            if let (Ok(Outcome::Committed { .. }), Some(region)) = (outcome, region) {
                region.order(RegionMessage::Conversed(noted));
            }
            drop(permit);
        });
        let (reply, outcome) = Reply::awaited();
        let pending = Pending {
            commit,
            reply: Some(reply),
            settle: Some(settle),
        };
        // A commit that is dropped here drops its reply, which reads as `unavailable` below.
        if let Err(refusal) = self.committer.tell(CommitterMessage::Commit(Box::new(pending))) {
            tracing::warn!(conversation.id = %self.id, "the committer takes nothing: {refusal}");
        }
        watch::then(stage, outcome, move |me, outcome, stage| {
            me.is_committing = false;
            let outcome = outcome.unwrap_or_else(|_gone| Err(Refusal::unavailable()));
            me.settled(Some(*after), asker, outcome, stage);
            me.proceed(stage);
        });
    }

    /// Memory follows the disk; then the one who asked hears of it.
    fn settled(
        &mut self,
        after: Option<Conversation>,
        asker: Option<Reply<Receipt>>,
        outcome: Result<Receipt, Refusal>,
        stage: &mut Stage<Self>,
    ) {
        match &outcome {
            Ok(receipt) if receipt.replayed => {}
            Ok(_) => self.state = after,
            // Whether it is on disk is not known, or it would only be tried again at once.
            Err(refusal) if refusal.code.is_temporary() || asker.is_none() => self.reload_later(stage),
            Err(_) => {}
        }
        if let Some(asker) = asker {
            answer(asker, outcome);
        }
    }

    /// Only the store knows how things are. Until it is asked, nobody has a turn.
    fn reload_later(&mut self, stage: &mut Stage<Self>) {
        self.state = None;
        for turn in self.turns.drain(..) {
            answer(turn.request.reply, Err(Refusal::unavailable()));
        }
        watch::later(stage, RETRY, Self::load);
    }
}
