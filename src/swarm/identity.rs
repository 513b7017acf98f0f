//! Who the members of the swarm are: what `rookery token mint` printed.

use anyhow::{Context, ensure};
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// Most bytes of a file with tokens: a hundred thousand lines.
const FILE_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// An agent with its token.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Identity {
    /// Its handle.
    pub agent_id: String,
    /// Its token.
    pub token: String,
}

/// Reads `count` agents from a file, `-` for the standard input.
/// Errors: it cannot be read, has another form, or too few lines.
pub fn read(path: &Path, count: usize) -> anyhow::Result<Vec<Identity>> {
    let mut text = String::new();
    let doing = || format!("could not read {}", path.display());
    if path.as_os_str() == "-" {
        std::io::stdin()
            .take(FILE_MAX_BYTES)
            .read_to_string(&mut text)
            .with_context(doing)?;
    } else {
        let file = std::fs::File::open(path).with_context(doing)?;
        file.take(FILE_MAX_BYTES)
            .read_to_string(&mut text)
            .with_context(doing)?;
    }
    parse(&text, count).with_context(|| format!("{} is not what `rookery token mint` prints", path.display()))
}

fn parse(text: &str, count: usize) -> anyhow::Result<Vec<Identity>> {
    let mut found = Vec::with_capacity(count);
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines.take(count) {
        // A token is a secret, so the line is not shown.
        found.push(serde_json::from_str(line).with_context(|| format!("in line {}", index + 1))?);
    }
    ensure!(
        found.len() == count,
        "it has {} agents, and {count} are needed",
        found.len()
    );
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_agents_as_asked_for_are_read() {
        let text =
            "{\"agent_id\":\"a\",\"token\":\"t\",\"expires_at\":1}\n\n{\"agent_id\":\"b\",\"token\":\"u\"}\n";
        let handles: Vec<String> = parse(text, 2)
            .unwrap()
            .into_iter()
            .map(|one| one.agent_id)
            .collect();
        assert_eq!(handles, ["a", "b"]);
        assert_eq!(parse(text, 1).unwrap().len(), 1);
        assert!(parse(text, 3).is_err());
        let error = format!(
            "{:#}",
            parse("{\"agent_id\":\"a\",\"token\":secret}", 1).unwrap_err()
        );
        assert!(error.contains("line 1") && !error.contains("secret"), "{error}");
    }
}
