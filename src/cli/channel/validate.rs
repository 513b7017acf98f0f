//! `rookery channel validate`.

use std::io::IsTerminal;

use clap::Args;
use serde_json::{Value, json};

use super::advertise;
use super::failure::{Exit, Failure};
use super::output::print;
use super::publish::read_all;
use super::session::Session;
use crate::domain::channel::Schema;

/// Check a message against a schema, as the server does, and print it if it fits.
///
/// So `validate ... | rookery channel pub CHANNEL` publishes only what fits. Without a schema it must only be JSON.
#[derive(Debug, Args)]
pub struct Validate {
    /// The message; without one, or as -, it is read from the standard input.
    #[arg(allow_negative_numbers = true)]
    pub message: Vec<String>,
    /// The JSON Schema, or @ and a file with it.
    #[arg(long, value_name = "JSON", conflicts_with = "channel")]
    pub schema: Option<String>,
    /// The schema by which an agent describes a channel: agent.NAME.TOPIC.
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
}

impl Validate {
    /// Checks. Errors: the message does not fit, or is no JSON; the schema is none.
    pub fn run(self, session: &mut Session) -> Result<(), Failure> {
        let schema = match (&self.schema, &self.channel) {
            (Some(text), _) => Some(advertise::schema(text)?),
            (None, Some(channel)) => advertise::show(session, channel)?.get("schema").cloned(),
            (None, None) => None,
        };
        let is_input = matches!(self.message.as_slice(), []) || self.message == ["-"];
        if self.message.is_empty() && std::io::stdin().is_terminal() {
            return Err(Failure::usage("validate what?").fix("give a message, or - and the standard input"));
        }
        let text = if is_input {
            read_all()?
        } else {
            self.message.join(" ")
        };
        let message: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::new(Exit::Failed, format!("the message is no JSON: {error}")))?;
        if let Some(schema) = schema {
            check(&schema, &message)?;
        }
        match print(&message.to_string()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::new(Exit::Failed, format!("could not print: {error}"))),
            Ok(()) => Ok(()),
        }
    }
}

fn check(schema: &Value, message: &Value) -> Result<(), Failure> {
    let schema = Schema::parse(&schema.to_string()).map_err(|flaw| Failure::usage(flaw.to_string()))?;
    let errors = schema.check(message);
    if errors.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(Exit::Failed, "the message does not fit the schema");
    failure.details = Some(Box::new(json!({"validation_errors": errors})));
    Err(failure)
}
