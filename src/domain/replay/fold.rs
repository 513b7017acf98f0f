//! Folding events into the state of a shard. Pure: the events are the only input.

use super::{Delta, ObjectState, Place, ShardState};
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Timestamp;
use std::collections::BTreeMap;

/// An event of the shard's own log, as far as replay needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its number.
    pub seq: i64,
    /// The lease that it was written under.
    pub epoch: i64,
    /// When.
    pub at: Timestamp,
    /// What it changed.
    pub deltas: Vec<Delta>,
}

/// Why a log cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An event is missing, or there twice.
    #[error("event {found} follows where event {expected} should")]
    Gap {
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A stale writer wrote this one.
    #[error("event {seq} falls in epoch or time")]
    Fell {
        /// Its number.
        seq: i64,
    },
    /// A hand-off or a change that was there before.
    #[error("event {seq} repeats version {version} of {what}")]
    Repeated {
        /// Its number.
        seq: i64,
        /// What it is about.
        what: String,
        /// Which version.
        version: i64,
    },
}

/// A state that events are folded into.
#[derive(Clone, Debug)]
pub struct Replay {
    state: ShardState,
    epoch: i64,
    /// Where agents went that are not here: an earlier word about them must not bring them back.
    gone: BTreeMap<AgentId, i64>,
}

impl Replay {
    /// From a state, with what was written under `epoch` or before.
    pub fn from(state: ShardState, epoch: i64) -> Self {
        Self {
            state,
            epoch,
            gone: BTreeMap::new(),
        }
    }

    /// The number of the last event of the shard's own log.
    pub fn last_seq(&self) -> i64 {
        self.state.last_seq
    }

    /// Which shard it is.
    pub fn shard(&self) -> ShardId {
        self.state.shard
    }

    /// The next event of the shard's own log.
    /// Errors: it is not the next one, or cannot come after those before.
    pub fn own(&mut self, event: Logged) -> Result<(), Broken> {
        let expected = self.state.last_seq.saturating_add(1);
        let Logged {
            seq,
            epoch,
            at,
            deltas,
        } = event;
        if seq != expected {
            return Err(Broken::Gap { expected, found: seq });
        }
        if epoch < self.epoch || at < self.state.last_at {
            return Err(Broken::Fell { seq });
        }
        (self.state.last_seq, self.state.last_at, self.epoch) = (seq, at, epoch);
        for delta in deltas {
            if let Some((what, version)) = self.repeats(&delta) {
                return Err(Broken::Repeated { seq, what, version });
            }
            self.apply(delta);
        }
        Ok(())
    }

    /// What an event of another shard changed, in any order and as often as one likes. Of objects only those of this shard's region.
    pub fn foreign(&mut self, deltas: Vec<Delta>) {
        for delta in deltas {
            // Conversations are their shard's alone.
            if !matches!(delta, Delta::Conversation(..)) {
                self.apply(delta);
            }
        }
    }

    /// The state after all that was folded.
    pub fn into_state(self) -> ShardState {
        self.state
    }

    /// Whether the shard's own log says what it has said before. What another shard says may be later than what is yet to come here.
    fn repeats(&self, delta: &Delta) -> Option<(String, i64)> {
        let (what, version, known) = match delta {
            Delta::Agent(agent, place) => {
                let known = self.state.agents.get(agent).map(|place| place.hop);
                (
                    format!("agent {agent}"),
                    place.hop,
                    known.filter(|known| *known == place.hop),
                )
            }
            Delta::Object(id, object) => {
                let known = self.state.objects.get(id).map(|object| object.version);
                (
                    format!("object {id}"),
                    object.version,
                    known.filter(|known| *known == object.version),
                )
            }
            Delta::Conversation(..) => return None,
        };
        known.map(|_| (what, version))
    }

    fn apply(&mut self, delta: Delta) {
        match delta {
            Delta::Agent(agent, place) => self.place(agent, place),
            Delta::Object(id, object) => self.object(id, object),
            Delta::Conversation(id, Some(conversation)) => {
                drop(self.state.conversations.insert(id, *conversation))
            }
            Delta::Conversation(id, None) => drop(self.state.conversations.remove(&id)),
        }
    }

    fn place(&mut self, agent: AgentId, place: Place) {
        let here = self.state.agents.get(&agent).map(|known| known.hop);
        if here
            .max(self.gone.get(&agent).copied())
            .is_some_and(|known| known >= place.hop)
        {
            return;
        }
        if place.shard == self.state.shard && place.is_in_world {
            self.gone.remove(&agent);
            self.state.agents.insert(agent, place);
        } else {
            self.state.agents.remove(&agent);
            self.gone.insert(agent, place.hop);
        }
    }

    fn object(&mut self, id: String, object: ObjectState) {
        let known = self.state.objects.get(&id).map(|known| known.version);
        if known.is_none_or(|known| known < object.version) {
            self.state.objects.insert(id, object);
        }
    }
}
