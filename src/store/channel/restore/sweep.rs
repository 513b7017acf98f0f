//! What the world has and a backup has not.

use super::{Restoring, Step, hold_head, mark, tell};
use crate::base::time::Timestamp;
use crate::domain::agent::RevocationKind;
use crate::domain::channel::app_key_id;
use crate::store::bulk::{Bulk, Cell};
use crate::store::channel::app::forget_app;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::schema;
use crate::store::token::note_revocation;
use crate::store::{Result, Store};
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// Rows that are looked at together.
const PAGE: i64 = 500;

/// A table: how its keys are listed after one, and the statement that removes some, which gives their channels.
struct Table {
    name: &'static str,
    list: &'static str,
    remove: Option<(&'static str, &'static str)>,
    has_channels: bool,
    has_two_columns: bool,
}

/// Grants before locks: who was granted and is no more never hears a channel because of the order.
const TABLES: [Table; 5] = [
    Table {
        name: "channel_grant",
        list: "SELECT channel AS one, target AS other FROM channel_grant WHERE (channel, target) > ($1, $2) \
               ORDER BY channel, target LIMIT $3",
        remove: Some((
            "DELETE FROM channel_grant WHERE (channel, target) IN (VALUES ",
            ") RETURNING channel",
        )),
        has_channels: true,
        has_two_columns: true,
    },
    Table {
        name: "channel_lock",
        list: "SELECT channel AS one, '' AS other FROM channel_lock WHERE channel > $1 AND $2 = $2 ORDER BY channel LIMIT $3",
        remove: Some((
            "DELETE FROM channel_lock WHERE channel IN (VALUES ",
            ") RETURNING channel",
        )),
        has_channels: true,
        has_two_columns: false,
    },
    Table {
        name: "channel_advert",
        list: "SELECT channel AS one, '' AS other FROM channel_advert WHERE channel > $1 AND $2 = $2 ORDER BY channel LIMIT $3",
        remove: Some((
            "DELETE FROM channel_advert WHERE channel IN (VALUES ",
            ") RETURNING channel",
        )),
        has_channels: true,
        has_two_columns: false,
    },
    Table {
        name: "ssh_key",
        list: "SELECT owner AS one, name AS other FROM ssh_key WHERE (owner, name) > ($1, $2) ORDER BY owner, name LIMIT $3",
        remove: Some((
            "DELETE FROM ssh_key WHERE (owner, name) IN (VALUES ",
            ") RETURNING owner",
        )),
        has_channels: false,
        has_two_columns: true,
    },
    Table {
        name: "app",
        list: "SELECT name AS one, '' AS other FROM app WHERE name > $1 AND $2 = $2 ORDER BY name LIMIT $3",
        remove: None,
        has_channels: false,
        has_two_columns: false,
    },
];

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    one: String,
    #[diesel(sql_type = Text)]
    other: String,
}

/// Removes from all tables what has no mark.
pub(super) fn sweep(store: &mut Store, restoring: &mut Restoring, now: Timestamp) -> Result<()> {
    for table in &TABLES {
        let mut last = (String::new(), String::new());
        loop {
            let keys = store.read("list what owners decided", |conn| page(conn, table, &last))?;
            let Some(end) = keys.last() else {
                break;
            };
            last = (end.one.clone(), end.other.clone());
            let is_kept = |key: &Key| restoring.kept.contains(&mark(table.name, &key.one, &key.other));
            let stale: Vec<Key> = keys.into_iter().filter(|key| !is_kept(key)).collect();
            if stale.is_empty() {
                continue;
            }
            let until = restoring.revoked_until;
            let step = store.write("remove what is not in the backup", |conn| {
                hold_head(conn)?;
                let mut step = Step::default();
                let removed = match table.remove {
                    Some(statement) => remove(conn, table, statement, &stale)?,
                    None => stale
                        .iter()
                        .filter_map(|key| remove_app(conn, &key.one, (until, now)).transpose())
                        .collect::<QueryResult<_>>()?,
                };
                step.restored.removed = u64::try_from(removed.len()).unwrap_or_default();
                if table.has_channels {
                    step.channels = removed;
                }
                tell(conn, &mut step, now)?;
                Ok(step)
            })?;
            restoring.settle(step);
        }
    }
    Ok(())
}

fn page(conn: &mut Conn, table: &Table, (one, other): &(String, String)) -> QueryResult<Vec<Key>> {
    let query = || {
        sql_query(table.list)
            .bind::<Text, _>(one)
            .bind::<Text, _>(other)
            .bind::<BigInt, _>(PAGE)
    };
    match conn {
        Conn::Sqlite(c) => query().load(c),
        Conn::Pg(c) => query().load(c),
    }
}

fn remove(
    conn: &mut Conn,
    table: &Table,
    (head, tail): (&'static str, &'static str),
    keys: &[Key],
) -> QueryResult<Vec<String>> {
    let rows: Vec<Vec<Cell<'_>>> = keys
        .iter()
        .map(|Key { one, other }| match table.has_two_columns {
            true => vec![Cell::Text(one), Cell::Text(other)],
            false => vec![Cell::Text(one)],
        })
        .collect();
    on_conn!(conn, |c| Bulk::<Text>::new(head, &rows, tail).load(c))
}

/// Removes an app and ends its key; its name is free again. What it owned and was granted goes by its own tables before; what came
/// since goes with it. None: it is gone.
fn remove_app(
    conn: &mut Conn,
    key: &str,
    (until, now): (Timestamp, Timestamp),
) -> QueryResult<Option<String>> {
    use schema::{app::dsl as a, handle::dsl as h};
    let find = a::app.filter(a::name.eq(key)).select((a::shown, a::key_hash));
    let found: Vec<(String, Vec<u8>)> = load_for_update!(conn, find)?;
    let Some((shown, hash)) = found.first() else {
        return Ok(None);
    };
    note_revocation(conn, RevocationKind::Token, &app_key_id(hash), until, now)?;
    on_conn!(conn, |c| diesel::delete(a::app.find(key)).execute(c))?;
    let name = || h::handle.filter(h::name.eq(key)).filter(h::kind.eq("app"));
    on_conn!(conn, |c| diesel::delete(name()).execute(c))?;
    forget_app(conn, shown, now)?;
    Ok(Some(key.to_owned()))
}
