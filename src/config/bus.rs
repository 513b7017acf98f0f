//! `[bus]`.

use std::path::PathBuf;

use super::check::within;
use super::redis_address::{RedisAddress, RedisServers};
use super::{ConfigError, Secret};

section! {
    /// Redis, which joins nodes and shows the world to outside tools. The world runs without it.
    pub struct Bus in "bus" {
        /// Address of Redis 6 or later; without it the bus stays inside the process. One server:
        /// `redis://[user:password@]host:port[/db]`. The master that sentinels name:
        /// `redis+sentinel://[user:password@]host:port,host:port/service[/db]`. A Cluster (Redis 7 or later), by some
        /// of its nodes: `redis+cluster://[user:password@]host:port,host:port`. With `rediss` in place of `redis` it
        /// is TLS, and the certificate is always verified.
        redis: Option<Secret> = None; example "rediss+sentinel://:password@redis-a:26379,redis-b:26379/rookery",
        /// PEM file of the authorities that sign the certificates of Redis; without it those that the system trusts.
        ca_file: Option<PathBuf> = None; example "redis-ca.pem",
        /// PEM file of the certificate by which Redis knows this node, if it asks for one.
        certificate_file: Option<PathBuf> = None; example "redis-client.pem",
        /// PEM file of the key of that certificate.
        key_file: Option<PathBuf> = None; example "redis-client.key",
        /// Password of the sentinels, if they have one. That of the servers stands in their address.
        sentinel_password: Option<Secret> = None; example "of the sentinels alone",
        /// Put before the name of every key and channel in Redis.
        key_prefix: String = String::new(),
        /// Whether positions, presence and events are mirrored to Redis for outside tools.
        mirror: bool = true,
        /// Connections for commands.
        pool_size: u32 = 8,
        /// How long one command may take. Units: milliseconds.
        timeout_ms: u64 = 500,
    }
}

impl Bus {
    /// Where Redis is, if there is one.
    ///
    /// Errors: the address cannot be used.
    pub fn address(&self) -> Result<Option<RedisAddress>, ConfigError> {
        let Some(redis) = &self.redis else {
            return Ok(None);
        };
        let address = RedisAddress::parse(redis.expose());
        address.map(Some).map_err(|reason| invalid("bus.redis", &reason))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let address = self.address()?;
        self.check_certificates(address.as_ref().is_some_and(|address| address.is_tls))?;
        let has_sentinels =
            address.is_some_and(|address| matches!(address.servers, RedisServers::Sentinel { .. }));
        if self.sentinel_password.is_some() && !has_sentinels {
            let reason = "has no use unless bus.redis begins with redis+sentinel:// or rediss+sentinel://";
            return Err(invalid("bus.sentinel_password", reason));
        }
        if self.key_prefix.len() > 64
            || self
                .key_prefix
                .chars()
                .any(|c| c.is_whitespace() || c.is_control())
        {
            return Err(invalid(
                "bus.key_prefix",
                "must be at most 64 bytes without spaces",
            ));
        }
        within("bus.pool_size", self.pool_size.into(), 1, 256)?;
        within("bus.timeout_ms", self.timeout_ms, 10, 60_000)
    }

    /// Who names certificates means TLS, so nothing is sent in the clear by mistake.
    fn check_certificates(&self, is_tls: bool) -> Result<(), ConfigError> {
        let files = [
            ("bus.ca_file", &self.ca_file),
            ("bus.certificate_file", &self.certificate_file),
            ("bus.key_file", &self.key_file),
        ];
        let useless = files.iter().find(|(_, file)| file.is_some() && !is_tls);
        if let Some((key, _)) = useless {
            return Err(invalid(key, "has no use unless bus.redis begins with rediss"));
        }
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => Err(invalid("bus.certificate_file", "needs bus.key_file")),
            (None, Some(_)) => Err(invalid("bus.key_file", "needs bus.certificate_file")),
            (Some(_), Some(_)) | (None, None) => Ok(()),
        }
    }
}

fn invalid(key: &'static str, reason: &str) -> ConfigError {
    let reason = reason.to_owned();
    ConfigError::Invalid { key, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bus: &Bus) -> String {
        bus.check().expect_err("it is refused").to_string()
    }

    fn at(url: &str) -> Bus {
        Bus {
            redis: Some(Secret::new(url)),
            ..Bus::default()
        }
    }

    #[test]
    fn wrong_address_is_refused_without_showing_it() {
        let refusal = refusal(&at("http://user:hunter2@host"));
        assert!(
            refusal.starts_with("`bus.redis` must begin with redis://"),
            "{refusal}"
        );
        assert!(!refusal.contains("hunter2"));
        assert!(at("rediss+cluster://:p@a,b").check().is_ok());
    }

    #[test]
    fn certificates_and_the_sentinels_password_are_refused_where_nobody_would_use_them() {
        let some = || Some(PathBuf::from("x.pem"));
        let plain = Bus {
            ca_file: some(),
            ..at("redis://h")
        };
        assert!(refusal(&plain).contains("`bus.ca_file` has no use"));
        let halves = [
            Bus {
                certificate_file: some(),
                ..at("rediss://h")
            },
            Bus {
                key_file: some(),
                ..at("rediss://h")
            },
        ];
        for half in halves {
            assert!(refusal(&half).contains("needs bus."));
        }
        let whole = Bus {
            ca_file: some(),
            certificate_file: some(),
            key_file: some(),
            sentinel_password: Some(Secret::new("p")),
            ..at("rediss+sentinel://h/s")
        };
        assert!(whole.check().is_ok());
        let elsewhere = Bus {
            sentinel_password: Some(Secret::new("p")),
            ..at("redis://h")
        };
        assert!(refusal(&elsewhere).contains("`bus.sentinel_password` has no use"));
    }
}
