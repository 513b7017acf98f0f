//! A small hash that is the same on every node and in every release. Not against anybody who chooses what is hashed.

/// What it starts from. Source: FNV-1a, 64 bits.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
/// What it multiplies by. Source: as above.
const PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a of some bytes; each seed gives another hash, and 0 the plain one.
pub fn fnv_1a(seed: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    let start = seed ^ OFFSET;
    bytes
        .into_iter()
        .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_change() {
        // Source: the test vectors of FNV-1a.
        let vectors = [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ];
        for (text, hash) in vectors {
            assert_eq!(fnv_1a(0, text.bytes()), hash, "{text}");
        }
        assert_eq!(fnv_1a(7, "a".bytes()), 0xaf63_db4c_8601_ead9);
    }
}
