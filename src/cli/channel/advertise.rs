//! `rookery channel advertise`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Report;
use super::session::{Session, segment};

/// The moments that the server itself tells on `system.timer.*`.
const TIMERS: [&str; 24] = [
    "second",
    "minute",
    "hour",
    "day",
    "week.monday",
    "week.tuesday",
    "week.wednesday",
    "week.thursday",
    "week.friday",
    "week.saturday",
    "week.sunday",
    "monthly.january",
    "monthly.february",
    "monthly.march",
    "monthly.april",
    "monthly.may",
    "monthly.june",
    "monthly.july",
    "monthly.august",
    "monthly.september",
    "monthly.october",
    "monthly.november",
    "monthly.december",
    "yearly",
];

/// Describe channels, and find those that others describe.
#[derive(Debug, Subcommand)]
pub enum Advertise {
    /// Describe a channel of your own.
    Set(Description),
    /// Take a description back.
    #[command(visible_aliases = ["remove", "rm"])]
    Delete {
        /// The channel, one of your own.
        channel: String,
    },
    /// List all channels that are described, the server's own first, or those of one agent.
    #[command(visible_alias = "ls")]
    List {
        /// Whose.
        agent: Option<String>,
    },
    /// Find channels by what their names, descriptions and owners contain.
    #[command(visible_alias = "find")]
    Search {
        /// What.
        #[arg(required = true)]
        query: Vec<String>,
        /// Most results.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Show how an agent describes a channel.
    #[command(visible_aliases = ["get", "view"])]
    Show {
        /// The channel: agent.NAME.TOPIC.
        channel: String,
    },
}

/// How a channel is described.
#[derive(Debug, Args)]
pub struct Description {
    /// The channel, one of your own.
    #[arg(long, value_name = "CHANNEL")]
    pub channel: String,
    /// What it is about.
    #[arg(long, visible_alias = "description", value_name = "TEXT")]
    pub desc: Option<String>,
    /// The JSON Schema of its messages, or @ and a file with it; what does not fit it is refused.
    #[arg(long, value_name = "JSON")]
    pub schema: Option<String>,
}

impl Advertise {
    /// Runs the verb. Errors: the server refuses; a schema that cannot be read.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        match self {
            Self::Set(description) => description.set(session),
            Self::Delete { channel } => {
                let answer = session.call("DELETE", "/api/advertise", Some(&json!({"channel": channel})))?;
                Ok(Report::new(format!("{channel} is described no more"), answer))
            }
            Self::List { agent: None } => list(session),
            Self::List { agent: Some(agent) } => {
                let answer = session.ask("GET", &format!("/api/advertise/{}", segment(&agent)), None)?;
                Ok(listed(answer, "advertisements"))
            }
            Self::Search { query, limit } => {
                let query = segment(&query.join(" "));
                let path = format!("/api/advertise/search?q={query}&limit={limit}");
                Ok(listed(session.ask("GET", &path, None)?, "results"))
            }
            Self::Show { channel } => {
                let answer = show(session, &channel)?;
                let mut report = listed(json!({"shown": [&answer]}), "shown");
                if let Some(schema) = answer.get("schema").filter(|schema| !schema.is_null()) {
                    report.lines.push(schema.to_string());
                }
                report.details = Some(answer);
                Ok(report)
            }
        }
    }
}

impl Description {
    fn set(self, session: &mut Session) -> Result<Report, Failure> {
        let mut body = json!({"channel": self.channel});
        if let Some(fields) = body.as_object_mut() {
            if let Some(text) = self.desc {
                fields.insert("description".to_owned(), json!(text));
            }
            if let Some(text) = self.schema {
                fields.insert("schema".to_owned(), schema(&text)?);
            }
        }
        let answer = session.call("POST", "/api/advertise", Some(&body))?;
        let mut report = Report::new(format!("{} is described", self.channel), answer);
        report
            .next
            .push(format!("rookery channel advertise show {}", self.channel));
        Ok(report)
    }
}

/// The schema that an argument names. What is no JSON is taken as the address of a schema.
/// Errors: a file that cannot be read.
pub fn schema(text: &str) -> Result<Value, Failure> {
    let text = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("could not read {path}: {error}")))?,
        None => text.to_owned(),
    };
    let text = text.trim();
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    match serde_json::from_str(text) {
        Ok(schema) => Ok(schema),
        Err(_no_json) if is_address => Ok(json!(text)),
        Err(error) => Err(Failure::usage(format!("the schema is no JSON: {error}"))),
    }
}

/// What an agent says of a channel. Errors: no agent's channel; the server refuses.
pub fn show(session: &mut Session, channel: &str) -> Result<Value, Failure> {
    let parts = channel
        .strip_prefix("agent.")
        .and_then(|rest| rest.split_once('.'));
    let (agent, topic) = parts
        .filter(|(agent, topic)| !agent.is_empty() && !topic.is_empty())
        .ok_or_else(|| {
            Failure::usage(format!("{channel} is not described by an agent"))
                .fix("name a channel agent.NAME.TOPIC")
        })?;
    let path = format!("/api/advertise/{}/{}", segment(agent), segment(topic));
    session.ask("GET", &path, None)
}

/// All channels, those before that the server publishes itself.
fn list(session: &mut Session) -> Result<Report, Failure> {
    let mut answer = session.ask("GET", "/api/advertise/list", None)?;
    let timers = TIMERS.iter().map(|moment| {
        let description = format!("The server's clock, UTC: {}.", moment.replace('.', ", "));
        json!({"channel": format!("system.timer.{moment}"), "description": description, "agent": "system"})
    });
    let access = json!({"channel": "public.access", "description": "Who asks for access to locked channels.", "agent": "system"});
    if let Some(channels) = answer.get_mut("channels").and_then(Value::as_array_mut) {
        channels.splice(0..0, timers.chain([access]));
        let count = channels.len();
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("count".to_owned(), json!(count));
        }
    }
    Ok(listed(answer, "channels"))
}

/// A report with a line for each channel in a field.
fn listed(answer: Value, field: &str) -> Report {
    let text = |channel: &Value, name: &str| {
        let text = channel.get(name).and_then(Value::as_str).unwrap_or_default();
        text.replace(char::is_control, " ")
    };
    let channels = answer.get(field).and_then(Value::as_array);
    let lines = channels
        .into_iter()
        .flatten()
        .map(|channel| format!("{}\t{}", text(channel, "channel"), text(channel, "description")))
        .collect();
    Report {
        lines,
        details: Some(answer),
        ..Report::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_json_a_file_or_an_address() {
        assert_eq!(schema(r#"{"type":"object"}"#).unwrap(), json!({"type": "object"}));
        assert_eq!(
            schema("https://a.example/s.json").unwrap(),
            json!("https://a.example/s.json")
        );
        assert!(schema("{half").is_err() && schema("@nowhere/at/all").is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"type\":\"string\"}\n").unwrap();
        let named = format!("@{}", file.path().display());
        assert_eq!(schema(&named).unwrap(), json!({"type": "string"}));
    }

    #[test]
    fn what_others_wrote_stays_on_its_line() {
        let report = listed(
            json!({"results": [{"channel": "agent.a.b", "description": "x\n\u{1b}[2Jy"}]}),
            "results",
        );
        assert_eq!(report.lines, ["agent.a.b\tx  [2Jy"]);
    }
}
