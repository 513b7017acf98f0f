//! Reading objects and what agents hold.

use super::connection::{Conn, on_conn};
use super::error::Inconsistency;
use super::schema::{item::dsl as i, object::dsl as o};
use super::sql_types::{Doc, Id};
use super::{Reader, Result};
use crate::base::id::{AgentId, ItemId};
use crate::domain::object::{ObjectKind, SceneObject};
use crate::domain::space::Vec3;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl};
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
        self.read("read objects", |conn| objects_of_region(conn, region))
    }

    /// The object with this id.
    pub fn object(&mut self, id: &str) -> Result<Option<SceneObject>> {
        self.read("read an object", |conn| {
            let query = || o::object.find(id).select(COLUMNS);
            let row: Option<ObjectRow> = on_conn!(conn, |c| query().first(c).optional())?;
            row.map(object_of).transpose()
        })
    }

    /// What an agent holds, by kind.
    pub fn inventory(&mut self, agent: AgentId) -> Result<Vec<HeldItem>> {
        self.read("read an inventory", |conn| {
            let query = || {
                i::item
                    .filter(i::holder_id.eq(Id(agent.0)))
                    .filter(i::quantity.gt(0))
                    .order(i::kind)
            };
            let rows: Vec<(Id, String, i32)> =
                on_conn!(conn, |c| query().select((i::id, i::kind, i::quantity)).load(c))?;
            let held = |(id, item, quantity): (Id, String, i32)| HeldItem {
                item_id: ItemId(id.0),
                item,
                quantity,
            };
            Ok(rows.into_iter().map(held).collect())
        })
    }
}

type ObjectRow = (String, String, String, f64, f64, f64, Doc, i64);

const COLUMNS: (o::id, o::name, o::kind, o::x, o::y, o::z, o::state, o::version) =
    (o::id, o::name, o::kind, o::x, o::y, o::z, o::state, o::version);

/// The objects of a region, by id.
pub(super) fn objects_of_region(conn: &mut Conn, region: &str) -> QueryResult<Vec<SceneObject>> {
    let query = || {
        o::object
            .filter(o::region.eq(region))
            .order(o::id)
            .select(COLUMNS)
    };
    let rows: Vec<ObjectRow> = on_conn!(conn, |c| query().load(c))?;
    rows.into_iter().map(object_of).collect()
}

fn object_of((id, name, kind, x, y, z, state, version): ObjectRow) -> QueryResult<SceneObject> {
    let kind = ObjectKind::from_name(&kind).ok_or_else(|| Inconsistency::sql("object", "kind", &id))?;
    Ok(SceneObject {
        id,
        name,
        kind,
        at: Vec3::new(x, y, z),
        state: state.0,
        version,
    })
}
