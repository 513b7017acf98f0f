//! The master that sentinels name.

use redis::{Client, ErrorKind, RedisError, RedisResult};

use super::access::Access;
use super::connection;
use crate::config::{RedisHost, Secret};

/// The sentinels that watch a service.
pub(in crate::bus) struct Sentinels {
    access: Access,
    sentinels: Vec<Client>,
    service: String,
}

impl Sentinels {
    pub(super) fn new(
        access: Access,
        hosts: &[RedisHost],
        service: &str,
        password: Option<&Secret>,
    ) -> RedisResult<Self> {
        let sentinels = hosts
            .iter()
            .map(|host| access.sentinel(&host.name, host.port, password))
            .collect::<RedisResult<_>>()?;
        Ok(Self {
            access,
            sentinels,
            service: service.to_owned(),
        })
    }

    /// The master that a sentinel names and that says of itself that it is one. All sentinels are asked at once: one
    /// that is away, or has not heard of a failover yet, keeps nobody waiting.
    pub(super) async fn master(&self) -> RedisResult<Client> {
        connection::first(self.sentinels.iter().map(|sentinel| self.ask(sentinel))).await
    }

    async fn ask(&self, sentinel: &Client) -> RedisResult<Client> {
        let mut connection = connection::connect(sentinel).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service);
        let named: Option<(String, u16)> = command.query_async(&mut connection).await?;
        let (name, port) = named.ok_or_else(|| {
            RedisError::from((
                ErrorKind::MasterNameNotFoundBySentinel,
                "a sentinel does not know the service",
            ))
        })?;
        let master = self.access.client(&name, port)?;
        check_role(&mut connection::connect(&master).await?).await?;
        Ok(master)
    }
}

/// Errors: the server is no master.
pub(super) async fn check_role(connection: &mut redis::aio::MultiplexedConnection) -> RedisResult<()> {
    let role: Vec<redis::Value> = redis::cmd("ROLE").query_async(connection).await?;
    match role.first() {
        Some(redis::Value::BulkString(role)) if role == b"master" => Ok(()),
        Some(_) | None => Err((ErrorKind::Io, "the server is no master any more").into()),
    }
}
