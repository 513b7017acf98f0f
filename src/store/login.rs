//! Log-ins of the command line: names, public keys, and challenges that wait for their proof.

use super::channel::hold_head;
use super::connection::{Conn, on_conn};
use super::{Reader, Result, Store, schema};
use crate::base::limit::{LOGINS_PENDING_MAX, SSH_KEYS_MAX};
use crate::base::time::Timestamp;
use diesel::query_dsl::positional_order_dsl::PositionalOrderDsl;
use diesel::{CombineDsl, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};

/// What a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleKind {
    /// An agent.
    Agent,
    /// A user of the command line.
    User,
    /// An app.
    App,
}

impl HandleKind {
    const fn name(self) -> &'static str {
        match self {
            HandleKind::Agent => "agent",
            HandleKind::User => "user",
            HandleKind::App => "app",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Agent, Self::User, Self::App]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A log-in that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// By which it is found, once.
    pub id: String,
    /// Who wants to log in.
    pub username: String,
    /// By which key; empty for a profile's.
    pub key_name: String,
    /// What is to be signed, or to be shown.
    pub text: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKeyRow {
    /// Its name among those of its owner.
    pub name: String,
    /// One line as OpenSSH writes it.
    pub public_key: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Takes a name, in small letters. `false`: somebody has it.
pub(super) fn take_handle(
    conn: &mut Conn,
    name: &str,
    kind: HandleKind,
    now: Timestamp,
) -> QueryResult<bool> {
    use schema::{agents::dsl as g, handle::dsl as h};
    // Agents of earlier versions have no row here.
    let agents = || g::agents.filter(g::agent_id.eq(name)).count();
    if on_conn!(conn, |c| agents().get_result::<i64>(c))? > 0 {
        return Ok(false);
    }
    let row = || (h::name.eq(name), h::kind.eq(kind.name()), h::created_at.eq(now.0));
    let added = on_conn!(conn, |c| diesel::insert_into(h::handle)
        .values(row())
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

fn kind_of(conn: &mut Conn, name: &str) -> QueryResult<Option<HandleKind>> {
    use schema::{agents::dsl as g, handle::dsl as h};
    let agents = || g::agents.filter(g::agent_id.eq(name)).count();
    if on_conn!(conn, |c| agents().get_result::<i64>(c))? > 0 {
        return Ok(Some(HandleKind::Agent));
    }
    let query = || h::handle.find(name).select(h::kind);
    let kind: Option<String> = on_conn!(conn, |c| query().first(c).optional())?;
    Ok(kind.as_deref().and_then(HandleKind::from_name))
}

impl Store {
    /// Makes a user of the command line, unless there is one. Gives what the name belongs to then.
    pub fn ensure_user(&mut self, name: &str, now: Timestamp) -> Result<HandleKind> {
        self.write("make a user", |conn| {
            if let Some(kind) = kind_of(conn, name)? {
                return Ok(kind);
            }
            if take_handle(conn, name, HandleKind::User, now)? {
                return Ok(HandleKind::User);
            }
            // Somebody took it at the same moment.
            Ok(kind_of(conn, name)?.unwrap_or(HandleKind::App))
        })
    }

    /// Begins a log-in; one under the same id is replaced. `false`: too many wait for this name.
    pub fn begin_login(&mut self, challenge: &Challenge, now: Timestamp) -> Result<bool> {
        use schema::login_challenge::dsl as l;
        self.write("begin a log-in", |conn| {
            let over = || l::login_challenge.filter(l::expires_at.le(now.0));
            on_conn!(conn, |c| diesel::delete(over()).execute(c))?;
            let pending = || {
                l::login_challenge
                    .filter(l::username.eq(&challenge.username))
                    .filter(l::id.ne(&challenge.id))
                    .count()
            };
            if on_conn!(conn, |c| pending().get_result::<i64>(c))? >= LOGINS_PENDING_MAX {
                return Ok(false);
            }
            let content = || {
                (
                    l::username.eq(&challenge.username),
                    l::key_name.eq(&challenge.key_name),
                    l::text.eq(&challenge.text),
                    l::expires_at.eq(challenge.expires_at.0),
                )
            };
            let insert = || {
                diesel::insert_into(l::login_challenge)
                    .values((l::id.eq(&challenge.id), content()))
                    .on_conflict(l::id)
                    .do_update()
                    .set(content())
            };
            on_conn!(conn, |c| insert().execute(c))?;
            Ok(true)
        })
    }

    /// Takes a log-in that began: whoever comes second finds it no more. None: there is none, or its time is over.
    pub fn take_login(&mut self, id: &str, now: Timestamp) -> Result<Option<Challenge>> {
        use schema::login_challenge::dsl as l;
        self.write("take a log-in", |conn| {
            let Some(challenge) = find_login(conn, id)? else {
                return Ok(None);
            };
            let taken = on_conn!(conn, |c| diesel::delete(l::login_challenge.find(id)).execute(c))?;
            Ok((taken == 1 && challenge.expires_at > now).then_some(challenge))
        })
    }

    /// Adds a public key, or replaces the one of this name. `false`: the owner has as many as it may.
    pub fn put_ssh_key(&mut self, owner: &str, name: &str, public_key: &str, now: Timestamp) -> Result<bool> {
        use schema::ssh_key::dsl as k;
        self.write("add a public key", |conn| {
            hold_head(conn)?;
            let others = || {
                k::ssh_key
                    .filter(k::owner.eq(owner))
                    .filter(k::name.ne(name))
                    .count()
            };
            if on_conn!(conn, |c| others().get_result::<i64>(c))? >= SSH_KEYS_MAX {
                return Ok(false);
            }
            let content = || (k::public_key.eq(public_key), k::created_at.eq(now.0));
            let insert = || {
                diesel::insert_into(k::ssh_key)
                    .values((k::owner.eq(owner), k::name.eq(name), content()))
                    .on_conflict((k::owner, k::name))
                    .do_update()
                    .set(content())
            };
            on_conn!(conn, |c| insert().execute(c))?;
            Ok(true)
        })
    }

    /// Removes all public keys of somebody. Gives how many there were.
    pub fn remove_ssh_keys(&mut self, owner: &str) -> Result<usize> {
        use schema::ssh_key::dsl as k;
        self.write("remove public keys", |conn| {
            on_conn!(conn, |c| diesel::delete(k::ssh_key.filter(k::owner.eq(owner)))
                .execute(c))
        })
    }

    /// Removes a public key. `false`: there is none of this name.
    pub fn remove_ssh_key(&mut self, owner: &str, name: &str) -> Result<bool> {
        use schema::ssh_key::dsl as k;
        self.write("remove a public key", |conn| {
            Ok(on_conn!(conn, |c| diesel::delete(k::ssh_key.find((owner, name)))
                .execute(c))?
                == 1)
        })
    }
}

fn find_login(conn: &mut Conn, id: &str) -> QueryResult<Option<Challenge>> {
    use schema::login_challenge::dsl as l;
    type Row = (String, String, String, String, i64);
    let row: Option<Row> = on_conn!(conn, |c| l::login_challenge.find(id).first(c).optional())?;
    Ok(row.map(|(id, username, key_name, text, expires_at)| Challenge {
        id,
        username,
        key_name,
        text,
        expires_at: Timestamp(expires_at),
    }))
}

impl Reader {
    /// What a name belongs to. None: nobody has it.
    pub fn handle_kind(&mut self, name: &str) -> Result<Option<HandleKind>> {
        self.read("look whose a name is", |conn| kind_of(conn, name))
    }

    /// A log-in that began.
    pub fn login(&mut self, id: &str) -> Result<Option<Challenge>> {
        self.read("read a log-in", |conn| find_login(conn, id))
    }

    /// The public keys of somebody, by name.
    pub fn ssh_keys(&mut self, owner: &str) -> Result<Vec<SshKeyRow>> {
        use schema::ssh_key::dsl as k;
        self.read("list public keys", |conn| {
            let query = || {
                k::ssh_key
                    .filter(k::owner.eq(owner))
                    .order(k::name)
                    .limit(SSH_KEYS_MAX)
                    .select((k::name, k::public_key, k::created_at))
            };
            let rows: Vec<(String, String, i64)> = on_conn!(conn, |c| query().load(c))?;
            let row = |(name, public_key, created_at)| SshKeyRow {
                name,
                public_key,
                created_at: Timestamp(created_at),
            };
            Ok(rows.into_iter().map(row).collect())
        })
    }

    /// The handles of agents and users after one, in their order.
    pub fn handles(&mut self, after: &str, limit: i64) -> Result<Vec<String>> {
        use schema::{agents::dsl as g, handle::dsl as h};
        self.read("list handles", |conn| {
            let agents = g::agents.filter(g::agent_id.gt(after)).select(g::agent_id);
            let users = h::handle
                .filter(h::name.gt(after))
                .filter(h::kind.eq(HandleKind::User.name()))
                .select(h::name);
            // In one statement: only the database knows its own order of texts.
            let all = || agents.union(users).positional_order_by(1).limit(limit);
            let handles: Vec<String> = on_conn!(conn, |c| all().load(c))?;
            Ok(handles)
        })
    }
}
