//! Refresh tokens, revocations, signing keys and exact rates.

use super::connection::{Conn, load_for_update, on_conn};
use super::error::Inconsistency;
use super::schema::{rate_bucket, refresh_token, revocation, revocation_head, signing_key};
use super::sql_types::{Doc, Id};
use super::{Reader, Result, Store};
use crate::base::id::AgentId;
use crate::base::time::Timestamp;
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

/// The largest limit of an exact rate: each take within the window is remembered.
pub const RATE_MAX: i64 = 1_000;

/// Milliseconds until the next try is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfterMs(pub i64);

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

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// One access token, by its `jti`.
    Token,
    /// All tokens of a log-in.
    Family,
    /// All tokens of an agent.
    Agent,
    /// All tokens of a signing key.
    Key,
}

impl RevocationKind {
    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            RevocationKind::Token => "token",
            RevocationKind::Family => "family",
            RevocationKind::Agent => "agent",
            RevocationKind::Key => "key",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [
            RevocationKind::Token,
            RevocationKind::Family,
            RevocationKind::Agent,
            RevocationKind::Key,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// A revocation. `version` grows with each, in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table revocation")]
pub struct Revocation {
    pub kind: RevocationKind,
    pub id: String,
    pub until: Timestamp,
    pub version: i64,
}

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table signing_key")]
pub struct SigningKeyRow {
    pub kid: String,
    pub alg: String,
    pub public: Vec<u8>,
    pub private: Vec<u8>,
    pub state: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The private half is not for logs.
        f.debug_struct("SigningKeyRow")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
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
        use {revocation::dsl as v, revocation_head::dsl as h};
        self.write("revoke", |conn| {
            // The head's row is locked until the commit, so versions become visible in their order.
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
            if let Ok(id) = Uuid::parse_str(id) {
                end_tokens(conn, kind, id, now)?;
            }
            Ok(version)
        })
    }

    /// Adds a signing key; one with the same `kid` stays as it is. Gives whether it was added.
    pub fn add_signing_key(&mut self, key: &SigningKeyRow) -> Result<bool> {
        use signing_key::dsl as k;
        let row = || {
            (
                (
                    k::kid.eq(&key.kid),
                    k::alg.eq(&key.alg),
                    k::public.eq(&key.public),
                    k::private.eq(&key.private),
                ),
                (
                    k::state.eq(&key.state),
                    k::not_before.eq(key.not_before.0),
                    k::not_after.eq(key.not_after.0),
                ),
            )
        };
        self.write("add a signing key", |conn| {
            let insert = || {
                diesel::insert_into(k::signing_key)
                    .values(row())
                    .on_conflict(k::kid)
                    .do_nothing()
            };
            Ok(on_conn!(conn, |c| insert().execute(c))? == 1)
        })
    }

    /// Changes the state of a signing key. Gives whether there is such a key.
    pub fn set_signing_key_state(&mut self, kid: &str, state: &str) -> Result<bool> {
        use signing_key::dsl as k;
        self.write("change a signing key", |conn| {
            let update = || diesel::update(k::signing_key.find(kid)).set(k::state.eq(state));
            Ok(on_conn!(conn, |c| update().execute(c))? == 1)
        })
    }

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

    /// All signing keys.
    pub fn signing_keys(&mut self) -> Result<Vec<SigningKeyRow>> {
        use signing_key::dsl as k;
        self.read("read the signing keys", |conn| {
            type Row = (String, String, Vec<u8>, Vec<u8>, String, i64, i64);
            let rows: Vec<Row> = on_conn!(conn, |c| k::signing_key.order(k::not_before).load(c))?;
            let key = |(kid, alg, public, private, state, not_before, not_after): Row| SigningKeyRow {
                kid,
                alg,
                public,
                private,
                state,
                not_before: Timestamp(not_before),
                not_after: Timestamp(not_after),
            };
            Ok(rows.into_iter().map(key).collect())
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
