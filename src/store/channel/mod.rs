//! Channels: who may what, what is said of them, and the apps that own some.

mod advert;
mod app;
mod backup;
mod record;
mod restore;
mod right;

pub use advert::{Advert, Search};
pub use app::{AppMade, AppRow, NewApp};
pub use record::{Holder, Record, Tally};
pub use restore::{Manner, Restored, Restoring};
pub use right::{Changed, Changes, StoredRule};

use super::connection::{Conn, load_for_update, on_conn};
use super::schema;
use crate::base::time::Timestamp;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};

/// Rows in one statement: SQLite takes so many parameters and no more.
const ROWS_AT_A_TIME: usize = 1_000;

/// Waits until nobody else decides about channels, to the end of the transaction: what is counted stays true until then. It comes
/// before any other row is changed, so that no two wait for each other.
pub(super) fn hold_head(conn: &mut Conn) -> QueryResult<()> {
    use schema::channel_head::dsl as h;
    let head = h::channel_head.filter(h::id.eq(1)).select(h::version);
    let _: Vec<i64> = load_for_update!(conn, head)?;
    Ok(())
}

/// Notes that a channel's rule or advert changed: nodes forget what they remember of it.
fn note_change(conn: &mut Conn, channel: &str, now: Timestamp) -> QueryResult<()> {
    note_changes(conn, std::slice::from_ref(&channel), now)
}

/// The same of many. The head's row is locked, so versions are committed in their order.
fn note_changes<S: AsRef<str>>(conn: &mut Conn, channels: &[S], now: Timestamp) -> QueryResult<()> {
    use schema::{channel_change::dsl as c, channel_head::dsl as h};
    let count = i64::try_from(channels.len()).unwrap_or(i64::MAX);
    let raise = || diesel::update(h::channel_head.find(1)).set(h::version.eq(h::version + count));
    on_conn!(conn, |c| raise().execute(c))?;
    let version: i64 = on_conn!(conn, |c| h::channel_head.find(1).select(h::version).first(c))?;
    let first = version.saturating_sub(count).saturating_add(1);
    let rows: Vec<_> = channels
        .iter()
        .zip(first..)
        .map(|(channel, version)| {
            (
                c::version.eq(version),
                c::channel.eq(channel.as_ref()),
                c::changed_at.eq(now.0),
            )
        })
        .collect();
    for some in rows.chunks(ROWS_AT_A_TIME) {
        on_conn!(conn, |c| diesel::insert_into(c::channel_change)
            .values(some)
            .execute(c))?;
    }
    Ok(())
}
