//! `rookery channel lock`, `unlock`, `grant`, `revoke` and `request`.

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::output::Report;
use super::session::Session;

/// A channel.
#[derive(Debug, Args)]
pub struct OneChannel {
    /// The channel, one of your own.
    pub channel: String,
}

/// Who may read what.
#[derive(Debug, Args)]
pub struct Granted {
    /// Who.
    pub target: String,
    /// The channel, one of your own.
    pub channel: String,
}

/// Ask the owner of a locked channel for access.
#[derive(Debug, Args)]
pub struct Request {
    /// The channel.
    pub channel: String,
    /// Why you want to read it.
    pub reason: Vec<String>,
}

impl OneChannel {
    /// Lets only those read the channel who are granted it. Errors: the server refuses.
    pub fn lock(self, session: &mut Session) -> Result<Report, Failure> {
        let answer = session.call("POST", "/api/lock", Some(&json!({"channel": self.channel})))?;
        let mut report = Report::new(format!("{} is locked", self.channel), answer);
        report
            .next
            .push(format!("rookery channel grant NAME {}", self.channel));
        Ok(report)
    }

    /// Lets everybody read the channel. Errors: the server refuses.
    pub fn unlock(self, session: &mut Session) -> Result<Report, Failure> {
        let answer = session.call("POST", "/api/unlock", Some(&json!({"channel": self.channel})))?;
        Ok(Report::new(format!("{} is open to all", self.channel), answer))
    }
}

impl Granted {
    /// Lets somebody read the channel. Errors: the server refuses.
    pub fn grant(self, session: &mut Session) -> Result<Report, Failure> {
        let body = json!({"target": self.target, "channel": self.channel});
        let answer = session.call("POST", "/api/grant", Some(&body))?;
        Ok(Report::new(
            format!("{} may read {}", self.target, self.channel),
            answer,
        ))
    }

    /// Takes that back. Errors: the server refuses.
    pub fn revoke(self, session: &mut Session) -> Result<Report, Failure> {
        let body = json!({"target": self.target, "channel": self.channel});
        let answer = session.call("POST", "/api/revoke", Some(&body))?;
        let message = format!("{} may not read {} any more", self.target, self.channel);
        Ok(Report::new(message, answer))
    }
}

impl Request {
    /// Asks. Errors: the server refuses.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        let mut body = json!({"channel": self.channel});
        if let (Some(fields), false) = (body.as_object_mut(), self.reason.is_empty()) {
            fields.insert("reason".to_owned(), json!(self.reason.join(" ")));
        }
        let answer = session.call("POST", "/api/request", Some(&body))?;
        Ok(Report::new(
            format!("asked for access to {} on public.access", self.channel),
            answer,
        ))
    }
}
