//! Connections to all masters of a moment, used as one.

use std::pin::Pin;

use futures_util::future::{join_all, select_ok};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisResult, Value};

use super::slots::Slots;
use super::{Servers, cluster, sentinel};
use crate::bus::health::CONNECT_TIMEOUT;

/// A connection to each master.
pub(in crate::bus) struct Connection {
    masters: Vec<MultiplexedConnection>,
    slots: Slots,
    /// Whether a server may become a replica and keep its connections.
    is_role_checked: bool,
}

impl Connection {
    /// Connects to the masters of now, each connection as `config` says.
    pub async fn open(servers: &Servers, config: &AsyncConnectionConfig) -> RedisResult<Self> {
        let masters = servers.masters().await?;
        let opened = masters
            .clients
            .iter()
            .map(|client| client.get_multiplexed_async_connection_with_config(config));
        let opened: RedisResult<Vec<_>> = join_all(opened).await.into_iter().collect();
        Ok(Self {
            masters: opened?,
            slots: masters.slots,
            is_role_checked: matches!(servers, Servers::Sentinel(_)),
        })
    }

    /// Runs each command once, on the master that it belongs to; gives the answers of each part. After a failure it is unknown
    /// which were run.
    pub async fn run(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        if let (Slots::OneServer, [only]) = (&self.slots, self.masters.as_mut_slice()) {
            return Ok(vec![pipeline.query_async(only).await?]);
        }
        let parts = self.slots.part(pipeline, self.masters.len());
        let running = parts.into_iter().map(|part| {
            let master = self.masters.get(part.master).cloned();
            async move {
                let missing = (ErrorKind::ClusterConnectionNotFound, "a slot has no master");
                part.pipeline.query_async(&mut master.ok_or(missing)?).await
            }
        });
        // All are awaited: what fails at one master is no reason to drop what others do.
        join_all(running).await.into_iter().collect()
    }

    /// Errors: a master does not answer, is none any more, or is cut off from the others of its Cluster.
    pub async fn check(&mut self) -> RedisResult<()> {
        if let (true, [only]) = (self.is_role_checked, self.masters.as_mut_slice()) {
            return sentinel::check_role(only).await;
        }
        if let (Slots::OneServer, [only]) = (&self.slots, self.masters.as_mut_slice()) {
            return redis::cmd("PING").exec_async(only).await;
        }
        let asked = self.masters.iter().cloned();
        let answers = join_all(asked.map(|master| async move { cluster::check_state(master).await }));
        answers.await.into_iter().collect()
    }
}

/// How connections are made. Who uses one has a deadline of its own for answers.
pub(in crate::bus) fn plain() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(None)
}

/// A connection for a question or two.
pub(super) async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = plain().set_response_timeout(Some(CONNECT_TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// The first that succeeds of some that are tried at once.
pub(super) async fn first<T, F: Future<Output = RedisResult<T>> + Send>(
    tries: impl Iterator<Item = F>,
) -> RedisResult<T> {
    let tries: Vec<Pin<Box<F>>> = tries.map(Box::pin).collect();
    if tries.is_empty() {
        return Err((ErrorKind::InvalidClientConfig, "there is nobody to ask").into());
    }
    let (found, _others_are_dropped) = select_ok(tries).await?;
    Ok(found)
}
