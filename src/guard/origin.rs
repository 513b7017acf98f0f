//! Which web pages may open a socket here. Source: security.md §4.3, E20, E21.

use std::collections::BTreeSet;

use crate::domain::refusal::{Code, Refusal};

/// Longest `Origin` header that is looked at. Units: bytes.
const ORIGIN_MAX_BYTES: usize = 300;

/// The origins whose pages may connect, besides pages of this server itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    allowed: BTreeSet<Origin>,
}

/// A configured text that is no origin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no origin such as https://example.org or http://localhost:5173")]
pub struct NotAnOrigin(String);

impl Origins {
    /// The list of these origins. Wildcards and `null` are no origins.
    /// Errors: the first text that is none.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAnOrigin> {
        let parse =
            |text: &str| Origin::parse(text).ok_or_else(|| NotAnOrigin(text.chars().take(100).collect()));
        Ok(Self {
            allowed: texts.into_iter().map(parse).collect::<Result<_, _>>()?,
        })
    }

    /// Lets a request pass that has no `Origin` (no browser sends such), an allowed one, or that of the host it was
    /// sent to. `host` is the `Host` header.
    /// Errors: `origin_refused`; for `null` too.
    pub fn check(&self, origin: Option<&str>, host: Option<&str>) -> Result<(), Refusal> {
        let Some(text) = origin else { return Ok(()) };
        let is_allowed = Origin::parse(text).is_some_and(|origin| {
            self.allowed.contains(&origin)
                || host
                    .and_then(|host| origin.at_host(host))
                    .is_some_and(|own| own == origin)
        });
        if is_allowed {
            Ok(())
        } else {
            Err(Refusal::new(Code::OriginRefused, "this origin is not allowed"))
        }
    }

    /// Whether an origin is on the list: for CORS, where the own host needs no header.
    pub fn contains(&self, origin: &str) -> bool {
        Origin::parse(origin).is_some_and(|origin| self.allowed.contains(&origin))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    scheme: &'static str,
    host: String,
    port: u16,
}

/// The origin of a server that was asked for under this `Host`, as a text: in lower case, with the port when it was named.
/// None: that is no host.
pub fn origin_at(scheme: &'static str, host: &str) -> Option<String> {
    let origin = Origin::of_authority(scheme, host)?;
    let Origin { host: name, port, .. } = origin;
    Some(if name.len() < host.len() {
        format!("{scheme}://{name}:{port}")
    } else {
        format!("{scheme}://{name}")
    })
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > ORIGIN_MAX_BYTES {
            return None;
        }
        let (scheme, authority) = text.split_once("://")?;
        let scheme = ["http", "https"]
            .into_iter()
            .find(|known| scheme.eq_ignore_ascii_case(known))?;
        Self::of_authority(scheme, authority)
    }

    /// The origin of the same scheme at the host of a `Host` header.
    fn at_host(&self, host: &str) -> Option<Self> {
        Self::of_authority(self.scheme, host)
    }

    fn of_authority(scheme: &'static str, authority: &str) -> Option<Self> {
        // A colon inside brackets belongs to an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = match port {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
            None if scheme == "https" => 443,
            None => 80,
        };
        let name = match host.strip_prefix('[') {
            Some(rest) => rest
                .strip_suffix(']')
                .filter(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
            None => Some(host).filter(|name| {
                name.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
            }),
        };
        let is_named = name.is_some_and(|name| !name.is_empty() && name.len() <= 253);
        is_named.then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, host: &str) -> bool {
        let origins = Origins::new([
            "https://good.example",
            "http://localhost:5173",
            "http://[::1]:3000",
        ])
        .unwrap();
        let result = origins.check(Some(origin), Some(host));
        assert!(
            result
                .as_ref()
                .err()
                .is_none_or(|refusal| refusal.code == Code::OriginRefused)
        );
        result.is_ok()
    }

    #[test]
    fn listed_origins_and_the_own_host_pass() {
        for origin in [
            "https://good.example",
            "https://good.example:443",
            "HTTPS://GOOD.example",
            "http://localhost:5173",
            "http://[::1]:3000",
        ] {
            assert!(check(origin, "world.example"), "{origin}");
        }
        assert!(check("https://world.example", "world.example"));
        assert!(check("http://127.0.0.1:8000", "127.0.0.1:8000"));
        assert!(check("http://[::1]:8000", "[::1]:8000"));
        assert!(check("https://world.example", "world.example:443"));
    }

    #[test]
    fn look_alikes_of_a_listed_origin_are_refused() {
        let bad = [
            "null",
            "",
            "*",
            "https://good.example.evil.com",
            "https://evil-good.example",
            "http://good.example",
            "https://good.example:444",
            "https://good.example/",
            "https://good.example/x",
            "https://a@good.example",
            "https://good.example@evil.com",
            "https://good.example:443:443",
            "https://good.example:",
            "https://good.example:+443",
            "file://good.example",
            "https://",
            "https://good.example\0",
            "https://good.example evil",
            "//good.example",
            "https://good.example.",
            "https://[good.example]",
            "http://localhost",
        ];
        for origin in bad {
            assert!(!check(origin, "world.example"), "{origin}");
        }
        assert!(!check(
            &format!("https://{}", "a".repeat(100_000)),
            "world.example"
        ));
        assert!(!check("http://127.0.0.1:8001", "127.0.0.1:8000"));
        assert!(!check("null", "null"));
    }

    #[test]
    fn missing_origin_passes_and_missing_host_helps_nobody() {
        let none = Origins::default();
        assert!(none.check(None, Some("a")).is_ok());
        assert!(none.check(Some("https://a"), None).is_err());
        assert!(Origins::new(["https://a"]).unwrap().contains("https://a:443"));
        for bad in ["*", "null", "https://*.example", "https://a/b"] {
            assert_eq!(Origins::new([bad]), Err(NotAnOrigin(bad.to_owned())));
        }
    }
}
