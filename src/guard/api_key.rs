//! API keys: `rk_live_<8 characters of key id>_<32 random bytes in base62>`.

use std::fmt;

use super::{Fill, random};

/// What every key begins with, so that scanners find a leaked one.
pub const PREFIX: &str = "rk_live_";
/// Characters of the key id, which is stored in clear and indexed.
pub const KEY_ID_CHARS: usize = 8;
/// Characters of the secret: the digits that 256 bits need in base 62.
pub const SECRET_CHARS: usize = 43;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An agent's key, shown once. Only the key id and a hash of the secret are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    key_id: String,
    secret: String,
}

impl ApiKey {
    /// A new key.
    pub fn make(fill: Fill<'_>) -> Self {
        Self {
            key_id: base62(random::<6>(fill), KEY_ID_CHARS),
            secret: base62(random::<32>(fill), SECRET_CHARS),
        }
    }

    /// Reads a key; `None` for anything that is not exactly one, without saying why.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != PREFIX.len() + KEY_ID_CHARS + 1 + SECRET_CHARS {
            return None;
        }
        let (key_id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_base62 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_key = key_id.len() == KEY_ID_CHARS && is_base62(key_id) && is_base62(secret);
        is_key.then(|| Self {
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
        })
    }

    /// The part that finds the row.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The part whose hash is stored.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The whole key, for the one answer that shows it.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}_{}", self.key_id, self.secret)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, ..)", self.key_id)
    }
}

/// The lowest `len` base-62 digits of a big-endian number, highest first.
///
/// 43 digits hold every 256-bit number. Six bytes hold 1.3 times 62^8 values, so a key id is slightly uneven: it is
/// a name, not a secret.
pub(super) fn base62<const N: usize>(mut number: [u8; N], len: usize) -> String {
    let mut digits = Vec::with_capacity(len);
    for _ in 0..len {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let value = remainder * 256 + u16::from(*byte);
            // The remainder is below 62, so the quotient is below 256.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        digits.push(BASE62.get(usize::from(remainder)).copied().unwrap_or(b'0'));
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_read_back_and_split() {
        let key = ApiKey::make(&|bytes| getrandom::fill(bytes).unwrap());
        let text = key.expose();
        assert_eq!(text.len(), 60);
        assert_eq!(ApiKey::parse(&text).unwrap(), key);
        assert!(text.contains(key.key_id()) && text.ends_with(key.secret()));
        assert_ne!(key, ApiKey::make(&|bytes| getrandom::fill(bytes).unwrap()));
        assert!(!format!("{key:?}").contains(key.secret()));
    }

    #[test]
    fn extreme_numbers_keep_their_length() {
        assert_eq!(
            ApiKey::make(&|bytes| bytes.fill(0)).expose(),
            format!("rk_live_{}_{}", "0".repeat(8), "0".repeat(43))
        );
        assert!(ApiKey::parse(&ApiKey::make(&|bytes| bytes.fill(255)).expose()).is_some());
        // 2^256 - 1 is the largest of all secrets; its first digit shows that none was cut off.
        assert!(base62([255; 32], 44).starts_with('0') && !base62([255; 32], 43).starts_with('0'));
        assert_eq!(base62([1, 0], 3), "048");
    }

    #[test]
    fn anything_but_exactly_one_key_is_refused() {
        let good = ApiKey::make(&|bytes| bytes.fill(7)).expose();
        let bad = [
            String::new(),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}\n"),
            good.replacen("live", "test", 1),
            good.to_uppercase(),
            good.replacen('_', "-", 3),
            good.chars().take(59).collect(),
            format!("{good}0"),
            format!("{}!", good.chars().take(59).collect::<String>()),
            format!("{}é", good.chars().take(58).collect::<String>()),
            "a".repeat(1 << 20),
        ];
        for text in bad {
            assert!(
                ApiKey::parse(&text).is_none(),
                "{}",
                text.chars().take(80).collect::<String>()
            );
        }
        assert!(ApiKey::parse(&good).is_some());
    }
}
