//! Putting the layers together.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::environment::{self, Given};
use super::nearest::nearest;
use super::setting::{Kind, Section};
use super::{Config, ConfigError, Flags};
use crate::base::limit;

/// The settings file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "rookery.toml";

impl Config {
    /// The settings of this process: defaults, file, environment, flags, each over the one before.
    ///
    /// Errors: unknown keys or variables, values that are not allowed, known-bad secrets, unreadable files.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        // A name that is no text is none of ours; a value that is no text cannot be right.
        let variables = env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.to_string_lossy().into_owned())));
        Self::from_layers(flags, variables, Path::new(DEFAULT_FILE))
    }

    /// As [`Config::load`], with the environment and the default file given.
    pub(super) fn from_layers(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
        default_file: &Path,
    ) -> Result<Self, ConfigError> {
        let sections = Self::sections();
        let (given, named_file) = environment::read(variables, &sections)?;
        let named_file = flags.store.config.clone().or(named_file);
        let mut figment = Figment::new();
        if let Some((place, text)) = settings_text(named_file, default_file)? {
            figment = figment.merge(file_layer(&place, &text, &sections)?);
        }
        for one in given {
            figment = figment.merge(environment_layer(one)?);
        }
        for (section, key, kind, text) in flags.given() {
            figment = figment.merge(layer("a flag", section, key, kind, &text)?);
        }
        // Secrets were checked to be texts before, so the message cannot show one.
        let config: Self = figment
            .extract()
            .map_err(|error| ConfigError::Extract(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.server.check()?;
        self.store.check()?;
        self.bus.check()?;
        self.auth.check(self.server.dev)?;
        self.limits.check()?;
        self.channel.check()?;
        self.world.check()?;
        self.retention.check()?;
        self.backup.check(self.server.dev)
    }
}

/// The text of the settings file with its name; a file that nobody named may be missing.
fn settings_text(named: Option<PathBuf>, default: &Path) -> Result<Option<(String, String)>, ConfigError> {
    let is_named = named.is_some();
    let path = named.unwrap_or_else(|| default.to_owned());
    match read_file(&path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(ConfigError::Read { source, .. }) if !is_named && source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads a text file of bounded size.
pub(super) fn read_file(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let read = file
        .take(limit::CONFIG_FILE_MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if u64::try_from(read).is_ok_and(|read| read <= limit::CONFIG_FILE_MAX_BYTES) {
        return Ok(text);
    }
    Err(ConfigError::TooLarge {
        path: path.to_owned(),
        max_bytes: limit::CONFIG_FILE_MAX_BYTES,
    })
}

/// The refusal for a text that is not TOML; it does not repeat the line, which may hold a secret.
pub(super) fn syntax_error(place: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    ConfigError::Syntax {
        place: place.to_owned(),
        line,
        message: error.message().to_owned(),
    }
}

fn file_layer(place: &str, text: &str, sections: &[Section]) -> Result<Layer, ConfigError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| syntax_error(place, text, &error))?;
    for (name, value) in &table {
        let is_group = sections.iter().any(|section| {
            section
                .name
                .split_once('.')
                .is_some_and(|(group, _)| group == name)
        });
        match value.as_table().filter(|_| is_group) {
            Some(group) => group.iter().try_for_each(|(inner, value)| {
                check_section(place, &format!("{name}.{inner}"), value, sections)
            })?,
            None => check_section(place, name, value, sections)?,
        }
    }
    let dict = table
        .into_iter()
        .map(|(name, value)| (name, from_toml(value)))
        .collect();
    Ok(Layer {
        name: place.to_owned(),
        dict,
    })
}

/// Refuses a section that is none, and keys of it that are none.
fn check_section(
    place: &str,
    name: &str,
    value: &toml::Value,
    sections: &[Section],
) -> Result<(), ConfigError> {
    let unknown = |key: String, nearest: Option<&str>| ConfigError::UnknownKey {
        place: place.to_owned(),
        key,
        nearest: nearest.map(str::to_owned),
    };
    let Some(section) = sections.iter().find(|section| section.name == name) else {
        return Err(unknown(
            name.to_owned(),
            nearest(name, sections.iter().map(|section| section.name)),
        ));
    };
    let wrong = |key: String, expected| ConfigError::Kind {
        place: place.to_owned(),
        key,
        expected,
    };
    let Some(table) = value.as_table() else {
        return Err(wrong(name.to_owned(), "a section in square brackets"));
    };
    for (key, value) in table {
        let full = format!("{name}.{key}");
        let Some(known) = section.keys.iter().find(|known| known.name == key) else {
            return Err(unknown(
                full,
                nearest(key, section.keys.iter().map(|known| known.name)),
            ));
        };
        if !fits(known.kind, value) {
            return Err(wrong(full, known.kind.describe()));
        }
    }
    Ok(())
}

fn fits(kind: Kind, value: &toml::Value) -> bool {
    match kind {
        Kind::Switch => value.is_bool(),
        Kind::Number => value.as_integer().is_some_and(|number| number >= 0),
        Kind::Text | Kind::Secret => value.is_str(),
        Kind::List => value
            .as_array()
            .is_some_and(|items| items.iter().all(toml::Value::is_str)),
    }
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(switch) => Value::from(switch),
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Array(items) => Value::from(items.into_iter().map(from_toml).collect::<Vec<Value>>()),
        toml::Value::Table(table) => Value::from(
            table
                .into_iter()
                .map(|(key, value)| (key, from_toml(value)))
                .collect::<Dict>(),
        ),
    }
}

fn environment_layer(given: Given) -> Result<Layer, ConfigError> {
    layer(&given.variable, given.section, given.key, given.kind, &given.text)
}

/// One setting from a text; the kind of the setting, not the look of the text, says how it is read.
fn layer(place: &str, section: &str, key: &str, kind: Kind, text: &str) -> Result<Layer, ConfigError> {
    let wrong = |expected| ConfigError::Kind {
        place: place.to_owned(),
        key: format!("{section}.{key}"),
        expected,
    };
    let value = match kind {
        Kind::Text | Kind::Secret => Value::from(text),
        Kind::Number => Value::from(
            text.trim()
                .parse::<u64>()
                .map_err(|_refused| wrong(kind.describe()))?,
        ),
        Kind::Switch => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Value::from(true),
            "0" | "false" | "no" | "off" => Value::from(false),
            _ => return Err(wrong("true or false (or 1 or 0)")),
        },
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::from(items.map(Value::from).collect::<Vec<Value>>())
        }
    };
    let path = section.rsplit('.');
    let keys = Dict::from([(key.to_owned(), value)]);
    Ok(Layer {
        name: place.to_owned(),
        dict: path.fold(keys, |inner, name| {
            Dict::from([(name.to_owned(), Value::from(inner))])
        }),
    })
}

/// Settings from one place.
struct Layer {
    name: String,
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
