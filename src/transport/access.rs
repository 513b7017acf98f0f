//! Who is who: credentials in, callers out. Joins the guard's cryptography with the store's rows.

mod app;
mod cli_login;
mod keys;
mod known;
mod limit;
mod login;
mod mint;
mod registration;
#[cfg(test)]
mod tests;

pub use cli_login::{NAMESPACE, ProfileError, SHOWING, Signing};
pub use login::{Pair, Scope};
pub use mint::ADMIN;
pub use registration::{Registration, Welcome};

use crate::actors::database::Database;
use crate::actors::gateway::Caller;
use crate::base::time::Timestamp;
use crate::config::Config;
use crate::domain::agent::{Handle, Permission, Revocation};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::password::{Cost, Hasher};
use crate::guard::refresh::{GRACE_MS, Policy};
use crate::guard::token::{Hmac, Subscription};
use crate::guard::{HashPool, KeyDirectory, KeyRing, Revocations, TokenError, TokenKind, Tokens, Verified};
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;
use crate::outbound::Fetcher;
use crate::store::agent::AgentRow;
use crate::store::{Reader, StoreError};
use crate::telemetry::metric;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How often the signing keys are read anew. Units: milliseconds.
const KEYS_EVERY_MS: i64 = 30_000;
/// A day. Units: milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Who is who on this node.
pub struct Access {
    database: Database,
    config: Arc<Config>,
    clock: Clock,
    entropy: Entropy,
    tokens: Tokens,
    hashes: HashPool,
    refresh: Policy,
    ring: RwLock<Arc<KeyRing>>,
    revocations: RwLock<Revocations>,
    agents: known::Agents,
    pairs: login::Pairs,
    failures: limit::Failures,
    /// The operator's folder of public keys.
    key_directory: Option<KeyDirectory>,
    /// Where profiles are asked for.
    profiles: Option<Fetcher>,
    keys_read_at: AtomicI64,
    // A token named a key that is not here: another node may just have made it.
    is_key_missing: AtomicBool,
}

impl Access {
    /// Loads keys and revocations; makes the first signing key of a new world.
    /// Errors: what the store refuses; a weak secret.
    pub async fn load(
        database: Database,
        config: Arc<Config>,
        clock: Clock,
        entropy: Entropy,
    ) -> anyhow::Result<Arc<Self>> {
        let auth = &config.auth;
        let hmac = match &auth.token_hmac_secret {
            Some(secret) => {
                let (issuer, audience) = (auth.hmac_issuer.clone(), auth.hmac_audience.clone());
                Some(Hmac::new(secret.expose(), issuer, audience, config.server.dev)?)
            }
            None => None,
        };
        let cost = Cost {
            memory_kib: auth.argon2_memory_kib,
            passes: auth.argon2_passes,
            lanes: auth.argon2_lanes,
        };
        let pepper = auth.pepper.as_ref().map(|pepper| pepper.expose().as_bytes());
        let hasher = Hasher::new(cost, pepper, entropy.bytes())?;
        let (permits, queue) = (
            usize::try_from(auth.argon2_permits)?,
            usize::try_from(auth.argon2_queue)?,
        );
        let access = Self {
            tokens: Tokens::new(&auth.issuer, &auth.audience, auth.access_ttl_s, hmac)
                .with_cli_ttl_days(auth.cli_token_ttl_days),
            hashes: HashPool::start(hasher, permits, queue)?,
            refresh: Policy {
                idle_ms: i64::from(auth.refresh_idle_days) * DAY_MS,
                absolute_ms: i64::from(auth.refresh_absolute_days) * DAY_MS,
                grace_ms: GRACE_MS,
            },
            ring: RwLock::default(),
            revocations: RwLock::default(),
            agents: known::Agents::default(),
            pairs: login::Pairs::default(),
            failures: limit::Failures::default(),
            key_directory: KeyDirectory::of(auth),
            profiles: Fetcher::of_profiles(auth, config.server.dev)?,
            keys_read_at: AtomicI64::new(0),
            is_key_missing: AtomicBool::new(false),
            database,
            config,
            clock,
            entropy,
        };
        access.refresh_keys().await?;
        access.refresh_revocations().await?;
        Ok(Arc::new(access))
    }

    /// Verifies a token, its revocation included.
    /// Errors: `unauthenticated`, `token_expired`, `token_revoked`.
    pub fn verify(&self, token: &str) -> Result<Verified, Refusal> {
        let now = self.now();
        let verified = self
            .tokens
            .verify(&self.ring(), token, now)
            .map_err(|error| self.note(error))?;
        if self.is_revoked(&verified, now) {
            return Err(self.note(TokenError::Revoked));
        }
        Ok(verified)
    }

    /// Verifies a token that lets one user into one channel.
    /// Errors: as `verify`.
    pub fn verify_subscription(&self, token: &str) -> Result<Subscription, Refusal> {
        self.tokens
            .verify_subscription(&self.ring(), token, self.now())
            .map_err(|error| self.note(error))
    }

