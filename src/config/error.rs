//! Why the settings were refused.

use std::io;
use std::path::PathBuf;

/// A refusal at start. The text names the key and what would be right; it never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A named file cannot be read.
    #[error("could not read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is larger than any settings are.
    #[error("{path} is larger than {max_bytes} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        max_bytes: u64,
    },
    /// A file is not TOML.
    #[error("{place}, line {line}: {message}")]
    Syntax {
        /// The file.
        place: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key that no setting has.
    #[error("{place}: unknown key `{key}`{}", suggestion(nearest.as_deref()))]
    UnknownKey {
        /// Where it was found.
        place: String,
        /// The key with its section.
        key: String,
        /// A known key that may have been meant.
        nearest: Option<String>,
    },
    /// A `ROOKERY_*` variable that no setting has.
    #[error("unknown environment variable {name}{}", suggestion(nearest.as_deref()))]
    UnknownVariable {
        /// The variable.
        name: String,
        /// A known variable that may have been meant.
        nearest: Option<String>,
    },
    /// A value of the wrong kind.
    #[error("{place}: `{key}` must be {expected}")]
    Kind {
        /// Where it was found.
        place: String,
        /// The key with its section.
        key: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The same setting twice in the environment.
    #[error("{first} and {second} set the same thing; keep one of them")]
    Twice {
        /// One variable.
        first: String,
        /// The other one.
        second: String,
    },
    /// The settings do not fit together or a value cannot be read.
    #[error("{0}")]
    Extract(String),
    /// A value that is not allowed.
    #[error("`{key}` {reason}")]
    Invalid {
        /// The key with its section.
        key: &'static str,
        /// What would be right.
        reason: String,
    },
    /// A secret that anybody could guess.
    #[error("`{key}` {reason}; choose a random one (for example: openssl rand -hex 32) or start with --dev")]
    WeakSecret {
        /// The key with its section.
        key: &'static str,
        /// What is weak about it.
        reason: String,
    },
    /// A world file that does not describe a world.
    #[error("{place}: {reason}")]
    World {
        /// The file, and the region when one is meant.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
