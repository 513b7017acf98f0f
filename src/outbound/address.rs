//! Which addresses belong to the open internet.

use std::net::IpAddr;

/// Blocks of IPv4 that lead to this machine, into its network, to many at once or nowhere: network and bits.
/// Source: IANA's registry of special-purpose addresses, RFC 6890.
const CLOSED_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),       // This network.
    ([10, 0, 0, 0], 8),      // Private.
    ([100, 64, 0, 0], 10),   // Shared by the customers of a carrier.
    ([127, 0, 0, 0], 8),     // Loopback.
    ([169, 254, 0, 0], 16),  // Link-local; clouds tell secrets there.
    ([172, 16, 0, 0], 12),   // Private.
    ([192, 0, 0, 0], 24),    // Assigned to protocols.
    ([192, 0, 2, 0], 24),    // Documentation.
    ([192, 31, 196, 0], 24), // AS112: answers for private names.
    ([192, 52, 193, 0], 24), // Relays of multicast.
    ([192, 88, 99, 0], 24),  // Relays of 6to4.
    ([192, 168, 0, 0], 16),  // Private.
    ([192, 175, 48, 0], 24), // AS112.
    ([198, 18, 0, 0], 15),   // Measurements.
    ([198, 51, 100, 0], 24), // Documentation.
    ([203, 0, 113, 0], 24),  // Documentation.
    ([224, 0, 0, 0], 3),     // Multicast, reserved, broadcast.
];

/// The one block of IPv6 that is global unicast: network and bits.
const OPEN_V6: (u128, u32) = (0x2000 << 112, 3);

/// Blocks within it that are not: those that carry an IPv4 address could lead anywhere.
const CLOSED_V6: [(u128, u32); 5] = [
    (0x2001 << 112, 23),          // Assigned to protocols, Teredo (2001::/32) among them.
    (0x2001_0db8 << 96, 32),      // Documentation.
    (0x2002 << 112, 16),          // 6to4.
    (0x2620_004f_8000 << 80, 48), // AS112.
    (0x3fff << 112, 20),          // Documentation.
];

/// Whether an address is global unicast: one that only the open internet leads to.
///
/// An IPv4 address inside an IPv6 one (`::ffff:0:0/96`, `64:ff9b::/96`) is not, whatever it is.
/// Source: security.md §4.7.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            !CLOSED_V4
                .iter()
                .any(|(network, len)| bits >> (32 - len) == u32::from_be_bytes(*network) >> (32 - len))
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let is_in = |(network, len): &(u128, u32)| bits >> (128 - len) == network >> (128 - len);
            is_in(&OPEN_V6) && !CLOSED_V6.iter().any(is_in)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for text in addresses {
            assert_eq!(is_global(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn closed_blocks_of_ipv4_are_refused_to_their_last_address() {
        check(
            &[
                "0.0.0.0",
                "0.255.255.255",
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "127.0.0.0",
                "127.0.0.1",
                "127.255.255.255",
                "169.254.0.0",
                "169.254.169.254",
                "169.254.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.0.0.0",
                "192.0.0.255",
                "192.0.2.0",
                "192.0.2.255",
                "192.31.196.1",
                "192.52.193.1",
                "192.88.99.1",
                "192.168.0.0",
                "192.168.255.255",
                "192.175.48.1",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.0",
                "198.51.100.255",
                "203.0.113.0",
                "203.0.113.255",
                "224.0.0.0",
                "239.255.255.255",
                "240.0.0.0",
                "255.255.255.254",
                "255.255.255.255",
            ],
            false,
        );
    }

    #[test]
    fn the_neighbours_of_closed_blocks_of_ipv4_are_open() {
        check(
            &[
                "1.0.0.0",
                "1.1.1.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "191.255.255.255",
                "192.0.1.0",
                "192.0.3.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "198.51.99.255",
                "198.51.101.0",
                "203.0.112.255",
                "203.0.114.0",
                "223.255.255.255",
            ],
            true,
        );
    }

    #[test]
    fn everything_of_ipv6_but_global_unicast_is_refused() {
        check(
            &[
                "::",
                "::1",
                "::7f00:1",
                "::ffff:127.0.0.1",
                "::ffff:8.8.8.8",
                "::ffff:0:127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::808:808",
                "64:ff9b:1::1",
                "100::1",
                "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001::1",
                "2001:0:7f00:1::",
                "2001:10::1",
                "2001:20::1",
                "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db8::1",
                "2001:db8:ffff::1",
                "2002::1",
                "2002:7f00:1::1",
                "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "2620:4f:8000::1",
                "3fff::1",
                "3fff:fff:ffff::1",
                "4000::1",
                "5f00::1",
                "fc00::1",
                "fd00::1",
                "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "fe80::1",
                "febf::1",
                "fec0::1",
                "ff02::1",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ],
            false,
        );
        check(
            &[
                "2000::1",
                "2001:200::1",
                "2001:4860:4860::8888",
                "2001:db7:ffff::1",
                "2001:db9::1",
                "2003::1",
                "2606:4700:4700::1111",
                "2620:4f:7fff::1",
                "2620:4f:8001::1",
                "2a00:1450::1",
                "3ffe::1",
                "3fff:1000::1",
            ],
            true,
        );
    }
}
