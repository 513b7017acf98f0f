//! The rows A1-A21 of the attack list, with really forged tokens.

mod claims;
mod cli;
mod header;
mod rotation;
mod shared_secret;
mod spelling;

use super::*;
use crate::domain::agent::{Handle, Permission};
use crate::domain::agent::{Revocation, RevocationKind};
use crate::guard::{KeyRow, KeyState, RefreshToken, Revocations, revocation};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use uuid::Uuid;

const NOW_S: i64 = 1_700_000_000;
const NOW: Timestamp = Timestamp(NOW_S * 1_000 + 250);
const SECRET: &str = "0123456789abcdef-ABCDEF-0123456789";

fn key(byte: u8, state: KeyState) -> KeyRow {
    KeyRow::generate(
        &|bytes| bytes.fill(byte),
        state,
        Timestamp(0),
        Timestamp(i64::MAX),
    )
}

fn rows() -> [KeyRow; 3] {
    [
        key(1, KeyState::Active),
        key(2, KeyState::Retiring),
        key(3, KeyState::Revoked),
    ]
}

fn ring() -> KeyRing {
    KeyRing::from_rows(&rows()).unwrap()
}

fn tokens() -> Tokens {
    Tokens::new("rookery", "world", 3_600, None)
}

fn tokens_with_hmac() -> Tokens {
    Tokens::new(
        "rookery",
        "world",
        3_600,
        Some(Hmac::new(SECRET, None, None, false).unwrap()),
    )
}

fn grant() -> Grant {
    Grant {
        subject: Handle::new("alice").unwrap(),
        permissions: Permissions::from_names(["move", "speak"]),
        family: Uuid::from_u128(7),
        token_id: uuid::Builder::from_unix_timestamp_millis(u64::try_from(NOW.0).unwrap(), &[5; 10])
            .into_uuid(),
    }
}

fn good_header() -> Value {
    json!({"alg": "EdDSA", "kid": rows()[0].kid, "typ": ACCESS_TYPE})
}

fn good_claims() -> Value {
    json!({"iss": "rookery", "aud": "world", "sub": "alice", "sid": Uuid::from_u128(7), "jti": "t1",
        "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3_600, "perms": ["move"], "ver": 1})
}

/// `value` with one member set, or taken away by `null`.
fn with(mut value: Value, name: &str, member: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    match member {
        Value::Null => drop(object.remove(name)),
        member => drop(object.insert(name.to_owned(), member)),
    }
    value
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with these texts, signed by the key whose seed is `byte` repeated.
fn signed_text(byte: u8, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims));
    let ring = KeyRing::from_rows(&[key(byte, KeyState::Active)]).unwrap();
    let signature = ring.signer(NOW).unwrap().sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", b64(signature))
}

fn signed(header: &Value, claims: &Value) -> String {
    signed_text(1, &header.to_string(), &claims.to_string())
}

fn hmac(secret: &[u8], header: &Value, claims: &str) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(claims));
    let key = EncodingKey::from_secret(secret);
    format!(
        "{signed}.{}",
        jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap()
    )
}

fn hs256(claims: &Value) -> String {
    hmac(
        SECRET.as_bytes(),
        &json!({"alg": "HS256", "typ": "JWT"}),
        &claims.to_string(),
    )
}

fn verify(token: &str) -> Result<Verified, TokenError> {
    tokens().verify(&ring(), token, NOW)
}

/// Refused for this flaw, with and without a configured HS256 secret, and with the one answer for all forged tokens.
#[track_caller]
fn forged(token: &str, flaw: Flaw) {
    for tokens in [tokens(), tokens_with_hmac()] {
        let error = tokens.verify(&ring(), token, NOW).unwrap_err();
        assert_eq!(error, TokenError::Forged(flaw), "{token:.300}");
        let refusal = Refusal::from(error);
        assert_eq!(
            (refusal.code, &*refusal.detail),
            (Code::Unauthenticated, "a valid token is needed")
        );
    }
}

#[test]
fn an_issued_token_verifies_and_says_what_was_granted() {
    let issued = tokens().issue(&ring(), &grant(), NOW).unwrap();
    let verified = verify(&issued.token).unwrap();
    assert_eq!(
        (verified.subject.as_str(), verified.kind),
        ("alice", TokenKind::Access)
    );
    assert_eq!(verified.permissions.unwrap().names(), ["move", "speak"]);
    assert_eq!(verified.token_id, Some(grant().token_id.to_string()));
    assert_eq!(verified.family, Some(Uuid::from_u128(7)));
    assert_eq!(verified.key_id.as_deref(), Some(rows()[0].kid.as_str()));
    assert_eq!(
        (verified.issued_at, verified.expires_at),
        (Some(NOW), Some(issued.expires_at))
    );
    assert_eq!(issued.expires_at, Timestamp((NOW_S + 3_600) * 1_000));
    assert!(verify(&signed(&good_header(), &good_claims())).is_ok());
    assert!(tokens().issue(&KeyRing::default(), &grant(), NOW).is_err());
}
