//! Sockets are told of slice by slice when they are many: each slice stands for itself, and none is too long for a batch.

use crate::base::hash::fnv_1a;
use crate::base::id::SessionId;
use serde::{Deserialize, Serialize};

/// Sockets in one slice, about.
const SOCKETS: usize = 1_000;

/// One of some slices. Each socket is in one of them, whoever tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    number: u64,
    of: u64,
}

impl Slice {
    /// The only one, when one is enough.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// As many as so many sockets need; at least one.
    pub fn all(sockets: usize) -> impl Iterator<Item = Self> {
        let of = u64::try_from(sockets.div_ceil(SOCKETS).max(1)).unwrap_or(1);
        (0..of).map(move |number| Self { number, of })
    }

    /// Whether a socket is in this slice.
    pub fn has(self, session: SessionId) -> bool {
        let hash = fnv_1a(0, session.0.as_bytes().iter().copied());
        // Of no slices there is none.
        hash.checked_rem(self.of) == Some(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_socket_is_in_one_slice_and_none_has_too_many() {
        let sessions: Vec<SessionId> = (0..50_000).map(|n| SessionId(Uuid::from_u128(n))).collect();
        for (count, slices) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (50_000, 50)] {
            let all: Vec<Slice> = Slice::all(count).collect();
            assert_eq!(all.len(), slices);
            let sessions = || sessions.iter().take(count);
            assert!(sessions().all(|session| all.iter().filter(|slice| slice.has(*session)).count() == 1));
            for slice in all {
                let inside = sessions().filter(|session| slice.has(**session)).count();
                assert!(inside <= 2 * SOCKETS, "{inside} of {count} in {slice:?}");
            }
        }
        assert!(!Slice { number: 0, of: 0 }.has(SessionId(Uuid::nil())));
    }
}
