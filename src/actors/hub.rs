//! Hubs: one a worker thread. A hub knows the sockets of its thread and who of them gets what.

use super::outbox::SharedOutbox;
use super::publication::{Dialect, Publication};
use super::watch::{Role, Stage};
use crate::base::id::{AgentId, SessionId, ShardId};
use crate::domain::space::Cell;
use crate::telemetry::metric;
use crate::wire::{Disconnect, Encoding};
use bytes::Bytes;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// What a hub is told. Publications are shared; a hub copies only their handles.
pub enum HubMessage {
    /// A region's tick.
    Tick(TickFrames),
    /// Something heard or seen: for the sockets of the hearers, and for spectators that see the cell.
    Heard {
        /// What.
        publication: Arc<Publication>,
        /// The agents that hear it.
        hearers: Arc<[AgentId]>,
        /// Where spectators must look to see it.
        seen_at: Option<(ShardId, Cell)>,
    },
    /// A new entry of an agent's inbox.
    Inbox {
        /// Whose.
        agent: AgentId,
        /// The entry, with its offset.
        publication: Arc<Publication>,
    },
    /// A publication of a channel.
    Channel(Arc<Publication>),
    /// Somebody came to a channel or left it: the push in both encodings.
    Presence {
        /// The channel.
        channel: Arc<str>,
        /// The push as JSON.
        json: Bytes,
        /// The push as protobuf.
        protobuf: Bytes,
    },
    /// The region around a session changed.
    Region {
        /// Which session.
        session: SessionId,
        /// The region left.
        from: Option<Arc<str>>,
        /// The region entered.
        to: Option<Arc<str>>,
    },
    /// A spectator follows another agent, or none.
    Follow {
        /// Which session.
        session: SessionId,
        /// The channel of the agent before.
        from: Option<Arc<str>>,
        /// The channel of the agent now.
        to: Option<Arc<str>>,
    },
    /// An order for sessions.
    Close(Whom, Disconnect),
    /// An agent's subscription to a channel ends.
    Unsubscribe {
        /// Whose sessions.
        agent: AgentId,
        /// From which channel.
        channel: Arc<str>,
    },
}

/// Whose sessions an order is about.
#[derive(Clone, Debug)]
pub enum Whom {
    /// One session.
    Session(SessionId),
    /// All of an agent.
    Agent(AgentId),
    /// Everybody.
    All,
}

/// What a region's tick has for a hub.
pub struct TickFrames {
    /// The shard.
    pub shard: ShardId,
    /// What changed, by cell; one list for all hubs.
    pub frames: Arc<[(Cell, Arc<Publication>)]>,
    /// What sessions of this hub begin and cease to see.
    pub interests: Vec<Interest>,
}

/// What one session begins and ceases to see.
pub struct Interest {
    /// Which session.
    pub session: SessionId,
    /// Cells it sees from now on, with what is in them; nothing for an empty one.
    pub add: Vec<(Cell, Option<Arc<Publication>>)>,
    /// Cells it sees no more, with the notice of it.
    pub drop: Vec<(Cell, Option<Arc<Publication>>)>,
}

/// A session as its hub sees it.
pub trait Listener {
    /// An inbox entry came; the session keeps them in order.
    fn inbox(&self, publication: &Arc<Publication>);
    /// The region around it changed.
    fn region(&self, from: Option<&str>, to: Option<&str>);
    /// The channel of the agent that it follows changed.
    fn follow(&self, from: Option<&str>, to: Option<&str>);
    /// Its subscription to a channel ends.
    fn unsubscribe(&self, channel: &str);
}

struct Entry {
    outbox: SharedOutbox,
    listener: Rc<dyn Listener>,
    agent: Option<AgentId>,
    cells: HashSet<(ShardId, Cell)>,
    /// Subscribed channels with the offset of the last publication sent.
    channels: HashMap<Arc<str>, u64>,
}

/// The sockets of a worker thread. Sessions register here directly, without a message.
#[derive(Default)]
pub struct HubTable {
    sessions: HashMap<SessionId, Entry>,
    agents: HashMap<AgentId, SmallVec<[SessionId; 3]>>,
    cells: HashMap<(ShardId, Cell), Vec<SessionId>>,
    channels: HashMap<Arc<str>, Vec<SessionId>>,
}

/// A hub's table, shared with the sessions of its thread.
pub type SharedTable = Rc<RefCell<HubTable>>;

