//! The address by which whoever asks reaches this server.

use crate::config::Config;
use crate::guard::origin::origin_at;
use actix_web::HttpRequest;
use actix_web::http::header::HOST;

/// As the settings say; else the scheme and the host of a request: the host as its `Host` header names it when that is a host, else where the server listens;
/// `https` when a trusted proxy says that it was asked so.
pub fn of(request: &HttpRequest, config: &Config) -> String {
    if let Some(url) = &config.server.public_url {
        return url.to_ascii_lowercase();
    }
    let is_trusted = request.peer_addr().is_some_and(|peer| {
        let proxies = &config.server.trusted_proxies;
        proxies.iter().any(|range| range.contains(peer.ip()))
    });
    let is_secure = is_trusted && begins_with(request, "x-forwarded-proto", "https");
    let scheme = if is_secure { "https" } else { "http" };
    let mut hosts = request.headers().get_all(HOST);
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    host.and_then(|host| origin_at(scheme, host))
        .unwrap_or_else(|| format!("http://{}", config.server.listen))
}

/// Whether a header is there once, and its list begins with this: what the proxy says that was asked first.
fn begins_with(request: &HttpRequest, name: &str, expected: &str) -> bool {
    let mut values = request.headers().get_all(name);
    let first = values.next().and_then(|value| value.to_str().ok());
    let first = first.and_then(|list| list.split(',').next());
    let is_it = first.is_some_and(|first| first.trim().eq_ignore_ascii_case(expected));
    is_it && values.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn base(host: &str, proto: Option<&str>, peer: &str) -> String {
        let mut config = Config::default();
        config.server.trusted_proxies = vec![toml::Value::from("10.0.0.0/8").try_into().unwrap()];
        let mut request = TestRequest::default()
            .insert_header(("host", host))
            .peer_addr(peer.parse().unwrap());
        if let Some(proto) = proto {
            request = request.insert_header(("x-forwarded-proto", proto));
        }
        of(&request.to_http_request(), &config)
    }

    #[test]
    fn a_host_is_taken_as_it_is_named_and_anything_else_is_not() {
        for (host, expected) in [
            ("world.example", "http://world.example"),
            ("World.Example:8000", "http://world.example:8000"),
            ("[::1]:8000", "http://[::1]:8000"),
            ("127.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(base(host, None, "192.0.2.1:1"), expected);
        }
        for odd in [
            "",
            "a b",
            "a/b",
            "a@b",
            "a`b",
            "$(id)",
            "a\"b",
            "a'b",
            "<b>",
            "a)[x](http:",
            "a:b",
            "a:99999",
            "a;b",
            "a|b",
        ] {
            assert_eq!(base(odd, None, "192.0.2.1:1"), "http://127.0.0.1:8000", "{odd}");
        }
    }

    #[test]
    fn the_settings_come_first() {
        let mut config = Config::default();
        config.server.public_url = Some("https://World.example".to_owned());
        let request = TestRequest::default().insert_header(("host", "inside:8000"));
        assert_eq!(of(&request.to_http_request(), &config), "https://world.example");
    }

    #[test]
    fn only_a_trusted_proxy_says_that_it_is_https() {
        assert_eq!(
            base("a.example", Some("https"), "10.1.2.3:1"),
            "https://a.example"
        );
        assert_eq!(
            base("a.example", Some("https"), "192.0.2.1:1"),
            "http://a.example"
        );
        assert_eq!(
            base("a.example", Some("https, http"), "10.1.2.3:1"),
            "https://a.example"
        );
        assert_eq!(
            base("a.example", Some("http, https"), "10.1.2.3:1"),
            "http://a.example"
        );
        assert_eq!(base("a.example", Some("ftp"), "10.1.2.3:1"), "http://a.example");
        assert_eq!(base("a.example", None, "10.1.2.3:1"), "http://a.example");
    }
}
