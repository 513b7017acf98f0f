//! `rookery channel app`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Report;
use super::session::{Session, segment};

/// Make and look after apps.
#[derive(Debug, Subcommand)]
pub enum App {
    /// Make an app; its key is shown this once.
    Create {
        /// Its name, which nobody else has: 3-32 of A-Z, a-z, 0-9 and _.
        name: String,
    },
    /// List your apps.
    #[command(visible_alias = "ls")]
    List,
    /// Show an app.
    #[command(visible_aliases = ["get", "view"])]
    Show {
        /// Its name.
        name: String,
    },
    /// Give an app a new key, which is shown this once; the old one is void.
    Rotate {
        /// Its name.
        name: String,
    },
    /// Delete an app.
    #[command(visible_aliases = ["remove", "rm"])]
    Delete {
        /// Its name.
        name: String,
    },
}

impl App {
    /// Runs the verb. Errors: the server refuses.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        match self {
            Self::Create { name } => {
                let answer = session.call("POST", "/api/apps", Some(&json!({"name": name})))?;
                Ok(with_key(format!("app {name} is made"), answer))
            }
            Self::Rotate { name } => {
                let path = format!("/api/apps/{}/rotate", segment(&name));
                let answer = session.call("POST", &path, Some(&json!({})))?;
                Ok(with_key(format!("app {name} has a new key"), answer))
            }
            Self::List => {
                let answer = session.call("GET", "/api/apps", None)?;
                let apps = answer.get("apps").and_then(Value::as_array);
                let lines = apps.into_iter().flatten().map(line).collect();
                Ok(Report {
                    lines,
                    details: Some(answer),
                    ..Report::default()
                })
            }
            Self::Show { name } => {
                let answer = session.call("GET", &format!("/api/apps/{}", segment(&name)), None)?;
                let lines = vec![line(answer.get("app").unwrap_or(&answer))];
                Ok(Report {
                    lines,
                    details: Some(answer),
                    ..Report::default()
                })
            }
            Self::Delete { name } => {
                let answer = session.call("DELETE", &format!("/api/apps/{}", segment(&name)), None)?;
                Ok(Report::new(format!("app {name} is deleted"), answer))
            }
        }
    }
}

fn with_key(message: String, answer: Value) -> Report {
    let key = answer.get("key").and_then(Value::as_str).unwrap_or_default();
    let mut report = Report {
        lines: vec![key.to_owned()],
        ..Report::default()
    };
    report.message = format!("{message}; this is its key, shown only now:");
    report.next.push(
        "keep the key; publish with it: ROOKERY_TOKEN=KEY rookery channel pub app.NAME.TOPIC".to_owned(),
    );
    report.details = Some(answer);
    report
}

fn line(app: &Value) -> String {
    let text = |name: &str| app.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}\t{}", text("name"), text("owner"))
}
