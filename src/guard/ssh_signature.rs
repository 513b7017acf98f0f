//! Signatures that `ssh-keygen -Y sign` makes (SSHSIG), and the public keys that they are checked with.
//!
//! Ed25519, ECDSA on P-256 and P-384, and RSA of 2048 to 4096 bits with SHA-2. Keys that live in a security device are
//! refused: their signatures say more than who signed.
//! Source: OpenSSH's PROTOCOL.sshsig.

#[cfg(test)]
mod tests;

use std::fmt;

use ssh_key::public::{EcdsaPublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

/// What a login's signature must be made for: the `-n` of `ssh-keygen -Y sign`. Source: features.md CE-11.
pub const LOGIN_NAMESPACE: &str = "claw.events";
/// Longest line of a public key that is looked at. Units: bytes.
pub const KEY_MAX_BYTES: usize = 16 * 1024;
/// Longest signature that is looked at. Units: bytes.
pub const SIGNATURE_MAX_BYTES: usize = 16 * 1024;
/// Smallest modulus of an RSA key. Units: bits.
pub const RSA_MIN_BITS: usize = 2_048;
/// Largest modulus of an RSA key: checking a larger one costs too much for who only asks. Units: bits.
pub const RSA_MAX_BITS: usize = 4_096;

/// Longest public exponent. Units: bytes.
const RSA_EXPONENT_MAX_BYTES: usize = 4;
const PEM_BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const PEM_END: &str = "-----END SSH SIGNATURE-----";
/// The one version there is.
const VERSION: u32 = 1;

/// A public key that signatures can be checked with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: ssh_key::PublicKey,
    text: String,
}

/// Why a text is no usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PublicKeyError {
    /// Over [`KEY_MAX_BYTES`].
    #[error("the key is over {KEY_MAX_BYTES} bytes")]
    TooLong,
    /// Not one line of the form `ssh-ed25519 AAAA... comment`.
    #[error("not a public key as OpenSSH writes it")]
    Unreadable,
    /// A kind that is not taken here.
    #[error("keys are ed25519, ecdsa on nistp256 or nistp384, or rsa")]
    Unsupported,
    /// Too few or too many bits, or a key that verifies what nobody signed.
    #[error("the key is weak, or an RSA key outside {RSA_MIN_BITS} to {RSA_MAX_BITS} bits")]
    Weak,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SignatureError {
    /// Over [`SIGNATURE_MAX_BYTES`].
    #[error("the signature is over {SIGNATURE_MAX_BYTES} bytes")]
    TooLong,
    /// Not the text that `ssh-keygen -Y sign` writes.
    #[error("not a signature as ssh-keygen -Y sign writes it")]
    Unreadable,
    /// Made for another purpose.
    #[error("the signature is for another namespace")]
    Namespace,
    /// Made with another key.
    #[error("the signature is of another key")]
    Key,
    /// RSA with SHA-1, which can be forged.
    #[error("the signature's algorithm is not taken")]
    Algorithm,
    /// Right in form, and not of this message.
    #[error("the signature is wrong")]
    Wrong,
}

impl PublicKey {
    /// Reads one line as in a `.pub` file; a comment is dropped, options before the key are refused.
    /// Errors: see [`PublicKeyError`].
    pub fn parse(line: &str) -> Result<Self, PublicKeyError> {
        if line.len() > KEY_MAX_BYTES {
            return Err(PublicKeyError::TooLong);
        }
        let line = line.trim();
        if line.chars().any(char::is_control) {
            return Err(PublicKeyError::Unreadable);
        }
        let key = ssh_key::PublicKey::from_openssh(line).map_err(|_unreadable| PublicKeyError::Unreadable)?;
        check_strength(key.key_data())?;
        let key = ssh_key::PublicKey::from(key.key_data().clone());
        let text = key
            .to_openssh()
            .map_err(|_unwritable| PublicKeyError::Unreadable)?;
        Ok(Self { key, text })
    }

    /// The one text of this key: kind and key in base64, no comment. Equal keys have equal texts.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `SHA256:` and the hash in base64, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Checks that this key signed the message for the namespace. White space around the signature is passed over.
    /// Errors: see [`SignatureError`].
    pub fn verify(&self, namespace: &str, message: &[u8], signature: &str) -> Result<(), SignatureError> {
        if signature.len() > SIGNATURE_MAX_BYTES {
            return Err(SignatureError::TooLong);
        }
        let pem = signature.trim();
        // The reader would pass over text before the first line.
        if !(pem.starts_with(PEM_BEGIN) && pem.ends_with(PEM_END)) {
            return Err(SignatureError::Unreadable);
        }
        let pem = pem.replace("\r\n", "\n");
        let signature = SshSig::from_pem(&pem).map_err(|_unreadable| SignatureError::Unreadable)?;
        // The reader passes over lengths that are larger than what they count, so one signature would have many texts.
        let is_canonical = signature
            .to_pem(LineEnding::LF)
            .is_ok_and(|text| text.trim_end() == pem);
        if signature.version() != VERSION || !is_canonical {
            return Err(SignatureError::Unreadable);
        }
        if signature.namespace() != namespace {
            return Err(SignatureError::Namespace);
        }
        if signature.public_key() != self.key.key_data() {
            return Err(SignatureError::Key);
        }
        // Without a hash it is RSA with SHA-1.
        if signature.algorithm() == (Algorithm::Rsa { hash: None }) {
            return Err(SignatureError::Algorithm);
        }
        self.key
            .verify(namespace, message, &signature)
            .map_err(|_wrong| SignatureError::Wrong)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

fn check_strength(key: &KeyData) -> Result<(), PublicKeyError> {
    let is_strong = match key {
        KeyData::Ed25519(key) => {
            ed25519_dalek::VerifyingKey::from_bytes(&key.0).is_ok_and(|key| !key.is_weak())
        }
        KeyData::Ecdsa(EcdsaPublicKey::NistP256(_) | EcdsaPublicKey::NistP384(_)) => true,
        KeyData::Rsa(key) => is_strong_rsa(key),
        _ => return Err(PublicKeyError::Unsupported),
    };
    if is_strong {
        Ok(())
    } else {
        Err(PublicKeyError::Weak)
    }
}

fn is_strong_rsa(key: &RsaPublicKey) -> bool {
    let (Some(modulus), Some(exponent)) = (key.n.as_positive_bytes(), key.e.as_positive_bytes()) else {
        return false;
    };
    // A leading zero is not among these bytes, so the first one is not zero.
    let unused_bits = modulus.first().map_or(8, |first| first.leading_zeros());
    let bits = modulus.len() * 8 - usize::try_from(unused_bits).unwrap_or(8).min(modulus.len() * 8);
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    (RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits)
        && is_odd(modulus)
        && is_odd(exponent)
        && exponent.len() <= RSA_EXPONENT_MAX_BYTES
        && exponent != [1]
}
