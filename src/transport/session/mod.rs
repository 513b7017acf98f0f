//! A socket's session: an actor on the shard thread of its socket, for both dialects.

mod inbox;
mod listener;
mod open;
mod sweep;
mod watch;

pub use inbox::{Inbox, SharedInbox};
pub use listener::SessionListener;
pub use open::{Opened, Since};
pub use watch::PING_INTERVAL;

use super::access::Access;
use super::http::visits::Visit;
use super::web::Web;
use super::ws::{Incoming, Opening, Pipe, Worker};
use super::{centrifuge, clawbots};
use crate::actors::channels::{self, Home};
use crate::actors::gateway::{Caller, Gateway};
use crate::actors::mailbox::Seat;
use crate::actors::node::{Limiter, Node};
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Dialect;
use crate::actors::rights::Known;
use crate::actors::spectator::{SpectatorActor, SpectatorMessage};
use crate::base::id::SessionId;
use crate::config::Bucket;
use crate::guard::token::Verified;
use crate::telemetry::metric;
use crate::wire::request::PublishRequest;
use crate::wire::{Command, Disconnect};
use actix::{Actor, ActorContext, Context, StreamHandler};
use actix_web::web::Data;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Most requests of one socket that wait for an answer.
const IN_FLIGHT_MAX: usize = 64;
/// Most commands of one socket that wait to be looked at.
const PENDING_MAX: usize = 256;

/// The channels of a session, by name; its hub takes those away that are lost.
pub type SharedMemberships = Rc<RefCell<HashMap<String, Membership>>>;

/// A session's subscription to a channel, be it only asked for.
#[derive(Clone, Copy, Debug)]
pub struct Membership {
    /// Where it came to the channel; none on a node that is alone.
    pub home: Option<Home>,
    /// Whether the server subscribed it.
    pub is_granted: bool,
}

/// A publication that waits to be counted.
pub struct Posting {
    /// The id of its command.
    pub id: u32,
    /// What is published where.
    pub request: Box<PublishRequest>,
    /// What is known of the channel.
    pub known: Arc<Known>,
    /// Whether the channel has a history.
    pub is_kept: bool,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody said who it is.
    Fresh,
    /// Being opened; commands wait.
    Opening,
    /// Open.
    Open,
}

/// The actor of one socket.
pub struct Session {
    pub(super) web: Data<Web>,
    pub(super) worker: Rc<Worker>,
    pub(super) id: SessionId,
    pub(super) outbox: SharedOutbox,
    pub(super) dialect: Dialect,
    pub(super) phase: Phase,
    pub(super) verified: Option<Verified>,
    pub(super) caller: Option<Caller>,
    /// The version of the agents as of which the caller may what it says; none before that was asked.
    pub(super) caller_as_of: Option<i64>,
    /// It is being asked what the caller may; commands wait.
    pub(super) is_asking: bool,
    /// What was just learned of a channel, for the command that waited for it.
    pub(super) learned: Option<(String, Arc<Known>)>,
    pub(super) inbox: SharedInbox,
    pub(super) region: Rc<RefCell<Option<String>>>,
    pub(super) pending: VecDeque<Command>,
    pub(super) channels: SharedMemberships,
    pub(super) in_flight: usize,
    /// In order; each is one of those in flight.
    pub(super) postings: VecDeque<Posting>,
    pub(super) spectator: Option<Seat<SpectatorActor>>,
    pub(super) prompts: Limiter,
    // Held while nobody but the address answers for this socket.
    pub(super) visit: Option<Visit>,
    pub(super) expected_agent: Option<crate::domain::agent::Handle>,
    pub(super) event_types: Option<HashSet<String>>,
    pub(super) watch: watch::Watch,
    pipe: Rc<Pipe>,
    messages: Limiter,
    refused_messages: u32,
    is_detached: bool,
}

impl Session {
    /// The session of a socket that was just accepted.
    pub fn new(web: Data<Web>, opening: Opening, visit: Visit) -> Self {
        let Opening { worker, outbox, pipe } = opening;
        let node = Arc::clone(&web.gateway.node);
        let dialect = outbox.borrow().dialect();
        metric::websocket_connections().increment(1.0);
        let id = node.session_id();
        worker.table.borrow_mut().enter(id, Rc::clone(&outbox));
        sweep::watch(&worker, &web, &pipe);
        Self {
            id,
            worker,
            outbox,
            dialect,
            phase: Phase::Fresh,
            verified: None,
            caller: None,
            caller_as_of: None,
            is_asking: false,
            learned: None,
            inbox: Inbox::shared(),
            region: Rc::default(),
            pending: VecDeque::new(),
            channels: Rc::default(),
            in_flight: 0,
            postings: VecDeque::new(),
            spectator: None,
            prompts: node.limiter(Bucket::Prompts),
            visit: Some(visit),
            expected_agent: None,
            event_types: None,
            watch: watch::Watch::begin(&node),
            pipe,
            messages: node.limiter(Bucket::SocketMessages),
            refused_messages: 0,
            is_detached: false,
            web,
        }
    }