    /// Whether a token that was verified once is still good: not expired, not revoked. For open sockets, at their deadlines and when something was revoked.
    /// Errors: `token_expired`, `token_revoked`.
    pub fn check(&self, verified: &Verified) -> Result<(), Refusal> {
        let now = self.now();
        // First: an open socket has a while to refresh a token that expired, but none for one that was revoked.
        if self.is_revoked(verified, now) {
            return Err(TokenError::Revoked.into());
        }
        if verified.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(TokenError::Expired.into());
        }
        Ok(())
    }

    /// The agent that a token speaks for, with the permissions that both token and agent have. What is changed in the agent's row,
    /// by whomever, counts within 2 s.
    /// None: a HS256 subject that is no registered agent, a command-line user, or the operator of `rookery token admin`; none can act.
    /// Errors: `unauthenticated` (agent gone), temporary ones.
    pub async fn caller(&self, verified: &Verified) -> Result<Option<Caller>, Refusal> {
        // Even where the name is an agent's, too: such a token never acts for it.
        if verified.kind == TokenKind::Cli {
            return Ok(None);
        }
        let known = match Handle::new(&verified.subject) {
            Ok(handle) => self.known(&handle).await?.map(|known| (handle, known)),
            Err(_not_a_handle) => None,
        };
        match known {
            Some((handle, known)) => {
                let permissions = verified
                    .permissions
                    .map_or(known.permissions, |most| most.and(known.permissions));
                Ok(Some(Caller {
                    handle,
                    id: known.id,
                    permissions,
                }))
            }
            None if verified.kind == TokenKind::Hmac || is_operator(verified) => Ok(None),
            None => Err(Refusal::new(Code::Unauthenticated, "a valid token is needed")),
        }
    }

    /// Lets the operator pass: the principal of `rookery token admin`, or an agent with the permission `admin`.
    /// Errors: `permission_missing`; `unavailable` while nobody knows what was revoked.
    pub async fn admit_admin(&self, verified: &Verified) -> Result<(), Refusal> {
        if self.is_stale() {
            return Err(Refusal::unavailable());
        }
        let is_agent_admin = match self.caller(verified).await? {
            Some(caller) => verified.kind == TokenKind::Access && caller.permissions.has(Permission::Admin),
            None => is_operator(verified),
        };
        if is_agent_admin {
            Ok(())
        } else {
            Err(Refusal::new(Code::PermissionMissing, "this needs the role admin"))
        }
    }

    /// The JSON of the public signing keys.
    pub fn jwks(&self) -> String {
        self.ring().jwks()
    }

    /// Whether revocations were not heard of for so long that nothing privileged may be done.
    pub fn is_stale(&self) -> bool {
        self.revocations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_stale(self.now())
    }

    /// Changes with each revocation that is heard of.
    pub fn revocations_version(&self) -> i64 {
        self.revocations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .version()
    }

    /// Hashes that could start or wait now: for the page of the operator.
    pub fn free_hash_places(&self) -> usize {
        self.hashes.free_places()
    }

    /// Reads what is new of revocations and agents and, now and then, the signing keys. Called every second.
    pub async fn keep_fresh(&self) {
        let read = self.database.look(self.news()).await;
        warn_of(read.map(|news| self.apply_news(news)));
        let is_due = self
            .clock
            .monotonic_ms()
            .saturating_sub(self.keys_read_at.load(Ordering::Relaxed))
            >= KEYS_EVERY_MS;
        if (is_due || self.is_key_missing.swap(false, Ordering::Relaxed))
            && let Err(refusal) = self.refresh_keys().await
        {
            tracing::warn!("signing keys could not be read: {refusal}");
        }
        let now_ms = self.clock.monotonic_ms();
        self.agents.purge(now_ms);
        self.pairs.purge(now_ms);
        self.failures.purge(self.now());
    }

    /// What time it is, and until when a key that is revoked now stays so.
    pub fn now_and_revoked_until(&self) -> (Timestamp, Timestamp) {
        let now = self.now();
        (now, crate::guard::revocation::until(now))
    }

    /// Goes by revocations that were just written, sooner than in a second. They count, even if this does not succeed.
    pub async fn look_for_revocations(&self) {
        warn_of(self.refresh_revocations().await);
    }

    /// Reads the revocations that are new, and whether an agent was changed. For requests: they keep nobody from looking.
    async fn refresh_revocations(&self) -> Result<(), Refusal> {
        let news = self.database.read(self.news()).await?;
        self.apply_news(news);
        Ok(())
    }

    /// What is asked for that.
    fn news(&self) -> impl FnOnce(&mut Reader) -> Result<News, StoreError> + Send + 'static {
        let version = self.revocations_version();
        move |reader| Ok((reader.agents_version()?, reader.revocations_since(version)?))
    }

    fn apply_news(&self, (agents, (rows, newest)): News) {
        let now = self.now();
        self.agents.apply(agents);
        self.revocations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .apply(rows, newest, now);
    }

    /// An agent's row, read now.
    /// Errors: temporary ones.
    pub async fn agent(&self, handle: &Handle) -> Result<Option<AgentRow>, Refusal> {
        self.database.agent(handle).await
    }

    fn is_revoked(&self, verified: &Verified, now: Timestamp) -> bool {
        self.revocations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_revoked(verified, now)
    }

    fn note(&self, error: TokenError) -> Refusal {
        if error == TokenError::Forged(crate::guard::token::Flaw::Key) {
            self.is_key_missing.store(true, Ordering::Relaxed);
        }
        metric::authentication_failures("token").increment(1);
        tracing::debug!(flaw = %error, "a token was refused: {error}");
        error.into()
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_ms())
    }

    /// Fills a buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(32) {
            for (to, from) in part.iter_mut().zip(self.entropy.bytes::<32>()) {
                *to = from;
            }
        }
    }
}

/// Whether a token is the operator's. Nobody can register that handle, so only the server itself makes such tokens.
fn is_operator(verified: &Verified) -> bool {
    verified.kind == TokenKind::Access
        && verified.subject == ADMIN
        && verified
            .permissions
            .is_some_and(|permissions| permissions.has(Permission::Admin))
}

/// Up to which change agents are known, and the revocations that are new, with the newest version.
type News = (i64, (Vec<Revocation>, i64));

fn warn_of(read: Result<(), Refusal>) {
    if let Err(refusal) = read {
        tracing::warn!("revocations could not be read: {refusal}");
    }
}