impl HubTable {
    /// Registers a session.
    pub fn attach(
        &mut self,
        session: SessionId,
        agent: Option<AgentId>,
        outbox: SharedOutbox,
        listener: Rc<dyn Listener>,
    ) {
        if let Some(agent) = agent {
            self.agents.entry(agent).or_default().push(session);
        }
        let (cells, channels) = (HashSet::new(), HashMap::new());
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
        let Some(entry) = self.sessions.remove(&session) else {
            return;
        };
        if let Some(agent) = entry.agent {
            take_out(&mut self.agents, &agent, session);
        }
        for cell in entry.cells {
            take_out(&mut self.cells, &cell, session);
        }
        for channel in entry.channels.into_keys() {
            take_out(&mut self.channels, &channel, session);
        }
    }

    /// Subscribes a session to a channel, whose publications it has up to an offset.
    pub fn subscribe(&mut self, session: SessionId, channel: Arc<str>, position: u64) {
        if let Some(entry) = self.sessions.get_mut(&session)
            && entry.channels.insert(Arc::clone(&channel), position).is_none()
        {
            self.channels.entry(channel).or_default().push(session);
        }
    }

    /// Ends a session's subscription.
    pub fn unsubscribe(&mut self, session: SessionId, channel: &str) {
        if let Some(entry) = self.sessions.get_mut(&session)
            && entry.channels.remove(channel).is_some()
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

    /// Sends a publication of a channel to its subscribers, each once and without a gap.
    fn publish(&mut self, publication: &Publication) {
        let Some(sessions) = self.channels.get(&publication.channel).cloned() else {
            return;
        };
        for session in sessions {
            let Some(entry) = self.sessions.get_mut(&session) else {
                continue;
            };
            if let (Some(offset), Some(position)) =
                (publication.offset, entry.channels.get_mut(&publication.channel))
            {
                if offset <= *position {
                    continue;
                }
                *position = offset;
            }
            let mut outbox = entry.outbox.borrow_mut();
            let piece = publication.piece(outbox.dialect());
            outbox.push(piece);
        }
    }

    fn tell_presence(&self, channel: &str, json: &Bytes, protobuf: &Bytes) {
        for session in self.channels.get(channel).into_iter().flatten() {
            let Some(entry) = self.sessions.get(session) else {
                continue;
            };
            let mut outbox = entry.outbox.borrow_mut();
            match outbox.dialect() {
                Dialect::Centrifuge(Encoding::Json) => outbox.push(json.clone()),
                Dialect::Centrifuge(Encoding::Protobuf) => outbox.push(protobuf.clone()),
                Dialect::ClawBots => {}
            }
        }
    }

    fn push_to(&self, sessions: &[SessionId], publication: &Publication) {
        for session in sessions {
            if let Some(entry) = self.sessions.get(session) {
                let mut outbox = entry.outbox.borrow_mut();
                let piece = publication.piece(outbox.dialect());
                outbox.push(piece);
            }
        }
    }

    fn tick(&mut self, tick: TickFrames) {
        for (cell, publication) in tick.frames.iter() {
            if let Some(sessions) = self.cells.get(&(tick.shard, *cell)) {
                metric::frames().increment(u64::try_from(sessions.len()).unwrap_or(0));
                self.push_to(sessions, publication);
            }
        }
        for interest in tick.interests {
            self.change_interest(tick.shard, interest);
        }
    }

    fn change_interest(&mut self, shard: ShardId, interest: Interest) {
        let Some(entry) = self.sessions.get_mut(&interest.session) else {
            return;
        };
        let mut outbox = entry.outbox.borrow_mut();
        for (cell, notice) in interest.drop {
            if entry.cells.remove(&(shard, cell)) {
                take_out(&mut self.cells, &(shard, cell), interest.session);
                if let Some(notice) = notice {
                    let piece = notice.piece(outbox.dialect());
                    outbox.push(piece);
                }
            }
        }
        let mut snapshots = Vec::with_capacity(interest.add.len());
        for (cell, snapshot) in interest.add {
            if entry.cells.insert((shard, cell)) {
                self.cells
                    .entry((shard, cell))
                    .or_default()
                    .push(interest.session);
            }
            // A cell that is asked for again is sent again: the viewer forgot it.
            snapshots.extend(snapshot.map(|snapshot| snapshot.piece(outbox.dialect())));
        }
        outbox.push_together(snapshots);
    }

    fn heard(&self, publication: &Publication, hearers: &[AgentId], seen_at: Option<(ShardId, Cell)>) {
        for agent in hearers {
            if let Some(sessions) = self.agents.get(agent) {
                self.push_to(sessions, publication);
            }
        }
        let Some(watchers) = seen_at.and_then(|cell| self.cells.get(&cell)) else {
            return;
        };
        let is_spectator = |session: &&SessionId| {
            self.sessions
                .get(session)
                .is_some_and(|entry| entry.agent.is_none())
        };
        let spectators: SmallVec<[SessionId; 16]> = watchers.iter().filter(is_spectator).copied().collect();
        self.push_to(&spectators, publication);
    }

    /// The listeners of an agent's sessions. Cloned out, because a listener may borrow the table.
    fn listeners(&self, agent: AgentId) -> SmallVec<[Rc<dyn Listener>; 3]> {
        let sessions = self.agents.get(&agent).into_iter().flatten();
        sessions
            .filter_map(|session| self.sessions.get(session))
            .map(|entry| Rc::clone(&entry.listener))
            .collect()
    }

    fn close(&self, whom: &Whom, reason: Disconnect) {
        let end = |entry: &Entry| entry.outbox.borrow_mut().end(reason);
        match whom {
            Whom::Session(session) => self.sessions.get(session).into_iter().for_each(end),
            Whom::Agent(agent) => {
                let sessions = self.agents.get(agent).into_iter().flatten();
                sessions
                    .filter_map(|session| self.sessions.get(session))
                    .for_each(end);
            }
            Whom::All => self.sessions.values().for_each(end),
        }
    }

    /// Changes the agent's channel that a spectator is on and returns its listener.
    fn follow(
        &mut self,
        session: SessionId,
        from: Option<&Arc<str>>,
        to: Option<&Arc<str>>,
    ) -> Option<Rc<dyn Listener>> {
        if let Some(from) = from {
            self.unsubscribe(session, from);
        }
        if let Some(to) = to {
            self.subscribe(session, Arc::clone(to), 0);
        }
        self.sessions
            .get(&session)
            .map(|entry| Rc::clone(&entry.listener))
    }

    /// Forgets what a session saw of other regions and returns its listener.
    fn change_region(&mut self, session: SessionId) -> Option<Rc<dyn Listener>> {
        let entry = self.sessions.get_mut(&session)?;
        for cell in entry.cells.drain() {
            take_out(&mut self.cells, &cell, session);
        }
        Some(Rc::clone(&entry.listener))
    }
}

fn take_out<K, Q, L>(map: &mut HashMap<K, L>, key: &Q, session: SessionId)
where
    K: std::hash::Hash + Eq + std::borrow::Borrow<Q>,
    Q: std::hash::Hash + Eq + ?Sized,
    L: Sessions,
{
    if let Some(list) = map.get_mut(key)
        && list.take_out(session)
    {
        map.remove(key);
    }
}

/// A list of sessions from which one can be taken.
trait Sessions {
    /// Takes a session out; whether the list is empty then.
    fn take_out(&mut self, session: SessionId) -> bool;
}

impl Sessions for Vec<SessionId> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| *other != session);
        self.is_empty()
    }
}

