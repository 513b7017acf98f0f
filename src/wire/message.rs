//! The two macros behind every message: one struct with two forms, and the "exactly one of" view of an envelope.
//!
//! A message is an ordinary `prost` struct. Its JSON reader is derived by serde and its JSON writer is generated
//! from the same list of fields, so the two forms cannot drift apart.

/// Declares messages: `prost` fields as usual, the JSON form is added from the field names.
macro_rules! messages {
    ($($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(deserialize_with = "crate::wire::json::Field::read")] pub $field: $kind,)*
        }

        impl $crate::wire::json::Value for $name {
            fn write<S: $crate::wire::json::Sink>(&self, out: &mut S) {
                $crate::wire::json::Object::open(out)$(.field(stringify!($field), &self.$field))*.close();
            }
        }

        #[cfg(test)]
        impl $crate::wire::tests::sample::Sample for $name {
            fn sample(source: &mut $crate::wire::tests::sample::Source) -> Self {
                // Some messages have no field that would use it.
                let _ = &source;
                Self { $($field: $crate::wire::tests::sample::Sample::sample(source),)* }
            }
        }
    )*};
}

/// Declares the "exactly one of" view of an envelope whose protocol definition has no `oneof`.
macro_rules! one_of {
    ($(#[$meta:meta])* pub enum $body:ident in $envelope:ident { $key:ident: $key_kind:ty } {
        $($(#[$variant_meta:meta])* $field:ident: $variant:ident($kind:ty),)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $body {
            $($(#[$variant_meta])* $variant($kind),)*
        }

        impl $envelope {
            /// Makes the envelope that carries exactly this body.
            pub fn of($key: impl Into<$key_kind>, body: $body) -> Self {
                let mut envelope = Self { $key: $key.into(), ..Self::default() };
                match body {
                    $($body::$variant(value) => envelope.$field = Some(value.into()),)*
                }
                envelope
            }

            /// Takes the body out: the first one present in the order of the protocol, `None` when there is none.
            pub fn into_body(self) -> Option<$body> {
                $(if let Some(value) = self.$field {
                    return Some($body::$variant(value));
                })*
                None
            }
        }
    };
}

pub(in crate::wire) use {messages, one_of};
