//! Who is calling: the client's address behind trusted proxies, and the key its limits go by.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Most entries of `X-Forwarded-For` that are walked; a chain of proxies is far shorter.
const HOPS_MAX: usize = 16;

/// The client's address: the rightmost one that no trusted proxy has. `forwarded` are the values of the
/// `X-Forwarded-For` headers in their order; without a trusted peer they are not looked at.
///
/// An unreadable entry ends the walk at the proxy that sent it: what stands left of it could be anything.
/// Source: security.md §4.4, B7.
pub fn client_address<'a, F>(peer: IpAddr, forwarded: &[&'a str], is_trusted: F) -> IpAddr
where
    F: Fn(IpAddr) -> bool,
{
    let mut client = peer.to_canonical();
    let entries = forwarded
        .iter()
        .rev()
        .flat_map(|value: &&'a str| value.rsplit(','));
    for entry in entries.take(HOPS_MAX) {
        if !is_trusted(client) {
            break;
        }
        match parse(entry.trim()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// The key of the client's limits: an IPv4 address, or the /64 network of an IPv6 one, which one customer holds
/// whole. Source: security.md §4.4, B6.
pub fn rate_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

// Some proxies add the port.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    bare.parse()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], expected: &str) {
        let is_trusted = |ip: IpAddr| ip.to_string().starts_with("10.") || ip.to_string() == "fd00::1";
        let found = client_address(peer.parse().unwrap(), forwarded, is_trusted);
        assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &["1.1.1.1"], "203.0.113.9");
        check("10.0.0.1", &["1.1.1.1"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6, 1.1.1.1"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6, 1.1.1.1 ,10.0.0.2"], "1.1.1.1");
        check("10.0.0.1", &["6.6.6.6", "1.1.1.1,10.0.0.2"], "1.1.1.1");
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3");
        check("fd00::1", &["[2001:db8::5]:4711"], "2001:db8::5");
        check("fd00::1", &["1.1.1.1:80"], "1.1.1.1");
        check("::ffff:10.0.0.1", &["1.1.1.1"], "1.1.1.1");
    }

    #[test]
    fn an_unreadable_entry_ends_the_walk() {
        check("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1");
        check("10.0.0.1", &[""], "10.0.0.1");
        check("10.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2");
        let long = "10.0.0.2,".repeat(100_000) + "10.0.0.2";
        check("10.0.0.1", &[&long], "10.0.0.2");
    }

    #[test]
    fn one_network_of_64_bits_has_one_key() {
        let key = |text: &str| rate_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
