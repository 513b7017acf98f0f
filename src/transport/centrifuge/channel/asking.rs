//! Who is on a channel, and what was published on it.

use super::super::super::session::Session;
use super::publication_of;
use crate::actors::channels::{self, History, Kept, Way, way};
use crate::actors::peer::message::{ChannelAct, Client};
use crate::base::limit::RECOVERY_MAX_BYTES;
use crate::domain::channel::Verb;
use crate::wire::ClientError;
use crate::wire::push::{ClientInfo, Publication};
use crate::wire::reply::{HistoryResult, PresenceResult, PresenceStatsResult, ReplyBody};
use crate::wire::request::{HistoryRequest, StreamPosition};
use actix::Context;

impl Session {
    /// Whether presence and history of a channel may be asked; answers the error otherwise.
    fn may_ask(&mut self, id: u32, channel: &str, verb: Verb) -> bool {
        let Some(namespace) = self.namespace(id, channel) else {
            return false;
        };
        if let Err(refusal) = self.may(verb, channel, &namespace) {
            self.deny(id, &refusal);
            return false;
        }
        if !namespace.has_history() {
            self.error(id, ClientError::NOT_AVAILABLE);
            return false;
        }
        true
    }

    /// Who is on a channel.
    pub(in super::super) fn presence(&mut self, id: u32, name: &str, context: &mut Context<Self>) {
        if !self.may_ask(id, name, Verb::Presence) {
            return;
        }
        let answer =
            move |me: &Self, presence| me.reply(id, ReplyBody::Presence(PresenceResult { presence }));
        match way(&self.node(), name) {
            Ok(Way::Here(_)) => answer(self, self.node().channels.presence(name)),
            Ok(Way::There(home)) => {
                let done = move |me: &mut Self, all: Vec<Client>| {
                    let all = all.into_iter().map(ClientInfo::from);
                    answer(me, all.map(|info| (info.client.clone(), info)).collect());
                };
                self.ask_home_for(id, home, name, ChannelAct::Presence, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    /// How many are on a channel.
    pub(in super::super) fn presence_stats(&mut self, id: u32, name: &str, context: &mut Context<Self>) {
        if !self.may_ask(id, name, Verb::Presence) {
            return;
        }
        let answer = move |me: &Self, (num_clients, num_users): (u32, u32)| {
            let result = PresenceStatsResult {
                num_clients,
                num_users,
            };
            me.reply(id, ReplyBody::PresenceStats(result));
        };
        match way(&self.node(), name) {
            Ok(Way::Here(_)) => answer(self, channels::count(&self.node().channels.presence(name))),
            Ok(Way::There(home)) => {
                let done = move |me: &mut Self, counts| answer(me, counts);
                self.ask_home_for(id, home, name, ChannelAct::Count, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    /// What was published on a channel.
    pub(in super::super) fn history(
        &mut self,
        id: u32,
        request: Box<HistoryRequest>,
        context: &mut Context<Self>,
    ) {
        if !self.may_ask(id, &request.channel, Verb::History) {
            return;
        }
        let node = self.node();
        match way(&node, &request.channel) {
            Ok(Way::Here(_)) => {
                let history = node.channels.history(&request.channel, node.now());
                self.tell_history(id, &request, history);
            }
            Ok(Way::There(home)) => {
                let name = request.channel.clone();
                let done = move |me: &mut Self, history| me.tell_history(id, &request, history);
                self.ask_home_for(id, home, &name, ChannelAct::History, context, done);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn tell_history(&self, id: u32, request: &HistoryRequest, history: History) {
        match history_result(history, request) {
            Some(result) => self.reply(id, ReplyBody::History(Box::new(result))),
            None => self.error(id, ClientError::UNRECOVERABLE_POSITION),
        }
    }
}

/// The answer to a request for a history; none when it asks for what came after a position in another stream.
pub fn history_result(history: History, request: &HistoryRequest) -> Option<HistoryResult> {
    let History {
        epoch,
        top: offset,
        kept,
    } = history;
    let is_elsewhere = |since: &StreamPosition| !since.epoch.is_empty() && since.epoch != epoch;
    if request.since.as_ref().is_some_and(is_elsewhere) {
        return None;
    }
    Some(HistoryResult {
        publications: select(&kept, request),
        epoch,
        offset,
    })
}

/// The publications that a history request selects: `since` is exclusive, a limit of 0 asks for the position only. A page ends
/// early when its bytes are too many.
fn select(kept: &[Kept], request: &HistoryRequest) -> Vec<Publication> {
    let since = request.since.as_ref().map(|since| since.offset);
    let is_wanted = |kept: &&Kept| match (since, request.reverse) {
        (Some(since), false) => kept.offset > since,
        (Some(since), true) => kept.offset < since,
        (None, _) => true,
    };
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut bytes = 0_usize;
    let mut has_room = |kept: &&Kept| {
        bytes = bytes.saturating_add(kept.bytes());
        bytes <= RECOVERY_MAX_BYTES
    };
    let wanted = kept.iter().filter(is_wanted);
    if request.reverse {
        wanted
            .rev()
            .take(limit)
            .take_while(&mut has_room)
            .map(publication_of)
            .collect()
    } else {
        wanted
            .take(limit)
            .take_while(&mut has_room)
            .map(publication_of)
            .collect()
    }
}
