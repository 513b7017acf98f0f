//! Channels: who may what, what is said of them, and the apps that own some.

mod advert;
mod app;
mod right;

pub use advert::{Advert, Search};
pub use app::{AppMade, AppRow, NewApp};
pub use right::{Changed, Changes, StoredRule};

use super::connection::{Conn, on_conn};
use super::schema;
use crate::base::limit::CHANNEL_CHANGES_MAX;
use crate::base::time::Timestamp;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};

/// Notes that a channel's rule or advert changed: nodes forget what they remember of it. The head's row is locked, so versions are
/// committed in their order.
fn note_change(conn: &mut Conn, channel: &str, now: Timestamp) -> QueryResult<()> {
    use schema::{channel_change::dsl as c, channel_head::dsl as h};
    raise_version(conn)?;
    let version: i64 = on_conn!(conn, |c| h::channel_head.find(1).select(h::version).first(c))?;
    let row = (
        c::version.eq(version),
        c::channel.eq(channel),
        c::changed_at.eq(now.0),
    );
    on_conn!(conn, |c| diesel::insert_into(c::channel_change)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Notes that many changed. Of more than nodes read one by one, a version without a channel tells: then they forget all rules.
fn note_changes(conn: &mut Conn, channels: &[String], now: Timestamp) -> QueryResult<()> {
    if i64::try_from(channels.len()).is_ok_and(|count| count <= CHANNEL_CHANGES_MAX) {
        return channels
            .iter()
            .try_for_each(|channel| note_change(conn, channel, now));
    }
    raise_version(conn)
}

fn raise_version(conn: &mut Conn) -> QueryResult<()> {
    use schema::channel_head::dsl as h;
    let raise = || diesel::update(h::channel_head.find(1)).set(h::version.eq(h::version + 1));
    on_conn!(conn, |c| raise().execute(c))?;
    Ok(())
}
