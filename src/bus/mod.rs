//! The bus: how nodes and outside tools hear of things. It is never the truth: Redis may be emptied, slow or away
//! at any time and the world goes on. What must not be lost is in the store.
//!
//! A publication is heard on its own node at once, without a round trip. Other nodes and tools hear it at most once
//! and in the order of its node (in a Cluster, those on one topic), when Redis is there. `mirror` keeps a copy of the world for outside tools.

mod board;
mod commands;
mod count;
mod ear;
mod echo;
mod health;
mod intake;
mod link;
mod local;
pub mod mirror;
mod redis;
mod servers;
mod subscription;
mod tally;
mod topic;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::base::time::Timestamp;
use crate::config::{RedisAddress, Secret};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;

pub use local::LocalBus;
pub use redis::RedisBus;
pub use servers::{Certificates, CertificatesError};
pub use subscription::{Heard, Subscription};
pub use tally::Tally;
pub use topic::Topic;

/// Bytes of one publication; a longer one is refused.
pub const PAYLOAD_MAX_BYTES: usize = 1024 * 1024;
/// Bytes of a topic's name; a longer one is refused.
pub const TOPIC_MAX_BYTES: usize = 512;
/// Publications that wait for Redis; one more is refused.
pub const OUTGOING_MAX: usize = 4_096;
/// Bytes of all publications that wait for Redis.
pub const OUTGOING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// How long a publication may wait for Redis before it is dropped as old news. Units: milliseconds.
pub const OUTGOING_AGE_MAX_MS: i64 = 5_000;

/// How a bus is made.
#[derive(Clone)]
pub struct BusConfig {
    /// Where Redis is; none keeps the bus inside the process.
    pub redis: Option<RedisAddress>,
    /// What connections over TLS trust and show.
    pub certificates: Certificates,
    /// Password of the sentinels, if they have one.
    pub sentinel_password: Option<Secret>,
    /// Put before every key and channel; an empty prefix gives the plain names that outside tools know.
    pub prefix: String,
    /// Whether the world is mirrored to Redis.
    pub is_mirror_on: bool,
    /// Connections for commands, 1 to 256; taken to the nearer end otherwise.
    pub pool_size: u32,
    /// How long one command, or one pipeline of them, may take.
    pub command_timeout: Duration,
    /// This process; other nodes tell its publications from theirs by it.
    pub node: Uuid,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            redis: None,
            certificates: Certificates::default(),
            sentinel_password: None,
            prefix: "rookery:".to_owned(),
            is_mirror_on: true,
            pool_size: 8,
            command_timeout: Duration::from_millis(500),
            node: Uuid::nil(),
        }
    }
}

/// Why the bus did not take something. Subscribers on the same node have heard a publication that is refused as
/// `Full` or `Closed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// Too much waits for Redis; other nodes will not hear this publication.
    #[error("the queue to redis is full")]
    Full,
    /// The runtime of the bus has ended.
    #[error("the bus is closed")]
    Closed,
    /// The payload or the topic's name is too long; nobody has heard it.
    #[error("a publication or the name of its topic is too long")]
    TooLarge,
    /// The subscription has as many topics as it may have.
    #[error("the subscription has too many topics")]
    TooManyTopics,
    /// The address of Redis cannot be used. The address is left out, since it may hold a password.
    #[error("the address of redis cannot be used")]
    BadAddress,
    /// No Redis is configured.
    #[error("no redis is configured")]
    NoAddress,
    /// Redis does not take commands.
    #[error("redis does not answer")]
    Away,
}

/// How the bus is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BusStatus {
    /// `local` or `redis`.
    pub kind: &'static str,
    /// Whether other nodes and tools may miss what is published now. A local bus never is.
    pub is_degraded: bool,
    /// When Redis last failed to answer, if ever.
    pub last_error_at: Option<Timestamp>,
}

/// The bus of a node. Clones are cheap and share everything; the last one to go ends all subscriptions.
#[derive(Clone)]
pub enum Bus {
    /// Inside the process.
    Local(LocalBus),
    /// Inside the process, and to others through Redis.
    Redis(RedisBus),
}

impl Bus {
    /// Makes the bus that the configuration asks for. Redis being away is no error: the bus is degraded and keeps
    /// trying on `io`. Errors: `BadAddress`.
    pub fn start(config: &BusConfig, clock: Clock, entropy: Entropy, io: &Handle) -> Result<Self, BusError> {
        match &config.redis {
            None => Ok(Self::Local(LocalBus::new())),
            Some(_) => Ok(Self::Redis(RedisBus::start(config, clock, entropy, io)?)),
        }
    }

    /// Tells every subscriber of the topic. Never waits: subscribers on this node have it when this returns, others
    /// get it from a bounded queue. Errors: `TooLarge`, `Full`, `Closed`.
    pub fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), BusError> {
        if payload.len() > PAYLOAD_MAX_BYTES || topic.len() > TOPIC_MAX_BYTES {
            count::dropped("too_large", 1);
            return Err(BusError::TooLarge);
        }
        match self {
            Self::Local(bus) => {
                bus.publish(&topic, &payload);
                Ok(())
            }
            Self::Redis(bus) => bus.publish(topic, payload),
        }
    }

    /// Listens to a topic from now on; over Redis, from when Redis has confirmed it a moment later.
    #[must_use]
    pub fn subscribe(&self, topic: Topic) -> Subscription {
        match self {
            Self::Local(bus) => bus.subscribe(topic),
            Self::Redis(bus) => bus.subscribe(topic),
        }
    }

    /// How the bus is doing.
    #[must_use]
    pub fn status(&self) -> BusStatus {
        match self {
            Self::Local(_) => BusStatus {
                kind: "local",
                is_degraded: false,
                last_error_at: None,
            },
            Self::Redis(bus) => bus.status(),
        }
    }
}
