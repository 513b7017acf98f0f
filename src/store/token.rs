//! Refresh tokens, revocations, signing keys and exact rates.

mod key;
mod rate;

pub use self::key::SigningKeyRow;
pub use self::rate::{RATE_MAX, RetryAfterMs};

use super::connection::{Conn, load_for_update, on_conn};
use super::error::Inconsistency;
use super::schema::{refresh_token, revocation, revocation_head};
use super::sql_types::Id;
use super::{Reader, Result, Store};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use crate::domain::agent::{Revocation, RevocationKind};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use uuid::Uuid;

/// A refresh token to keep. Only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefresh {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// All tokens that came from one log-in.
    pub family: Uuid,
    /// Whose.
    pub agent: AgentId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When its family ends.
    pub absolute_until: Timestamp,
    /// SHA-256 of what is known of the client.
    pub fingerprint: [u8; 32],
}

/// The token that takes a refresh token's place. Family, agent and absolute end are those of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// SHA-256 of the new token.
    pub hash: [u8; 32],
    /// When it ends, unless its family ends earlier.
    pub expires_at: Timestamp,
    /// The new token itself; kept in the old row for the grace time only.
    pub token: String,
}

/// What became of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The successor is valid now.
    Rotated {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
    },
    /// The same client asked again within the grace time: the successor that it was given.
    Repeated {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
        /// The successor's text.
        token: String,
    },
    /// A spent token was used: the whole family is revoked.
    Reused {
        /// Whose.
        agent: AgentId,
        /// The family.
        family: Uuid,
    },
    /// Its time is over, or its family was revoked.
    Expired,
    /// There is no such token.
    Unknown,
}

impl Store {
    /// Keeps a refresh token.
    pub fn add_refresh(&mut self, refresh: &NewRefresh, now: Timestamp) -> Result<()> {
        use refresh_token::dsl as r;
        let row = || {
            (
                (
                    r::hash.eq(refresh.hash.as_slice()),
                    r::family.eq(Id(refresh.family)),
                    r::agent_id.eq(Id(refresh.agent.0)),
                ),
                (
                    r::fingerprint.eq(refresh.fingerprint.as_slice()),
                    r::expires_at.eq(refresh.expires_at.0),
                ),
                (
                    r::absolute_until.eq(refresh.absolute_until.0),
                    r::created_at.eq(now.0),
                ),
            )
        };
        self.write("keep a refresh token", |conn| {
            on_conn!(conn, |c| diesel::insert_into(r::refresh_token)
                .values(row())
                .execute(c))?;
            Ok(())
        })
    }

    /// Spends a refresh token and puts its successor in its place, in one transaction. Of many at once, one rotates.
    /// `grace_ms`: how long the same client may ask again. Units: milliseconds.
    pub fn rotate_refresh(
        &mut self,
        hash: &[u8; 32],
        next: &Successor,
        fingerprint: &[u8; 32],
        grace_ms: i64,
        now: Timestamp,
    ) -> Result<Rotation> {
        use refresh_token::dsl as r;
        self.write("rotate a refresh token", |conn| {
            let query = || {
                r::refresh_token.filter(r::hash.eq(hash.as_slice())).select((
                    (r::family, r::agent_id, r::fingerprint),
                    (
                        r::expires_at,
                        r::absolute_until,
                        r::consumed_at,
                        r::revoked_at,
                        r::successor,
                    ),
                ))
            };
            let rows: Vec<Refresh> = load_for_update!(conn, query())?;
            let Some((
                (family, agent, known),
                (expires_at, absolute_until, consumed_at, revoked_at, successor),
            )) = rows.into_iter().next()
            else {
                return Ok(Rotation::Unknown);
            };
            let (family, agent) = (family.0, AgentId(agent.0));
            if revoked_at.is_some() {
                return Ok(Rotation::Expired);
            }
            if let Some(consumed_at) = consumed_at {
                let is_same_client =
                    known == fingerprint.as_slice() && now.since_ms(Timestamp(consumed_at)) <= grace_ms;
                if let (true, Some(token)) = (is_same_client, successor) {
                    return Ok(Rotation::Repeated { agent, family, token });
                }
                end_tokens(conn, RevocationKind::Family, family, now)?;
                return Ok(Rotation::Reused { agent, family });
            }
            if now.0 >= expires_at || now.0 >= absolute_until {
                return Ok(Rotation::Expired);
            }
            let spend = || {
                diesel::update(r::refresh_token.find(hash.as_slice()))
                    .set((r::consumed_at.eq(now.0), r::successor.eq(&next.token)))
            };
            on_conn!(conn, |c| spend().execute(c))?;
            let row = || {
                (
                    (
                        r::hash.eq(next.hash.as_slice()),
                        r::family.eq(Id(family)),
                        r::agent_id.eq(Id(agent.0)),
                    ),
                    (
                        r::fingerprint.eq(fingerprint.as_slice()),
                        r::expires_at.eq(next.expires_at.0.min(absolute_until)),
                    ),
                    (r::absolute_until.eq(absolute_until), r::created_at.eq(now.0)),
                )
            };
            on_conn!(conn, |c| diesel::insert_into(r::refresh_token)
                .values(row())
                .execute(c))?;
            Ok(Rotation::Rotated { agent, family })
        })
    }

