//! Tokens in and out: exchange of a key, rotation of refresh tokens, revocation.

use super::Access;
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::config::Bucket;
use crate::domain::agent::{Handle, Permissions, RevocationKind};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::refresh::fingerprint;
use crate::guard::token::{Grant, Issued};
use crate::guard::{ApiKey, RefreshToken, TokenError, Verified, revocation};
use crate::store::agent::AgentRow;
use crate::store::token::{NewRefresh, Rotation, Successor};
use crate::telemetry::metric;
use dashmap::DashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Most refreshes whose answer is remembered, for a client that lost it.
const PAIRS_MAX: usize = 20_000;

/// An access token and the token that gets the next one.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The access token.
    pub token: String,
    /// The refresh token, good once.
    pub refresh_token: String,
    /// When the access token ends. Units: milliseconds since 1970.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// How much is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The token that asks.
    Token,
    /// All tokens of the agent.
    Agent,
}

/// The answer to a refresh, made once: who asks again in the grace time waits here for the first one's.
struct Slot {
    pair: Mutex<Option<Pair>>,
    made_at_ms: i64,
}

/// The answers of the last half minute.
#[derive(Default)]
pub(super) struct Pairs(DashMap<[u8; 32], Arc<Slot>>);

impl Pairs {
    /// Drops what nobody may ask for any more.
    pub(super) fn purge(&self, now_ms: i64) {
        self.0
            .retain(|_, slot| now_ms.saturating_sub(slot.made_at_ms) <= crate::guard::refresh::GRACE_MS);
    }

    fn slot(&self, hash: [u8; 32], now_ms: i64) -> Arc<Slot> {
        let make = || {
            Arc::new(Slot {
                pair: Mutex::new(None),
                made_at_ms: now_ms,
            })
        };
        if self.0.len() >= PAIRS_MAX {
            return make();
        }
        Arc::clone(&*self.0.entry(hash).or_insert_with(make))
    }
}

impl Access {
    /// Exchanges a key for tokens. Unknown, foreign and wrong keys take the same time and get the same answer.
    /// Errors: `unauthenticated`, `rate_limited`, `busy`, temporary ones.
    pub async fn exchange(
        &self,
        handle: &Handle,
        api_key: &str,
        client: &str,
        user_agent: &str,
    ) -> Result<Pair, Refusal> {
        self.count(Bucket::Tokens, client).await?;
        let key = ApiKey::parse(api_key).ok_or_else(wrong_key)?;
        self.check_failures(key.key_id())?;
        let key_id = key.key_id().to_owned();
        let row = self.database.read(move |reader| reader.key(&key_id)).await?;
        let row = row.filter(|(_, owner, _)| owner == handle);
        let stored = row.as_ref().map(|(_, _, phc)| phc.clone());
        let verdict = self.hashes.verify(key.secret().to_owned(), stored).await?;
        let (Some((id, _, _)), true) = (row, verdict.is_right) else {
            tracing::warn!("a wrong key was presented");
            self.count_failure(key.key_id()).await?;
            return Err(wrong_key());
        };
        if verdict.is_rehash_needed {
            let phc = self
                .hashes
                .hash(key.secret().to_owned(), self.entropy.bytes())
                .await?;
            self.database
                .write(move |store| store.set_key_hash(id, &phc))
                .await?;
        }
        let agent = self.agent(handle).await?.ok_or_else(wrong_key)?;
        self.log_in(&agent, client, user_agent).await
    }

    /// A new family of tokens for an agent.
    pub(super) async fn log_in(
        &self,
        agent: &AgentRow,
        client: &str,
        user_agent: &str,
    ) -> Result<Pair, Refusal> {
        let now = self.now();
        let family = self.entropy.uuid_v7(now.0);
        let refresh = RefreshToken::make(&|buffer| self.fill(buffer));
        let absolute_until = self.refresh.absolute_until(now);
        let row = NewRefresh {
            hash: refresh.hash(),
            family,
            agent: agent.id,
            expires_at: self.refresh.expires_at(now, absolute_until),
            absolute_until,
            fingerprint: fingerprint(client, user_agent),
        };
        self.database
            .write(move |store| store.add_refresh(&row, now))
            .await?;
        let issued = self.issue(&agent.handle, agent.permissions, family)?;
        Ok(pair_of(issued, refresh.expose()))
    }

