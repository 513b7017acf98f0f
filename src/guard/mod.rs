//! Floor 2: credentials. Keys, tokens, password hashes and what is revoked; pure cryptography and state in memory, but for
//! the operator's folder of public keys.
//!
//! Rows of the database come in and go out as plain structs; the time and random bytes are parameters.

pub mod api_key;
pub mod app_key;
pub mod client_ip;
pub mod envelope;
pub mod hash_pool;
pub mod key_directory;
pub mod key_ring;
pub mod origin;
pub mod password;
pub mod refresh;
pub mod revocation;
pub mod seal;
pub mod server_key;
pub mod ssh_signature;
pub mod token;

pub use api_key::ApiKey;
pub use app_key::AppKey;
pub use hash_pool::HashPool;
pub use key_directory::{KeyDirectory, KeyName};
pub use key_ring::{KeyRing, KeyRow, KeyState};
pub use origin::Origins;
pub use refresh::RefreshToken;
pub use revocation::Revocations;
pub use server_key::ServerKey;
pub use ssh_signature::PublicKey;
pub use token::{TokenError, TokenKind, Tokens, Verified};

/// Fills a buffer with random bytes; `host::entropy` is behind it outside tests.
pub type Fill<'a> = &'a dyn Fn(&mut [u8]);

/// `N` random bytes.
fn random<const N: usize>(fill: Fill<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}
