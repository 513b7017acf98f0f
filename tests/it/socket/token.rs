//! Tokens of a backend, as tests make them.

use crate::world::HMAC_SECRET;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

/// A time long ago. Units: seconds since 1970.
pub const PAST_S: i64 = 1_000_000_000;
/// A time far ahead. Units: seconds since 1970.
pub const FUTURE_S: i64 = 4_000_000_000;

/// An HS256 token of a user that ends at a time.
pub fn token(user: &str, expires_s: i64) -> String {
    signed(&json!({"sub": user, "exp": expires_s}), HMAC_SECRET)
}

/// Claims under a secret.
pub fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::default(), claims, &key).expect("claims can be signed")
}
