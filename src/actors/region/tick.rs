//! The tick: everybody moves, and those who watch are told what changed. One message a hub.

use super::RegionActor;
use super::viewers::publish;
use crate::actors::hub::{Frames, HubMessage, Interest, TickFrames};
use crate::actors::watch::{self, Stage};
use crate::base::time::Tick;
use crate::domain::event::EventKind;
use crate::domain::region::weather::{spell_at, weather_at};
use crate::domain::region::{CellChange, RegionState, Step};
use crate::domain::space::Cell;
use crate::telemetry::metric;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Changes of who sees what, by hub.
type Interests = BTreeMap<usize, Vec<Interest>>;

impl RegionActor {
    /// Starts the tick at this shard's own phase of the period: staggered writes reach sockets sooner.
    pub(super) fn start_ticking(&mut self, stage: &mut Stage<Self>) {
        let tick_ms = self.node.rate.tick_ms.max(1);
        // Multiples of the golden ratio spread any number of shards evenly over the period.
        let phase_ms = i64::from(self.shard.id.0).wrapping_mul(618).rem_euclid(1_000) * tick_ms / 1_000;
        let phase = Duration::from_millis(u64::try_from(phase_ms).unwrap_or(0));
        let period = Duration::from_millis(u64::try_from(tick_ms).unwrap_or(100));
        watch::later(stage, phase, move |me, stage| {
            if !me.is_ticking {
                me.is_ticking = true;
                let began = me.node.clock.monotonic();
                me.tick_at(began, period, stage);
            }
        });
    }

    /// Ticks now; the next time is a period after the one that this tick was due at, or at once when that has passed. Under
    /// overload periods are longer.
    fn tick_at(&mut self, due: Duration, period: Duration, stage: &mut Stage<Self>) {
        let now = self.node.clock.monotonic();
        let step = self.node.overload.period(period, self.node.clock.monotonic_ms());
        let next = due.saturating_add(step).max(now);
        watch::later_by(
            stage,
            &self.node.clock,
            next.saturating_sub(now),
            move |me, stage| {
                me.tick_at(next, period, stage);
            },
        );
        self.tick();
    }

    fn tick(&mut self) {
        let started = self.node.clock.monotonic();
        let now = self.node.now();
        let tick = self.node.rate.tick_at(now);
        if tick <= self.tick || self.state.is_none() || !self.is_ours() {
            return;
        }
        self.tick = tick;
        self.note_weather(now);
        self.step(tick);
        let changes = self
            .state
            .as_mut()
            .map(RegionState::take_changes)
            .unwrap_or_default();
        self.tell_neighbours(&changes);
        let frames = self.frames(&changes, tick);
        let interests = self.interests(tick);
        self.note_watched();
        // Before anybody is told: whose thread is woken may take this one's processor.
        metric::tick_duration().record(self.node.clock.monotonic().saturating_sub(started).as_secs_f64());
        self.tell_hubs(frames, interests);
    }

    fn step(&mut self, tick: Tick) {
        let Some(state) = &mut self.state else { return };
        let (mut ended, mut crossed, mut ghosts) = (Vec::new(), Vec::new(), Vec::new());
        for step in state.step(tick) {
            match step {
                Step::EnteredCell(agent, _) => {
                    self.viewers.refocus(agent);
                    ghosts.extend(state.ghost_shard(agent).map(|_| agent));
                }
                Step::FollowEnded(agent) => {
                    ended.extend(state.body(agent).map(|body| Arc::clone(&body.profile)))
                }
                Step::CrossedBorder(agent, at) => crossed.push((agent, at)),
                Step::Arrived(_) => {}
            }
        }
        for (agent, at) in crossed {
            self.cross(agent, at);
        }
        ghosts.into_iter().for_each(|agent| self.show_ghost_around(agent));
        self.tell_of_tracked();
        for follower in ended {
            self.tell_agent(
                &follower,
                EventKind::FollowEnded,
                json!({"reason": "target_gone"}),
            );
        }
    }

    /// What changed, for each cell that somebody watches.
    fn frames(&self, changes: &BTreeMap<Cell, CellChange>, tick: Tick) -> Frames {
        let Some(state) = &self.state else {
            return Frames::default();
        };
        changes
            .iter()
            .filter(|(cell, _)| self.viewers.is_watched(**cell))
            .map(|(cell, change)| (*cell, publish(state, state.frame(*cell, change, tick))))
            .collect()
    }

    /// Who sees other cells than before.
    fn interests(&mut self, tick: Tick) -> Interests {
        let state = self.state.as_ref();
        state.map_or_else(Interests::default, |state| {
            self.viewers.interests(state, self.shard.area, tick)
        })
    }

    /// Hands a tick over.
    fn tell_hubs(&self, frames: Frames, mut interests: Interests) {
        if frames.is_empty() && interests.is_empty() {
            return;
        }
        let bytes: usize = frames.iter().map(|(_, publication)| publication.data.len()).sum();
        metric::frame_bytes().increment(u64::try_from(bytes).unwrap_or(0));
        for (index, hub) in self.node.directory.hubs().iter().enumerate() {
            let interests = interests.remove(&index).unwrap_or_default();
            // One without viewers here is not woken.
            let has_news = !frames.is_empty() && self.viewers.has_hub(index);
            if !has_news && interests.is_empty() {
                continue;
            }
            let message = TickFrames {
                shard: self.shard.id,
                frames: Arc::clone(&frames),
                interests,
            };
            if hub.seat.tell(HubMessage::Tick(message)).is_err() {
                metric::dropped_frames().increment(1);
            }
        }
    }

    /// A new weather rides the frames of the cells that somebody is in.
    fn note_weather(&mut self, now: crate::base::time::Timestamp) {
        let spell = spell_at(now);
        let is_first = self.spell == 0;
        if spell == self.spell {
            return;
        }
        self.spell = spell;
        let seed = self.node.directory.world().seed;
        let weather = weather_at(seed, &self.plan.name, self.plan.weather.as_deref(), now);
        let Some(state) = self.state.as_mut().filter(|_| !is_first) else {
            return;
        };
        let entry = json!({"type": EventKind::WeatherChange.name(), "content": {"weather": weather}});
        let cells: BTreeMap<Cell, _> = state
            .bodies()
            .filter_map(|body| state.grid().position(body.profile.id))
            .map(|at| (Cell::of(at), at))
            .collect();
        for at in cells.into_values() {
            state.note_happening(at, entry.clone());
        }
    }
}
