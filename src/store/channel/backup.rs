//! Reading all that owners decided about channels, in pages, as it was at one moment.

use super::record::{Holder, Record};
use crate::base::time::Timestamp;
use crate::domain::channel::Namespace;
use crate::store::connection::{Conn, on_conn};
use crate::store::error::Inconsistency;
use crate::store::sql_types::Id;
use crate::store::{Reader, Result, StoreError, schema};
use diesel::connection::SimpleConnection;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rows that are read together.
const PAGE: i64 = 500;
/// The same of adverts, of which one may have 50 KiB.
const ADVERTS_PAGE: i64 = 100;

/// Takes records; says whether there may be more.
type Take<'a> = dyn FnMut(Vec<Record>) -> bool + 'a;
/// A place in a table's order: what comes after it is next.
type After<'a> = (&'a str, &'a str);
/// Reads a page of a table.
type Page = fn(&mut Conn, After<'_>) -> QueryResult<Vec<Record>>;

impl Reader {
    /// Reads all that owners decided about channels, as of one moment, in portions; ends early when `take` has enough. Gives whether
    /// all was read. Nobody who writes waits for it.
    /// Errors: those of the database. There is no second try, as `take` would get things twice.
    pub fn back_up_channels(&mut self, take: &mut Take<'_>) -> Result<bool> {
        let conn = self.conn()?;
        let begin = match conn {
            Conn::Sqlite(_) => "BEGIN",
            // Between two pages it waits for the disk that they are written to.
            Conn::Pg(_) => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = '60s'"
            }
        };
        let read = on_conn!(conn, |c| c.batch_execute(begin)).and_then(|()| read_all(conn, take));
        // The transaction ends with the connection.
        self.disconnect();
        read.map_err(|source| StoreError::Query {
            operation: "read what owners decided about channels",
            source,
        })
    }
}

