//! Tokens that are almost right: signed with the world's own key, which only a test can read.

use super::server::Server;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use rookery::base::time::Timestamp;
use rookery::guard::{KeyRing, KeyRow, KeyState};
use rookery::host::clock::Clock;
use serde_json::{Value, json};

/// The smith.
pub struct Forge {
    ring: KeyRing,
    /// The public key of the world.
    pub public: Vec<u8>,
    /// Now. Units: seconds since 1970.
    pub now_s: i64,
    good: String,
}

/// Base64url without padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The JSON of a part of a token.
pub fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

/// `value` with one member set, or taken away by `null`.
pub fn with(mut value: Value, name: &str, member: Value) -> Value {
    let object = value.as_object_mut().expect("an object");
    match member {
        Value::Null => drop(object.remove(name)),
        member => drop(object.insert(name.to_owned(), member)),
    }
    value
}

impl Forge {
    /// A smith with the key of a world; `good` is a token to begin with.
    pub fn of(server: &Server, good: &str) -> Self {
        let rows = server.reader().signing_keys().expect("keys can be read");
        let row = rows
            .into_iter()
            .find(|row| row.state == "active")
            .expect("a world has an active key");
        let public = row.public.clone();
        let key = KeyRow {
            kid: row.kid,
            alg: row.alg,
            public: row.public,
            private: row.private,
            state: KeyState::Active,
            not_before: row.not_before,
            not_after: row.not_after,
        };
        let ring = KeyRing::from_rows(&[key]).expect("the key is a key");
        Self {
            ring,
            public,
            now_s: Clock::system().now_ms() / 1_000,
            good: good.to_owned(),
        }
    }

    /// The header of a good token.
    pub fn header(&self) -> Value {
        part(&self.good, 0)
    }

    /// The claims of a good token.
    pub fn claims(&self) -> Value {
        part(&self.good, 1)
    }

    /// Signs these texts.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", b64(header), b64(claims));
        // The key may have been made within this very second.
        let key = self
            .ring
            .signer(Timestamp((self.now_s + 1) * 1_000))
            .expect("the key signs now");
        format!("{signed}.{}", b64(key.sign(signed.as_bytes()).expect("it signs")))
    }

    /// Signs these values.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token whose header differs in one member.
    pub fn header_with(&self, name: &str, value: Value) -> String {
        self.sign(&with(self.header(), name, value), &self.claims())
    }

    /// A token whose claims differ in one member.
    pub fn claims_with(&self, name: &str, value: Value) -> String {
        self.sign(&self.header(), &with(self.claims(), name, value))
    }

    /// A token that expires so many seconds from now.
    pub fn expiring(&self, in_s: i64) -> String {
        let claims = with(self.claims(), "iat", json!(self.now_s - 3_600));
        self.sign(
            &self.header(),
            &with(
                with(claims, "nbf", json!(self.now_s - 3_600)),
                "exp",
                json!(self.now_s + in_s),
            ),
        )
    }

    /// A token signed with HS256 by the public key, as if it were a shared secret.
    pub fn confused(&self, header: &Value) -> String {
        let signed = format!("{}.{}", b64(header.to_string()), b64(self.claims().to_string()));
        let key = EncodingKey::from_secret(&self.public);
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("it signs");
        format!("{signed}.{signature}")
    }

    /// The good token with S + L in its signature, which a lax verifier takes for the same.
    pub fn malleated(&self) -> String {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let (signed, signature) = self.good.rsplit_once('.').expect("three parts");
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let mut carry = 0_u16;
        for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
            let [low, high] = (u16::from(*byte) + u16::from(order) + carry).to_le_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        format!("{signed}.{}", b64(bytes))
    }
}
