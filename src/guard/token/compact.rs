//! The compact form, read strictly: three parts of canonical base64url, JSON objects without a doubled key.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Flaw, TOKEN_MAX_BYTES, TokenError};

/// Most keys of one object.
const KEYS_MAX: usize = 64;
/// Longest text in a header. Units: bytes.
const HEADER_TEXT_MAX_BYTES: usize = 64;

/// A token taken apart; nothing in it is trusted yet.
pub(super) struct Compact<'a> {
    /// Header and payload as they were signed.
    pub signed: &'a str,
    /// The signature as text.
    pub signature_text: &'a str,
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// `alg`.
    pub algorithm: String,
    /// `kid`.
    pub key_id: Option<String>,
    /// `typ`.
    pub media_type: Option<String>,
    /// The payload's bytes: to be read after the signature was checked.
    pub payload: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a token apart. Only `alg`, `kid` and `typ` may be in the header.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let shape = TokenError::Forged(Flaw::Shape);
        let (signed, signature_text) = token.rsplit_once('.').ok_or(shape)?;
        let (header, payload) = signed.split_once('.').ok_or(shape)?;
        // The engine takes no padding, no other letter, no stray bits; so a dot or a space is refused too.
        let decode = |part: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .ok()
                .filter(|bytes| !bytes.is_empty())
                .ok_or(shape)
        };
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature_text)?);
        let flaw = TokenError::Forged(Flaw::Header);
        let header = Object::parse(&header)
            .filter(|header| header.has_only(&["alg", "kid", "typ"]))
            .ok_or(flaw)?;
        let text = |name| match header.optional::<String>(name) {
            Ok(text)
                if text
                    .as_ref()
                    .is_none_or(|text| text.len() <= HEADER_TEXT_MAX_BYTES) =>
            {
                Ok(text)
            }
            Ok(_) | Err(NotThatKind) => Err(flaw),
        };
        let algorithm = text("alg")?.ok_or(flaw)?;
        Ok(Self {
            signed,
            signature_text,
            signature,
            algorithm,
            key_id: text("kid")?,
            media_type: text("typ")?,
            payload,
        })
    }

    /// The claims. To be called when the signature is known to be good.
    pub fn claims(&self) -> Result<Object, TokenError> {
        Object::parse(&self.payload).ok_or(TokenError::Forged(Flaw::Claims))
    }
}

/// A value of another kind than asked for.
pub(super) struct NotThatKind;

impl From<NotThatKind> for TokenError {
    fn from(_: NotThatKind) -> Self {
        Self::Forged(Flaw::Claims)
    }
}

/// A JSON object whose keys are unique. Serde's own structs take an array for an object and the last of two unknown
/// keys, and maps take the last of two equal ones.
pub(super) struct Object(BTreeMap<String, Box<RawValue>>);

impl Object {
    /// Reads an object; `None` for anything else, a doubled key, too many keys, or text after it.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let object = reader.deserialize_map(Unique).ok()?;
        reader.end().ok()?;
        Some(object)
    }

    /// Whether all keys are among these.
    pub fn has_only(&self, names: &[&str]) -> bool {
        self.0.keys().all(|key| names.contains(&key.as_str()))
    }

    /// Whether the key is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value that must be there. A `null` is there, and of no kind but its own.
    pub fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T, NotThatKind> {
        self.optional(name)?.ok_or(NotThatKind)
    }

    /// The value that may be there.
    pub fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, NotThatKind> {
        self.0
            .get(name)
            .map(|raw| serde_json::from_str(raw.get()).ok().ok_or(NotThatKind))
            .transpose()
    }

    /// The value as it was written; a `null` counts as absent.
    pub fn raw(&mut self, name: &str) -> Option<Box<RawValue>> {
        self.0.remove(name).filter(|raw| raw.get() != "null")
    }
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object without a doubled key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<Box<RawValue>>()?;
            if object.insert(key, value).is_some() || object.len() > KEYS_MAX {
                return Err(A::Error::custom("a doubled key, or too many"));
            }
        }
        Ok(Object(object))
    }
}
