//! What is in a backup, into the tables.

use super::{Manner, Restoring, Step, mark};
use crate::base::time::Timestamp;
use crate::domain::agent::RevocationKind;
use crate::domain::channel::app_key_id;
use crate::store::bulk::{Bulk, Cell};
use crate::store::channel::app::forget_app;
use crate::store::channel::backup::holders;
use crate::store::channel::record::{Holder, Record};
use crate::store::connection::{Conn, on_conn};
use crate::store::schema;
use crate::store::sql_types::Id;
use crate::store::token::note_revocation;
use diesel::sql_types::Text;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use std::collections::{HashMap, HashSet};

/// A table, and how rows get into it: the statement before them, and after them by manner. Each gives the first column of its key for
/// every row that was written.
struct Table {
    name: &'static str,
    head: &'static str,
    merge: &'static str,
    replace: &'static str,
}

const SSH_KEYS: Table = Table {
    name: "ssh_key",
    head: "INSERT INTO ssh_key (owner, name, public_key, created_at) VALUES ",
    merge: " ON CONFLICT DO NOTHING RETURNING owner",
    replace: " ON CONFLICT (owner, name) DO UPDATE SET public_key = excluded.public_key, created_at = excluded.created_at \
              WHERE ssh_key.public_key <> excluded.public_key OR ssh_key.created_at <> excluded.created_at RETURNING owner",
};
const LOCKS: Table = Table {
    name: "channel_lock",
    head: "INSERT INTO channel_lock (channel, owner, locked_at) VALUES ",
    merge: " ON CONFLICT DO NOTHING RETURNING channel",
    replace: " ON CONFLICT (channel) DO UPDATE SET owner = excluded.owner, locked_at = excluded.locked_at \
              WHERE channel_lock.owner <> excluded.owner OR channel_lock.locked_at <> excluded.locked_at RETURNING channel",
};
const GRANTS: Table = Table {
    name: "channel_grant",
    head: "INSERT INTO channel_grant (channel, target, granted_at, owner) VALUES ",
    merge: " ON CONFLICT DO NOTHING RETURNING channel",
    replace: " ON CONFLICT (channel, target) DO UPDATE SET granted_at = excluded.granted_at, owner = excluded.owner \
              WHERE channel_grant.granted_at <> excluded.granted_at OR channel_grant.owner <> excluded.owner RETURNING channel",
};
const ADVERTS: Table = Table {
    name: "channel_advert",
    head: "INSERT INTO channel_advert (channel, owner, description, schema, updated_at) VALUES ",
    merge: " ON CONFLICT DO NOTHING RETURNING channel",
    replace: " ON CONFLICT (channel) DO UPDATE SET owner = excluded.owner, description = excluded.description, \
              schema = excluded.schema, updated_at = excluded.updated_at WHERE channel_advert.owner <> excluded.owner \
              OR channel_advert.description IS DISTINCT FROM excluded.description \
              OR channel_advert.schema IS DISTINCT FROM excluded.schema \
              OR channel_advert.updated_at <> excluded.updated_at RETURNING channel",
};
const HANDLES: (&str, &str) = (
    "INSERT INTO handle (name, kind, created_at) VALUES ",
    " ON CONFLICT DO NOTHING RETURNING name",
);
const APPS: (&str, &str) = (
    "INSERT INTO app (name, shown, owner, key_hash, created_at, rotated_at) VALUES ",
    " RETURNING name",
);

/// Makes the users that are missing, and finds out who is who it was.
pub(super) fn names(conn: &mut Conn, step: &mut Step, records: &[Record]) -> QueryResult<()> {
    let names: Vec<(&str, &Holder)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Name { name, holder } => Some((name.as_str(), holder)),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    // Agents of earlier versions have no row among the handles.
    let agents = holders(conn, &all)?.agents;
    let users = names.iter().filter_map(|(name, holder)| match holder {
        Holder::User { since } if !agents.contains_key(*name) => Some((*name, since.0)),
        _ => None,
    });
    let made = take_handles(conn, "user", users)?;
    let found = holders(conn, &all)?;
    for (name, holder) in names {
        let (agent, is_user) = (found.agents.get(name), found.users.contains(name));
        let is_same = match holder {
            Holder::User { .. } => agent.is_none() && is_user,
            Holder::Agent { id } => agent == Some(&Id(*id)),
            Holder::Elsewhere => agent.is_none() && !is_user,
        };
        if is_same {
            step.admitted.insert(name.to_owned());
        }
        let restored = &mut step.restored;
        match holder {
            Holder::User { .. } if made.contains(name) => restored.written.users += 1,
            Holder::User { .. } if is_same => restored.unchanged += 1,
            Holder::User { .. } => restored.left_out += 1,
            Holder::Agent { .. } | Holder::Elsewhere => {}
        }
    }
    Ok(())
}

