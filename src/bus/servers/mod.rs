//! The Redis servers: which they are now, and connections to them.
//!
//! One server, the master that sentinels name, or the masters of a Cluster: to the rest of the bus they are a list of
//! masters that together have all slots. When it changes, connections fail, and are made anew to the masters of then.

mod access;
mod certificates;
mod cluster;
mod connection;
mod sentinel;
mod slots;

use redis::{Client, RedisResult};

use super::{BusConfig, BusError};
use crate::config::{RedisAddress, RedisServers};
use access::Access;
use cluster::Cluster;
use sentinel::Sentinels;
use slots::Slots;

pub use certificates::{Certificates, CertificatesError};
pub(super) use connection::{Connection, plain};

/// Where Redis is.
pub(super) enum Servers {
    /// One server.
    Single(Client),
    /// The master that sentinels name.
    Sentinel(Sentinels),
    /// The masters of a Cluster.
    Cluster(Cluster),
}

/// The masters of a moment.
struct Masters {
    clients: Vec<Client>,
    slots: Slots,
}

impl Masters {
    fn one(client: Client) -> Self {
        Self {
            clients: vec![client],
            slots: Slots::OneServer,
        }
    }
}

/// How something is published and heard. Ordinary publications go to all nodes of a Cluster, sharded ones only to
/// those of their slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verbs {
    pub publish: &'static str,
    pub subscribe: &'static str,
    pub unsubscribe: &'static str,
}

impl Verbs {
    pub const ORDINARY: Self = Self {
        publish: "PUBLISH",
        subscribe: "SUBSCRIBE",
        unsubscribe: "UNSUBSCRIBE",
    };
    pub const SHARDED: Self = Self {
        publish: "SPUBLISH",
        subscribe: "SSUBSCRIBE",
        unsubscribe: "SUNSUBSCRIBE",
    };
}

impl Servers {
    /// Errors: `NoAddress`, `BadAddress`.
    pub fn new(config: &BusConfig) -> Result<Self, BusError> {
        let address = config.redis.as_ref().ok_or(BusError::NoAddress)?;
        Self::at(address, config).map_err(|_holds_the_address| BusError::BadAddress)
    }

    fn at(address: &RedisAddress, config: &BusConfig) -> RedisResult<Self> {
        let access = Access::new(address, config.certificates.clone());
        Ok(match &address.servers {
            RedisServers::Single(host) => Self::Single(access.client(&host.name, host.port)?),
            RedisServers::Socket(url) => Self::Single(access.socket(url)?),
            RedisServers::Sentinel { sentinels, service } => {
                let password = config.sentinel_password.as_ref();
                Self::Sentinel(Sentinels::new(access, sentinels, service, password)?)
            }
            RedisServers::Cluster(nodes) => Self::Cluster(Cluster::new(access, nodes)?),
        })
    }

    pub fn verbs(&self) -> Verbs {
        match self {
            Self::Single(_) | Self::Sentinel(_) => Verbs::ORDINARY,
            Self::Cluster(_) => Verbs::SHARDED,
        }
    }

    async fn masters(&self) -> RedisResult<Masters> {
        match self {
            Self::Single(client) => Ok(Masters::one(client.clone())),
            Self::Sentinel(sentinels) => Ok(Masters::one(sentinels.master().await?)),
            Self::Cluster(cluster) => cluster.masters().await,
        }
    }
}
