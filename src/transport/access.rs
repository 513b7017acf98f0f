//! Who is who: credentials in, callers out. Joins the guard's cryptography with the store's rows.

use crate::actors::database::Database;
use crate::actors::gateway::Caller;
use crate::config::Config;
use crate::domain::refusal::Refusal;
use crate::guard::token::Verified;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use std::sync::Arc;

/// Who is who on this node.
pub struct Access {}

impl Access {
    /// Loads keys and revocations; makes the first signing key of a new world.
    /// Errors: what the store refuses; a weak secret.
    pub async fn load(_database: Database, _config: Arc<Config>, _clock: Clock, _entropy: Entropy) -> anyhow::Result<Arc<Self>> {
        todo!()
    }

    /// Verifies a token, its revocation included.
    /// Errors: `unauthenticated`, `token_expired`, `token_revoked`, `too_large`.
    pub fn verify(&self, _token: &str) -> Result<Verified, Refusal> {
        todo!()
    }

    /// Whether a token that was verified once is still good: not expired, not revoked. For open sockets, each second.
    /// Errors: `token_expired`, `token_revoked`.
    pub fn check(&self, _verified: &Verified) -> Result<(), Refusal> {
        todo!()
    }

    /// The agent that a token speaks for, with the permissions that both token and agent have (agent's cached at most 2 s).
    /// None: a HS256 subject that is no registered agent. Errors: `unauthenticated` (agent gone), temporary ones.
    pub async fn caller(&self, _verified: &Verified) -> Result<Option<Caller>, Refusal> {
        todo!()
    }

    /// Reads new revocations and, now and then, the signing keys. Called every second.
    pub async fn keep_fresh(&self) {
        todo!()
    }
}
