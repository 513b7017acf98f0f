//! The sockets of a shard thread, and who of them is whose and on what.

use super::listing::{Subscriber, Watcher, take_out};
use super::message::Whom;
use super::subscribing::Bond;
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Publication;
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::base::map::IdMap;
use crate::base::time::Tick;
use crate::domain::channel::Rule;
use crate::domain::space::Cell;
use crate::wire::Disconnect;
use smallvec::SmallVec;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// A session as its hub sees it. What a listener has no use for it leaves out.
pub trait Listener {
    /// An inbox entry came; the session keeps them in order.
    fn inbox(&self, publication: &Arc<Publication>);
    /// The region around it changed.
    fn region(&self, _from: Option<&str>, _to: Option<&str>) {}
    /// Whether it believes to be in another region than this.
    fn is_elsewhere(&self, _region: &str) -> bool {
        false
    }
    /// It is in this region, which it did not know.
    fn settle(&self, _region: &str) {}
    /// It sees these cells no more, for now.
    fn lose_cells(&self, _cells: &[Cell], _tick: Tick) {}
    /// The channel of the agent that it follows changed.
    fn follow(&self, _from: Option<&str>, _to: Option<&str>) {}
    /// Whether it may stay on a channel whose rule changed.
    fn may_stay(&self, _channel: &str, _rule: &Rule) -> bool {
        true
    }
    /// Its subscription to a channel has ended: it may not hear it any more. `is_held`: as in `lose_channel`.
    fn put_off(&self, _channel: &str, _is_held: bool) {}
    /// The name by which channels know its user; empty for a nameless one.
    fn user(&self) -> &str {
        ""
    }
    /// Its subscription to a channel ends.
    fn unsubscribe(&self, _channel: &str) {}
    /// Its subscription to a channel has ended, which it should ask for again. `is_held`: the channel's home has not answered yet.
    fn lose_channel(&self, _channel: &str, _is_held: bool) {}
}

/// A session.
pub(super) struct Entry {
    pub(super) outbox: SharedOutbox,
    pub(super) listener: Rc<dyn Listener>,
    pub(super) agent: Option<AgentId>,
    pub(super) cells: HashSet<(ShardId, Cell)>,
    pub(super) channels: HashSet<Arc<str>>,
}

/// The sockets of a shard thread. Sessions register here directly, without a message.
#[derive(Default)]
pub struct HubTable {
    /// Sockets that nobody has said yet whose they are.
    fresh: IdMap<SessionId, SharedOutbox>,
    /// Why every socket of this thread ends, once they do.
    closing: Option<Disconnect>,
    pub(super) sessions: IdMap<SessionId, Entry>,
    pub(super) agents: IdMap<AgentId, SmallVec<[SessionId; 3]>>,
    /// Those of users with a name.
    pub(super) users: HashMap<String, SmallVec<[SessionId; 3]>>,
    pub(super) cells: IdMap<(ShardId, Cell), Vec<Watcher>>,
    pub(super) channels: HashMap<Arc<str>, Vec<Subscriber>>,
    /// How many subscriptions were held.
    pub(super) tickets: u64,
}

impl HubTable {
    /// Notes a socket that is nobody's yet. While all sockets end, this one does too.
    pub fn enter(&mut self, session: SessionId, outbox: SharedOutbox) {
        if let Some(reason) = self.closing {
            outbox.borrow_mut().end(reason);
        }
        self.fresh.insert(session, outbox);
    }

    /// What waits to be written to a session that is registered.
    pub fn outbox(&self, session: SessionId) -> Option<&SharedOutbox> {
        self.sessions.get(&session).map(|entry| &entry.outbox)
    }

    /// Registers a session.
    pub fn attach(
        &mut self,
        session: SessionId,
        agent: Option<AgentId>,
        outbox: SharedOutbox,
        listener: Rc<dyn Listener>,
    ) {
        self.fresh.remove(&session);
        if let Some(reason) = self.closing {
            outbox.borrow_mut().end(reason);
        }
        if let Some(agent) = agent {
            self.agents.entry(agent).or_default().push(session);
        }
        let user = listener.user();
        if !user.is_empty() {
            self.users.entry(user.to_owned()).or_default().push(session);
        }
        let (cells, channels) = (HashSet::new(), HashSet::new());
        self.sessions.insert(
            session,
            Entry {
                outbox,
                listener,
                agent,
                cells,
                channels,
            },
        );
    }

    /// Forgets a session.
    pub fn detach(&mut self, session: SessionId) {
        self.fresh.remove(&session);
        let Some(entry) = self.sessions.remove(&session) else {
            return;
        };
        if let Some(agent) = entry.agent {
            take_out(&mut self.agents, &agent, session);
        }
        take_out(&mut self.users, entry.listener.user(), session);
        for cell in entry.cells {
            take_out(&mut self.cells, &cell, session);
        }
        for channel in entry.channels {
            take_out(&mut self.channels, &channel, session);
        }
    }

