//! Reading objects and what agents hold.

use super::{Reader, Result};
use crate::base::id::{AgentId, ItemId};
use crate::domain::object::SceneObject;
use serde::Serialize;

/// A stack of items that an agent holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldItem {
    /// The stack.
    pub item_id: ItemId,
    /// The kind.
    pub item: String,
    /// How many.
    pub quantity: i32,
}

impl Reader {
    /// The objects of a region.
    pub fn objects(&mut self, region: &str) -> Result<Vec<SceneObject>> {
        todo!("{region}")
    }

    /// The object with this id.
    pub fn object(&mut self, id: &str) -> Result<Option<SceneObject>> {
        todo!("{id}")
    }

    /// What an agent holds, by kind.
    pub fn inventory(&mut self, agent: AgentId) -> Result<Vec<HeldItem>> {
        todo!("{agent}")
    }
}
