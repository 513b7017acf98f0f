//! What an audience heard last: all of it get the same bytes, so they are understood once.

/// A message that an audience heard, and what in it counts.
#[derive(Debug, Default)]
pub struct Memo {
    payload: Vec<u8>,
    receipts: Vec<(usize, u64)>,
}

impl Memo {
    /// Keeps what a message told of: senders and the keys of what they sent.
    pub fn keep(&mut self, payload: &[u8], receipts: &[(usize, u64)]) {
        self.payload.clear();
        self.payload.extend_from_slice(payload);
        self.receipts.clear();
        self.receipts.extend_from_slice(receipts);
    }

    /// What a message tells of, when it is the one that was heard last.
    pub fn recall(&self, payload: &[u8]) -> Option<&[(usize, u64)]> {
        (!payload.is_empty() && self.payload == payload).then_some(self.receipts.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_message_is_recalled() {
        let mut memo = Memo::default();
        assert_eq!(memo.recall(b""), None, "nothing was heard");
        memo.keep(b"one", &[(3, 7)]);
        assert_eq!(memo.recall(b"one"), Some(&[(3, 7)][..]));
        memo.keep(b"two", &[]);
        assert_eq!((memo.recall(b"one"), memo.recall(b"two")), (None, Some(&[][..])));
    }
}
