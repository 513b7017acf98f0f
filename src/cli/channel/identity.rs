//! `rookery channel whoami` and `config`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::output::Report;
use super::session::Session;
use crate::client::target::check_url;

/// Show who the token says you are.
#[derive(Debug, Args)]
pub struct Whoami {
    /// Ask the server whether it takes the token.
    #[arg(long)]
    pub check: bool,
}

/// Show the configuration, or change it with --server and --ws.
#[derive(Debug, Args)]
pub struct Configure {
    /// Show it, also after a change.
    #[arg(long)]
    pub show: bool,
    /// The address of a socket that is not at /connection/websocket of the server; empty forgets it.
    #[arg(long, value_name = "URL")]
    pub ws: Option<String>,
}

impl Whoami {
    /// Shows it. Errors: nobody is logged in; the token ran out; the server does not take it.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        let token = session.token()?;
        let claims = claims(&token).unwrap_or_default();
        let is_kept = session.settings.token.as_ref() == Some(&token);
        let kept = session.settings.username.clone().filter(|_| is_kept);
        let username = name_in(&claims).or(kept);
        let expires_s = claims.get("exp").and_then(Value::as_i64);
        if expires_s.is_some_and(|at_s| at_s.saturating_mul(1_000) <= session.clock.now_ms()) {
            return Err(Failure::new(Exit::Unauthenticated, "the token has run out").log_in());
        }
        if self.check {
            session.call("GET", "/api/apps", None)?;
        }
        let name = username
            .clone()
            .unwrap_or_else(|| "somebody: the token has no name".to_owned());
        let details = json!({
            "username": username, "server": session.server, "expires_at": expires_s, "checked": self.check,
        });
        let mut report = Report::new(name, details);
        let checked = if self.check { ", which takes the token" } else { "" };
        report.lines.push(format!("at {}{checked}", session.server));
        Ok(report)
    }
}

impl Configure {
    /// Shows or changes the configuration. Errors: an address that is none; the file cannot be written.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        let (server, ws) = (session.given_server.clone(), self.ws);
        if let Some(ws) = ws.as_deref().filter(|ws| !ws.is_empty()) {
            super::feed::Door::of_ws(ws)?;
        }
        let has_change = server.is_some() || ws.is_some();
        if let Some(server) = &server {
            check_url(server).map_err(|error| Failure::usage(format!("{error:#}")))?;
        }
        if has_change {
            session.keep(|settings| {
                if server.is_some() {
                    settings.server = server;
                    // Another server's limit says nothing of this one.
                    settings.rate_limited_until = None;
                }
                if let Some(ws) = ws {
                    settings.ws = Some(ws).filter(|ws| !ws.is_empty());
                }
            })?;
        }
        let kept = &session.settings;
        let details = json!({
            "path": session.place.path, "server": session.server, "ws": kept.ws, "username": kept.username,
            "has_token": kept.token.is_some(), "rate_limited_until": kept.rate_limited_until,
        });
        let message = if has_change {
            "the configuration is changed"
        } else {
            ""
        };
        let mut report = Report::new(message, details);
        if self.show || !has_change {
            report.lines = lines(report.details.as_ref());
        }
        Ok(report)
    }
}

fn lines(details: Option<&Value>) -> Vec<String> {
    let fields = details.and_then(Value::as_object).into_iter().flatten();
    let shown = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("{name}: -"),
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    fields.map(shown).collect()
}

/// What a token says, if it is a JWT; nobody has checked its signature.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.').skip(1);
    let (payload, _signature) = (parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn name_in(claims: &Value) -> Option<String> {
    let name = claims.get("username").or_else(|| claims.get("sub"))?;
    name.as_str().map(str::to_owned)
}

/// Whom a token names.
pub fn name_of(token: &str) -> Option<String> {
    name_in(&claims(token)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_user_unless_it_is_none() {
        let token = |payload: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(name_of(&token(r#"{"sub":"alice"}"#)).as_deref(), Some("alice"));
        assert_eq!(
            name_of(&token(r#"{"sub":"u1","username":"bob"}"#)).as_deref(),
            Some("bob")
        );
        assert_eq!(
            (name_of(&token("not JSON")), name_of("rk_key"), name_of("a.?.c")),
            (None, None, None)
        );
    }
}
