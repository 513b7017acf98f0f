//! Log-ins of the command line: by a signature of an SSH key, or by a signature that a profile elsewhere shows.

use super::Access;
use crate::base::time::Timestamp;
use crate::config::Bucket;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::{CliGrant, Issued};
use crate::guard::{AppKey, KeyName, PublicKey};
use crate::outbound::{FetchError, Fetcher};
use crate::store::login::{Challenge, HandleKind};
use crate::telemetry::metric;
use serde_json::Value;
use std::time::Duration;

/// The namespace of signatures. Source: features.md CE-11.
pub const NAMESPACE: &str = "claw.events";
/// How long a signature may take. Units: milliseconds. Source: features.md CE-11.
const SIGNING_MS: i64 = 120_000;
/// How long a profile may take. Source: features.md CE-13.
pub const SHOWING: Duration = Duration::from_secs(600);
/// The same. Units: milliseconds.
const SHOWING_MS: i64 = 600_000;
/// Characters of a nonce, and of what a profile must show: over 190 bits.
const NONCE_CHARS: usize = 32;

/// What is to be signed.
#[derive(Clone, Debug)]
pub struct Signing {
    /// By which the log-in is found again, once.
    pub nonce: String,
    /// When it began. Units: seconds since 1970.
    pub issued_at_s: i64,
    /// What to sign.
    pub message: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a profile proves nothing.
#[derive(Debug)]
pub enum ProfileError {
    /// For the client.
    Refused(Refusal),
    /// The profile could not be had; the status of its server, if it gave one.
    Fetch(Option<u16>),
}

impl From<Refusal> for ProfileError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Access {
    /// Counts a log-in that begins, before anything is done for it. Errors: `rate_limited`, temporary ones.
    pub async fn count_login(&self, client: &str) -> Result<(), Refusal> {
        self.count(Bucket::Tokens, client).await
    }

    /// Begins a log-in by an SSH key. Errors: `not_found` when there is no such key, temporary ones.
    pub async fn begin_signing(&self, username: &Handle, key: &KeyName) -> Result<Signing, Refusal> {
        self.public_key(username, key).await?.ok_or_else(no_key)?;
        let (now, nonce) = (self.now(), self.entropy.token_base62(NONCE_CHARS));
        let issued_at_s = now.0.div_euclid(1_000);
        let message = format!(
            "{NAMESPACE} login\nusername:{username}\nkey:{}\nnonce:{nonce}\nts:{issued_at_s}",
            key.as_str()
        );
        let challenge = Challenge {
            id: id_of_signing(&nonce),
            username: username.to_string(),
            key_name: key.as_str().to_owned(),
            text: message.clone(),
            expires_at: now.plus_ms(SIGNING_MS),
        };
        let expires_at = challenge.expires_at;
        self.begin(challenge).await?;
        Ok(Signing {
            nonce,
            issued_at_s,
            message,
            expires_at,
        })
    }

    /// Ends a log-in by an SSH key: the challenge is used up, whatever comes of it.
    /// Errors: `malformed`, `not_found`, `unauthenticated`, `already_exists` when the name is somebody else's, temporary ones.
    pub async fn finish_signing(
        &self,
        username: &Handle,
        key: &KeyName,
        (nonce, signature): (&str, &str),
        client: &str,
    ) -> Result<Issued, Refusal> {
        self.count(Bucket::Tokens, client).await?;
        let invalid = || Refusal::new(Code::Malformed, "invalid or expired challenge");
        let challenge = self
            .take_login(&id_of_signing(nonce))
            .await?
            .ok_or_else(invalid)?;
        if challenge.username != username.as_str() || challenge.key_name != key.as_str() {
            return Err(invalid());
        }
        let (public_key, is_bound) = self.public_key(username, key).await?.ok_or_else(no_key)?;
        if let Err(error) = public_key.verify(NAMESPACE, challenge.text.as_bytes(), signature) {
            tracing::debug!(error = %error, "a log-in's signature was refused: {error}");
            metric::authentication_failures("ssh").increment(1);
            return Err(Refusal::new(
                Code::Unauthenticated,
                "signature verification failed",
            ));
        }
        self.admit_user(username, is_bound).await
    }

    /// Begins a log-in by a profile. Gives what the profile must show. Errors: `not_found` when no profiles are asked, temporary ones.
    pub async fn begin_showing(&self, username: &Handle, client: &str) -> Result<String, Refusal> {
        self.profiles.as_ref().ok_or_else(not_available)?;
        let id = id_of_showing(username, client);
        if let Some(pending) = self.pending(&id).await? {
            return Ok(pending.text);
        }
        let signature = format!("claw-sig-{}", self.entropy.token_base62(NONCE_CHARS));
        self.begin(Challenge {
            id,
            username: username.to_string(),
            key_name: String::new(),
            text: signature.clone(),
            expires_at: self.now().plus_ms(SHOWING_MS),
        })
        .await?;
        Ok(signature)
    }

    /// Ends a log-in by a profile, which may be tried again until its time is over.
    /// Errors: `malformed`, `unauthenticated`, `already_exists`, temporary ones; the profile's server.
    pub async fn finish_showing(&self, username: &Handle, client: &str) -> Result<Issued, ProfileError> {
        self.count(Bucket::Tokens, client).await?;
        let profiles = self.profiles.as_ref().ok_or_else(not_available)?;
        let id = id_of_showing(username, client);
        let none = || Refusal::new(Code::Malformed, "no pending signature");
        let pending = self.pending(&id).await?.ok_or_else(none)?;
        if !description(profiles, username).await?.contains(&pending.text) {
            metric::authentication_failures("profile").increment(1);
            return Err(Refusal::new(Code::Unauthenticated, "signature not found in profile").into());
        }
        self.take_login(&id).await?.ok_or_else(none)?;
        Ok(self.admit_user(username, false).await?)
    }

