//! Locks and grants, and what changed of them.

use super::{ROWS_AT_A_TIME, hold_head, note_change};
use crate::base::limit::{CHANNEL_CHANGES_MAX, CHANNEL_GRANTS_MAX, CHANNEL_LOCKS_MAX};
use crate::base::time::Timestamp;
use crate::domain::channel::{Namespace, Rule};
use crate::store::connection::{Conn, on_conn};
use crate::store::{Reader, Result, Store, schema};
use diesel::query_dsl::positional_order_dsl::PositionalOrderDsl;
use diesel::{CombineDsl, ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};
use std::collections::HashMap;

/// Channels whose grants are looked through in one transaction.
const CHANNELS_AT_A_TIME: i64 = 100;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// It was so before.
    Already,
    /// There are as many as there may be.
    Full,
}

/// What is stored of a channel: its rule, and the schema of its publications as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredRule {
    /// Who may hear it.
    pub rule: Rule,
    /// The JSON text of the schema that is advertised.
    pub schema: Option<String>,
}

/// Channels whose rule or advert changed after a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The newest version there is.
    pub version: i64,
    /// The channels; none when not all of them are known any more, or they are too many: then everything may have changed.
    pub channels: Option<Vec<String>>,
}

impl Store {
    /// Locks a channel.
    pub fn lock_channel(&mut self, channel: &str, owner: &str, now: Timestamp) -> Result<Changed> {
        use schema::channel_lock::dsl as l;
        self.write("lock a channel", |conn| {
            hold_head(conn)?;
            let mine = || l::channel_lock.filter(l::owner.eq(owner)).count();
            let count: i64 = on_conn!(conn, |c| mine().get_result(c))?;
            let row = || (l::channel.eq(channel), l::owner.eq(owner), l::locked_at.eq(now.0));
            let added = on_conn!(conn, |c| diesel::insert_into(l::channel_lock)
                .values(row())
                .on_conflict_do_nothing()
                .execute(c))?;
            if added == 0 {
                return Ok(Changed::Already);
            }
            if count >= CHANNEL_LOCKS_MAX {
                on_conn!(conn, |c| diesel::delete(l::channel_lock.find(channel)).execute(c))?;
                return Ok(Changed::Full);
            }
            note_change(conn, channel, now)?;
            Ok(Changed::Done)
        })
    }

    /// Unlocks a channel. Its grants stay.
    pub fn unlock_channel(&mut self, channel: &str, now: Timestamp) -> Result<Changed> {
        use schema::channel_lock::dsl as l;
        self.write("unlock a channel", |conn| {
            hold_head(conn)?;
            let removed = on_conn!(conn, |c| diesel::delete(l::channel_lock.find(channel)).execute(c))?;
            if removed == 0 {
                return Ok(Changed::Already);
            }
            note_change(conn, channel, now)?;
            Ok(Changed::Done)
        })
    }

    /// Lets somebody hear a channel of an owner while it is locked.
    pub fn grant_channel(
        &mut self,
        channel: &str,
        owner: &str,
        target: &str,
        now: Timestamp,
    ) -> Result<Changed> {
        use schema::channel_grant::dsl as g;
        self.write("grant a channel", |conn| {
            hold_head(conn)?;
            let mine = || g::channel_grant.filter(g::owner.eq(owner)).count();
            let count: i64 = on_conn!(conn, |c| mine().get_result(c))?;
            let row = || {
                (
                    g::channel.eq(channel),
                    g::target.eq(target),
                    g::granted_at.eq(now.0),
                    g::owner.eq(owner),
                )
            };
            let added = on_conn!(conn, |c| diesel::insert_into(g::channel_grant)
                .values(row())
                .on_conflict_do_nothing()
                .execute(c))?;
            if added == 0 {
                return Ok(Changed::Already);
            }
            if count >= CHANNEL_GRANTS_MAX {
                on_conn!(conn, |c| diesel::delete(g::channel_grant.find((channel, target)))
                    .execute(c))?;
                return Ok(Changed::Full);
            }
            note_change(conn, channel, now)?;
            Ok(Changed::Done)
        })
    }

    /// Takes a grant back.
    pub fn revoke_channel(&mut self, channel: &str, target: &str, now: Timestamp) -> Result<Changed> {
        use schema::channel_grant::dsl as g;
        self.write("revoke a channel", |conn| {
            hold_head(conn)?;
            let removed = on_conn!(conn, |c| diesel::delete(g::channel_grant.find((channel, target)))
                .execute(c))?;
            if removed == 0 {
                return Ok(Changed::Already);
            }
            note_change(conn, channel, now)?;
            Ok(Changed::Done)
        })
    }

    /// Fills in whose grants are that were written without an owner: by nodes of an earlier version.
    pub fn own_grants(&mut self) -> Result<()> {
        use schema::channel_grant::dsl as g;
        loop {
            let is_done = self.write("fill in owners of grants", |conn| {
                hold_head(conn)?;
                let query = || {
                    let unowned = g::channel_grant.filter(g::owner.eq("")).select(g::channel);
                    unowned.distinct().limit(CHANNELS_AT_A_TIME)
                };
                let channels: Vec<String> = on_conn!(conn, |c| query().load(c))?;
                let mut filled = 0_usize;
                for channel in &channels {
                    let Some(owner) = Namespace::of(channel).ok().and_then(|channel| {
                        let owner = channel.owner()?;
                        Some(owner.to_string())
                    }) else {
                        continue;
                    };
                    let own = || {
                        let rows = g::channel_grant.filter(g::channel.eq(channel));
                        diesel::update(rows).set(g::owner.eq(&owner))
                    };
                    filled = filled.saturating_add(on_conn!(conn, |c| own().execute(c))?);
                }
                Ok(filled == 0)
            })?;
            if is_done {
                return Ok(());
            }
        }
    }

