//! The world, its regions and the areas of its shards.

use super::{Reader, Result, Store};
use crate::base::time::Timestamp;
use crate::domain::region::{RegionPlan, ShardPlan};
use uuid::Uuid;

/// The world, made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldRow {
    /// Its id.
    pub id: Uuid,
    /// When tick 0 began.
    pub epoch: Timestamp,
    /// Length of a tick in milliseconds.
    pub tick_ms: i64,
    /// What chance starts from.
    pub seed: i64,
}

/// What became of making something that is unique by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Created<T> {
    /// It is there now.
    Done(T),
    /// It was there before; nothing changed.
    AlreadyExists,
}

impl Store {
    /// The world; made with these values when there is none. The tick length of a world never changes.
    pub fn ensure_world(&mut self, tick_ms: i64, seed: Option<i64>, now: Timestamp) -> Result<WorldRow> {
        todo!("{tick_ms}{seed:?}{now:?}")
    }

    /// Adds the regions that are missing, each with one shard over its whole area and its objects.
    pub fn ensure_regions(&mut self, plans: &[RegionPlan], now: Timestamp) -> Result<()> {
        todo!("{plans:?}{now:?}")
    }

    /// Adds a region with one shard and its objects. An object id that another region has counts as `AlreadyExists`.
    pub fn create_region(&mut self, plan: &RegionPlan, now: Timestamp) -> Result<Created<ShardPlan>> {
        todo!("{plan:?}{now:?}")
    }
}

impl Reader {
    /// All regions, in the order in which they were made.
    pub fn regions(&mut self) -> Result<Vec<RegionPlan>> {
        todo!()
    }

    /// All shards, by number.
    pub fn shards(&mut self) -> Result<Vec<ShardPlan>> {
        todo!()
    }
}