    /// The session of ClawBots' socket of an agent.
    pub fn for_agent(mut self, agent: crate::domain::agent::Handle) -> Self {
        self.expected_agent = Some(agent);
        self
    }

    /// Whether so many of its requests wait for an answer that it must wait with more.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.saturating_add(self.outbox.borrow().promised()) >= IN_FLIGHT_MAX
    }

    pub(super) fn gateway(&self) -> Gateway {
        self.web.gateway.clone()
    }

    pub(super) fn node(&self) -> Arc<Node> {
        Arc::clone(&self.web.gateway.node)
    }

    pub(super) fn access(&self) -> Arc<Access> {
        Arc::clone(&self.web.access)
    }

    /// Closes the socket after what is queued.
    pub(super) fn close(&mut self, reason: Disconnect) {
        self.pending = VecDeque::new();
        self.outbox.borrow_mut().end(reason);
    }

    /// Counts a message. Past three times the limit in a row the socket is closed.
    fn admit(&mut self) -> bool {
        let node = self.node();
        if self.messages.check(&node.clock).is_ok() {
            self.refused_messages = 0;
            return true;
        }
        self.refused_messages = self.refused_messages.saturating_add(1);
        if self.refused_messages > node.limits.socket_messages_per_min.saturating_mul(2) {
            self.close(Disconnect::TOO_MANY_REQUESTS);
        }
        false
    }

    fn receive(&mut self, incoming: Incoming, context: &mut Context<Self>) {
        if self.outbox.borrow().end_reason().is_some() && !matches!(incoming, Incoming::Look) {
            return;
        }
        match incoming {
            Incoming::Look => self.look_after(context),
            Incoming::Message(bytes, is_text) => {
                let is_admitted = self.admit();
                match self.dialect {
                    Dialect::Centrifuge(encoding) => {
                        centrifuge::receive(self, encoding, &bytes, is_text, is_admitted, context);
                    }
                    Dialect::ClawBots => clawbots::receive(self, &bytes, is_text, is_admitted, context),
                }
                if self.pending.len() > PENDING_MAX {
                    self.close(Disconnect::TOO_MANY_REQUESTS);
                }
            }
            Incoming::Ping(payload) => {
                if self.admit() {
                    self.outbox.borrow_mut().push_pong(payload);
                }
            }
            Incoming::Pong => {
                // Counted like any message: a flood of them is a flood.
                self.admit();
            }
            Incoming::Close(code) => {
                // The answer to a close is the same close.
                let (name, reason) = ("closed", "");
                self.close(Disconnect { code, name, reason });
                context.stop();
            }
            Incoming::Broken(code, reason) => self.close(Disconnect {
                code,
                name: "broken",
                reason,
            }),
        }
    }

    /// Leaves the hub, the channels, the agent's actor and the table of sessions. Idempotent.
    fn detach(&mut self) {
        if std::mem::replace(&mut self.is_detached, true) {
            return;
        }
        metric::websocket_connections().decrement(1.0);
        self.visit = None;
        // A hub that closes us holds the table at most while it marks the outbox, never across turns.
        if let Ok(mut table) = self.worker.table.try_borrow_mut() {
            table.detach(self.id);
        }
        let node = self.node();
        for (channel, membership) in self.channels.take() {
            channels::leave(&node, &channel, self.id, membership.home);
        }
        if let Some(caller) = &self.caller {
            node.directory.remove_socket(&caller.handle, self.id);
            self.web.gateway.part(&caller.handle, self.id);
        }
        if let Some(spectator) = self.spectator.take() {
            metric::spectators_active().decrement(1.0);
            spectator.order(SpectatorMessage::Close);
        }
        let (id, now) = (self.id, node.now());
        if self.phase == Phase::Open && self.caller.is_some() {
            actix_web::rt::spawn(async move {
                // The row is for statistics; the next start closes what was left open.
                let _ = node
                    .database
                    .write(move |store| store.close_session(id, now))
                    .await;
            });
        }
        // A session that failed leaves its socket open otherwise.
        self.outbox.borrow_mut().end(Disconnect::SERVER_ERROR);
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.detach();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.detach();
    }
}

impl StreamHandler<Incoming> for Session {
    fn handle(&mut self, incoming: Incoming, context: &mut Self::Context) {
        self.receive(incoming, context);
    }

    fn finished(&mut self, context: &mut Self::Context) {
        // The peer is gone; what it should still hear would reach nobody.
        self.outbox.borrow_mut().note_gone();
        context.stop();
    }
}