    /// A token for a user of the command line, who is believed. Only with `--dev`.
    /// Errors: `not_found` without it, `already_exists`, temporary ones.
    pub async fn register_for_development(&self, username: &Handle) -> Result<Issued, Refusal> {
        if !self.config.server.dev {
            return Err(not_available());
        }
        self.admit_user(username, false).await
    }

    /// Whether somebody has a key by which to log in.
    pub async fn has_public_key(&self, username: &Handle, key: &KeyName) -> Result<bool, Refusal> {
        Ok(self.public_key(username, key).await?.is_some())
    }

    /// A new key of an app.
    pub fn make_app_key(&self) -> AppKey {
        AppKey::make(&|buffer| self.fill(buffer))
    }

    /// A user's key, and whether its owner bound it itself; the operator's folder comes last.
    async fn public_key(
        &self,
        username: &Handle,
        key: &KeyName,
    ) -> Result<Option<(PublicKey, bool)>, Refusal> {
        let owner = username.to_string();
        let bound = self.database.read(move |reader| reader.ssh_keys(&owner)).await?;
        if let Some(row) = bound.iter().find(|row| row.name == key.as_str()) {
            let broken = |_error| Refusal::internal();
            return Ok(Some((PublicKey::parse(&row.public_key).map_err(broken)?, true)));
        }
        let Some(folder) = self.key_directory.clone() else {
            return Ok(None);
        };
        let (username, key) = (username.clone(), key.clone());
        let found = actix_web::web::block(move || folder.find(&username, &key)).await;
        match found {
            Ok(Ok(found)) => Ok(found.map(|key| (key, false))),
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "a public key could not be read: {error}");
                Err(no_key())
            }
            Err(_stopping) => Err(Refusal::unavailable()),
        }
    }

    /// A token for whoever proved to be a user. `is_bound`: by a key that the holder of the name added itself: then an agent's name is
    /// its own.
    async fn admit_user(&self, username: &Handle, is_bound: bool) -> Result<Issued, Refusal> {
        if username.is_reserved() {
            return Err(Refusal::new(Code::AlreadyExists, "this name is reserved"));
        }
        let (name, now) = (username.to_string(), self.now());
        let kind = self
            .database
            .write(move |store| store.ensure_user(&name, now))
            .await?;
        match kind {
            HandleKind::User => {}
            HandleKind::Agent if is_bound => {}
            HandleKind::Agent => {
                let held = "this name is an agent's: log in with a key that the agent bound";
                return Err(Refusal::new(Code::AlreadyExists, held));
            }
            HandleKind::App => return Err(Refusal::new(Code::AlreadyExists, "this name is an app's")),
        }
        let now = self.now();
        let grant = CliGrant {
            subject: username.clone(),
            family: self.entropy.uuid_v7(now.0),
            token_id: self.entropy.uuid_v7(now.0),
        };
        self.tokens.issue_cli(&self.ring(), &grant, now)
    }

    /// The log-in by a profile that waits for its proof.
    async fn pending(&self, id: &str) -> Result<Option<Challenge>, Refusal> {
        let (id, now) = (id.to_owned(), self.now());
        let pending = self.database.read(move |reader| reader.login(&id)).await?;
        Ok(pending.filter(|pending| pending.expires_at > now))
    }

    async fn begin(&self, challenge: Challenge) -> Result<(), Refusal> {
        let now = self.now();
        let has_begun = self
            .database
            .write(move |store| store.begin_login(&challenge, now))
            .await?;
        let many =
            || Refusal::new(Code::RateLimited, "too many log-ins of this name wait").retry_after(SIGNING_MS);
        has_begun.then_some(()).ok_or_else(many)
    }

    async fn take_login(&self, id: &str) -> Result<Option<Challenge>, Refusal> {
        let (id, now) = (id.to_owned(), self.now());
        self.database.write(move |store| store.take_login(&id, now)).await
    }
}

/// What a profile says of its agent.
async fn description(profiles: &Fetcher, username: &Handle) -> Result<String, ProfileError> {
    let url = profiles.under(&["agents", "profile"], &[("name", username.as_str())]);
    let url = url.ok_or_else(Refusal::internal)?;
    let body = profiles.get(&url).await.map_err(|error| {
        tracing::info!(error = %error, "a profile could not be had: {error}");
        ProfileError::Fetch(match error {
            FetchError::Status(status) => Some(status),
            _ => None,
        })
    })?;
    let profile: Value = serde_json::from_slice(&body).unwrap_or_default();
    let description = profile.pointer("/agent/description").and_then(Value::as_str);
    Ok(description.unwrap_or_default().to_owned())
}

fn id_of_signing(nonce: &str) -> String {
    format!("ssh:{nonce}")
}

/// Only for whoever began it, as far as its address tells: the profile shows the signature to everybody.
fn id_of_showing(username: &Handle, client: &str) -> String {
    format!("profile:{username}:{client}")
}

fn no_key() -> Refusal {
    Refusal::new(Code::NotFound, "public key not found")
}

fn not_available() -> Refusal {
    Refusal::new(Code::NotFound, "not available")
}