    /// Subscribes a session to a channel that has no home.
    pub(super) fn subscribe(&mut self, session: SessionId, channel: Arc<str>) {
        self.bind(session, channel, 0, None);
    }

    /// Subscribes a session to a channel, whose publications it has up to an offset.
    pub(super) fn bind(&mut self, session: SessionId, channel: Arc<str>, position: u64, bond: Option<Bond>) {
        let Some(entry) = self.sessions.get_mut(&session) else {
            return;
        };
        let bond = bond.map(Box::new);
        let is_new = entry.channels.insert(Arc::clone(&channel));
        let subscribers = self.channels.entry(channel).or_default();
        if is_new {
            let outbox = SharedOutbox::clone(&entry.outbox);
            subscribers.push(Subscriber {
                session,
                outbox,
                position,
                bond,
            });
        } else if let Some(known) = subscribers.iter_mut().find(|known| known.session == session) {
            (known.position, known.bond) = (position, bond);
        }
    }

    /// Ends a session's subscription.
    pub fn unsubscribe(&mut self, session: SessionId, channel: &str) {
        if let Some(entry) = self.sessions.get_mut(&session)
            && entry.channels.remove(channel)
        {
            take_out(&mut self.channels, channel, session);
        }
    }

    /// How many sockets there are on this thread.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The listener of a session.
    pub(super) fn listener(&self, session: SessionId) -> Option<Rc<dyn Listener>> {
        self.sessions
            .get(&session)
            .map(|entry| Rc::clone(&entry.listener))
    }

    /// The listeners that are on a channel. Cloned out, as below.
    pub(super) fn listeners_of(&self, channel: &str) -> Vec<(SessionId, Rc<dyn Listener>)> {
        let subscribers = self.channels.get(channel).into_iter().flatten();
        subscribers
            .filter_map(|one| Some((one.session, self.listener(one.session)?)))
            .collect()
    }

    /// The listeners of an agent's sessions. Cloned out, because a listener may borrow the table.
    pub(super) fn listeners(&self, agent: AgentId) -> SmallVec<[Rc<dyn Listener>; 3]> {
        let sessions = self.agents.get(&agent).into_iter().flatten();
        sessions
            .filter_map(|session| self.sessions.get(session))
            .map(|entry| Rc::clone(&entry.listener))
            .collect()
    }

    /// Ends sessions.
    pub(super) fn close(&mut self, whom: &Whom, reason: Disconnect) {
        let end = |entry: &Entry| entry.outbox.borrow_mut().end(reason);
        match whom {
            Whom::Session(session) => self.sessions.get(session).into_iter().for_each(end),
            Whom::Agent(agent) => {
                let sessions = self.agents.get(agent).into_iter().flatten();
                sessions
                    .filter_map(|session| self.sessions.get(session))
                    .for_each(end);
            }
            Whom::Slice(number, of) => {
                let is_in = |session: &SessionId| {
                    session.0.as_u128().checked_rem((*of).into()) == Some(u128::from(*number))
                };
                let fresh = self.fresh.iter().filter(|(session, _)| is_in(session));
                fresh.for_each(|(_, outbox)| outbox.borrow_mut().end(reason));
                let sessions = self.sessions.iter().filter(|(session, _)| is_in(session));
                sessions.for_each(|(_, entry)| end(entry));
            }
            Whom::Everybody | Whom::All => {
                if matches!(whom, Whom::All) {
                    self.closing = Some(reason);
                }
                let fresh = self.fresh.values();
                fresh.for_each(|outbox| outbox.borrow_mut().end(reason));
                self.sessions.values().for_each(end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::outbox::Outbox;
    use crate::actors::publication::Dialect;
    use crate::wire::Encoding;
    use std::cell::RefCell;
    use uuid::Uuid;

    struct Deaf;

    impl Listener for Deaf {
        fn inbox(&self, _: &Arc<Publication>) {}
    }

    #[test]
    fn each_socket_is_in_one_slice() {
        let mut table = HubTable::default();
        let outboxes: Vec<SharedOutbox> = (0..100)
            .map(|number| {
                let outbox: SharedOutbox =
                    Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
                let session = SessionId(Uuid::from_u128(number));
                table.enter(session, SharedOutbox::clone(&outbox));
                if number % 2 == 0 {
                    table.attach(session, None, SharedOutbox::clone(&outbox), Rc::new(Deaf));
                }
                outbox
            })
            .collect();
        let ended = || {
            let ended = outboxes
                .iter()
                .filter(|outbox| outbox.borrow().end_reason().is_some());
            ended.count()
        };
        let mut counts = Vec::new();
        for number in 0..4 {
            table.close(&Whom::Slice(number, 4), Disconnect::SHUTDOWN);
            counts.push(ended());
        }
        assert_eq!(counts, [25, 50, 75, 100]);
    }
}
