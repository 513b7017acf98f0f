//! How each of the servers is spoken to.

use redis::{Client, IntoConnectionInfo, ProtocolVersion, RedisResult, TlsCertificates};

use super::certificates::Certificates;
use crate::config::{RedisAddress, Secret};

/// As whom, in which database and with which certificates a server is spoken to.
pub(super) struct Access {
    is_tls: bool,
    credentials: Secret,
    database: u32,
    certificates: Certificates,
}

impl Access {
    pub fn new(address: &RedisAddress, certificates: Certificates) -> Self {
        Self {
            is_tls: address.is_tls,
            credentials: address.credentials.clone(),
            database: address.database,
            certificates,
        }
    }

    /// A client of the server there. It connects when it is used.
    pub fn client(&self, name: &str, port: u16) -> RedisResult<Client> {
        self.open(self.credentials.expose(), name, port, self.database)
    }

    /// A client of a sentinel, which has a password of its own or none.
    pub fn sentinel(&self, name: &str, port: u16, password: Option<&Secret>) -> RedisResult<Client> {
        let info = self.open("", name, port, 0)?.get_connection_info().clone();
        let mut redis = info.redis_settings().clone();
        if let Some(password) = password {
            redis = redis.set_password(password.expose());
        }
        Client::open(info.set_redis_settings(redis))
    }

    /// A client of a server of this machine.
    pub fn socket(&self, url: &Secret) -> RedisResult<Client> {
        let info = url.expose().into_connection_info()?;
        let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Client::open(info.set_redis_settings(redis))
    }

    fn open(&self, credentials: &str, name: &str, port: u16, database: u32) -> RedisResult<Client> {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        let host = if name.contains(':') {
            format!("[{name}]")
        } else {
            name.to_owned()
        };
        let url = format!("{scheme}://{credentials}{host}:{port}/{database}?protocol=resp3");
        if !self.is_tls {
            return Client::open(url);
        }
        Client::build_with_tls(
            url,
            TlsCertificates {
                client_tls: self.certificates.own(),
                root_cert: self.certificates.authorities(),
            },
        )
    }
}
