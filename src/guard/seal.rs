//! The seal on what nodes tell one another: anybody may reach the bus, only nodes of the world know its secret.

use crate::base::id::NodeId;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of a seal.
pub const SEAL_LEN: usize = 32;

/// Seals and checks messages between nodes: HMAC-SHA256 over the addressee and the message.
#[derive(Clone)]
pub struct Seal(Hmac<Sha256>);

impl Seal {
    /// By this secret. None: HMAC takes keys of any length.
    pub fn new(secret: &str) -> Option<Self> {
        Hmac::new_from_slice(secret.as_bytes()).ok().map(Self)
    }

    /// The seal of a message to a node.
    pub fn of(&self, to: NodeId, message: &[u8]) -> [u8; SEAL_LEN] {
        self.over(to, message).finalize().into_bytes().into()
    }

    /// Whether a message to a node bears this seal; takes as long whatever is wrong.
    pub fn is_of(&self, seal: &[u8], to: NodeId, message: &[u8]) -> bool {
        self.over(to, message).verify_slice(seal).is_ok()
    }

    fn over(&self, to: NodeId, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(to.0.as_bytes());
        mac.update(message);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_seal_is_for_one_message_to_one_node_by_one_secret() {
        let [one, other] = [1, 2].map(|n| NodeId(Uuid::from_u128(n)));
        let (seal, stranger) = (Seal::new("secret").unwrap(), Seal::new("guess").unwrap());
        let sealed = seal.of(one, b"hello");
        assert!(seal.is_of(&sealed, one, b"hello"));
        assert!(!seal.is_of(&sealed, other, b"hello"), "another addressee");
        assert!(!seal.is_of(&sealed, one, b"hullo"), "another message");
        assert!(
            !seal.is_of(&stranger.of(one, b"hello"), one, b"hello"),
            "another secret"
        );
        for broken in [&sealed[1..], b"", &[0; SEAL_LEN]] {
            assert!(!seal.is_of(broken, one, b"hello"));
        }
    }
}
