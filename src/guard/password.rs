//! Slow hashes of keys and passwords: Argon2id as PHC strings, with an optional pepper.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, KeyId, Params, ParamsBuilder, Version};
use sha2::{Digest, Sha256};

/// Longest key or password that is hashed. Units: bytes. Source: security.md §4.1.
pub const SECRET_MAX_BYTES: usize = 1024;
/// Longest PHC string that is read. Units: bytes.
const STORED_MAX_BYTES: usize = 512;
/// Bytes of the stored mark that names the pepper.
const PEPPER_MARK_BYTES: usize = 4;

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory. Units: KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// For keys that the server made, which have 256 bits. Source: OWASP minimum, security.md §4.1.
    pub const KEY: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };
    /// For passwords of people. Source: security.md §4.1.
    pub const PASSWORD: Self = Self {
        memory_kib: 65_536,
        passes: 3,
        lanes: 1,
    };
    /// The most that a stored hash may ask for, unless more is configured. Source: security.md B4.
    pub const MOST: Self = Self {
        memory_kib: 65_536,
        passes: 4,
        lanes: 4,
    };

    fn or(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes.max(other.lanes),
        }
    }

    fn covers(self, params: &Params) -> bool {
        params.m_cost() <= self.memory_kib && params.t_cost() <= self.passes && params.p_cost() <= self.lanes
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The secret is the one that was hashed.
    pub is_right: bool,
    /// The secret is right and its hash was made at another cost or with another pepper: hash it anew and store that.
    pub is_rehash_needed: bool,
}

/// A hash that could not be made or checked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The secret is longer than [`SECRET_MAX_BYTES`]; nothing was hashed.
    #[error("the secret is over {SECRET_MAX_BYTES} bytes")]
    SecretTooLong,
    /// The stored hash asks for more memory or time than allowed; nothing was hashed.
    #[error("the stored hash costs more than allowed")]
    StoredTooCostly,
    /// The stored text is no Argon2id hash.
    #[error("the stored hash is unreadable")]
    StoredUnreadable,
    /// The configured cost is impossible, or memory is short.
    #[error("the hash could not be made")]
    Hash,
}

/// Makes and checks hashes at one cost. Blocks for milliseconds: use it through [`super::HashPool`].
pub struct Hasher {
    params: Params,
    most: Cost,
    pepper: Option<Vec<u8>>,
    dummy: String,
    hashed: AtomicU64,
}

impl Hasher {
    /// A hasher at `cost`; `salt` is random and serves for the dummy hash.
    /// Errors: `Hash`, when the cost is impossible.
    pub fn new(cost: Cost, pepper: Option<&[u8]>, salt: [u8; 16]) -> Result<Self, PasswordError> {
        let mut builder = ParamsBuilder::new();
        builder
            .m_cost(cost.memory_kib)
            .t_cost(cost.passes)
            .p_cost(cost.lanes)
            .output_len(32);
        if let Some(pepper) = pepper {
            builder.keyid(KeyId::new(&pepper_mark(pepper)).map_err(hash_failed)?);
        }
        let params = builder.build().map_err(hash_failed)?;
        let pepper = pepper.map(<[u8]>::to_vec);
        let mut hasher = Self {
            params,
            most: Cost::MOST.or(cost),
            pepper,
            dummy: String::new(),
            hashed: AtomicU64::new(0),
        };
        hasher.dummy = hasher.hash(b"no secret of anybody", salt)?;
        Ok(hasher)
    }

    /// The PHC string of a secret.
    /// Errors: `SecretTooLong` before any work; `Hash`.
    pub fn hash(&self, secret: &[u8], salt: [u8; 16]) -> Result<String, PasswordError> {
        check_length(secret)?;
        let salt = SaltString::encode_b64(&salt).map_err(hash_failed)?;
        let hash = self
            .argon2(true)?
            .hash_password(secret, &salt)
            .map_err(hash_failed)?;
        Ok(hash.to_string())
    }

