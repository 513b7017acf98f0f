//! The address of Redis: one server, servers behind Sentinel, or a Cluster.
//!
//! | URL | Redis |
//! |---|---|
//! | `redis://[user:password@]host[:port][/db]` | one server |
//! | `redis+sentinel://[user:password@]host[:port],host[:port]/service[/db]` | the master that these sentinels name |
//! | `redis+cluster://[user:password@]host[:port],host[:port]` | the masters of a Cluster, found through these nodes |
//! | `unix:///path/to/socket` | one server on this machine |
//!
//! `rediss` in place of `redis` speaks TLS, with the sentinels too. User and password are those of the servers,
//! percent-encoded; `:password@` is the default user's.

use std::net::Ipv6Addr;

use super::Secret;

/// Sentinels or Cluster nodes that an address may name.
pub const HOSTS_MAX: usize = 32;
/// Longest name of a host or of a Sentinel service. Units: bytes.
const NAME_MAX_BYTES: usize = 253;
/// Where a server listens unless its address says otherwise.
const SERVER_PORT: u16 = 6379;
/// Where a sentinel listens unless its address says otherwise.
const SENTINEL_PORT: u16 = 26_379;

/// Where Redis is and as whom it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAddress {
    /// Which servers.
    pub servers: RedisServers,
    /// Whether all connections are TLS.
    pub is_tls: bool,
    /// `user:password@` as it stands in the URL, or nothing.
    pub credentials: Secret,
    /// The number of the database.
    pub database: u32,
}

/// Which servers an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisServers {
    /// One server.
    Single(RedisHost),
    /// One server on this machine, by the whole URL of its socket.
    Socket(Secret),
    /// The master of a service that sentinels watch.
    Sentinel {
        /// Whom to ask.
        sentinels: Vec<RedisHost>,
        /// The name of the service there.
        service: String,
    },
    /// A Cluster, by some of its nodes.
    Cluster(Vec<RedisHost>),
}

/// A name or address, without brackets, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisHost {
    /// The name or address.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl RedisAddress {
    /// Reads a URL.
    ///
    /// Errors: what is wrong with it, without showing it, since it may hold a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        if scheme == "unix" {
            return Ok(Self {
                servers: RedisServers::Socket(Secret::new(url)),
                is_tls: false,
                credentials: Secret::new(""),
                database: 0,
            });
        }
        let (is_tls, kind) = scheme_of(scheme)?;
        if rest.contains(['?', '#']) {
            return Err("must not have ? or #: certificates are always verified".to_owned());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rsplit_once('@') {
            Some((credentials, hosts)) => (checked_credentials(credentials)?, hosts),
            None => (String::new(), authority),
        };
        let (servers, database) = match kind {
            Kind::Single => {
                let host = match <[RedisHost; 1]>::try_from(all_hosts(hosts, SERVER_PORT)?) {
                    Ok([host]) => host,
                    Err(_several) => {
                        return Err(
                            "names several hosts: only redis+sentinel:// and redis+cluster:// do".to_owned(),
                        );
                    }
                };
                (RedisServers::Single(host), path)
            }
            Kind::Sentinel => {
                let (service, database) = path.split_once('/').unwrap_or((path, ""));
                if !is_name(service) {
                    return Err(
                        "must name the service after its sentinels: redis+sentinel://host/service".to_owned(),
                    );
                }
                let sentinels = all_hosts(hosts, SENTINEL_PORT)?;
                let service = service.to_owned();
                (RedisServers::Sentinel { sentinels, service }, database)
            }
            Kind::Cluster => {
                if !matches!(path, "" | "0") {
                    return Err("must not name a database: a Cluster has only one".to_owned());
                }
                (RedisServers::Cluster(all_hosts(hosts, SERVER_PORT)?), "")
            }
        };
        Ok(Self {
            servers,
            is_tls,
            credentials: Secret::new(credentials),
            database: database_of(database)?,
        })
    }
}

enum Kind {
    Single,
    Sentinel,
    Cluster,
}

fn scheme_of(scheme: &str) -> Result<(bool, Kind), String> {
    Ok(match scheme {
        "redis" => (false, Kind::Single),
        "rediss" => (true, Kind::Single),
        "redis+sentinel" => (false, Kind::Sentinel),
        "rediss+sentinel" => (true, Kind::Sentinel),
        "redis+cluster" => (false, Kind::Cluster),
        "rediss+cluster" => (true, Kind::Cluster),
        _ => {
            let known = "redis://, redis+sentinel:// or redis+cluster://, with rediss in place of redis for TLS, or unix://";
            return Err(format!("must begin with {known}"));
        }
    })
}

/// `user:password@` when both can be read from it.
fn checked_credentials(text: &str) -> Result<String, String> {
    let (_, password) = text.split_once(':').unwrap_or_default();
    if password.is_empty() {
        return Err("must have user:password, or :password, before the @".to_owned());
    }
    let mut parts = text.split('%');
    let is_plain = parts.next().is_some_and(is_printable);
    let is_encoded = parts.all(|part| {
        let digits = part.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) && is_printable(part)
    });
    if is_plain && is_encoded {
        return Ok(format!("{text}@"));
    }
    Err("must have user and password percent-encoded".to_owned())
}

