//! Signing keys: read from the store, made when there is none, replaced in time.

use super::Access;
use crate::base::time::Timestamp;
use crate::domain::refusal::Refusal;
use crate::guard::key_ring::{PUBLISH_AHEAD_MS, ROTATE_AFTER_MS};
use crate::guard::token::CLI_TTL_MAX_S;
use crate::guard::{KeyRing, KeyRow, KeyState};
use crate::store::token::SigningKeyRow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// After its time as the signing key, a key verifies for as long as the tokens under it live, those of
/// command-line users being the longest. Units: milliseconds.
const VERIFY_AFTER_MS: i64 = CLI_TTL_MAX_S * 1_000 + DAY_MS;
/// A node may be away for so long and still sign with the key that it knows. Units: milliseconds.
const DAY_MS: i64 = 86_400_000;

impl Access {
    /// Reads the keys; makes the first one, prepares the next one and puts it into use when they are due.
    /// Errors: what the store refuses; `internal`, when a row is no key.
    pub(super) async fn refresh_keys(&self) -> Result<(), Refusal> {
        self.keys_read_at
            .store(self.clock.monotonic_ms(), Ordering::Relaxed);
        let now = self.now();
        let mut rows = self.read_keys(now).await?;
        if self.maintain(&rows, now).await? {
            // Another process may have been faster, so what counts is what is there now.
            rows = self.read_keys(now).await?;
        }
        let ring = KeyRing::from_rows(&rows).map_err(|error| {
            tracing::error!(error = %error, "the signing keys are unusable: {error}");
            Refusal::internal()
        })?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    async fn read_keys(&self, now: Timestamp) -> Result<Vec<KeyRow>, Refusal> {
        let rows = self.database.read(|reader| reader.signing_keys()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| now < row.not_after)
            .filter_map(key_of)
            .collect())
    }

    /// Whether something was changed in the store.
    async fn maintain(&self, rows: &[KeyRow], now: Timestamp) -> Result<bool, Refusal> {
        let of_state = |state: KeyState| {
            rows.iter()
                .filter(move |row| row.state == state)
                .max_by_key(|row| row.not_before)
        };
        let (Some(active), next) = (of_state(KeyState::Active), of_state(KeyState::Next)) else {
            self.add_key(KeyState::Active, now).await?;
            return Ok(true);
        };
        let ends_at = active.not_before.plus_ms(ROTATE_AFTER_MS);
        match next {
            None if ends_at.since_ms(now) <= PUBLISH_AHEAD_MS => {
                self.add_key(KeyState::Next, ends_at.max(now.plus_ms(PUBLISH_AHEAD_MS)))
                    .await?;
                Ok(true)
            }
            Some(next) if next.not_before <= now => {
                self.set_state(&next.kid, KeyState::Active).await?;
                for old in rows.iter().filter(|row| row.state == KeyState::Active) {
                    self.set_state(&old.kid, KeyState::Retiring).await?;
                }
                tracing::info!(key.id = %next.kid, "signing key {} is in use", next.kid);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn add_key(&self, state: KeyState, not_before: Timestamp) -> Result<(), Refusal> {
        let not_after = not_before.plus_ms(ROTATE_AFTER_MS + VERIFY_AFTER_MS);
        let key = KeyRow::generate(&|buffer| self.fill(buffer), state, not_before, not_after);
        tracing::info!(key.id = %key.kid, "signing key {} was made", key.kid);
        let row = SigningKeyRow {
            kid: key.kid,
            alg: key.alg,
            public: key.public,
            private: key.private,
            state: key.state.name().to_owned(),
            not_before: key.not_before,
            not_after: key.not_after,
        };
        self.database
            .write(move |store| store.add_signing_key(&row))
            .await
            .map(|_is_added| ())
    }

    async fn set_state(&self, kid: &str, state: KeyState) -> Result<(), Refusal> {
        let kid = kid.to_owned();
        self.database
            .write(move |store| store.set_signing_key_state(&kid, state.name()))
            .await
            .map(|_is_there| ())
    }
}

/// A row in a state that this version does not know is left aside: it neither signs nor verifies.
fn key_of(row: SigningKeyRow) -> Option<KeyRow> {
    let state = KeyState::from_name(&row.state)?;
    Some(KeyRow {
        kid: row.kid,
        alg: row.alg,
        public: row.public,
        private: row.private,
        state,
        not_before: row.not_before,
        not_after: row.not_after,
    })
}
