//! The envelope of publications between nodes: `rookery1 <node id> <payload>`. It starts no JSON text, so that a
//! bare publication by an outside tool cannot be taken for one; readers of the wire cut at the second space.

use uuid::Uuid;

const MARK: &[u8] = b"rookery1 ";
const ID_LEN: usize = 36;

/// Bytes that the envelope adds.
pub(super) const ENVELOPE_LEN: usize = MARK.len() + ID_LEN + 1;

/// Puts a payload into its node's envelope.
pub(super) fn seal(node: Uuid, payload: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(ENVELOPE_LEN + payload.len());
    sealed.extend_from_slice(MARK);
    let mut id = Uuid::encode_buffer();
    sealed.extend_from_slice(node.hyphenated().encode_lower(&mut id).as_bytes());
    sealed.push(b' ');
    sealed.extend_from_slice(payload);
    sealed
}

/// The node that sealed a message, if one did. Its payload follows after `ENVELOPE_LEN` bytes.
pub(super) fn sealed_by(message: &[u8]) -> Option<Uuid> {
    let (id, rest) = message.strip_prefix(MARK)?.split_at_checked(ID_LEN)?;
    rest.strip_prefix(b" ")?;
    Uuid::try_parse_ascii(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_comes_off_and_shows_its_node() {
        let node = Uuid::from_u128(7);
        for payload in [b"{\"a\":1}".as_slice(), b"", &[0, 255, b' ']] {
            let sealed = seal(node, payload);
            assert_eq!(sealed_by(&sealed), Some(node));
            assert_eq!(&sealed[ENVELOPE_LEN..], payload);
        }
    }

    #[test]
    fn bare_or_broken_messages_have_no_node() {
        for bare in [
            "",
            "{}",
            "rookery1 ",
            "rookery1 x y",
            "rookery1 00000000-0000-0000-0000-000000000007",
        ] {
            assert_eq!(sealed_by(bare.as_bytes()), None, "{bare}");
        }
        let mut sealed = seal(Uuid::from_u128(7), b"x");
        sealed[12] = 0xff;
        assert_eq!(sealed_by(&sealed), None);
    }
}
