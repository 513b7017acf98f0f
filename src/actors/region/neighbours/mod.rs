//! Neighbouring shards of a region tell one another of the agents near their borders: once a tick what changed, numbered, and each
//! second that there is nothing. Who misses a number asks for all of it. So a shard has *ghosts* of those beyond its border, and the
//! sockets of those who stand near it see its cells.

mod ghosts;
mod heard;
mod tell;

use super::{RegionActor, RegionMessage, afar};
use crate::actors::peer::message::News;
use crate::base::id::{AgentId, NodeId, SessionId, ShardId};
use crate::domain::region::{Ghost, surroundings};
use crate::domain::space::CellRect;
use crate::telemetry::metric;
use heard::Heard;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use tell::Told;

/// How long ghosts stay of a shard that says nothing of them. Units: milliseconds.
const SILENT_MS: i64 = 3_000;

/// What a shard tells a neighbour of its agents near that one's land.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sightings {
    /// Under which lease of the shard that tells.
    epoch: i64,
    /// Counted up by one with each that is told; one that is missing was lost.
    number: u64,
    /// Whether everybody who is there is told of from here on.
    is_whole: bool,
    /// Whether all is said now: the whole may come in parts.
    is_last: bool,
    /// Who is there and looks or goes otherwise than told before.
    near: Vec<Sighting>,
    /// Who is not there any more.
    gone: Vec<AgentId>,
}

/// What is told of one agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sighting {
    ghost: Ghost,
    /// Its sockets, and the nodes that they are connected to.
    sockets: Vec<(SessionId, NodeId)>,
}

/// What a shard tells its neighbours, and heard from them.
#[derive(Default)]
pub(super) struct Neighbours {
    told: BTreeMap<ShardId, Told>,
    heard: BTreeMap<ShardId, Heard>,
    ghosts: HashMap<AgentId, Known>,
    /// Of agents that are still here, as far as this shard knows, and of whom the one that took them told already.
    early: HashMap<AgentId, (ShardId, Sighting)>,
    /// Agents that came over with sockets that are known from then, and when: the sockets should have come after them soon.
    came: HashMap<AgentId, i64>,
}

/// What is known of a ghost besides its body.
struct Known {
    sockets: Vec<(SessionId, NodeId)>,
    /// When its new shard should have told of it, which it has not; none when it has.
    supposed_at_ms: Option<i64>,
}

impl RegionActor {
    /// After a start: nothing is known of the neighbours, nor they of this shard.
    pub(super) fn greet_neighbours(&mut self) {
        let mut told = std::mem::take(&mut self.neighbours.told);
        told.values_mut().for_each(Told::tell_all);
        self.neighbours = Neighbours {
            told,
            ..Neighbours::default()
        };
        self.node.directory.forget_beside(self.shard.id);
        self.attend_neighbours();
    }

    /// Once a second: who are neighbours, who of them was not heard, and that each of them hears something.
    pub(super) fn attend_neighbours(&mut self) {
        if self.shard.area == CellRect::of_region(self.plan.size_m) {
            return;
        }
        let neighbours = self.find_neighbours();
        self.neighbours
            .told
            .retain(|shard, _| neighbours.contains_key(shard));
        for (shard, land) in neighbours {
            self.neighbours
                .told
                .entry(shard)
                .or_insert_with(|| Told::new(land))
                .beat();
        }
        self.expire_heard();
        let heard = &self.neighbours.heard;
        let is_heard = |shard: &ShardId| heard.get(shard).is_some_and(Heard::is_whole);
        let unheard: Vec<ShardId> = self.neighbours.told.keys().copied().collect();
        let unheard: Vec<ShardId> = unheard.into_iter().filter(|shard| !is_heard(shard)).collect();
        unheard.iter().for_each(|shard| self.ask_sightings(*shard));
        self.attend_ghosts();
        if unheard.is_empty() {
            self.release_strangers();
        }
    }

    /// The other shards of the region near this one, each with its land and what is around it.
    fn find_neighbours(&self) -> BTreeMap<ShardId, CellRect> {
        let world = self.node.directory.world();
        let land = surroundings(&self.shard.area);
        let of_region = world.shards.iter().filter(|other| other.region == self.plan.name);
        of_region
            .filter(|other| other.id != self.shard.id && land.overlaps(&other.area))
            .map(|other| (other.id, surroundings(&other.area)))
            .collect()
    }

    fn expire_heard(&mut self) {
        let now = self.node.clock.monotonic_ms();
        let told = &self.neighbours.told;
        let is_over = |(shard, heard): (&ShardId, &Heard)| {
            (heard.is_silent(now) || !told.contains_key(shard)).then_some(*shard)
        };
        let silent: Vec<ShardId> = self.neighbours.heard.iter().filter_map(is_over).collect();
        for shard in silent {
            metric::neighbours_silent().increment(1);
            self.neighbours.heard.remove(&shard);
            self.lay_all(shard, |_| true);
        }
    }

    fn ask_sightings(&self, shard: ShardId) {
        let by = self.shard.id;
        afar::tell(
            &self.node,
            shard,
            || RegionMessage::AskSightings(by),
            || News::AskSightings(shard, by),
        );
    }

    /// A neighbour tells of its agents near this shard's land.
    pub(super) fn hear_sightings(&mut self, from: ShardId, sightings: &Sightings) {
        if self.state.is_none() {
            return;
        }
        let now = self.node.clock.monotonic_ms();
        match self
            .neighbours
            .heard
            .entry(from)
            .or_default()
            .accept(sightings, now)
        {
            heard::Taken::Next => {}
            heard::Taken::Torn => {
                metric::neighbour_gaps().increment(1);
                return self.ask_sightings(from);
            }
            heard::Taken::Old => return,
        }
        for sighting in &sightings.near {
            self.see_ghost(from, sighting.clone());
        }
        for agent in &sightings.gone {
            self.lay_ghost(from, *agent);
        }
        let heard = self.neighbours.heard.get_mut(&from);
        if let Some(named) = heard.and_then(|heard| heard.end_of_whole(sightings)) {
            self.lay_all(from, |agent| !named.contains(agent));
        }
    }
}