    /// Compares a secret with a stored hash. Without a stored one it does the same work on a dummy and says no, so
    /// that the time does not tell whether an id exists.
    /// Errors: `SecretTooLong`, `StoredTooCostly` before any work; `StoredUnreadable`; `Hash`.
    pub fn verify(&self, secret: &[u8], stored: Option<&str>) -> Result<Verdict, PasswordError> {
        check_length(secret)?;
        let Some(stored) = stored else {
            return self.refuse_slowly(secret);
        };
        let (hash, params) = self.read(stored)?;
        // A hash that was made with another pepper cannot be checked any more.
        if !params.keyid().is_empty() && params.keyid() != self.params.keyid() {
            return self.refuse_slowly(secret);
        }
        let is_right = self.matches(secret, &hash, !params.keyid().is_empty())?;
        let is_current = params.m_cost() == self.params.m_cost()
            && params.t_cost() == self.params.t_cost()
            && params.p_cost() == self.params.p_cost()
            && params.keyid() == self.params.keyid();
        Ok(Verdict {
            is_right,
            is_rehash_needed: is_right && !is_current,
        })
    }

    /// Hashes computed so far, the dummy of the start included: for the metric, and to prove the equal work.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    fn refuse_slowly(&self, secret: &[u8]) -> Result<Verdict, PasswordError> {
        let (hash, _) = self.read(&self.dummy)?;
        self.matches(secret, &hash, self.pepper.is_some())?;
        Ok(Verdict {
            is_right: false,
            is_rehash_needed: false,
        })
    }

    fn read<'a>(&self, stored: &'a str) -> Result<(PasswordHash<'a>, Params), PasswordError> {
        if stored.len() > STORED_MAX_BYTES {
            return Err(PasswordError::StoredUnreadable);
        }
        let hash = PasswordHash::new(stored).map_err(stored_unreadable)?;
        let params = Params::try_from(&hash).map_err(stored_unreadable)?;
        let is_argon2id =
            hash.algorithm == Algorithm::Argon2id.ident() && hash.version == Some(Version::V0x13.into());
        let has_output = hash.salt.is_some() && hash.hash.is_some_and(|output| output.len() >= 16);
        if !is_argon2id || !has_output {
            return Err(PasswordError::StoredUnreadable);
        }
        if !self.most.covers(&params) {
            return Err(PasswordError::StoredTooCostly);
        }
        Ok((hash, params))
    }

    fn matches(
        &self,
        secret: &[u8],
        hash: &PasswordHash<'_>,
        is_peppered: bool,
    ) -> Result<bool, PasswordError> {
        match self.argon2(is_peppered)?.verify_password(secret, hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(_) => Err(PasswordError::Hash),
        }
    }

    fn argon2(&self, is_peppered: bool) -> Result<Argon2<'_>, PasswordError> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, self.params.clone());
        match self.pepper.as_deref().filter(|_| is_peppered) {
            Some(pepper) => Argon2::new_with_secret(pepper, algorithm, version, params).map_err(hash_failed),
            None => Ok(Argon2::new(algorithm, version, params)),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("has_pepper", &self.pepper.is_some())
            .finish_non_exhaustive()
    }
}

fn check_length(secret: &[u8]) -> Result<(), PasswordError> {
    if secret.len() > SECRET_MAX_BYTES {
        Err(PasswordError::SecretTooLong)
    } else {
        Ok(())
    }
}

/// Names a pepper in the hashes that it went into. Four bytes tell nothing about a random pepper.
fn pepper_mark(pepper: &[u8]) -> Vec<u8> {
    let digest = Sha256::new()
        .chain_update(b"rookery pepper mark\0")
        .chain_update(pepper)
        .finalize();
    digest.into_iter().take(PEPPER_MARK_BYTES).collect()
}

// The library's errors name parameters at most; the caller can do nothing with them.
fn hash_failed<E>(_: E) -> PasswordError {
    PasswordError::Hash
}