    /// Forgets changes from before a time: who knows none that are later reads everything anew. The newest stays.
    pub fn forget_channel_changes(&mut self, before: Timestamp) -> Result<usize> {
        use schema::{channel_change::dsl as c, channel_head::dsl as h};
        self.write("forget changes of channels", |conn| {
            let newest: i64 = on_conn!(conn, |c| h::channel_head.find(1).select(h::version).first(c))?;
            let old = || {
                c::channel_change
                    .filter(c::changed_at.lt(before.0))
                    .filter(c::version.lt(newest))
            };
            on_conn!(conn, |c| diesel::delete(old()).execute(c))
        })
    }
}

impl Reader {
    /// What changed after a version.
    pub fn channel_changes_since(&mut self, version: i64) -> Result<Changes> {
        use schema::{channel_change::dsl as c, channel_head::dsl as h};
        self.read("read changes of channels", |conn| {
            // The head first: what is committed in between has a newer version and comes next time.
            let newest: i64 = on_conn!(conn, |c| h::channel_head.find(1).select(h::version).first(c))?;
            let missing = newest.saturating_sub(version);
            if missing > CHANNEL_CHANGES_MAX {
                return Ok(Changes {
                    version: newest,
                    channels: None,
                });
            }
            let query = || {
                c::channel_change
                    .filter(c::version.gt(version))
                    .filter(c::version.le(newest))
                    .order(c::version)
                    .select(c::channel)
            };
            let channels: Vec<String> = on_conn!(conn, |c| query().load(c))?;
            let is_whole = i64::try_from(channels.len()) == Ok(missing);
            Ok(Changes {
                version: newest,
                channels: is_whole.then_some(channels),
            })
        })
    }

    /// The channels whose changes are not forgotten yet, each once, the last changed first.
    pub fn channels_changed_lately(&mut self, limit: i64) -> Result<Vec<String>> {
        use schema::channel_change::dsl as c;
        self.read("list changed channels", |conn| {
            let query = || {
                let by_channel = c::channel_change.group_by(c::channel).select(c::channel);
                by_channel.order(diesel::dsl::max(c::version).desc()).limit(limit)
            };
            on_conn!(conn, |c| query().load(c))
        })
    }

    /// The rules of these channels; one that is missing here has none.
    pub fn channel_rights(&mut self, channels: &[String]) -> Result<HashMap<String, Rule>> {
        self.read("read rights to channels", |conn| rights_of(conn, channels))
    }

    /// What is stored of these channels; of one that is missing here, nothing is.
    pub fn channel_rules(&mut self, channels: &[String]) -> Result<HashMap<String, StoredRule>> {
        use schema::channel_advert::dsl as a;
        self.read("read rules of channels", |conn| {
            let rights = rights_of(conn, channels)?.into_iter();
            let mut rules: HashMap<String, StoredRule> = rights
                .map(|(channel, rule)| (channel, StoredRule { rule, schema: None }))
                .collect();
            let adverts = || {
                a::channel_advert
                    .filter(a::channel.eq_any(channels))
                    .filter(a::schema.is_not_null())
                    .select((a::channel, a::schema))
            };
            let schemas: Vec<(String, Option<String>)> = on_conn!(conn, |c| adverts().load(c))?;
            for (channel, schema) in schemas {
                rules.entry(channel).or_default().schema = schema;
            }
            Ok(rules)
        })
    }

    /// Channels after one, in their order, of which anything is stored.
    pub fn known_channels(&mut self, after: &str, limit: i64) -> Result<Vec<String>> {
        use schema::{channel_advert::dsl as a, channel_grant::dsl as g, channel_lock::dsl as l};
        self.read("list channels", |conn| {
            let locks = l::channel_lock.filter(l::channel.gt(after)).select(l::channel);
            let grants = g::channel_grant.filter(g::channel.gt(after)).select(g::channel);
            let adverts = a::channel_advert.filter(a::channel.gt(after)).select(a::channel);
            // In one statement: only the database knows its own order of texts.
            let all = || {
                locks
                    .union(grants)
                    .union(adverts)
                    .positional_order_by(1)
                    .limit(limit)
            };
            let channels: Vec<String> = on_conn!(conn, |c| all().load(c))?;
            Ok(channels)
        })
    }

    /// The channels that somebody locked, by name.
    pub fn locked_channels(&mut self, owner: &str) -> Result<Vec<String>> {
        use schema::channel_lock::dsl as l;
        self.read("list locks", |conn| {
            let query = || {
                l::channel_lock
                    .filter(l::owner.eq(owner))
                    .order(l::channel)
                    .limit(CHANNEL_LOCKS_MAX)
                    .select(l::channel)
            };
            on_conn!(conn, |c| query().load(c))
        })
    }
}

fn rights_of(conn: &mut Conn, channels: &[String]) -> QueryResult<HashMap<String, Rule>> {
    use schema::{channel_grant::dsl as g, channel_lock::dsl as l};
    let mut rights: HashMap<String, Rule> = HashMap::new();
    for some in channels.chunks(ROWS_AT_A_TIME) {
        let locks = || l::channel_lock.filter(l::channel.eq_any(some)).select(l::channel);
        let locked: Vec<String> = on_conn!(conn, |c| locks().load(c))?;
        for channel in locked {
            rights.entry(channel).or_default().is_locked = true;
        }
        let grants = || {
            g::channel_grant
                .filter(g::channel.eq_any(some))
                .select((g::channel, g::target))
        };
        let granted: Vec<(String, String)> = on_conn!(conn, |c| grants().load(c))?;
        for (channel, target) in granted {
            rights.entry(channel).or_default().granted.insert(target);
        }
    }
    Ok(rights)
}
