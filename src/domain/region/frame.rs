//! What viewers of a cell are told: entries are trajectories, sent when something changed.

use super::json_text::JsonText;
use super::state::RegionState;
use crate::base::id::AgentId;
use crate::base::time::Tick;
use crate::domain::agent::Handle;
use crate::domain::space::{Cell, Vec3};
use serde_json::Value;
use std::collections::BTreeMap;

/// About what an entry takes. Units: bytes.
const ENTRY_BYTES: usize = 160;

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

    /// The agents of the cell of whom something changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = AgentId> {
        self.agents.keys().copied()
    }

    /// The agents that left the cell.
    pub(super) fn left(&self) -> impl Iterator<Item = AgentId> {
        self.left.keys().copied()
    }
}

/// What a frame says.
struct Frame<'a> {
    tick: Tick,
    cell: Cell,
    is_snapshot: bool,
    left: &'a BTreeMap<AgentId, Handle>,
    events: &'a [Value],
}

impl RegionState {
    /// The publication of what changed in a cell, as JSON text.
    pub fn frame(&self, cell: Cell, change: &CellChange, tick: Tick) -> Vec<u8> {
        let frame = Frame {
            tick,
            cell,
            is_snapshot: false,
            left: &change.left,
            events: &change.events,
        };
        let agents = change.agents.iter().map(|(agent, part)| (*agent, *part));
        self.text_of(&frame, agents, change.agents.len())
    }

    /// The publication of all that is in a cell, as JSON text, for somebody who begins to see it.
    pub fn snapshot(&self, cell: Cell, tick: Tick) -> Vec<u8> {
        let frame = Frame {
            tick,
            cell,
            is_snapshot: true,
            left: &BTreeMap::new(),
            events: &[],
        };
        let agents = self.grid.in_cell(cell);
        self.text_of(
            &frame,
            agents.iter().map(|agent| (*agent, Part::ALL)),
            agents.len(),
        )
    }

    /// Puts a happening without an owner into the next frame of the cell around a point. Only the first 64 of a frame go in.
    pub fn note_happening(&mut self, at: Vec3, entry: Value) {
        let change = self.changed.entry(Cell::of(at)).or_default();
        if change.events.len() < 64 {
            change.events.push(entry);
        }
    }

    /// Written by hand, and fields in this order: frames are what a node writes most.
    fn text_of(
        &self,
        frame: &Frame<'_>,
        agents: impl Iterator<Item = (AgentId, Part)>,
        count: usize,
    ) -> Vec<u8> {
        let mut text = JsonText::with_room(ENTRY_BYTES.saturating_mul(count.saturating_add(1)));
        text.put("{\"tick\":").value(&frame.tick);
        text.put(",\"cell\":").value(&frame.cell);
        if frame.is_snapshot {
            text.put(",\"snapshot\":true");
        }
        text.list("agents", agents, |text, (agent, part)| {
            self.put_entry(text, agent, part, frame.tick)
        });
        text.list("left", frame.left.values(), |text, handle| {
            text.string(handle.as_str());
            true
        });
        text.list("events", frame.events, |text, event| {
            text.value(event);
            true
        });
        text.put("}");
        text.into_bytes()
    }

    /// Whether there is such an agent to tell of.
    fn put_entry(&self, text: &mut JsonText, agent: AgentId, part: Part, tick: Tick) -> bool {
        let Some(body) = self.bodies.get(&agent) else {
            return false;
        };
        text.put("{\"id\":").string(body.profile.handle.as_str());
        if part == Part::ALL {
            text.put(",\"name\":").string(&body.profile.name);
        }
        if part.has(Part::TRAJECTORY) {
            let trajectory = &body.trajectory;
            text.put(",").coordinates(self.position(body, tick));
            text.put(",\"heading\":").centimetres(trajectory.heading);
            match trajectory.to {
                Some(to) => text.put(",\"to\":{").coordinates(to).put("}"),
                None => text.put(",\"to\":null"),
            };
            text.put(",\"speed\":").value(&trajectory.speed);
        }
        if part.has(Part::STATUS) {
            text.put(",\"status\":").value(&body.status);
        }
        text.put("}");
        true
    }
}
