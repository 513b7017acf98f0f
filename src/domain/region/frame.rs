//! What viewers of a cell are told: entries are trajectories, sent when something changed.

use super::state::{Body, RegionState};
use crate::base::id::AgentId;
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::space::{Cell, Vec3, centimetres};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Which parts of an entry changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Part(u8);

impl Part {
    /// Where it goes.
    pub const TRAJECTORY: Part = Part(1);
    /// What it shows.
    pub const STATUS: Part = Part(2);
    /// Everything, for viewers that did not know it.
    pub const ALL: Part = Part(7);

    fn has(self, other: Part) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What changed in a cell since the last frame.
#[derive(Clone, Debug, Default)]
pub struct CellChange {
    agents: BTreeMap<AgentId, Part>,
    left: BTreeMap<AgentId, Handle>,
    /// Happenings without an owner in this cell, as they go over the wire.
    pub events: Vec<Value>,
}

impl CellChange {
    /// Notes that a part of an agent in the cell changed.
    pub fn note(&mut self, agent: AgentId, part: Part) {
        // Back in the cell within one frame: never left, as far as viewers know.
        let part = if self.left.remove(&agent).is_some() {
            Part::ALL
        } else {
            part
        };
        self.agents.entry(agent).or_default().0 |= part.0;
    }

    /// Notes that an agent left the cell.
    pub fn note_left(&mut self, agent: AgentId, handle: Handle) {
        self.agents.remove(&agent);
        self.left.insert(agent, handle);
    }
}

/// An entry of a frame.
struct Entry<'a> {
    body: &'a Body,
    at: Vec3,
    heading: f64,
    part: Part,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.body.profile.handle)?;
        if self.part == Part::ALL {
            map.serialize_entry("name", &self.body.profile.name)?;
        }
        if self.part.has(Part::TRAJECTORY) {
            let at = self.at.rounded();
            map.serialize_entry("x", &at.x)?;
            map.serialize_entry("y", &at.y)?;
            map.serialize_entry("z", &at.z)?;
            map.serialize_entry("heading", &centimetres(self.heading))?;
            let trajectory = &self.body.trajectory;
            map.serialize_entry("to", &trajectory.to.map(Vec3::rounded))?;
            map.serialize_entry("speed", &trajectory.speed)?;
        }
        if self.part.has(Part::STATUS) {
            map.serialize_entry("status", &self.body.status)?;
        }
        map.end()
    }
}

/// A frame of one cell.
#[derive(Serialize)]
struct Frame<'a> {
    tick: Tick,
    cell: Cell,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    snapshot: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agents: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<&'a Handle>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    events: &'a [Value],
}

impl RegionState {
    /// The publication of what changed in a cell, as JSON text.
    pub fn frame(&self, cell: Cell, change: &CellChange, tick: Tick) -> Vec<u8> {
        let agents = change
            .agents
            .iter()
            .filter_map(|(agent, part)| self.entry(*agent, *part, tick))
            .collect();
        let left = change.left.values().collect();
        to_json(&Frame {
            tick,
            cell,
            snapshot: false,
            agents,
            left,
            events: &change.events,
        })
    }

    /// The publication of all that is in a cell, as JSON text, for somebody who begins to see it.
    pub fn snapshot(&self, cell: Cell, tick: Tick) -> Vec<u8> {
        let agents = self
            .grid
            .in_cell(cell)
            .iter()
            .filter_map(|agent| self.entry(*agent, Part::ALL, tick))
            .collect();
        to_json(&Frame {
            tick,
            cell,
            snapshot: true,
            agents,
            left: Vec::new(),
            events: &[],
        })
    }

    /// Puts a happening without an owner into the next frame of the cell around a point. Only the first 64 of a frame go in.
    pub fn note_happening(&mut self, at: Vec3, entry: Value) {
        let change = self.changed.entry(Cell::of(at)).or_default();
        if change.events.len() < 64 {
            change.events.push(entry);
        }
    }

    fn entry(&self, agent: AgentId, part: Part, tick: Tick) -> Option<Entry<'_>> {
        let body = self.bodies.get(&agent)?;
        Some(Entry {
            body,
            at: self.position(body, tick),
            heading: body.trajectory.heading,
            part,
        })
    }
}

fn to_json(frame: &Frame<'_>) -> Vec<u8> {
    // Serialising to memory fails only on a map key that is no string; there is none.
    serde_json::to_vec(frame).unwrap_or_default()
}
