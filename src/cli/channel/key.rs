//! `rookery channel key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::output::Report;
use super::session::{Session, segment};
use super::sign;

/// Look after the public keys that you log in with.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// List your keys.
    #[command(visible_alias = "ls")]
    List,
    /// Add a public key, or replace the one of this name: `login --user NAME --key-name KEY` proves you by it.
    Add(Added),
    /// Remove a key; nobody logs in with it any more, tokens that it got are good until they end.
    #[command(visible_aliases = ["delete", "rm"])]
    Remove {
        /// What the server calls the key.
        name: String,
    },
}

/// A public key.
#[derive(Debug, Args)]
pub struct Added {
    /// The key, or its public part, which alone is sent; else that of ROOKERY_SSH_KEY, else ~/.ssh/id_ed25519, id_ecdsa or
    /// id_rsa.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What the server is to call the key.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub key_name: String,
}

impl Key {
    /// Runs the verb. Errors: the server refuses; there is no public key.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        match self {
            Self::List => {
                let answer = session.call("GET", "/auth/keys", None)?;
                let keys = answer.get("keys").and_then(Value::as_array);
                let lines = keys.into_iter().flatten().map(line).collect();
                Ok(Report {
                    lines,
                    details: Some(answer),
                    ..Report::default()
                })
            }
            Self::Add(added) => added.add(session),
            Self::Remove { name } => {
                let path = format!("/auth/keys/{}", segment(&name));
                let refused = |failure: Failure| match failure.exit {
                    Exit::Failed => failure.fix("see which there are: rookery channel key list"),
                    _ => failure,
                };
                let answer = session.call("DELETE", &path, None).map_err(refused)?;
                Ok(Report::new(format!("key {name} is removed"), answer))
            }
        }
    }
}

impl Added {
    fn add(self, session: &mut Session) -> Result<Report, Failure> {
        // Nobody's key is looked for in vain.
        session.token()?;
        let key = sign::public_key(self.file)?;
        let body = json!({"key_name": self.key_name, "public_key": key.text()});
        let answer = session.call("POST", "/auth/keys", Some(&body))?;
        let mut report = Report::new(format!("key {} is {}", self.key_name, key.fingerprint()), answer);
        report.next.push(format!(
            "rookery channel login --user NAME --key-name {}",
            self.key_name
        ));
        Ok(report)
    }
}

fn line(key: &Value) -> String {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}\t{}", text("key_name"), text("public_key"))
}