/// Takes names that nobody has. Gives those.
fn take_handles<'a>(
    conn: &mut Conn,
    kind: &'a str,
    names: impl Iterator<Item = (&'a str, i64)>,
) -> QueryResult<HashSet<String>> {
    let rows: Vec<_> = names
        .map(|(name, since)| vec![Cell::Text(name), Cell::Text(kind), Cell::Big(since)])
        .collect();
    Ok(insert(conn, HANDLES, &rows)?.into_iter().collect())
}

/// Runs a statement over rows, if there are any.
fn insert(
    conn: &mut Conn,
    (head, tail): (&'static str, &'static str),
    rows: &[Vec<Cell<'_>>],
) -> QueryResult<Vec<String>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    on_conn!(conn, |c| Bulk::<Text>::new(head, rows, tail).load(c))
}

/// An app as it is in the backup.
struct App<'a> {
    record: &'a Record,
    key: String,
    shown: &'a str,
    owner: &'a str,
    key_hash: &'a [u8; 32],
    created_at: Timestamp,
    rotated_at: Timestamp,
}

impl<'a> App<'a> {
    fn of(record: &'a Record) -> Option<Self> {
        match record {
            Record::App {
                name,
                owner,
                key_hash,
                created_at,
                rotated_at,
            } => Some(Self {
                record,
                key: name.to_lowercase(),
                shown: name,
                owner,
                key_hash,
                created_at: *created_at,
                rotated_at: *rotated_at,
            }),
            _ => None,
        }
    }
}

/// Puts apps back. One that is there keeps the key that it has now: what was rotated away stays so.
pub(super) fn apps(
    conn: &mut Conn,
    restoring: &Restoring,
    step: &mut Step,
    records: &[Record],
    now: Timestamp,
) -> QueryResult<()> {
    let (apps, strangers): (Vec<App<'_>>, Vec<App<'_>>) = records
        .iter()
        .filter_map(App::of)
        .partition(|app| is_admitted(restoring, step, app.record));
    leave_out(step, strangers.len());
    if apps.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = apps.iter().map(|app| app.key.as_str()).collect();
    let there = rows_of(conn, &keys)?;
    let agents = holders(conn, &keys)?.agents;
    let is_free = |key: &str| !agents.contains_key(key) && !there.contains_key(key);
    let free = apps.iter().filter(|app| is_free(&app.key));
    let taken = free.map(|app| (app.key.as_str(), app.created_at.0));
    let mut fresh = take_handles(conn, "app", taken)?;
    for app in &apps {
        let Some((shown, owner, key_hash, created_at)) = there.get(&app.key) else {
            continue;
        };
        if owner == app.owner && *created_at == app.created_at.0 {
            step.restored.unchanged += 1;
            admit(step, app);
        } else if restoring.manner == Manner::Replace {
            // Another one of its name.
            note_revocation(
                conn,
                RevocationKind::Token,
                &app_key_id(key_hash),
                restoring.revoked_until,
                now,
            )?;
            use schema::app::dsl as a;
            on_conn!(conn, |c| diesel::delete(a::app.find(&app.key)).execute(c))?;
            // What it owned and was granted is not for the one that comes back.
            forget_app(conn, shown, now)?;
            fresh.insert(app.key.clone());
        }
    }
    let rows = apps.iter().filter(|app| fresh.contains(&app.key)).map(|app| {
        vec![
            Cell::Text(&app.key),
            Cell::Text(app.shown),
            Cell::Text(app.owner),
            Cell::Bytes(app.key_hash),
            Cell::Big(app.created_at.0),
            Cell::Big(app.rotated_at.0),
        ]
    });
    let rows: Vec<_> = rows.collect();
    insert(conn, APPS, &rows)?;
    for app in &apps {
        if fresh.contains(&app.key) {
            step.restored.written.add(app.record);
            admit(step, app);
        } else if !step.admitted.contains(&subject(app)) {
            leave_out(step, 1);
        }
    }
    Ok(())
}

fn subject(app: &App<'_>) -> String {
    format!("app:{}", app.shown)
}

fn admit(step: &mut Step, app: &App<'_>) {
    step.admitted.insert(subject(app));
    step.apps.push((subject(app), app.created_at.0));
    step.kept.push(mark("app", &app.key, ""));
}

/// Name, owner, hash of the key and time of making.
type AppRow = (String, String, Vec<u8>, i64);

fn rows_of(conn: &mut Conn, keys: &[&str]) -> QueryResult<HashMap<String, AppRow>> {
    use schema::app::dsl as a;
    let query = || {
        a::app
            .filter(a::name.eq_any(keys))
            .select((a::name, (a::shown, a::owner, a::key_hash, a::created_at)))
    };
    let rows: Vec<(String, AppRow)> = on_conn!(conn, |c| query().load(c))?;
    Ok(rows.into_iter().collect())
}