fn is_printable(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '@' | '[' | ']'))
}

fn all_hosts(text: &str, port: u16) -> Result<Vec<RedisHost>, String> {
    let hosts: Vec<RedisHost> = text
        .split(',')
        .take(HOSTS_MAX + 1)
        .map(|host| host_of(host, port))
        .collect::<Option<_>>()
        .ok_or("must have host:port, or several of them parted by commas, after the @ or the //")?;
    if hosts.len() > HOSTS_MAX {
        return Err(format!("must not name more than {HOSTS_MAX} hosts"));
    }
    Ok(hosts)
}

fn host_of(text: &str, default_port: u16) -> Option<RedisHost> {
    let (name, port) = if let Some(rest) = text.strip_prefix('[') {
        let (name, port) = rest.split_once(']')?;
        name.parse::<Ipv6Addr>().ok()?;
        (name, port)
    } else {
        let (name, port) = text.split_at_checked(text.find(':').unwrap_or(text.len()))?;
        is_name(name).then_some((name, port))?
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None if port.is_empty() => default_port,
        None => return None,
    };
    let name = name.to_owned();
    Some(RedisHost { name, port })
}

fn is_name(text: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.len() <= NAME_MAX_BYTES && text.chars().all(is_known)
}

fn database_of(text: &str) -> Result<u32, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .map_err(|_no_number| "must end with the number of a database, such as /0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: u16) -> RedisHost {
        let name = name.to_owned();
        RedisHost { name, port }
    }

    fn address(servers: RedisServers, is_tls: bool, credentials: &str, database: u32) -> RedisAddress {
        let credentials = Secret::new(credentials);
        RedisAddress {
            servers,
            is_tls,
            credentials,
            database,
        }
    }

    #[test]
    fn every_form_is_read() {
        let single = |name, port| RedisServers::Single(host(name, port));
        let sentinel = |sentinels: &[RedisHost]| RedisServers::Sentinel {
            sentinels: sentinels.to_vec(),
            service: "my-master".to_owned(),
        };
        let cluster = |hosts: &[RedisHost]| RedisServers::Cluster(hosts.to_vec());
        let cases = [
            ("redis://h", address(single("h", 6379), false, "", 0)),
            (
                "redis://127.0.0.1:7/3",
                address(single("127.0.0.1", 7), false, "", 3),
            ),
            ("redis://[::1]:7/", address(single("::1", 7), false, "", 0)),
            ("redis://[::1]", address(single("::1", 6379), false, "", 0)),
            (
                "rediss://u:p%40%2f@h.example.org:7",
                address(single("h.example.org", 7), true, "u:p%40%2f@", 0),
            ),
            (
                "redis+sentinel://a,b:7/my-master",
                address(sentinel(&[host("a", 26_379), host("b", 7)]), false, "", 0),
            ),
            (
                "rediss+sentinel://:p@a/my-master/2",
                address(sentinel(&[host("a", 26_379)]), true, ":p@", 2),
            ),
            (
                "redis+cluster://u:p@a:1,[::1]:2,c",
                address(
                    cluster(&[host("a", 1), host("::1", 2), host("c", 6379)]),
                    false,
                    "u:p@",
                    0,
                ),
            ),
            (
                "rediss+cluster://a/0",
                address(cluster(&[host("a", 6379)]), true, "", 0),
            ),
            (
                "unix:///run/redis.sock?db=1",
                address(
                    RedisServers::Socket(Secret::new("unix:///run/redis.sock?db=1")),
                    false,
                    "",
                    0,
                ),
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(RedisAddress::parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_reason_and_without_the_password() {
        let many = vec!["h"; HOSTS_MAX + 1].join(",");
        let cases = [
            ("h:6379", "must begin with"),
            ("http://u:hunter2@h", "must begin with"),
            ("redis+tls://h", "must begin with"),
            ("rediss://u:hunter2@h/#insecure", "always verified"),
            ("redis://h?protocol=resp2", "must not have ?"),
            ("redis://u@h", "user:password"),
            ("redis://:@h", "user:password"),
            ("redis://u:hunter2%4@h", "percent-encoded"),
            ("redis://u:hunter 2@h", "percent-encoded"),
            ("redis://u:hunter2@k@h", "percent-encoded"),
            ("redis://", "must have host:port"),
            ("redis://:secret@", "must have host:port"),
            ("redis://h:0", "must have host:port"),
            ("redis://h:65536", "must have host:port"),
            ("redis://::1", "must have host:port"),
            ("redis://[::1]7", "must have host:port"),
            ("redis+cluster://a,", "must have host:port"),
            ("redis://a,b", "several hosts"),
            ("redis://h/x", "number of a database"),
            ("redis+sentinel://a,b", "must name the service"),
            ("redis+sentinel://a/", "must name the service"),
            ("redis+sentinel://a/s/x", "number of a database"),
            ("redis+cluster://a/1", "must not name a database"),
            (&format!("redis+cluster://{many}"), "more than 32"),
        ];
        for (url, reason) in cases {
            let refusal = RedisAddress::parse(url).expect_err(url);
            assert!(refusal.contains(reason), "{url}: {refusal}");
            assert!(
                !refusal.contains("hunter") && !refusal.contains("secret"),
                "{refusal}"
            );
        }
    }
}