    /// Revokes something until a time. Gives the revocation's version. Revoking a family ends its refresh tokens, an agent all of its.
    pub fn revoke(
        &mut self,
        kind: RevocationKind,
        id: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<i64> {
        self.write("revoke", |conn| {
            let version = note_revocation(conn, kind, id, until, now)?;
            if let Ok(id) = Uuid::parse_str(id) {
                end_tokens(conn, kind, id, now)?;
            }
            Ok(version)
        })
    }
}

/// Writes a revocation. The head's row is locked until the commit, so versions become visible in their order.
pub(super) fn note_revocation(
    conn: &mut Conn,
    kind: RevocationKind,
    id: &str,
    until: Timestamp,
    now: Timestamp,
) -> QueryResult<i64> {
    use {revocation::dsl as v, revocation_head::dsl as h};
    let next = || {
        diesel::update(h::revocation_head.find(1))
            .set(h::version.eq(h::version + 1))
            .returning(h::version)
    };
    let version: i64 = on_conn!(conn, |c| next().get_result(c))?;
    let row = || {
        (
            v::kind.eq(kind.name()),
            v::id.eq(id),
            v::until.eq(until.0),
            v::version.eq(version),
            v::created_at.eq(now.0),
        )
    };
    let latest = || {
        (
            v::until.eq(until.0),
            v::version.eq(version),
            v::created_at.eq(now.0),
        )
    };
    on_conn!(conn, |c| diesel::insert_into(v::revocation)
        .values(row())
        .on_conflict((v::kind, v::id))
        .do_update()
        .set(latest())
        .execute(c))?;
    Ok(version)
}

impl Reader {
    /// Revocations after a version, in order, and the newest version there is.
    pub fn revocations_since(&mut self, version: i64) -> Result<(Vec<Revocation>, i64)> {
        use {revocation::dsl as v, revocation_head::dsl as h};
        self.read("read revocations", |conn| {
            // The head first: what is committed in between has a newer version and comes next time.
            let newest: i64 = on_conn!(conn, |c| h::revocation_head.find(1).select(h::version).first(c))?;
            let query = || {
                let some = v::revocation
                    .filter(v::version.gt(version))
                    .filter(v::version.le(newest))
                    .order(v::version);
                some.select((v::kind, v::id, v::until, v::version))
            };
            let rows: Vec<(String, String, i64, i64)> = on_conn!(conn, |c| query().load(c))?;
            let revocations = rows.into_iter().map(|(kind, id, until, version)| {
                let kind = RevocationKind::from_name(&kind)
                    .ok_or_else(|| Inconsistency::sql("revocation", "kind", &id))?;
                Ok(Revocation {
                    kind,
                    id,
                    until: Timestamp(until),
                    version,
                })
            });
            Ok((revocations.collect::<QueryResult<_>>()?, newest))
        })
    }
}

type Refresh = (
    (Id, Id, Vec<u8>),
    (i64, i64, Option<i64>, Option<i64>, Option<String>),
);

/// Ends the refresh tokens of a family or an agent.
fn end_tokens(conn: &mut Conn, kind: RevocationKind, id: Uuid, now: Timestamp) -> QueryResult<()> {
    use refresh_token::dsl as r;
    let ended = || (r::revoked_at.eq(now.0), r::successor.eq(None::<String>));
    let live = r::refresh_token.filter(r::revoked_at.is_null());
    match kind {
        RevocationKind::Family => {
            on_conn!(conn, |c| diesel::update(live.filter(r::family.eq(Id(id))))
                .set(ended())
                .execute(c))?;
        }
        RevocationKind::Agent => {
            on_conn!(conn, |c| diesel::update(live.filter(r::agent_id.eq(Id(id))))
                .set(ended())
                .execute(c))?;
        }
        RevocationKind::Token | RevocationKind::Key => {}
    }
    Ok(())
}
