//! Who may use the server API, and how much of it.

use crate::actors::node::Limiter;
use crate::config::{Bucket, Config};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::ServerKey;
use crate::host::clock::Clock;
use actix_web::HttpRequest;
use actix_web::http::header;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// Centrifugo's own header for the key.
const KEY_HEADER: &str = "x-api-key";

/// What stands in a request that somebody passed on: one of these at least, as proxies are usually set up.
const PASSED_ON: [&str; 7] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// The server API of this node.
pub struct ServerApi {
    /// None: there is no such API.
    key: Option<ServerKey>,
    calls: Mutex<Limiter>,
}

impl ServerApi {
    /// As the settings say.
    pub fn new(config: &Config) -> Self {
        let quota = config.limits.quota(Bucket::ServerCalls);
        Self {
            key: config.server.api_key.as_ref().map(ServerKey::of),
            calls: Mutex::new(Limiter::new(Bucket::ServerCalls, quota)),
        }
    }

    /// Lets a request in that shows the key, once. Errors: `not_found` where there is no key, `unauthenticated`.
    pub fn admit(&self, request: &HttpRequest) -> Result<(), Refusal> {
        let key = self
            .key
            .as_ref()
            .ok_or_else(|| Refusal::new(Code::NotFound, "there is no such route"))?;
        let headers = request.headers();
        let in_authorization = headers
            .get_all(header::AUTHORIZATION)
            .map(|value| apikey(value.as_bytes()).unwrap_or_default());
        let in_its_own = headers.get_all(KEY_HEADER).map(header::HeaderValue::as_bytes);
        let mut shown = in_authorization.chain(in_its_own);
        match (shown.next(), shown.next()) {
            (Some(text), None) if key.is(text) => Ok(()),
            _ => Err(Refusal::new(
                Code::Unauthenticated,
                "the key of the server API is needed: Authorization: apikey <key>, or X-API-Key: <key>",
            )),
        }
    }

    /// Lets a Centrifugo in that asks about its users: by the key, and where there is none, from this machine. Whom an owner let in is
    /// nobody else's business. Errors: `unauthenticated`, `permission_missing`.
    pub fn admit_proxy(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if self.key.is_some() {
            return self.admit(request);
        }
        let is_near = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
        let headers = request.headers();
        let is_passed_on = PASSED_ON.iter().any(|name| headers.contains_key(*name));
        // What is asked for by another name than this machine's came by way of somebody, too.
        let host = request.connection_info().host().to_owned();
        if is_near && !is_passed_on && is_this_machine(&host) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::PermissionMissing,
            "only from this machine, unless there is a key of the server API",
        ))
    }

    /// Counts a command on this node. Errors: `rate_limited`.
    pub fn count(&self, clock: &Clock) -> Result<(), Refusal> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.check(clock)
    }
}

/// Whether a `Host` names this machine as it is named from itself.
fn is_this_machine(host: &str) -> bool {
    let name = match host.parse::<SocketAddr>() {
        Ok(address) => return address.ip().is_loopback(),
        Err(_) => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What stands behind the scheme `apikey`.
fn apikey(value: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = value.split_at_checked("apikey ".len())?;
    scheme
        .eq_ignore_ascii_case(b"apikey ")
        .then(|| key.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use actix_web::test::TestRequest;

    const KEY: &str = "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G";

    fn api(key: Option<&str>) -> ServerApi {
        let mut config = Config::default();
        config.server.api_key = key.map(Secret::new);
        ServerApi::new(&config)
    }

    fn code(api: &ServerApi, headers: &[(&'static str, String)]) -> Option<Code> {
        let mut request = TestRequest::post();
        for (name, value) in headers {
            request = request.append_header((*name, value.as_str()));
        }
        api.admit(&request.to_http_request())
            .err()
            .map(|refusal| refusal.code)
    }

    #[test]
    fn a_centrifugo_shows_the_key_and_without_one_it_is_near() {
        let ask = |key: Option<&str>, peer: &str, header: Option<(&'static str, &str)>| {
            let request = TestRequest::post()
                .peer_addr(peer.parse().unwrap())
                .insert_header(("host", "127.0.0.1:8000"));
            let request = header
                .into_iter()
                .fold(request, |request, one| request.append_header(one));
            let admitted = api(key).admit_proxy(&request.to_http_request());
            admitted.err().map(|refusal| refusal.code)
        };
        let (near, far) = ("127.0.0.1:5000", "10.0.0.7:5000");
        let (shown, passed_on) = (Some(("x-api-key", KEY)), Some(("x-forwarded-for", "127.0.0.1")));
        assert_eq!(ask(Some(KEY), far, shown), None);
        assert_eq!(ask(Some(KEY), near, None), Some(Code::Unauthenticated));
        assert_eq!(ask(None, near, None), None);
        assert_eq!(ask(None, "[::1]:5000", None), None);
        let (real, host) = (Some(("x-real-ip", "127.0.0.1")), Some(("via", "1.1 a")));
        for (peer, header) in [
            (far, None),
            (far, shown),
            (near, passed_on),
            (near, real),
            (near, host),
        ] {
            assert_eq!(
                ask(None, peer, header),
                Some(Code::PermissionMissing),
                "{peer} {header:?}"
            );
        }
        for this in [
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]:80",
            "localhost",
            "LocalHost:8000",
        ] {
            assert!(is_this_machine(this), "{this}");
        }
        for other in [
            "",
            "world.example",
            "world.example:80",
            "10.0.0.1:80",
            "127.0.0.1.example",
        ] {
            assert!(!is_this_machine(other), "{other}");
        }
    }

    #[test]
    fn the_key_is_taken_from_either_header_and_from_one_alone() {
        let api = api(Some(KEY));
        let bearer = |scheme: &str, key: &str| ("authorization", format!("{scheme} {key}"));
        let own = |key: &str| ("x-api-key", key.to_owned());
        for good in [bearer("apikey", KEY), bearer("APIkey", KEY), own(KEY)] {
            assert_eq!(code(&api, &[good]), None);
        }
        for bad in [
            vec![],
            vec![own("")],
            vec![own("other")],
            vec![bearer("apikey", "")],
            vec![bearer("Bearer", KEY)],
            vec![("authorization", KEY.to_owned())],
            vec![own(KEY), own(KEY)],
            vec![bearer("apikey", KEY), own("other")],
            vec![bearer("Bearer", "a.b.c"), own(KEY)],
        ] {
            assert_eq!(code(&api, &bad), Some(Code::Unauthenticated), "{bad:?}");
        }
    }

    #[test]
    fn without_a_key_in_the_settings_there_is_no_route() {
        let api = api(None);
        assert_eq!(code(&api, &[("x-api-key", String::new())]), Some(Code::NotFound));
        assert_eq!(code(&api, &[("x-api-key", KEY.to_owned())]), Some(Code::NotFound));
    }

    #[test]
    fn commands_are_counted() {
        let mut config = Config::default();
        config.limits.server_calls_burst = 3;
        let (api, clock) = (ServerApi::new(&config), Clock::manual(0));
        let passed = (0..5).filter(|_| api.count(&clock).is_ok()).count();
        assert_eq!(passed, 3);
    }
}
