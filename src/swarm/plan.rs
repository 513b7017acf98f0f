//! What a run does: checked settings, before anything is opened.

use super::identity::Identity;
use super::mix::Mix;
use crate::client::Target;
use crate::wire::Encoding;
use std::time::Duration;

/// What a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// What its clients do.
    pub load: Load,
    /// Agents with tokens: all members of groups, or those who publish.
    pub identities: Vec<Identity>,
    /// How the sockets speak.
    pub encoding: Encoding,
    /// How long is measured.
    pub measured: Duration,
    /// How long is acted before.
    pub warm_up: Duration,
    /// Sockets opened a second.
    pub join_rate: u32,
    /// Sockets that are being opened at one time.
    pub join_concurrency: usize,
    /// What chance begins with.
    pub seed: u64,
    /// The server's process, when it is on this machine.
    pub pid: Option<u32>,
}

/// What the clients do.
#[derive(Clone, Debug)]
pub enum Load {
    /// Agents that stand in groups, and act or not.
    Agents(Agents),
    /// So many sockets without tokens that do nothing.
    Anonymous(usize),
    /// Some publish on a channel, the others listen.
    Channel(Channel),
}

/// Agents in groups.
#[derive(Clone, Debug)]
pub struct Agents {
    /// Agents of a group.
    pub group: usize,
    /// Side of the square that a group walks in. Units: metres.
    pub spread_m: u32,
    /// What the names of the regions begin with.
    pub region_prefix: String,
    /// How often each acts, and what it does; none stands idle.
    pub acting: Option<(Duration, Mix)>,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// How many publish.
    pub publishers: usize,
    /// How many listen.
    pub subscribers: usize,
    /// Length of what is published. Units: bytes.
    pub payload_bytes: usize,
    /// How often each publishes.
    pub period: Duration,
}

impl Plan {
    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        match &self.load {
            Load::Agents(_) => self.identities.len(),
            Load::Anonymous(count) => *count,
            Load::Channel(channel) => channel.publishers.saturating_add(channel.subscribers),
        }
    }

    /// How many sockets hear of the same things: a group, or all of them.
    pub fn audience(&self) -> usize {
        match &self.load {
            Load::Agents(agents) => agents.group.max(1),
            Load::Anonymous(_) | Load::Channel(_) => self.sockets().max(1),
        }
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.sockets().div_ceil(self.audience())
    }
}
