//! The commented settings file.

use std::fmt::Write;

use super::Config;
use super::environment::{SHORT, long_name};
use super::setting::{Key, Kind, Section};

/// Widest line of a comment. Units: characters.
const WIDTH: usize = 100;

/// Returns the whole `rookery.toml`: every key with its default and its description.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# The settings of Rookery, with their defaults. Printed by `rookery config example`.\n\
         # Flags beat environment variables, these beat this file. A key in a comment has no default.\n\
         # Every key is also a variable: `tick_ms` of [world] is ROOKERY_WORLD__TICK_MS.\n",
    );
    for section in Config::sections() {
        write_section(&mut text, &section);
    }
    text
}

fn write_section(text: &mut String, section: &Section) {
    text.push('\n');
    write_comment(text, &joined(section.doc));
    text.push_str(&format!("[{}]\n", section.name));
    for key in &section.keys {
        write_comment(text, &described(section.name, key));
        match (&key.default, key.example) {
            (Some(default), _) => text.push_str(&format!("{} = {default}\n", key.name)),
            (None, example) => {
                text.push_str(&format!("# {} = \"{}\"\n", key.name, example.unwrap_or_default()))
            }
        }
    }
}

/// The description of a key with its short variable, and the variable that names a file for secrets.
fn described(section: &str, key: &Key) -> String {
    let mut text = joined(key.doc);
    let short = SHORT
        .iter()
        .find(|(_, table, name)| (*table, *name) == (section, key.name));
    let name = short.map(|(variable, _, _)| (*variable).to_owned());
    let note = match (name, key.kind) {
        (Some(name), Kind::Secret) => Some(format!("{name} or {name}_FILE")),
        (None, Kind::Secret) => Some(format!("{}_FILE", long_name(section, key.name))),
        (name, _) => name,
    };
    if let Some(note) = note {
        // Writing to a text cannot fail.
        let _ = write!(text, " ({note})");
    }
    text
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn write_comment(text: &mut String, comment: &str) {
    let mut line = String::from("#");
    for word in comment.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Flags, StoreFlags};
    use super::*;

    fn load(text: &str, flags: Flags) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rookery.toml");
        std::fs::write(&path, text).unwrap();
        let store = StoreFlags {
            config: Some(path),
            ..flags.store.clone()
        };
        Config::from_layers(&Flags { store, ..flags }, [], Path::new("")).unwrap()
    }

    #[test]
    fn example_holds_exactly_the_defaults() {
        let text = example();
        let config = load(&text, Flags::default());
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH + 20),
            "{text}"
        );
    }

    #[test]
    fn example_names_every_key_of_every_section() {
        let text = example();
        let sections = Config::sections();
        assert!(sections.len() >= 8);
        for section in sections {
            assert!(text.contains(&format!("\n[{}]\n", section.name)));
            for key in section.keys {
                let written = format!("\n{} = ", key.name);
                let commented = format!("\n# {} = \"", key.name);
                assert!(
                    text.contains(&written) != text.contains(&commented),
                    "{}.{}",
                    section.name,
                    key.name
                );
                assert!(!key.doc.is_empty());
                assert_eq!(
                    key.default.is_none(),
                    key.example.is_some(),
                    "{}.{}",
                    section.name,
                    key.name
                );
            }
        }
    }

    #[test]
    fn keys_in_comments_are_valid_when_taken_in() {
        let text = example();
        let is_key = |line: &str| {
            let name = line
                .trim_start_matches("# ")
                .split(" = ")
                .next()
                .unwrap_or_default();
            line.contains(" = \"")
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
        };
        let lines = text.lines().map(|line| {
            if is_key(line) {
                line.trim_start_matches("# ")
            } else {
                line
            }
        });
        let all: Vec<&str> = lines.collect();
        let flags = Flags {
            store: StoreFlags {
                dev: true,
                ..Default::default()
            },
            ..Flags::default()
        };
        let config = load(&all.join("\n"), flags);
        assert!(config.store.database.is_some() && config.bus.redis.is_some() && config.world.file.is_some());
    }
}