    /// Exchanges a refresh token for a new pair. The same client gets the same pair for 30 s, should the answer be lost;
    /// any other use of a spent token revokes its whole family.
    /// Errors: `unauthenticated`, `token_expired`, `token_revoked`, `rate_limited`, temporary ones.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        client: &str,
        user_agent: &str,
    ) -> Result<Pair, Refusal> {
        self.count(Bucket::Tokens, client).await?;
        let token = RefreshToken::parse(refresh_token).ok_or_else(unknown_token)?;
        let slot = self.pairs.slot(token.hash(), self.clock.monotonic_ms());
        let mut made = slot.pair.lock().await;
        let rotation = self.rotate(&token, fingerprint(client, user_agent)).await?;
        match rotation {
            (Rotation::Rotated { agent, family }, next) => {
                let pair = self.pair(agent, family, next).await?;
                *made = Some(pair.clone());
                Ok(pair)
            }
            (Rotation::Repeated { agent, family, token }, _) => match made.clone() {
                Some(pair) if pair.refresh_token == token => Ok(pair),
                // Another node gave the first answer: the same refresh token, and an access token as good as the first.
                _ => self.pair(agent, family, token).await,
            },
            (Rotation::Reused { family, .. }, _) => {
                *made = None;
                tracing::warn!(token.family = %family, "a spent refresh token was used again: its family {family} is revoked");
                self.revoke_id(RevocationKind::Family, family.to_string()).await?;
                self.refresh_revocations().await?;
                Err(TokenError::Revoked.into())
            }
            (Rotation::Expired, _) => Err(TokenError::Expired.into()),
            (Rotation::Unknown, _) => Err(unknown_token()),
        }
    }

    async fn rotate(&self, token: &RefreshToken, mark: [u8; 32]) -> Result<(Rotation, String), Refusal> {
        let now = self.now();
        let next = RefreshToken::make(&|buffer| self.fill(buffer));
        let (hash, grace_ms) = (token.hash(), self.refresh.grace_ms);
        let text = next.expose();
        // The store knows when the family ends, and ends the successor no later.
        let successor = Successor {
            hash: next.hash(),
            expires_at: now.plus_ms(self.refresh.idle_ms),
            token: text.clone(),
        };
        let rotation = self
            .database
            .write(move |store| store.rotate_refresh(&hash, &successor, &mark, grace_ms, now))
            .await?;
        Ok((rotation, text))
    }

    async fn pair(&self, agent: AgentId, family: Uuid, refresh_token: String) -> Result<Pair, Refusal> {
        let row = self
            .database
            .read(move |reader| reader.agent_by_id(agent))
            .await?
            .ok_or_else(unknown_token)?;
        Ok(pair_of(
            self.issue(&row.handle, row.permissions, family)?,
            refresh_token,
        ))
    }

    /// Signs an access token.
    pub(super) fn issue(
        &self,
        subject: &Handle,
        permissions: Permissions,
        family: Uuid,
    ) -> Result<Issued, Refusal> {
        let now = self.now();
        let token_id = self.entropy.uuid_v7(now.0);
        self.tokens.issue(
            &self.ring(),
            &Grant {
                subject: subject.clone(),
                permissions,
                family,
                token_id,
            },
            now,
        )
    }

    /// Revokes the token that asks, or everything that its agent holds, refresh tokens, tokens of the command line and public keys
    /// included.
    /// Errors: `invalid_parameter` for a token without an id, temporary ones.
    pub async fn revoke(&self, verified: &Verified, scope: Scope) -> Result<(), Refusal> {
        match scope {
            Scope::Token => {
                let token_id = verified.token_id.clone();
                let token_id = token_id
                    .ok_or_else(|| Refusal::invalid("a token without jti cannot be revoked alone"))?;
                let until = revocation::until_of(verified, self.now());
                self.revoke_until(RevocationKind::Token, token_id, until).await?;
            }
            Scope::Agent => {
                // Access tokens name the handle, refresh tokens the id inside.
                self.revoke_id(RevocationKind::Agent, verified.subject.clone())
                    .await?;
                if let Some(caller) = self.caller(verified).await? {
                    self.revoke_id(RevocationKind::Agent, caller.id.to_string())
                        .await?;
                }
                let (id, until) = revocation::of_user(&verified.subject, self.now());
                self.revoke_until(RevocationKind::Family, id, until).await?;
                // Whoever had a token may have added a key to come back with.
                let owner = verified.subject.clone();
                self.database
                    .write(move |store| store.remove_ssh_keys(&owner))
                    .await?;
            }
        }
        tracing::info!(agent.handle = %verified.subject, scope = ?scope, "tokens of {} were revoked", verified.subject);
        self.refresh_revocations().await
    }

    pub(super) async fn revoke_id(&self, kind: RevocationKind, id: String) -> Result<(), Refusal> {
        self.revoke_until(kind, id, revocation::until(self.now())).await
    }

    async fn revoke_until(&self, kind: RevocationKind, id: String, until: Timestamp) -> Result<(), Refusal> {
        let now = self.now();
        self.database
            .write(move |store| store.revoke(kind, &id, until, now))
            .await
            .map(|_version| ())
    }
}

fn pair_of(issued: Issued, refresh_token: String) -> Pair {
    Pair {
        token: issued.token,
        refresh_token,
        expires_at: issued.expires_at,
    }
}

fn wrong_key() -> Refusal {
    metric::authentication_failures("api_key").increment(1);
    Refusal::new(Code::Unauthenticated, "the agent_id or the api_key is wrong")
}

fn unknown_token() -> Refusal {
    metric::authentication_failures("refresh_token").increment(1);
    Refusal::new(Code::Unauthenticated, "the refresh token is not a valid one")
}
