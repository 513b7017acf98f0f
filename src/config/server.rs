//! `[server]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::check::{origin, secret, within};
use super::{Cidr, ConfigError, Secret};

/// Longest key of the server API. Units: bytes.
const API_KEY_MAX_BYTES: usize = 1_024;

section! {
    /// Where this node listens, and whom it lets in.
    pub struct Server in "server" {
        /// Address and port of everything that clients use. Port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8_000)),
        /// Address and port of `/metrics` and `/health/full`; without it they answer on `listen`.
        admin_listen: Option<SocketAddr> = None; example "127.0.0.1:9000",
        /// Folder of the SQLite database and of everything else that this node writes.
        data: PathBuf = PathBuf::from("./data"),
        /// Name of this node, unique among the nodes of one world.
        node: String = String::from("node-a"),
        /// Threads that serve HTTP and handshakes; 0 means one a core.
        workers: u32 = 0,
        /// Threads that run shards and sockets; 0 means one a core.
        shard_threads: u32 = 0,
        /// Sockets that may be open at once; 0 means what the limit on open files allows.
        max_connections: u32 = 0,
        /// Time for a client to send the head of its request. Units: milliseconds.
        client_request_timeout_ms: u64 = 5_000,
        /// Time for open work to end at a stop. Units: seconds.
        shutdown_timeout_s: u32 = 10,
        /// Address by which clients reach this server, such as `https://world.example`, for what it tells them of itself
        /// (`/skill.md`); without it the address is the one that a request names.
        public_url: Option<String> = None; example "https://world.example",
        /// Origins whose pages may call the HTTP interface from a browser (CORS), such as `https://example.org`.
        cors_origins: Vec<String> = Vec::new(),
        /// Origins whose pages may open sockets; pages of this server itself always may.
        allowed_origins: Vec<String> = Vec::new(),
        /// Addresses or networks of proxies whose `X-Forwarded-For` is believed, such as "10.0.0.0/8".
        trusted_proxies: Vec<Cidr> = Vec::new(),
        /// Key of at least 32 characters by which a backend drives the channels with Centrifugo's server API, `POST /api`;
        /// without it there is no such route. A Centrifugo that asks at `/proxy/*` shows it, too; without a key it is on this
        /// machine. Better from a file.
        api_key: Option<Secret> = None; example "a-random-text-of-32-bytes-or-more",
        /// Shows everybody how many agents there are and how much is published, at `/stats`; with `dev` it is shown anyway.
        stats_page: bool = false,
        /// Development only: allows known-weak secrets, insecure connections and `/auth/dev-register`.
        dev: bool = false,
    }
}

impl Server {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.node.is_empty() || self.node.len() > 64 || !self.node.bytes().all(is_name) {
            let reason = "must be 1 to 64 letters, digits, '-', '_' or '.'";
            return Err(ConfigError::Invalid {
                key: "server.node",
                reason: reason.to_owned(),
            });
        }
        if let Some(url) = &self.public_url {
            origin("server.public_url", url)?;
        }
        if let Some(key) = &self.api_key {
            secret("server.api_key", key, self.dev)?;
            header_text("server.api_key", key)?;
        }
        within("server.workers", self.workers.into(), 0, 256)?;
        within("server.shard_threads", self.shard_threads.into(), 0, 256)?;
        within(
            "server.client_request_timeout_ms",
            self.client_request_timeout_ms,
            100,
            60_000,
        )?;
        within(
            "server.shutdown_timeout_s",
            self.shutdown_timeout_s.into(),
            1,
            600,
        )?;
        self.cors_origins
            .iter()
            .try_for_each(|text| origin("server.cors_origins", text))?;
        self.allowed_origins
            .iter()
            .try_for_each(|text| origin("server.allowed_origins", text))
    }
}

/// Refuses a secret that cannot stand in a header. It is not shown.
fn header_text(key: &'static str, secret: &Secret) -> Result<(), ConfigError> {
    let text = secret.expose();
    if text.len() <= API_KEY_MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        key,
        reason: format!("must be at most {API_KEY_MAX_BYTES} visible ASCII characters, without spaces"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_server_api_is_long_and_fits_into_a_header() {
        let check = |key: &str, dev: bool| {
            let server = Server {
                api_key: Some(Secret::new(key)),
                dev,
                ..Server::default()
            };
            server.check()
        };
        assert!(check("kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G", false).is_ok());
        assert!(check("short", true).is_ok());
        for bad in [
            "short",
            "kX2-vv9 Qm4rT7bN1sLw8ZpYc3HdJf6G",
            "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6é",
            "a-random-text-of-32-bytes-or-more",
            &format!("kX2-vv9_{}Qm4rT7bN1sLw8ZpYc3HdJf6G", "z".repeat(1_024)),
        ] {
            let refusal = check(bad, false).unwrap_err().to_string();
            assert!(
                refusal.contains("`server.api_key`") && !refusal.contains(bad),
                "{refusal}"
            );
        }
    }
}
