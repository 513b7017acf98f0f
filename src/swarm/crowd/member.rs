//! A member of the crowd: one socket and what it waits for.

use super::super::identity::Identity;
use super::super::layout::{Point, Square};
use super::super::mix::Deed;
use super::super::socket::Socket;
use std::collections::VecDeque;
use std::time::Duration;

/// Commands of one socket that may wait for answers: fewer than the server takes.
pub const PENDING_MAX: usize = 48;

/// How far a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has no socket, and may get one.
    Waiting,
    /// Its socket is being opened.
    Opening,
    /// It said who it is.
    Greeting,
    /// It is in the world and has not seen itself yet.
    Entering,
    /// It is on its way to its place.
    Placing,
    /// It asked for its channel.
    Subscribing,
    /// It takes part.
    Ready,
    /// It takes no part any more.
    Gone,
}

impl Phase {
    /// Whether it has a socket and does not take part yet.
    pub fn is_joining(self) -> bool {
        matches!(
            self,
            Self::Opening | Self::Greeting | Self::Entering | Self::Placing | Self::Subscribing
        )
    }
}

/// What a member is for.
#[derive(Clone, Debug)]
pub enum Role {
    /// Stands with its group in a region, and acts.
    Agent(Place),
    /// Publishes on the channel.
    Publisher,
    /// Listens to the channel.
    Subscriber,
    /// Is there.
    Anonymous,
}

/// Where a group stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// The region.
    pub region: String,
    /// The part of it.
    pub square: Square,
}

/// What was asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To be let in.
    Connect,
    /// To be put to its place.
    Teleport,
    /// To hear a channel.
    Subscribe,
    /// An action, and the key of what others must see of it.
    Act(Deed, Option<u64>),
    /// A publication with this key.
    Publish(u64),
}

impl Asked {
    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Teleport => "teleport",
            Self::Subscribe => "subscribe",
            Self::Act(deed, _) => deed.name(),
            Self::Publish(_) => "publish",
        }
    }

    /// The key of what others must receive.
    pub fn key(self) -> Option<u64> {
        match self {
            Self::Act(_, key) => key,
            Self::Publish(key) => Some(key),
            Self::Connect | Self::Teleport | Self::Subscribe => None,
        }
    }
}

/// A command without an answer yet.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Its number on the socket.
    pub id: u32,
    /// What it asks.
    pub asked: Asked,
    /// When it was sent.
    pub at: Duration,
    /// Whether that was in the measured time.
    pub is_measured: bool,
}

/// A member of the crowd.
pub struct Member {
    /// Who it is; nobody without a token.
    pub identity: Option<Identity>,
    /// What it is for.
    pub role: Role,
    /// How far it is.
    pub phase: Phase,
    /// Its socket, while it has one.
    pub socket: Option<Socket>,
    /// Commands without answers, in order.
    pub pending: VecDeque<Pending>,
    /// How often it tried to join.
    pub attempt: u32,
    /// When its socket was opened.
    pub opened_at: Duration,
    /// Whether its first snapshot came.
    pub has_seen: bool,
    /// Where it went last.
    pub last: Option<Point>,
    /// How many publications it made.
    pub published: u64,
    next_id: u32,
}

impl Member {
    /// A member without a socket.
    pub fn new(identity: Option<Identity>, role: Role) -> Self {
        Self {
            identity,
            role,
            phase: Phase::Waiting,
            socket: None,
            pending: VecDeque::new(),
            attempt: 0,
            opened_at: Duration::ZERO,
            has_seen: false,
            last: None,
            published: 0,
            next_id: 0,
        }
    }

    /// Its public name; empty without a token.
    pub fn handle(&self) -> &str {
        self.identity
            .as_ref()
            .map_or("", |identity| identity.agent_id.as_str())
    }

    /// The number of its next command.
    pub fn next_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1).max(1);
        self.next_id
    }

    /// Takes the command that an answer is for. The bare loop answers in order and without numbers.
    pub fn take_pending(&mut self, id: u32, is_numbered: bool) -> Option<Pending> {
        if is_numbered {
            let index = self.pending.iter().position(|pending| pending.id == id)?;
            self.pending.remove(index)
        } else {
            self.pending.pop_front()
        }
    }

    /// Forgets its socket and all that it waited for.
    pub fn part(&mut self) -> Vec<Pending> {
        self.socket = None;
        self.has_seen = false;
        self.pending.drain(..).collect()
    }
}
