//! Who talks to which server, and the requests of one call.

use std::time::Duration;

use serde_json::Value;

use super::Options;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::settings::{Place, Settings};
use crate::client::target::check_url;
use crate::client::{Answer, Target};
use crate::host::clock::Clock;

/// The server that is talked to when nobody says which.
const SERVER: &str = "http://127.0.0.1:8000";
/// Longest time that a server's refusal is believed. Units: milliseconds.
const RATE_LIMIT_MAX_MS: i64 = 3_600_000;
/// Longest piece of an answer that is no JSON, in an error. Units: characters.
const EXCERPT_MAX_CHARS: usize = 200;

/// Who talks to which server.
#[derive(Debug)]
pub struct Session {
    /// The server's address.
    pub server: String,
    /// The token, a secret.
    pub token: Option<String>,
    /// The token of the command line alone.
    pub given_token: Option<String>,
    /// The server of the command line alone.
    pub given_server: Option<String>,
    /// Where the configuration is.
    pub place: Place,
    /// The configuration.
    pub settings: Settings,
    /// How is printed.
    pub output: Output,
    /// The machine's clock.
    pub clock: Clock,
}

/// Reads a variable; an empty one counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Session {
    /// Reads the configuration and decides by flag, environment and configuration.
    /// Errors: a configuration that cannot be read, an address that is none.
    pub fn open(options: Options, output: Output) -> Result<Self, Failure> {
        let place = Place::of(options.config.as_deref())?;
        let settings = place.load()?;
        let server = options.server.clone().or_else(|| variable("ROOKERY_SERVER"));
        let server = server.or_else(|| settings.server.clone());
        let token = options.token.clone().or_else(|| variable("ROOKERY_TOKEN"));
        let server = server.unwrap_or_else(|| SERVER.to_owned());
        // A token that is kept with a server is for no other.
        let is_its_server = settings.server.as_ref().is_none_or(|kept| is_same(kept, &server));
        let kept_token = settings.token.clone().filter(|_| is_its_server);
        let session = Self {
            server,
            token: token.or(kept_token),
            given_token: options.token,
            given_server: options.server,
            place,
            settings,
            output,
            clock: Clock::system(),
        };
        check_url(&session.server).map_err(|error| Failure::usage(format!("{error:#}")))?;
        Ok(session)
    }

    /// The server, where somebody named it: on the command line, in the environment or in the configuration.
    pub fn named_server(&self) -> Option<String> {
        let named = self.given_server.clone().or_else(|| variable("ROOKERY_SERVER"));
        named.or_else(|| self.settings.server.clone())
    }

    /// Changes the configuration. Errors: it cannot be written.
    pub fn keep(&mut self, change: impl FnOnce(&mut Settings)) -> Result<(), Failure> {
        self.settings = self.place.change(change)?;
        Ok(())
    }

    /// Who calls. Errors: nobody is logged in.
    pub fn token(&self) -> Result<String, Failure> {
        self.token.clone().ok_or_else(Failure::no_token)
    }

    /// A request with the token. Errors: nobody is logged in; see [`Self::ask`].
    pub fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let token = self.token()?;
        self.request(method, path, Some(&token), body)
    }

    /// A request without a token. Errors: the server refuses, or cannot be reached.
    pub fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        self.request(method, path, None, body)
    }

    fn request(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let unreachable = |error: anyhow::Error| Failure::unreachable(&self.server, &error);
        let target = Target::of_url(&self.server).map_err(unreachable)?;
        let answer = target.call(method, path, token, body).map_err(unreachable)?;
        if (200..300).contains(&answer.status) {
            return serde_json::from_str(&answer.body).map_err(|_no_json| {
                Failure::new(
                    Exit::Failed,
                    format!("{} answers no JSON: is it Rookery?", self.server),
                )
            });
        }
        let failure = refusal(&answer);
        if failure.exit == Exit::RateLimited {
            self.remember_limit(&answer)?;
        }
        Err(failure)
    }

    /// How long the server takes no publications. Units: milliseconds.
    pub fn limited_for_ms(&self) -> Option<i64> {
        let until_ms = self.settings.rate_limited_until?;
        let left_ms = until_ms.saturating_sub(self.clock.now_ms());
        // What is further away than any limit was written under another clock.
        (1..=RATE_LIMIT_MAX_MS).contains(&left_ms).then_some(left_ms)
    }

    fn remember_limit(&mut self, answer: &Answer) -> Result<(), Failure> {
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let now_ms = self.clock.now_ms();
        let said_ms = body.get("retry_timestamp").and_then(Value::as_i64);
        let until_ms = said_ms.or_else(|| {
            let said_s = body
                .get("retry_after")
                .and_then(Value::as_f64)
                .map(Duration::try_from_secs_f64);
            let wait = said_s.and_then(Result::ok).or(answer.retry_after)?;
            Some(now_ms.saturating_add(i64::try_from(wait.as_millis()).ok()?))
        });
        match until_ms {
            Some(until_ms) => {
                let until_ms = until_ms.min(now_ms.saturating_add(RATE_LIMIT_MAX_MS));
                self.keep(|settings| settings.rate_limited_until = Some(until_ms))
            }
            None => Ok(()),
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// What an answer that is no success means.
fn refusal(answer: &Answer) -> Failure {
    let exit = match answer.status {
        401 => Exit::Unauthenticated,
        403 => Exit::Denied,
        429 => Exit::RateLimited,
        503 | 504 => Exit::Unreachable,
        _ => Exit::Failed,
    };
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let said = body.as_object_mut().and_then(|fields| {
        fields
            .shift_remove("error")
            .or_else(|| fields.shift_remove("detail"))
    });
    let said = match said {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None if body.is_null() => answer.body.chars().take(EXCERPT_MAX_CHARS).collect(),
        None => String::new(),
    };
    let error = match (said.trim(), exit) {
        ("", _) => format!("the server answers {}", answer.status),
        (said, Exit::Failed) => format!("{said} ({})", answer.status),
        (said, _) => said.to_owned(),
    };
    let mut failure = Failure::new(exit, error);
    failure.details = body
        .as_object()
        .is_some_and(|fields| !fields.is_empty())
        .then(|| Box::new(body));
    match exit {
        Exit::Unauthenticated => failure.log_in(),
        Exit::Denied => failure.fix("only a channel's owner may publish to it and look after it; ask for access: rookery channel request CHANNEL"),
        Exit::RateLimited => failure.fix("publish less often; further calls are refused until then"),
        Exit::Unreachable => failure.fix("try again in a while"),
        Exit::Failed | Exit::Usage => failure,
    }
}

/// A name as one segment of a path.
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            body: body.to_owned(),
        }
    }

    #[test]
    fn every_status_has_its_exit() {
        for (status, exit) in [
            (400, Exit::Failed),
            (401, Exit::Unauthenticated),
            (403, Exit::Denied),
            (404, Exit::Failed),
            (413, Exit::Failed),
            (429, Exit::RateLimited),
            (500, Exit::Failed),
            (503, Exit::Unreachable),
        ] {
            assert_eq!(
                refusal(&answer(status, r#"{"error":"no"}"#)).exit,
                exit,
                "{status}"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        let failure = refusal(&answer(
            400,
            r#"{"error":"bad","validation_errors":[{"path":"a"}]}"#,
        ));
        assert_eq!(failure.error, "bad (400)");
        assert_eq!(
            failure.details.unwrap().to_string(),
            r#"{"validation_errors":[{"path":"a"}]}"#
        );
        assert_eq!(refusal(&answer(403, r#"{"error":"no"}"#)).error, "no");
        assert_eq!(refusal(&answer(502, "<html>")).error, "<html> (502)");
        assert_eq!(refusal(&answer(404, "")).error, "the server answers 404");
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("a.b-c_d~"), "a.b-c_d~");
        assert_eq!(segment("../x y?#%é"), "..%2Fx%20y%3F%23%25%C3%A9");
    }
}
