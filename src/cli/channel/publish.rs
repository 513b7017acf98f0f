//! `rookery channel pub`.

use std::io::{self, BufRead, IsTerminal, Read};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::output::Report;
use super::session::Session;

/// Longest message, or line of messages, that is read. The server's own limit is lower. Units: bytes.
const MESSAGE_MAX_BYTES: u64 = 1024 * 1024;

/// Publish a message.
///
/// The message is JSON if it can be read as such, else a text: `pub public.a 5` is a number, `pub public.a Hello you` a text.
/// Without one it is read from the standard input, and where that is a terminal, it is null.
#[derive(Debug, Args)]
pub struct Publish {
    /// The channel.
    pub channel: String,
    /// The message; - reads it from the standard input.
    #[arg(allow_negative_numbers = true)]
    pub message: Vec<String>,
    /// Publish each line of the standard input; where the server wants less in a second, wait.
    #[arg(long, conflicts_with = "message")]
    pub lines: bool,
}

impl Publish {
    /// Publishes. Errors: the server refuses; the input cannot be read.
    pub fn run(self, session: &mut Session) -> Result<(), Failure> {
        session.token()?;
        if self.lines {
            return self.publish_lines(session);
        }
        let is_input = match self.message.as_slice() {
            [] => !io::stdin().is_terminal(),
            [one] => one == "-",
            _ => false,
        };
        let text = if is_input {
            read_all()?
        } else {
            self.message.join(" ")
        };
        let answer = publish(session, &self.channel, &payload(&text))?;
        session.output.success(&self.report(&answer))
    }

    fn report(&self, answer: &Value) -> Report {
        let result = answer.get("result").cloned().unwrap_or_default();
        let details = json!({"channel": self.channel, "result": result});
        Report::new(format!("published to {}", self.channel), details)
    }

    fn publish_lines(&self, session: &mut Session) -> Result<(), Failure> {
        let mut input = io::stdin().lock();
        let mut count = 0_u64;
        loop {
            let mut line = Vec::new();
            let read = (&mut input)
                .take(MESSAGE_MAX_BYTES + 1)
                .read_until(b'\n', &mut line);
            read.map_err(unreadable)?;
            if line.is_empty() {
                break;
            }
            let line = text_of(line)?;
            if line.trim().is_empty() {
                continue;
            }
            let answer =
                publish_in_time(session, &self.channel, &payload(&line)).map_err(|mut failure| {
                    failure.error = format!("{}; {count} lines before it were published", failure.error);
                    failure
                })?;
            count = count.saturating_add(1);
            if session.output.is_json() {
                session.output.success(&self.report(&answer))?;
            }
        }
        if session.output.is_json() {
            return Ok(());
        }
        let message = format!("published {count} messages to {}", self.channel);
        session.output.success(&Report {
            message,
            ..Report::default()
        })
    }
}

/// Publishes one payload. Errors: nobody is logged in; the server refuses, or did so and said until when.
fn publish(session: &mut Session, channel: &str, payload: &Value) -> Result<Value, Failure> {
    if let Some(left_ms) = session.limited_for_ms() {
        let error = format!("too many requests: the server takes the next in {left_ms} ms");
        return Err(Failure::new(Exit::RateLimited, error).fix("try again then"));
    }
    let body = json!({"channel": channel, "payload": payload});
    session.call("POST", "/api/publish", Some(&body))
}

/// Publishes one payload, waiting as often as the server says until when.
fn publish_in_time(session: &mut Session, channel: &str, payload: &Value) -> Result<Value, Failure> {
    loop {
        let refused = match publish(session, channel, payload) {
            Err(failure) if failure.exit == Exit::RateLimited => failure,
            done => return done,
        };
        let left_ms = session
            .limited_for_ms()
            .and_then(|left_ms| u64::try_from(left_ms).ok());
        let Some(left_ms) = left_ms else {
            // The time is over already; where the server does not say one, waiting would be guessing.
            match session.settings.rate_limited_until {
                Some(_) => continue,
                None => return Err(refused),
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.map_err(anyhow::Error::from)?;
        runtime.block_on(async { session.clock.sleep(Duration::from_millis(left_ms)).await });
    }
}

/// What a text means: JSON, a text, or nothing.
pub fn payload(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|_no_json| Value::from(text))
}

/// Reads the standard input as one text. Errors: it is too long, no UTF-8, or cannot be read.
pub fn read_all() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(MESSAGE_MAX_BYTES + 1)
        .read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    text_of(bytes)
}

fn text_of(bytes: Vec<u8>) -> Result<String, Failure> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MESSAGE_MAX_BYTES) {
        return Err(Failure::usage(format!(
            "a message has at most {MESSAGE_MAX_BYTES} bytes"
        )));
    }
    let mut text = String::from_utf8(bytes).map_err(|_no_text| Failure::usage("a message is UTF-8"))?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("could not read the standard input: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_json_if_it_can_be() {
        assert_eq!(payload(r#"{"a":1}"#), json!({"a": 1}));
        assert_eq!(payload("-5"), json!(-5));
        assert_eq!(payload("Hello you"), json!("Hello you"));
        assert_eq!(payload("{half"), json!("{half"));
        assert_eq!(payload(""), Value::Null);
    }
}
