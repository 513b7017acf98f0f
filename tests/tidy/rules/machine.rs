//! What belongs to one machine and not into the tree.

use super::{Breach, File};

/// Nothing in the tree depends on where one machine keeps its files.
pub fn machine_paths(file: &File) -> Vec<Breach> {
    // Written in two parts, so that this file obeys its own rule.
    let needles = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
    ];
    let is_path = |line: &str, needle: &str| {
        let before = |at: usize| line.split_at(at).0.chars().next_back();
        let starts =
            |char: Option<char>| !char.is_some_and(|char| char.is_alphanumeric() || "._-}~".contains(char));
        line.match_indices(needle).any(|(at, _)| starts(before(at)))
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| needles.iter().any(|needle| is_path(line, needle)))
        .map(|(index, _)| file.breach(index + 1, "a path of one machine"))
        .collect()
}

/// Lock files name the public registries, and nothing else names any.
pub fn registry_hosts(file: &File) -> Vec<Breach> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_foreign = |line: &str| {
        let line = line.trim();
        match name {
            "Cargo.lock" => {
                line.starts_with("source = ")
                    && !line.starts_with("source = \"registry+https://github.com/rust-lang/crates.io-index\"")
            }
            "package-lock.json" => {
                line.starts_with("\"resolved\": \"http")
                    && !line.starts_with("\"resolved\": \"https://registry.npmjs.org/")
            }
            _ => {
                let dense: String = line
                    .chars()
                    .filter(|char| !char.is_whitespace() && *char != '"')
                    .collect();
                let settings = [
                    "registry=http",
                    "registry:http",
                    "index=sparse+",
                    "index-url",
                    "replace-with=",
                    "GOPROXY=",
                ];
                !file.is_rust() && settings.iter().any(|setting| dense.contains(setting))
            }
        }
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| is_foreign(line))
        .map(|(index, _)| {
            file.breach(
                index + 1,
                "a registry host: the machine's own settings say where packages come from",
            )
        })
        .collect()
}
