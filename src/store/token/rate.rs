//! Rates that are exact for all nodes together.

use crate::base::time::Timestamp;
use crate::store::connection::{load_for_update, on_conn};
use crate::store::schema::rate_bucket;
use crate::store::sql_types::Doc;
use crate::store::{Result, Store};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use serde_json::{Value, json};

/// The largest limit of an exact rate: each take within the window is remembered.
pub const RATE_MAX: i64 = 1_000;

/// Milliseconds until the next try is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfterMs(pub i64);

impl Store {
    /// Takes one from a rate, exactly: at most `limit` in any window of `window_ms`, on all nodes together.
    /// `limit` is at most `RATE_MAX`.
    pub fn take_rate(
        &mut self,
        key: &str,
        limit: i64,
        window_ms: i64,
        now: Timestamp,
    ) -> Result<std::result::Result<(), RetryAfterMs>> {
        use rate_bucket::dsl as b;
        self.write("take from a rate", |conn| {
            let first = || {
                (
                    b::key.eq(key),
                    b::hits.eq(Doc(json!([]))),
                    b::expires_at.eq(0_i64),
                )
            };
            let insert = || {
                diesel::insert_into(b::rate_bucket)
                    .values(first())
                    .on_conflict(b::key)
                    .do_nothing()
            };
            on_conn!(conn, |c| insert().execute(c))?;
            let query = || b::rate_bucket.filter(b::key.eq(key)).select(b::hits);
            let rows: Vec<Doc> = load_for_update!(conn, query())?;
            let start = now.0.saturating_sub(window_ms);
            let stored = rows.first().and_then(|hits| hits.0.as_array());
            let mut hits: Vec<i64> = stored
                .into_iter()
                .flatten()
                .filter_map(Value::as_i64)
                .filter(|at| *at > start)
                .collect();
            hits.sort_unstable();
            let room = usize::try_from(limit.clamp(0, RATE_MAX)).unwrap_or(0);
            if hits.len() >= room {
                // The next place is free when so many have left the window that fewer than the limit remain.
                let leaving = hits
                    .len()
                    .checked_sub(room)
                    .and_then(|index| hits.get(index))
                    .copied()
                    .unwrap_or(now.0);
                return Ok(Err(RetryAfterMs(leaving.saturating_sub(start).max(1))));
            }
            hits.push(now.0);
            let end = now.0.saturating_add(window_ms);
            let update = || {
                let hits = b::hits.eq(Doc(json!(&hits)));
                diesel::update(b::rate_bucket.find(key)).set((hits, b::expires_at.eq(end)))
            };
            on_conn!(conn, |c| update().execute(c))?;
            Ok(Ok(()))
        })
    }
}
