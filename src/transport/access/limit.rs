//! Rates of credentials: exact in the database, by address; and keys that were guessed at.

use super::Access;
use crate::actors::node;
use crate::base::rate::{Quota, RetryAfter};
use crate::base::time::Timestamp;
use crate::config::Bucket;
use crate::domain::refusal::Refusal;
use dashmap::DashMap;

/// Wrong keys of one key id before it must rest. Source: security.md §4.4.
const FAILURES: Quota = Quota {
    limit: 5,
    window_ms: 900_000,
    burst: 5,
};
/// Most key ids that rest at a time; beyond, guessing is bounded by address alone.
const RESTING_MAX: usize = 10_000;

/// Key ids that were guessed at too often, each with the time until which it rests.
#[derive(Default)]
pub(super) struct Failures(DashMap<String, Timestamp>);

impl Failures {
    /// Drops what is over.
    pub(super) fn purge(&self, now: Timestamp) {
        self.0.retain(|_, until| now < *until);
    }
}

impl Access {
    /// Counts one call of a client against a bucket of the whole world.
    /// Errors: `rate_limited`; temporary ones.
    pub(super) async fn count(&self, bucket: Bucket, client: &str) -> Result<(), Refusal> {
        let Some(quota) = self.config.limits.quota(bucket) else {
            return Ok(());
        };
        match self.take(format!("{}:{client}", bucket.name()), quota).await? {
            None => Ok(()),
            Some(wait_ms) => Err(over(bucket, quota, wait_ms)),
        }
    }

    /// Whether a key may be tried. Errors: `rate_limited`.
    pub(super) fn check_failures(&self, key_id: &str) -> Result<(), Refusal> {
        let now = self.now();
        match self.failures.0.get(key_id).map(|until| until.since_ms(now)) {
            Some(wait_ms) if wait_ms > 0 => Err(over(Bucket::Tokens, FAILURES, wait_ms)),
            _ => Ok(()),
        }
    }

    /// Counts a wrong key. Errors: temporary ones.
    pub(super) async fn count_failure(&self, key_id: &str) -> Result<(), Refusal> {
        if self.config.limits.unlimited {
            return Ok(());
        }
        if let Some(wait_ms) = self.take(format!("key_failures:{key_id}"), FAILURES).await?
            && self.failures.0.len() < RESTING_MAX
        {
            self.failures
                .0
                .insert(key_id.to_owned(), self.now().plus_ms(wait_ms));
        }
        Ok(())
    }

    async fn take(&self, key: String, quota: Quota) -> Result<Option<i64>, Refusal> {
        let (limit, window_ms, now) = (i64::from(quota.limit), i64::from(quota.window_ms), self.now());
        let taken = self
            .database
            .write(move |store| store.take_rate(&key, limit, window_ms, now))
            .await?;
        Ok(taken.err().map(|wait| wait.0))
    }
}

fn over(bucket: Bucket, quota: Quota, wait_ms: i64) -> Refusal {
    let retry_after_ms = u64::try_from(wait_ms.max(1)).unwrap_or(1);
    node::refuse(
        bucket,
        RetryAfter {
            limit: quota.limit,
            retry_after_ms,
        },
        quota.window_ms.div_ceil(1_000),
    )
}