fn read_all(conn: &mut Conn, take: &mut Take<'_>) -> QueryResult<bool> {
    let known = &mut HashSet::new();
    let tables: [Page; 6] = [users, apps, ssh_keys, locks, grants, adverts];
    for table in tables {
        let mut after = (String::new(), String::new());
        loop {
            let records = table(conn, (&after.0, &after.1))?;
            let Some(last) = records.last() else {
                break;
            };
            after = last.key();
            let names = names_in(conn, &records, known)?;
            if !(take(names) && take(records)) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whose the names are that were not mentioned before. Users stand in the backup already, apps come as such.
fn names_in(conn: &mut Conn, records: &[Record], known: &mut HashSet<String>) -> QueryResult<Vec<Record>> {
    let mentioned = records.iter().flat_map(Record::mentions);
    let new: BTreeSet<&str> = mentioned
        .filter(|name| !name.starts_with("app:") && !known.contains(*name))
        .collect();
    let new: Vec<&str> = new.into_iter().collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    known.extend(new.iter().map(|name| (*name).to_owned()));
    let found = holders(conn, &new)?;
    let holder = |name: &str| {
        let Found { agents, users } = &found;
        match agents.get(name) {
            Some(id) => Some(Holder::Agent { id: id.0 }),
            None if users.contains(name) => None,
            None => Some(Holder::Elsewhere),
        }
    };
    let records = new.into_iter().filter_map(|name| {
        Some(Record::Name {
            name: name.to_owned(),
            holder: holder(name)?,
        })
    });
    Ok(records.collect())
}

/// Who of this world has some names.
pub(super) struct Found {
    pub agents: HashMap<String, Id>,
    pub users: HashSet<String>,
}

/// Who has these names.
pub(super) fn holders(conn: &mut Conn, names: &[&str]) -> QueryResult<Found> {
    use schema::{agents::dsl as g, handle::dsl as h};
    let agents = || {
        g::agents
            .filter(g::agent_id.eq_any(names))
            .select((g::agent_id, g::id))
    };
    let agents: Vec<(String, Id)> = on_conn!(conn, |c| agents().load(c))?;
    let users = || {
        h::handle
            .filter(h::name.eq_any(names))
            .filter(h::kind.eq("user"))
            .select(h::name)
    };
    let users: Vec<String> = on_conn!(conn, |c| users().load(c))?;
    Ok(Found {
        agents: agents.into_iter().collect(),
        users: users.into_iter().collect(),
    })
}

fn users(conn: &mut Conn, (after, _): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::handle::dsl as h;
    let query = || {
        h::handle
            .filter(h::name.gt(after))
            .filter(h::kind.eq("user"))
            .order(h::name)
            .limit(PAGE)
            .select((h::name, h::created_at))
    };
    let rows: Vec<(String, i64)> = on_conn!(conn, |c| query().load(c))?;
    let record = |(name, since)| Record::Name {
        name,
        holder: Holder::User {
            since: Timestamp(since),
        },
    };
    Ok(rows.into_iter().map(record).collect())
}

fn apps(conn: &mut Conn, (after, _): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::app::dsl as a;
    type Row = (String, String, Vec<u8>, i64, i64);
    let query = || {
        a::app
            .filter(a::name.gt(after))
            .order(a::name)
            .limit(PAGE)
            .select((a::shown, a::owner, a::key_hash, a::created_at, a::rotated_at))
    };
    let rows: Vec<Row> = on_conn!(conn, |c| query().load(c))?;
    let record = |(name, owner, key_hash, created_at, rotated_at): Row| {
        let broken = |_hash| Inconsistency::sql("app", "key_hash", &name);
        let key_hash = key_hash.try_into().map_err(broken)?;
        Ok(Record::App {
            name,
            owner,
            key_hash,
            created_at: Timestamp(created_at),
            rotated_at: Timestamp(rotated_at),
        })
    };
    rows.into_iter().map(record).collect()
}

fn ssh_keys(conn: &mut Conn, (owner, name): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::ssh_key::dsl as k;
    let query = || {
        k::ssh_key
            .filter(k::owner.gt(owner).or(k::owner.eq(owner).and(k::name.gt(name))))
            .order((k::owner, k::name))
            .limit(PAGE)
    };
    let rows: Vec<(String, String, String, i64)> = on_conn!(conn, |c| query().load(c))?;
    let record = |(owner, name, public_key, created_at)| Record::SshKey {
        owner,
        name,
        public_key,
        created_at: Timestamp(created_at),
    };
    Ok(rows.into_iter().map(record).collect())
}

fn locks(conn: &mut Conn, (after, _): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::channel_lock::dsl as l;
    let query = || {
        l::channel_lock
            .filter(l::channel.gt(after))
            .order(l::channel)
            .limit(PAGE)
    };
    let rows: Vec<(String, String, i64)> = on_conn!(conn, |c| query().load(c))?;
    let record = |(channel, owner, locked_at)| Record::Lock {
        channel,
        owner,
        locked_at: Timestamp(locked_at),
    };
    Ok(rows.into_iter().map(record).collect())
}

fn grants(conn: &mut Conn, (channel, target): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::channel_grant::dsl as g;
    let query = || {
        g::channel_grant
            .filter(
                g::channel
                    .gt(channel)
                    .or(g::channel.eq(channel).and(g::target.gt(target))),
            )
            .order((g::channel, g::target))
            .limit(PAGE)
            .select((g::channel, g::owner, g::target, g::granted_at))
    };
    let rows: Vec<(String, String, String, i64)> = on_conn!(conn, |c| query().load(c))?;
    let record = |(channel, owner, target, granted_at): (String, String, String, i64)| {
        // A program of before the column does not write it.
        let owner = match owner.is_empty() {
            true => Namespace::of(&channel)
                .ok()
                .and_then(|channel| Some(channel.owner()?.to_string())),
            false => Some(owner),
        };
        Record::Grant {
            owner: owner.unwrap_or_default(),
            channel,
            target,
            granted_at: Timestamp(granted_at),
        }
    };
    Ok(rows.into_iter().map(record).collect())
}

fn adverts(conn: &mut Conn, (after, _): After<'_>) -> QueryResult<Vec<Record>> {
    use schema::channel_advert::dsl as d;
    let query = || {
        d::channel_advert
            .filter(d::channel.gt(after))
            .order(d::channel)
            .limit(ADVERTS_PAGE)
    };
    type Row = (String, String, Option<String>, Option<String>, i64);
    let rows: Vec<Row> = on_conn!(conn, |c| query().load(c))?;
    let record = |(channel, owner, description, schema, updated_at): Row| Record::Advert {
        channel,
        owner,
        description,
        schema,
        updated_at: Timestamp(updated_at),
    };
    Ok(rows.into_iter().map(record).collect())
}