/// Puts keys, locks, grants and adverts back.
pub(super) fn rest(
    conn: &mut Conn,
    restoring: &Restoring,
    step: &mut Step,
    records: &[Record],
) -> QueryResult<()> {
    let gone = gone_apps(conn, restoring, records)?;
    // Locks before grants: what is locked is never open meanwhile.
    for table in [SSH_KEYS, LOCKS, GRANTS, ADVERTS] {
        let of_table = records
            .iter()
            .filter_map(|record| Some((record, row_of(&table, record)?)));
        let (known, strangers): (Vec<_>, Vec<_>) = of_table.partition(|(record, _)| {
            is_admitted(restoring, step, record) && !record.mentions().any(|name| gone.contains(name))
        });
        leave_out(step, strangers.len());
        let Some((first, _)) = known.first() else {
            continue;
        };
        let first = *first;
        if restoring.manner == Manner::Replace {
            for (record, _) in &known {
                let (one, other) = record.key();
                step.kept.push(mark(table.name, &one, &other));
            }
        }
        let rows: Vec<_> = known.into_iter().map(|(_, row)| row).collect();
        let tail = match restoring.manner {
            Manner::Merge => table.merge,
            Manner::Replace => table.replace,
        };
        let written = insert(conn, (table.head, tail), &rows)?;
        let unchanged = rows.len().saturating_sub(written.len());
        step.restored.unchanged += u64::try_from(unchanged).unwrap_or_default();
        written.iter().for_each(|_| step.restored.written.add(first));
        if table.name != SSH_KEYS.name {
            step.channels.extend(written);
        }
    }
    Ok(())
}

/// Apps that were put back or found before, and are not there any more, or are others of their names.
fn gone_apps(conn: &mut Conn, restoring: &Restoring, records: &[Record]) -> QueryResult<HashSet<String>> {
    let mentioned: HashSet<&str> = records.iter().flat_map(Record::mentions).collect();
    let known = mentioned
        .into_iter()
        .filter_map(|name| Some((name, restoring.apps.get(name)?)));
    let known: Vec<(&str, &i64)> = known.collect();
    let keys: Vec<String> = known
        .iter()
        .filter_map(|(name, _)| Some(name.strip_prefix("app:")?.to_lowercase()))
        .collect();
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let there = rows_of(conn, &keys)?;
    let there: HashMap<String, i64> = there
        .into_values()
        .map(|(shown, _, _, created_at)| (format!("app:{shown}"), created_at))
        .collect();
    let gone = known
        .into_iter()
        .filter(|(name, made)| there.get(*name) != Some(*made));
    Ok(gone.map(|(name, _)| name.to_owned()).collect())
}

/// A record as a row of its table; none of another table's.
fn row_of<'a>(table: &Table, record: &'a Record) -> Option<Vec<Cell<'a>>> {
    let (name, row) = match record {
        Record::Name { .. } | Record::App { .. } => return None,
        Record::SshKey {
            owner,
            name,
            public_key,
            created_at,
        } => (
            SSH_KEYS.name,
            vec![
                Cell::Text(owner),
                Cell::Text(name),
                Cell::Text(public_key),
                Cell::Big(created_at.0),
            ],
        ),
        Record::Lock {
            channel,
            owner,
            locked_at,
        } => (
            LOCKS.name,
            vec![Cell::Text(channel), Cell::Text(owner), Cell::Big(locked_at.0)],
        ),
        Record::Grant {
            channel,
            owner,
            target,
            granted_at,
        } => (
            GRANTS.name,
            vec![
                Cell::Text(channel),
                Cell::Text(target),
                Cell::Big(granted_at.0),
                Cell::Text(owner),
            ],
        ),
        Record::Advert {
            channel,
            owner,
            description,
            schema,
            updated_at,
        } => (
            ADVERTS.name,
            vec![
                Cell::Text(channel),
                Cell::Text(owner),
                Cell::NullableText(description.as_deref()),
                Cell::NullableText(schema.as_deref()),
                Cell::Big(updated_at.0),
            ],
        ),
    };
    (name == table.name).then_some(row)
}

/// Whether all that a record is about are who they were.
fn is_admitted(restoring: &Restoring, step: &Step, record: &Record) -> bool {
    record
        .mentions()
        .all(|name| restoring.admitted.contains(name) || step.admitted.contains(name))
}

fn leave_out(step: &mut Step, count: usize) {
    let count = u64::try_from(count).unwrap_or_default();
    step.restored.left_out = step.restored.left_out.saturating_add(count);
}
