//! A GET to a server that the operator names.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::address::is_global;
use crate::config::Auth;

/// Longest address that is asked. Units: bytes.
pub const URL_MAX_BYTES: usize = 2_048;
/// Longest answer. Units: bytes. Source: security.md §4.7.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Time for all of it: names, connection, answer. Source: security.md §4.7.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// Ports of others that are asked. Source: security.md §4.7.
pub const PORTS: [u16; 2] = [443, 8_443];

/// Most addresses of one name that are looked at; more are no name of one server.
const ADDRESSES_MAX: usize = 64;

/// Fetches small documents, each over a connection of its own.
///
/// Invariant: what connects is exactly an address that was checked; names are looked up once.
#[derive(Clone)]
pub struct Fetcher {
    tls: ClientConfig,
    /// What is asked is of the origin of this address.
    base: Url,
    reach: Reach,
    deadline: Duration,
}

/// Where the server may be.
#[derive(Clone, Copy)]
enum Reach {
    /// On the open internet, by https; in development, on this machine by http, too. So nobody who is asked for its address leads us
    /// into the operator's own network.
    Public { is_dev: bool },
    /// Wherever it is.
    Anywhere,
}

/// Why nothing was fetched. None of the texts has the address or the answer in it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is one that is not asked: no connection was made.
    #[error("the address is refused: {0}")]
    Address(&'static str),
    /// The name leads to an address outside the open internet: no connection was made.
    #[error("the address leads to a network that is not public")]
    Network,
    /// The name is unknown.
    #[error("the name of the server could not be looked up")]
    Lookup(#[source] io::Error),
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// No connection, a certificate that does not count, or an answer that is not HTTP.
    #[error("the server could not be asked")]
    Transport(#[source] reqwest::Error),
    /// Another status than 2xx, such as a redirect, which is not followed.
    #[error("the server answered {0}")]
    Status(u16),
    /// Over [`ANSWER_MAX_BYTES`].
    #[error("the answer is over {ANSWER_MAX_BYTES} bytes")]
    TooLarge,
    /// Over [`DEADLINE`].
    #[error("the server took too long")]
    Timeout,
}

impl Fetcher {
    /// For a server on the open internet. Reads the system's authorities, which **blocks**: for the start.
    /// `is_dev` lets `http` to this machine pass, too.
    /// Errors: `Address` when this is no plain address of a server, `Tls`.
    pub fn public(base: &str, is_dev: bool) -> Result<Self, FetchError> {
        Self::with(base, Reach::Public { is_dev }, authorities())
    }

    /// For a server anywhere: `http` and private addresses pass. Blocks as `public` does.
    /// Errors: as `public`.
    pub fn trusted(base: &str) -> Result<Self, FetchError> {
        Self::with(base, Reach::Anywhere, authorities())
    }

    /// For the server of profiles that the settings name, if they do.
    /// Errors: as `public`.
    pub fn of_profiles(settings: &Auth, is_dev: bool) -> Result<Option<Self>, FetchError> {
        let Some(base) = settings.profile_url.as_deref() else {
            return Ok(None);
        };
        if settings.profile_is_private {
            return Self::trusted(base).map(Some);
        }
        let fetcher = Self::public(base, is_dev)?;
        // So that the operator hears of it at the start, and not the first who logs in.
        fetcher.admit(base)?;
        Ok(Some(fetcher))
    }

    fn with(base: &str, reach: Reach, roots: RootCertStore) -> Result<Self, FetchError> {
        let base = parse(base)?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(FetchError::Address("it has a query or a fragment"));
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(FetchError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls,
            base,
            reach,
            deadline: DEADLINE,
        })
    }

    /// An address under that of the server: its path with these segments after it, and this query, all escaped. None when the server's
    /// has no path.
    pub fn under(&self, segments: &[&str], query: &[(&str, &str)]) -> Option<String> {
        let mut url = self.base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url.into())
    }

    /// The body at an address. It is untrusted, and never to be shown to who named the address.
    /// Errors: see [`FetchError`].
    pub async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        let url = self.admit(url)?;
        tokio::time::timeout(self.deadline, self.fetch(url))
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }

    /// The address as it will be asked, if it may be.
    fn admit(&self, text: &str) -> Result<Url, FetchError> {
        let url = parse(text)?;
        if url.origin() != self.base.origin() {
            return Err(FetchError::Address("it is not of the one server"));
        }
        match self.reach {
            Reach::Anywhere => Ok(url),
            // Where that leads is checked when it is known.
            Reach::Public { is_dev: true } if url.scheme() == "http" => Ok(url),
            Reach::Public { .. } if url.scheme() != "https" => Err(FetchError::Address("it is not https")),
            Reach::Public { .. } => match url.port_or_known_default() {
                Some(port) if PORTS.contains(&port) => Ok(url),
                _ => Err(FetchError::Address("its port is neither 443 nor 8443")),
            },
        }
    }

    async fn fetch(&self, url: Url) -> Result<Bytes, FetchError> {
        let client = self.client(&url).await?;
        let request = client.get(url).header(
            ACCEPT,
            HeaderValue::from_static("application/json, text/plain;q=0.5"),
        );
        let transport = |error: reqwest::Error| FetchError::Transport(error.without_url());
        let mut response = request.send().await.map_err(transport)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let announced = response
            .content_length()
            .and_then(|len| usize::try_from(len).ok());
        if announced.is_some_and(|len| len > ANSWER_MAX_BYTES) {
            return Err(FetchError::TooLarge);
        }
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(transport)? {
            if body.len().saturating_add(part.len()) > ANSWER_MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(body.freeze())
    }

    /// A client that knows the addresses of one name and looks up no other.
    async fn client(&self, url: &Url) -> Result<Client, FetchError> {
        let host = url.host_str().ok_or(FetchError::Address("it names no server"))?;
        let port = url.port_or_known_default().unwrap_or_default();
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let addresses: Vec<SocketAddr> = match literal {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => tokio::net::lookup_host((host, port))
                .await
                .map_err(FetchError::Lookup)?
                .take(ADDRESSES_MAX + 1)
                .collect(),
        };
        self.admit_addresses(url.scheme(), &addresses)?;
        Client::builder()
            .use_preconfigured_tls(self.tls.clone())
            .resolve_to_addrs(host, &addresses)
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .user_agent(concat!("rookery/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| FetchError::Transport(error.without_url()))
    }

    /// One address that is not allowed is enough to refuse all: which of them is taken is not ours to choose.
    fn admit_addresses(&self, scheme: &str, addresses: &[SocketAddr]) -> Result<(), FetchError> {
        let is_allowed = |address: &SocketAddr| match self.reach {
            Reach::Anywhere => true,
            Reach::Public { is_dev: true } if scheme == "http" => address.ip().is_loopback(),
            Reach::Public { .. } => is_global(address.ip()),
        };
        if addresses.is_empty() || addresses.len() > ADDRESSES_MAX || !addresses.iter().all(is_allowed) {
            return Err(FetchError::Network);
        }
        Ok(())
    }
}

/// What every address must be, whoever gave it.
fn parse(text: &str) -> Result<Url, FetchError> {
    if text.len() > URL_MAX_BYTES {
        return Err(FetchError::Address("it is over 2048 bytes"));
    }
    let url = Url::parse(text).map_err(|_unreadable| FetchError::Address("it cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(FetchError::Address("it is neither https nor http"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Address("it names a user"));
    }
    Ok(url)
}

/// The authorities that the system trusts; one that cannot be read is passed over, as it then vouches for nobody.
fn authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let (_added, _unusable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!(
            "the system names no authorities: servers over https cannot be asked; install ca-certificates"
        );
    }
    roots
}
