//! Leaderboards and counts.

use super::handle_of;
use crate::domain::agent::Handle;
use crate::store::connection::on_conn;
use crate::store::schema::{self, agents};
use crate::store::{Reader, Result};
use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl};

/// What a leaderboard ranks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Messages spoken.
    Messages,
    /// Actions done.
    Actions,
    /// Seconds online.
    OnlineSeconds,
    /// Money.
    Balance,
}

/// A place on a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Who.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// How much.
    pub value: i64,
}

/// Counts of the whole world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Registered agents.
    pub agents: i64,
    /// Chat messages kept.
    pub messages: i64,
    /// Events ever stored.
    pub events: i64,
    /// Transfers.
    pub transfers: i64,
}

impl Reader {
    /// The first agents by a metric.
    pub fn leaderboard(&mut self, metric: Metric, limit: i64) -> Result<Vec<Rank>> {
        self.read("rank agents", |conn| {
            macro_rules! top {
                ($column:expr) => {
                    on_conn!(conn, |c| agents::table
                        .order(($column.desc(), agents::agent_id))
                        .limit(limit)
                        .select((agents::agent_id, agents::name, $column))
                        .load(c))?
                };
            }
            use schema::account;
            let rows: Vec<(String, String, i64)> = match metric {
                Metric::Messages => top!(agents::message_count),
                Metric::Actions => top!(agents::action_count),
                Metric::OnlineSeconds => top!(agents::total_online_seconds),
                Metric::Balance => on_conn!(conn, |c| account::table
                    .inner_join(agents::table.on(account::id.eq(agents::id)))
                    .order((account::balance.desc(), agents::agent_id))
                    .limit(limit)
                    .select((agents::agent_id, agents::name, account::balance))
                    .load(c))?,
            };
            rows.into_iter()
                .map(|(handle, name, value)| {
                    Ok(Rank {
                        handle: handle_of(&handle)?,
                        name,
                        value,
                    })
                })
                .collect()
        })
    }

    /// Counts of the whole world.
    pub fn totals(&mut self) -> Result<Totals> {
        self.read("count the world", |conn| {
            let events: Vec<i64> = on_conn!(conn, |c| schema::shard::table
                .select(schema::shard::last_seq)
                .load(c))?;
            Ok(Totals {
                agents: on_conn!(conn, |c| agents::table.count().get_result(c))?,
                messages: on_conn!(conn, |c| schema::chat_messages::table.count().get_result(c))?,
                events: events.into_iter().fold(0, i64::saturating_add),
                transfers: on_conn!(conn, |c| schema::transfer::table.count().get_result(c))?,
            })
        })
    }
}
