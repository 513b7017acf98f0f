//! `rookery channel login`, `verify`, `dev-register` and `logout`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::failure::{Exit, Failure};
use super::identity::name_of;
use super::output::Report;
use super::session::Session;
use super::sign;

/// Get a token by a signature, or keep one that you have.
#[derive(Debug, Args)]
pub struct Login {
    /// Your name; with --token the name that the token is kept under.
    #[arg(long, short, value_name = "NAME")]
    pub user: Option<String>,
    /// What the server calls the key.
    #[arg(long, value_name = "NAME", default_value = "main", conflicts_with = "profile")]
    pub key_name: String,
    /// The key to sign with, or the public part of one that an agent holds; else that of ROOKERY_SSH_KEY, else
    /// ~/.ssh/id_ed25519, id_ecdsa or id_rsa.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub key_path: Option<PathBuf>,
    /// Prove who you are by a line in your public profile, which `verify` has looked up.
    #[arg(long, requires = "user")]
    pub profile: bool,
}

/// Finish `login --profile`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Your name, if it is not the one of `login --profile`.
    #[arg(long, short, value_name = "NAME")]
    pub user: Option<String>,
}

/// Get a token of a server that runs with --dev, without proof.
#[derive(Debug, Args)]
pub struct DevRegister {
    /// Your name.
    #[arg(long, short, value_name = "NAME")]
    pub user: String,
}

/// Forget the token.
#[derive(Debug, Args)]
pub struct Logout {
    /// Have the server void it first.
    #[arg(long)]
    pub revoke: bool,
}

impl Login {
    /// Logs in. Errors: no proof; the server does not take it, or cannot be reached.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        match (&self.user, session.given_token.clone()) {
            (user, Some(token)) if !self.profile => {
                let user = user.clone().or_else(|| name_of(&token));
                keep(session, user, token)
            }
            (Some(user), _) if self.profile => by_profile(session, user),
            (Some(user), _) => self.by_signature(session, user),
            (None, _) => Err(Failure::usage("log in as whom?")
                .fix("rookery channel login --user NAME")
                .fix("rookery channel login --token TOKEN")),
        }
    }

    fn by_signature(&self, session: &mut Session, user: &str) -> Result<Report, Failure> {
        let key = sign::key(self.key_path.clone())?;
        let body = json!({"username": user, "key_name": self.key_name, "method": "ssh"});
        let answer = session.ask("POST", "/auth/agent/init", Some(&body))?;
        let (nonce, message) = (text(&answer, "nonce")?, text(&answer, "message")?);
        sign::check(&message, user, &self.key_name, &nonce)?;
        let signature = sign::sign(&key, &message)?;
        let body =
            json!({"username": user, "key_name": self.key_name, "nonce": nonce, "signature": signature});
        let answer = session.ask("POST", "/auth/agent/verify", Some(&body))?;
        accepted(session, user, &answer)
    }
}

/// Asks for the signature that belongs into the profile.
fn by_profile(session: &mut Session, user: &str) -> Result<Report, Failure> {
    let answer = session.ask(
        "POST",
        "/auth/init",
        Some(&json!({"username": user, "method": "profile"})),
    )?;
    let signature = text(&answer, "signature")?;
    let (server, name) = (session.named_server(), user.to_owned());
    session.keep(|settings| {
        settings.username = Some(name);
        settings.server = server;
    })?;
    let mut report = Report::new(
        "put this signature into the description of your profile:",
        answer.clone(),
    );
    report.lines.push(signature);
    report.lines.extend(
        answer
            .get("instructions")
            .and_then(Value::as_str)
            .map(str::to_owned),
    );
    report.next.push("rookery channel verify".to_owned());
    Ok(report)
}

impl Verify {
    /// Has the profile looked up. Errors: the signature is not there; the server cannot be reached.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        let user = self
            .user
            .or_else(|| session.settings.username.clone())
            .ok_or_else(|| {
                Failure::usage("verify whom?").fix("begin with: rookery channel login --user NAME --profile")
            })?;
        let answer = session.ask("POST", "/auth/verify", Some(&json!({"username": user})))?;
        accepted(session, &user, &answer)
    }
}

impl DevRegister {
    /// Registers. Errors: the server does not run with --dev; the name is taken.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        let body = json!({"username": self.user});
        let answer = session.ask("POST", "/auth/dev-register", Some(&body))?;
        accepted(session, &self.user, &answer)
    }
}

impl Logout {
    /// Forgets the token. Errors: the server does not void it; the configuration cannot be written.
    pub fn run(self, session: &mut Session) -> Result<Report, Failure> {
        if self.revoke {
            session.call("POST", "/auth/revoke", Some(&json!({})))?;
        }
        let had_token = session.settings.token.is_some();
        session.keep(|settings| {
            settings.token = None;
            settings.username = None;
        })?;
        let message = if had_token {
            "logged out"
        } else {
            "nobody was logged in"
        };
        Ok(Report::new(message, json!({"revoked": self.revoke})))
    }
}

/// Keeps the token of a server's answer.
fn accepted(session: &mut Session, user: &str, answer: &Value) -> Result<Report, Failure> {
    let token = text(answer, "token")?;
    let user = answer
        .get("username")
        .and_then(Value::as_str)
        .unwrap_or(user)
        .to_owned();
    keep(session, Some(user), token)
}

fn keep(session: &mut Session, user: Option<String>, token: String) -> Result<Report, Failure> {
    let (server, name) = (session.named_server(), user.clone());
    session.keep(|settings| {
        settings.token = Some(token);
        settings.username = name;
        settings.rate_limited_until = None;
        settings.server = server;
    })?;
    let path = session.place.path.display().to_string();
    let shown = user.as_deref().unwrap_or("somebody whom the token does not name");
    let mut report = Report::new(
        format!("logged in as {shown}"),
        json!({"username": user, "path": path}),
    );
    report
        .next
        .push("rookery channel pub public.hello Hello".to_owned());
    Ok(report)
}

fn text(answer: &Value, name: &str) -> Result<String, Failure> {
    let text = answer.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            format!("the server answers without {name}: is it Rookery?"),
        )
    })
}
