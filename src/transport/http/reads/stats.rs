//! Counts of the world, and who leads in what.

use super::{Answer, Query, Surveys, limit_of, ok};
use crate::domain::agent::Handle;
use crate::store::agent::{Metric, Rank};
use crate::transport::web::Web;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts of the world, at most half a second old.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stats {
    /// The number of the tick.
    pub tick: i64,
    /// Agents in the world.
    pub agents_online: usize,
    /// Agents that ever registered.
    pub agents_registered: i64,
    /// Chat messages that are kept.
    pub messages: i64,
    /// Events ever stored.
    pub events: i64,
    /// Transfers of money.
    pub transfers: i64,
    /// Regions.
    pub regions: usize,
}

/// What a leaderboard ranks by.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Board {
    /// Messages said.
    #[default]
    Messages,
    /// Actions done.
    Actions,
    /// Seconds in the world.
    OnlineSeconds,
    /// Money in minor units.
    Balance,
}

/// Query of a leaderboard.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardQuery {
    /// `messages` when left out.
    #[serde(default)]
    pub metric: Board,
    /// How many: 1 to 200, 10 when left out.
    pub limit: Option<i64>,
}

/// A leaderboard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Leaderboard {
    /// What it ranks by.
    pub metric: Board,
    /// The first ones.
    pub leaderboard: Vec<Ranked>,
}

/// A place on a leaderboard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ranked {
    /// 1 is the first.
    pub rank: usize,
    /// Whose.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// How much.
    pub value: i64,
}

/// `GET /api/v1/stats`
pub async fn world(web: Data<Web>, surveys: Data<Surveys>) -> Answer {
    let node = &web.gateway.node;
    let totals = surveys.totals(node).await?;
    ok(&Stats {
        tick: node.tick().0,
        agents_online: node.directory.online_count(),
        agents_registered: totals.agents,
        messages: totals.messages,
        events: totals.events,
        transfers: totals.transfers,
        regions: node.directory.world().regions.len(),
    })
}

/// `GET /api/v1/stats/leaderboard`
pub async fn leaderboard(web: Data<Web>, query: Query<BoardQuery>) -> Answer {
    let board = query.0.metric;
    let limit = limit_of(query.0.limit, 10)?;
    let metric = match board {
        Board::Messages => Metric::Messages,
        Board::Actions => Metric::Actions,
        Board::OnlineSeconds => Metric::OnlineSeconds,
        Board::Balance => Metric::Balance,
    };
    let ranks = web
        .gateway
        .node
        .database
        .read(move |reader| reader.leaderboard(metric, limit))
        .await?;
    let place = |(index, rank): (usize, Rank)| Ranked {
        rank: index.saturating_add(1),
        agent_id: rank.handle,
        name: rank.name,
        value: rank.value,
    };
    ok(&Leaderboard {
        metric: board,
        leaderboard: ranks.into_iter().enumerate().map(place).collect(),
    })
}
