//! The JSON form: snake_case protocol names, unset fields left out, `bytes` fields embedded as raw JSON values.
//!
//! Writing runs twice over a message: once into a counter, once into a buffer of exactly that size. So a message
//! costs one allocation, and becomes `Bytes` without a copy.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Encodes one message as one JSON object without a line end, in one allocation.
///
/// `bytes` fields must hold JSON texts (see [`crate::wire::check_json`]); they are copied as they are, except that
/// line ends between their tokens become spaces, because a line end separates messages.
pub fn encode<T: Value>(message: &T) -> Bytes {
    exact(|out| message.write(out), |out| message.write(out))
}

/// Runs `measure` and then `write`, which must put the same bytes, and returns them in one exact allocation.
pub(in crate::wire) fn exact(measure: impl FnOnce(&mut Length), write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut length = Length(0);
    measure(&mut length);
    let mut out = Vec::with_capacity(length.0);
    write(&mut out);
    Bytes::from(out)
}

/// Where JSON text goes.
pub trait Sink {
    /// Appends these bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A sink that only counts. Units: bytes.
pub struct Length(usize);

impl Sink for Length {
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

/// Something that is written as one JSON value.
pub trait Value {
    /// Appends the JSON text of this value.
    fn write<S: Sink>(&self, out: &mut S);
}

/// A value that can be a field: it has an unset state, which is left out, and a reader that takes `null` for unset.
pub trait Field: Sized {
    /// Returns whether the field holds its default and is left out.
    fn is_unset(&self) -> bool;
    /// Appends the JSON text of the field's value.
    fn write_field<S: Sink>(&self, out: &mut S);
    /// Reads the field. Errors: the deserializer's, when the value has another type or is out of range.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Writes the members of one object, with the commas between them.
pub struct Object<'a, S: Sink> {
    out: &'a mut S,
    is_first: bool,
}

impl<'a, S: Sink> Object<'a, S> {
    /// Opens an object.
    pub fn open(out: &'a mut S) -> Self {
        out.put(b"{");
        Self { out, is_first: true }
    }

    /// Writes one member, unless it is unset. A raw identifier such as `r#type` stands for its plain name.
    #[inline]
    pub fn field(mut self, name: &str, value: &impl Field) -> Self {
        if !value.is_unset() {
            value.write_field(self.name(name.strip_prefix("r#").unwrap_or(name)));
        }
        self
    }

    /// Writes a member's name, which must need no escapes, and hands out the sink for its value.
    pub fn name(&mut self, name: &str) -> &mut S {
        self.out.put(if self.is_first { b"\"" } else { b",\"" });
        self.is_first = false;
        self.out.put(name.as_bytes());
        self.out.put(b"\":");
        self.out
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.put(b"}");
    }
}

/// Writes a JSON text that is already encoded. Line ends inside it can only be white space between tokens.
pub fn put_raw(out: &mut impl Sink, json: &[u8]) {
    let mut rest = json;
    while let Some((line, after)) = memchr::memchr2(b'\n', b'\r', rest)
        .and_then(|at| Some((rest.get(..at)?, rest.get(at.checked_add(1)?..)?)))
    {
        out.put(line);
        out.put(b" ");
        rest = after;
    }
    out.put(rest);
}

/// Writes a text as a JSON string with the escapes that RFC 8259 asks for and no others.
pub fn put_string(out: &mut impl Sink, text: &str) {
    out.put(b"\"");
    let mut rest = text.as_bytes();
    while let Some(at) = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
    {
        let (plain, tail) = rest.split_at(at);
        out.put(plain);
        let Some((byte, after)) = tail.split_first() else {
            break;
        };
        match byte {
            b'"' => out.put(b"\\\""),
            b'\\' => out.put(b"\\\\"),
            b'\n' => out.put(b"\\n"),
            b'\r' => out.put(b"\\r"),
            b'\t' => out.put(b"\\t"),
            other => put_display(out, format_args!("\\u{other:04x}")),
        }
        rest = after;
    }
    out.put(rest);
    out.put(b"\"");
}

/// Writes what `Display` prints, which must be valid JSON: numbers.
pub fn put_display(out: &mut impl Sink, value: impl fmt::Display) {
    struct Adapter<'a, S: Sink>(&'a mut S);
    impl<S: Sink> fmt::Write for Adapter<'_, S> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.put(text.as_bytes());
            Ok(())
        }
    }
    // A sink never fails, so there is no error to lose.
    let _ = write!(Adapter(out), "{value}");
}

/// Reads a value, taking `null` for the default as the reference server does.
fn read_or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

macro_rules! number_fields {
    ($($kind:ty),*) => {$(
        impl Field for $kind {
            fn is_unset(&self) -> bool { *self == 0 }
            fn write_field<S: Sink>(&self, out: &mut S) { put_display(out, self); }
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read_or_default(deserializer)
            }
        }
    )*};
}

number_fields!(u32, u64, i32, i64);

impl Field for bool {
    fn is_unset(&self) -> bool {
        !*self
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        out.put(if *self { b"true" } else { b"false" });
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_or_default(deserializer)
    }
}

impl Field for String {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        put_string(out, self);
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_or_default(deserializer)
    }
}

impl Field for Bytes {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        put_raw(out, self);
    }
    // A present `null` is data of its own and keeps its text.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from(Box::<str>::from(raw).into_string()))
    }
}

impl<T: Value + DeserializeOwned> Field for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        match self {
            Some(value) => value.write(out),
            None => out.put(b"null"),
        }
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl<T: Value + DeserializeOwned> Field for Vec<T> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        out.put(b"[");
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                out.put(b",");
            }
            value.write(out);
        }
        out.put(b"]");
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_or_default(deserializer)
    }
}

impl<T: Value + DeserializeOwned> Field for BTreeMap<String, T> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write_field<S: Sink>(&self, out: &mut S) {
        out.put(b"{");
        for (at, (key, value)) in self.iter().enumerate() {
            if at > 0 {
                out.put(b",");
            }
            put_string(out, key);
            out.put(b":");
            value.write(out);
        }
        out.put(b"}");
    }
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_or_default(deserializer)
    }
}

impl Value for String {
    fn write<S: Sink>(&self, out: &mut S) {
        put_string(out, self);
    }
}

impl<T: Value> Value for Box<T> {
    fn write<S: Sink>(&self, out: &mut S) {
        T::write(self, out);
    }
}
