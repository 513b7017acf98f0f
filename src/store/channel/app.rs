//! Apps: principals of users, with a key of their own.

use super::{hold_head, note_changes};
use crate::base::limit::APPS_PER_OWNER_MAX;
use crate::base::time::Timestamp;
use crate::domain::agent::RevocationKind;
use crate::domain::channel::app_key_id;
use crate::store::connection::{Conn, load_for_update, on_conn};
use crate::store::login::{HandleKind, take_handle};
use crate::store::token::note_revocation;
use crate::store::{Reader, Result, Store, schema};
use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl,
    QueryResult, RunQueryDsl, TextExpressionMethods,
};

/// An app to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApp {
    /// Its name, as its owner writes it.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// SHA-256 of its key.
    pub key_hash: [u8; 32],
}

/// An app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRow {
    /// Its name, as its owner wrote it.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// SHA-256 of its key.
    pub key_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What became of making an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppMade {
    /// It is there.
    Done,
    /// Somebody has the name.
    Taken,
    /// The owner has as many as it may.
    Full,
}

type Row = (String, String, Vec<u8>, i64);

fn app_of((name, owner, key_hash, created_at): Row) -> AppRow {
    AppRow {
        name,
        owner,
        key_hash,
        created_at: Timestamp(created_at),
    }
}

impl Store {
    /// Makes an app.
    pub fn make_app(&mut self, new: &NewApp, now: Timestamp) -> Result<AppMade> {
        use schema::app::dsl as a;
        let key = new.name.to_lowercase();
        self.write("make an app", |conn| {
            hold_head(conn)?;
            let own = || a::app.filter(a::owner.eq(&new.owner)).count();
            let count: i64 = on_conn!(conn, |c| own().get_result(c))?;
            if count >= APPS_PER_OWNER_MAX {
                return Ok(AppMade::Full);
            }
            if !take_handle(conn, &key, HandleKind::App, now)? {
                return Ok(AppMade::Taken);
            }
            let row = (
                (a::name.eq(&key), a::shown.eq(&new.name), a::owner.eq(&new.owner)),
                (
                    a::key_hash.eq(new.key_hash.as_slice()),
                    a::created_at.eq(now.0),
                    a::rotated_at.eq(now.0),
                ),
            );
            on_conn!(conn, |c| diesel::insert_into(a::app).values(row).execute(c))?;
            Ok(AppMade::Done)
        })
    }

    /// Gives an app another key, and revokes the one before until a time. `false`: this owner has no such app.
    pub fn rotate_app(
        &mut self,
        (name, owner): (&str, &str),
        key_hash: &[u8; 32],
        revoked_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        use schema::app::dsl as a;
        self.write("rotate an app's key", |conn| {
            hold_head(conn)?;
            if !revoke_key(conn, name, owner, revoked_until, now)? {
                return Ok(false);
            }
            let update = || {
                diesel::update(a::app.find(name.to_lowercase()).filter(a::owner.eq(owner)))
                    .set((a::key_hash.eq(key_hash.as_slice()), a::rotated_at.eq(now.0)))
            };
            Ok(on_conn!(conn, |c| update().execute(c))? == 1)
        })
    }

