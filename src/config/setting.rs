//! What a setting is, and the macro that declares a section of them.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Cidr, Secret};

/// How a setting is written; texts of the environment are read by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Number,
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
    /// A list of texts; comma-separated in the environment.
    List,
}

impl Kind {
    /// The kind in words, for refusals.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Switch => "true or false",
            Self::Number => "a whole number that is not negative",
            Self::Text | Self::Secret => "a text in quotes",
            Self::List => "a list of texts",
        }
    }
}

/// A type that a setting may have.
pub(super) trait Setting {
    /// How it is written.
    const KIND: Kind;
    /// The value as TOML; `None` when it is absent or secret.
    fn to_toml(&self) -> Option<String>;
}

/// One setting of a section.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Lines of its description, as rustdoc has them.
    pub(super) doc: &'static [&'static str],
    pub(super) kind: Kind,
    pub(super) default: Option<String>,
    /// A value to show when there is no default.
    pub(super) example: Option<&'static str>,
}

/// One table of the settings file.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) doc: &'static [&'static str],
    pub(super) keys: Vec<Key>,
}

/// Declares a section: the struct, its defaults and its description come from the same lines.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        pub struct $name:ident in $table:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $kind:ty = $default:expr $(; example $example:literal)?
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $kind, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// The section with its keys, for the example file and for the check of names.
            pub(super) fn describe() -> $crate::config::setting::Section {
                use $crate::config::setting::{Key, Section, Setting};
                let defaults = Self::default();
                Section {
                    name: $table,
                    doc: &[$($section_doc),+],
                    keys: vec![$(
                        Key {
                            name: stringify!($field),
                            doc: &[$($doc),+],
                            kind: <$kind as Setting>::KIND,
                            default: defaults.$field.to_toml(),
                            example: [$($example)?].first().copied(),
                        }
                    ),+],
                }
            }
        }
    };
}

/// Declares a setting that is one word out of a list.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $( $(#[doc = $word_doc:literal])+ $variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
        pub enum $name {
            $( $(#[doc = $word_doc])+ #[serde(rename = $word)] $variant, )+
        }

        impl $name {
            /// The word as it is written in a file.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl $crate::config::setting::Setting for $name {
            const KIND: $crate::config::setting::Kind = $crate::config::setting::Kind::Text;
            fn to_toml(&self) -> Option<String> {
                Some(format!("\"{}\"", self.as_str()))
            }
        }
    };
}

macro_rules! numbers {
    ($($kind:ty),+) => {
        $(impl Setting for $kind {
            const KIND: Kind = Kind::Number;
            fn to_toml(&self) -> Option<String> {
                Some(self.to_string())
            }
        })+
    };
}

numbers!(u32, u64);

impl Setting for bool {
    const KIND: Kind = Kind::Switch;
    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for String {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Setting for PathBuf {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Setting for SocketAddr {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for Cidr {
    const KIND: Kind = Kind::Text;
    fn to_toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for Secret {
    const KIND: Kind = Kind::Secret;
    fn to_toml(&self) -> Option<String> {
        None
    }
}

impl<T: Setting> Setting for Vec<T> {
    const KIND: Kind = Kind::List;
    fn to_toml(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(Setting::to_toml).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

impl<T: Setting> Setting for Option<T> {
    const KIND: Kind = T::KIND;
    fn to_toml(&self) -> Option<String> {
        self.as_ref().and_then(Setting::to_toml)
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
