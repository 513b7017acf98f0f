//! The rules, each a function from text to breaches, so that a planted breach can show that the rule still bites.

mod floors;
mod loose_ends;
mod machine;
mod migrations;
mod rooms;
mod settings;
mod shape;

pub use floors::floors;
pub use loose_ends::{silenced, unfinished};
pub use machine::{machine_paths, registry_hosts};
pub use migrations::migration_pairs;
pub use rooms::{purity, rooms};
pub use settings::settings_are_read;
pub use shape::{length, names};

/// One file of the tree: its path from the root with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Where a rule is broken, and which.
#[derive(Debug)]
pub struct Breach {
    pub path: String,
    /// Counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    pub rule: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn breach(&self, line: usize, rule: impl Into<String>) -> Breach {
        Breach {
            path: self.path.clone(),
            line,
            rule: rule.into(),
        }
    }

    /// The top-level module: `store` for `src/store/commit.rs`, `app` for `src/app.rs`; none outside `src`.
    fn floor(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        Some(inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs"))
    }

    /// How many modules deep the file is: 1 for `src/app.rs` and `src/store/mod.rs`, 2 for `src/store/commit.rs`.
    fn depth(&self) -> usize {
        let inner = self.path.trim_start_matches("src/");
        inner.split('/').count() - usize::from(inner.ends_with("/mod.rs"))
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_product(&self) -> bool {
        self.is_rust() && self.path.starts_with("src/")
    }
}