fn stored_unreadable<E>(_: E) -> PasswordError {
    PasswordError::StoredUnreadable
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    const YES: Verdict = Verdict {
        is_right: true,
        is_rehash_needed: false,
    };
    const NO: Verdict = Verdict {
        is_right: false,
        is_rehash_needed: false,
    };

    fn hasher(pepper: Option<&[u8]>) -> Hasher {
        Hasher::new(CHEAP, pepper, [1; 16]).unwrap()
    }

    #[test]
    fn the_default_cost_is_in_the_stored_string_and_verifies() {
        let hasher = Hasher::new(Cost::KEY, None, [1; 16]).unwrap();
        let stored = hasher.hash(b"secret", [2; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(hasher.verify(b"secret", Some(&stored)), Ok(YES));
        assert_eq!(hasher.verify(b"Secret", Some(&stored)), Ok(NO));
    }

    #[test]
    fn unknown_id_costs_the_same_work_as_a_wrong_secret() {
        let hasher = hasher(Some(b"pepper"));
        let stored = hasher.hash(b"secret", [2; 16]).unwrap();
        let before = hasher.hashed();
        assert_eq!(hasher.verify(b"wrong", Some(&stored)), Ok(NO));
        let wrong = hasher.hashed() - before;
        assert_eq!(hasher.verify(b"wrong", None), Ok(NO));
        assert_eq!((wrong, hasher.hashed() - before - wrong), (1, 1));
        // Even the dummy's own secret is nobody's.
        assert_eq!(hasher.verify(b"no secret of anybody", None), Ok(NO));
        let cost_of = |phc: &str| phc.split('$').nth(3).unwrap().to_owned();
        assert_eq!(cost_of(&hasher.dummy), cost_of(&stored));
    }

    #[test]
    fn too_long_a_secret_is_refused_before_hashing() {
        let hasher = hasher(None);
        let before = hasher.hashed();
        for stored in [None, Some(hasher.dummy.as_str())] {
            assert_eq!(
                hasher.verify(&vec![b'a'; 1 << 20], stored),
                Err(PasswordError::SecretTooLong)
            );
        }
        assert_eq!(
            hasher.hash(&[b'a'; SECRET_MAX_BYTES + 1], [0; 16]),
            Err(PasswordError::SecretTooLong)
        );
        assert_eq!(hasher.hashed(), before);
        assert!(hasher.hash(&[b'a'; SECRET_MAX_BYTES], [0; 16]).is_ok());
    }

    #[test]
    fn stored_hash_with_excessive_cost_is_refused_before_hashing() {
        let hasher = hasher(None);
        let before = hasher.hashed();
        for cost in ["m=4194304,t=2,p=1", "m=64,t=1000000,p=1", "m=8000,t=1,p=1000"] {
            let stored = hasher.dummy.replace("m=64,t=1,p=1", cost);
            assert_ne!(stored, hasher.dummy);
            assert_eq!(
                hasher.verify(b"x", Some(&stored)),
                Err(PasswordError::StoredTooCostly),
                "{cost}"
            );
        }
        assert_eq!(hasher.hashed(), before);
    }

    #[test]
    fn stored_text_of_another_kind_is_unreadable() {
        let hasher = hasher(None);
        let others = [
            String::new(),
            "plain".to_owned(),
            hasher.dummy.replace("argon2id", "argon2i"),
            hasher.dummy.replace("v=19", "v=16"),
            hasher.dummy.replace("$v=19", ""),
            hasher.dummy.rsplit_once('$').unwrap().0.to_owned(),
            "$".repeat(100_000),
        ];
        for stored in others {
            assert_eq!(
                hasher.verify(b"x", Some(&stored)),
                Err(PasswordError::StoredUnreadable),
                "{stored:.60}"
            );
        }
    }

    #[test]
    fn hash_of_another_cost_verifies_and_asks_for_a_rehash() {
        let older = Hasher::new(Cost { passes: 2, ..CHEAP }, None, [1; 16]).unwrap();
        let stored = older.hash(b"secret", [2; 16]).unwrap();
        let now = hasher(None);
        assert_eq!(
            now.verify(b"secret", Some(&stored)),
            Ok(Verdict {
                is_right: true,
                is_rehash_needed: true
            })
        );
        assert_eq!(now.verify(b"wrong", Some(&stored)), Ok(NO));
    }

    #[test]
    fn pepper_counts_and_an_unpeppered_hash_asks_for_a_rehash() {
        let (bare, peppered, other) = (hasher(None), hasher(Some(b"one")), hasher(Some(b"two")));
        let stored = peppered.hash(b"secret", [2; 16]).unwrap();
        assert_eq!(peppered.verify(b"secret", Some(&stored)), Ok(YES));
        assert_eq!(bare.verify(b"secret", Some(&stored)), Ok(NO));
        assert_eq!(other.verify(b"secret", Some(&stored)), Ok(NO));
        // Taking the mark away does not take the pepper away.
        let keyid = stored
            .split(',')
            .find(|part| part.starts_with("keyid="))
            .unwrap()
            .split('$')
            .next()
            .unwrap()
            .to_owned();
        let unmarked = stored.replace(&format!(",{keyid}"), "");
        assert_eq!(bare.verify(b"secret", Some(&unmarked)), Ok(NO));
        let unpeppered = bare.hash(b"secret", [2; 16]).unwrap();
        assert_eq!(
            peppered.verify(b"secret", Some(&unpeppered)),
            Ok(Verdict {
                is_right: true,
                is_rehash_needed: true
            })
        );
    }
}