impl Sessions for SmallVec<[SessionId; 3]> {
    fn take_out(&mut self, session: SessionId) -> bool {
        self.retain(|other| *other != session);
        self.is_empty()
    }
}

/// The actor of a worker thread that hands publications to its sockets.
pub struct HubActor {
    table: SharedTable,
}

impl HubActor {
    /// A hub over its thread's table.
    pub fn new(table: SharedTable) -> Self {
        Self { table }
    }
}

impl Role for HubActor {
    type Message = HubMessage;
    const NAME: &'static str = "hub";
    const CAPACITY: usize = 65_536;

    fn begin(&mut self, _: &mut Stage<Self>) {}

    // The table belongs to the sessions; it stays.
    fn forget(&mut self) {}

    fn take(&mut self, message: HubMessage, _: &mut Stage<Self>) {
        match message {
            HubMessage::Tick(tick) => self.table.borrow_mut().tick(tick),
            HubMessage::Heard {
                publication,
                hearers,
                seen_at,
            } => {
                self.table.borrow().heard(&publication, &hearers, seen_at);
            }
            HubMessage::Inbox { agent, publication } => {
                let listeners = self.table.borrow().listeners(agent);
                listeners.iter().for_each(|listener| listener.inbox(&publication));
            }
            HubMessage::Channel(publication) => self.table.borrow_mut().publish(&publication),
            HubMessage::Presence {
                channel,
                json,
                protobuf,
            } => {
                self.table.borrow().tell_presence(&channel, &json, &protobuf);
            }
            HubMessage::Region { session, from, to } => {
                let listener = self.table.borrow_mut().change_region(session);
                if let Some(listener) = listener {
                    listener.region(from.as_deref(), to.as_deref());
                }
            }
            HubMessage::Follow { session, from, to } => {
                let listener = self
                    .table
                    .borrow_mut()
                    .follow(session, from.as_ref(), to.as_ref());
                if let Some(listener) = listener {
                    listener.follow(from.as_deref(), to.as_deref());
                }
            }
            HubMessage::Close(whom, reason) => self.table.borrow().close(&whom, reason),
            HubMessage::Unsubscribe { agent, channel } => {
                let listeners = self.table.borrow().listeners(agent);
                listeners
                    .iter()
                    .for_each(|listener| listener.unsubscribe(&channel));
            }
        }
    }
}
