//! Which server a client talks to.

use anyhow::{Context, ensure};
use std::net::{SocketAddr, ToSocketAddrs};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its name and port, as the field `Host` has them.
    pub host: String,
    /// Whether it is spoken to over TLS.
    pub is_tls: bool,
}

impl Target {
    /// The server of an address such as `http://127.0.0.1:8000` or `wss://rookery.example`.
    /// Errors: another scheme, a path, a name that is not known.
    pub fn of_url(url: &str) -> anyhow::Result<Self> {
        let (is_tls, host) = parse(url)?;
        let named = if host.rsplit(']').next().unwrap_or(host).contains(':') {
            host.to_owned()
        } else {
            format!("{host}:{}", if is_tls { 443 } else { 80 })
        };
        let found = named
            .to_socket_addrs()
            .with_context(|| format!("could not find {host}"))?
            .next();
        let address = found.with_context(|| format!("{host} has no address"))?;
        Ok(Self {
            address,
            host: host.to_owned(),
            is_tls,
        })
    }

    /// The name that the server's certificate must have.
    pub fn name(&self) -> &str {
        let host = self.host.as_str();
        match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _port)) => address,
            None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
        }
    }
}

/// Looks whether an address can be one of a server, without looking for the server.
/// Errors: another scheme, a path.
pub fn check_url(url: &str) -> anyhow::Result<()> {
    parse(url).map(|_parts| ())
}

/// Whether TLS is spoken, and the name with the port.
fn parse(url: &str) -> anyhow::Result<(bool, &str)> {
    let schemes = [
        ("http://", false),
        ("ws://", false),
        ("https://", true),
        ("wss://", true),
    ];
    let mut found = schemes
        .iter()
        .filter_map(|(scheme, is_tls)| Some((*is_tls, url.strip_prefix(scheme)?)));
    let (is_tls, host) = found
        .next()
        .with_context(|| format!("{url} does not begin with http:// or https://"))?;
    let host = host.trim_end_matches('/');
    ensure!(
        !host.is_empty()
            && !host.contains(|c: char| "/?#@".contains(c) || c.is_whitespace() || c.is_control()),
        "{url} is not a host and a port"
    );
    Ok((is_tls, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_and_a_port() {
        let target = Target::of_url("http://127.0.0.1:8000/").unwrap();
        assert_eq!(
            (target.address.port(), target.host.as_str(), target.is_tls),
            (8000, "127.0.0.1:8000", false)
        );
        assert_eq!(Target::of_url("ws://[::1]").unwrap().address.port(), 80);
        assert_eq!(Target::of_url("https://127.0.0.1").unwrap().address.port(), 443);
        assert!(Target::of_url("wss://[::1]:8443").unwrap().is_tls);
        for bad in [
            "127.0.0.1:8000",
            "ftp://127.0.0.1",
            "http://127.0.0.1:8000/api",
            "http://a b",
            "http://a\r\nb",
            "http://",
        ] {
            assert!(Target::of_url(bad).is_err() && check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_certificate_has_no_port() {
        for (url, name) in [
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("https://[::1]", "::1"),
            ("https://[::1]:8443", "::1"),
            ("https://localhost", "localhost"),
        ] {
            assert_eq!(Target::of_url(url).unwrap().name(), name);
        }
    }
}