    /// Deletes an app and revokes its key until a time. Its name is free again; its channels' locks, grants and adverts go with it, and
    /// so does what others granted it. Gives the channels whose rules changed; none when this owner has no such app.
    pub fn delete_app(
        &mut self,
        (name, owner): (&str, &str),
        revoked_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Vec<String>>> {
        use schema::{app::dsl as a, handle::dsl as h};
        let key = name.to_lowercase();
        self.write("delete an app", |conn| {
            hold_head(conn)?;
            if !revoke_key(conn, name, owner, revoked_until, now)? {
                return Ok(None);
            }
            let find = || a::app.find(&key).filter(a::owner.eq(owner)).select(a::shown);
            let shown: Option<String> = on_conn!(conn, |c| find().first(c).optional())?;
            let Some(shown) = shown else {
                return Ok(None);
            };
            on_conn!(conn, |c| diesel::delete(a::app.find(&key)).execute(c))?;
            on_conn!(conn, |c| diesel::delete(h::handle.find(&key)).execute(c))?;
            forget_app(conn, &shown, now).map(Some)
        })
    }
}

/// Ends the key that an app has now: whoever rotates or deletes at the same time waits. `false`: this owner has no such app.
fn revoke_key(
    conn: &mut Conn,
    name: &str,
    owner: &str,
    until: Timestamp,
    now: Timestamp,
) -> QueryResult<bool> {
    use schema::app::dsl as a;
    let own = a::app
        .filter(a::name.eq(name.to_lowercase()))
        .filter(a::owner.eq(owner))
        .select(a::key_hash);
    let hashes: Vec<Vec<u8>> = load_for_update!(conn, own)?;
    let Some(hash) = hashes.first() else {
        return Ok(false);
    };
    note_revocation(conn, RevocationKind::Token, &app_key_id(hash), until, now)?;
    Ok(true)
}

/// Forgets what an app decided and said about its channels, and what others granted it: the next one of its name is another app.
pub(super) fn forget_app(conn: &mut Conn, app: &str, now: Timestamp) -> QueryResult<Vec<String>> {
    use schema::{channel_advert::dsl as d, channel_grant::dsl as g, channel_lock::dsl as l};
    let owner = &format!("app:{app}");
    let locks = || {
        l::channel_lock
            .filter(l::owner.eq(owner))
            .order(l::channel)
            .select(l::channel)
    };
    let mut channels: Vec<String> = on_conn!(conn, |c| locks().load(c))?;
    let adverts = || {
        d::channel_advert
            .filter(d::owner.eq(owner))
            .order(d::channel)
            .select(d::channel)
    };
    let advertised: Vec<String> = on_conn!(conn, |c| adverts().load(c))?;
    channels.extend(advertised);
    // A grant may stand before there is a lock. Those of nodes of an earlier version have no owner yet.
    let own = format!("app.{}.%", app.replace('_', "\\_"));
    let is_unowned = || g::owner.eq("").and(g::channel.like(&own).escape('\\'));
    let is_concerned = || g::owner.eq(owner).or(g::target.eq(owner)).or(is_unowned());
    let grants = || {
        g::channel_grant
            .filter(is_concerned())
            .select(g::channel)
            .distinct()
    };
    let granted: Vec<String> = on_conn!(conn, |c| grants().load(c))?;
    channels.extend(granted);
    channels.sort_unstable();
    channels.dedup();
    on_conn!(conn, |c| diesel::delete(
        l::channel_lock.filter(l::owner.eq(owner))
    )
    .execute(c))?;
    on_conn!(conn, |c| diesel::delete(
        d::channel_advert.filter(d::owner.eq(owner))
    )
    .execute(c))?;
    let grants = || g::channel_grant.filter(is_concerned());
    on_conn!(conn, |c| diesel::delete(grants()).execute(c))?;
    note_changes(conn, &channels, now)?;
    Ok(channels)
}

impl Reader {
    /// An app, by its name in whatever case of its letters.
    pub fn app(&mut self, name: &str) -> Result<Option<AppRow>> {
        use schema::app::dsl as a;
        self.read("read an app", |conn| {
            let query = || {
                a::app
                    .find(name.to_lowercase())
                    .select((a::shown, a::owner, a::key_hash, a::created_at))
            };
            let row: Option<Row> = on_conn!(conn, |c| query().first(c).optional())?;
            Ok(row.map(app_of))
        })
    }

    /// The app whose key has this hash.
    pub fn app_by_key(&mut self, key_hash: &[u8; 32]) -> Result<Option<AppRow>> {
        use schema::app::dsl as a;
        self.read("find an app", |conn| {
            let query = || {
                a::app.filter(a::key_hash.eq(key_hash.as_slice())).select((
                    a::shown,
                    a::owner,
                    a::key_hash,
                    a::created_at,
                ))
            };
            let row: Option<Row> = on_conn!(conn, |c| query().first(c).optional())?;
            Ok(row.map(app_of))
        })
    }

    /// The apps of an owner, by name.
    pub fn apps(&mut self, owner: &str) -> Result<Vec<AppRow>> {
        use schema::app::dsl as a;
        self.read("list apps", |conn| {
            let query = || {
                a::app
                    .filter(a::owner.eq(owner))
                    .order(a::name)
                    .limit(APPS_PER_OWNER_MAX)
                    .select((a::shown, a::owner, a::key_hash, a::created_at))
            };
            let rows: Vec<Row> = on_conn!(conn, |c| query().load(c))?;
            Ok(rows.into_iter().map(app_of).collect())
        })
    }
}
