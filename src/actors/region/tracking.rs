//! Following over the inner borders of a region: the shard that has the one followed tells the shards whose agents follow it
//! where it goes. They ask for that once a second, so whatever gets lost on the way, it is told again.

use super::{RegionActor, RegionMessage, afar};
use crate::actors::peer::message::News;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::domain::region::Beyond;
use crate::domain::space::Trajectory;
use std::collections::{BTreeMap, HashMap};

/// How long an agent is told of after the last question. Units: seconds.
const ASKED_S: f64 = 3.0;

/// The agents of this shard whom agents of other shards follow.
pub(super) type Tracked = HashMap<AgentId, Tracking>;

/// Who follows one agent from elsewhere.
pub(super) struct Tracking {
    /// The shards that asked, and when.
    shards: BTreeMap<ShardId, Tick>,
    told: Trajectory,
}

impl RegionActor {
    /// What this shard knows of where an agent of the region goes.
    pub(super) fn last_known(&self, agent: AgentId) -> Option<Beyond> {
        let state = self.state.as_ref()?;
        let here = state.body(agent).map(|body| Beyond {
            shard: self.shard.id,
            // While it waits at the border it is on its way all the same.
            trajectory: self
                .waiting
                .get(&agent)
                .map_or(body.trajectory, |waiting| waiting.way),
        });
        here.or_else(|| state.beyond(agent).copied())
    }

    /// One of the agents here follows an agent in another shard.
    pub(super) fn follow_beyond(&mut self, target: AgentId, beyond: Beyond) {
        let Some(state) = &mut self.state else { return };
        state.note_beyond(target, beyond);
        if state.beyond(target).is_some() {
            self.ask(beyond.shard, vec![target]);
        }
    }

    /// Once a second: asks for those who are followed beyond the border, and forgets who asks no more.
    pub(super) fn ask_for_followed(&mut self) {
        let (tick, rate) = (self.node.tick(), self.node.rate);
        self.tracked.retain(|_, tracking| {
            tracking
                .shards
                .retain(|_, asked| rate.seconds_between(*asked, tick) < ASKED_S);
            !tracking.shards.is_empty()
        });
        let Some(state) = &mut self.state else { return };
        let mut by_shard: BTreeMap<ShardId, Vec<AgentId>> = BTreeMap::new();
        for (agent, shard) in state.followed_beyond() {
            by_shard.entry(shard).or_default().push(agent);
        }
        let sought = state.sought(tick);
        for (shard, agents) in by_shard {
            self.ask(shard, agents);
        }
        if !sought.is_empty() {
            for sibling in self.node.directory.siblings(&self.shard) {
                self.ask(sibling, sought.clone());
            }
        }
    }

    fn ask(&self, shard: ShardId, agents: Vec<AgentId>) {
        let by = self.shard.id;
        let there = || News::Track(by, shard, agents.clone());
        afar::tell(
            &self.node,
            shard,
            || RegionMessage::Track(by, agents.clone()),
            there,
        );
    }

    fn tell_shard(&self, shard: ShardId, agent: AgentId, beyond: Option<Beyond>) {
        let by = self.shard.id;
        let there = || News::Tracked(shard, by, agent, beyond);
        afar::tell(
            &self.node,
            shard,
            || RegionMessage::Tracked(agent, by, beyond),
            there,
        );
    }

    /// Another shard asks where these go, whom its agents follow.
    pub(super) fn track(&mut self, by: ShardId, agents: Vec<AgentId>) {
        let tick = self.node.tick();
        for agent in agents {
            let Some(state) = &self.state else { return };
            let Some(body) = state.body(agent) else {
                // What was told when it walked over may have been lost.
                let beyond = self.departed.get(&agent).and_then(|(_, beyond)| *beyond);
                self.tell_shard(by, agent, beyond);
                continue;
            };
            let tracking = self.tracked.entry(agent).or_insert_with(|| Tracking {
                shards: BTreeMap::new(),
                told: body.trajectory,
            });
            tracking.shards.insert(by, tick);
            let beyond = Beyond {
                shard: self.shard.id,
                trajectory: body.trajectory,
            };
            self.tell_shard(by, agent, Some(beyond));
        }
    }

    /// Another shard tells where an agent goes that is followed from here; nowhere when it is gone from the region.
    pub(super) fn hear_of(&mut self, agent: AgentId, from: ShardId, beyond: Option<Beyond>) {
        let Some(state) = &mut self.state else { return };
        let known = state.beyond(agent).map(|known| known.shard);
        match beyond {
            Some(beyond) if known == Some(beyond.shard) => state.note_beyond(agent, beyond),
            Some(beyond) if beyond.shard != self.shard.id => self.follow_beyond(agent, beyond),
            // Only the shard that had it last knows that it is gone; one that passed it on does not.
            None if known == Some(from) => state.forget_beyond(agent),
            Some(_) | None => {}
        }
    }

    /// Each tick: those who go another way than was told.
    pub(super) fn tell_of_tracked(&mut self) {
        let Some(state) = &self.state else { return };
        let mut news = Vec::new();
        for (agent, tracking) in &mut self.tracked {
            let Some(body) = state.body(*agent).filter(|body| body.trajectory != tracking.told) else {
                continue;
            };
            tracking.told = body.trajectory;
            let beyond = Beyond {
                shard: self.shard.id,
                trajectory: body.trajectory,
            };
            news.extend(tracking.shards.keys().map(|shard| (*shard, *agent, beyond)));
        }
        for (shard, agent, beyond) in news {
            self.tell_shard(shard, agent, Some(beyond));
        }
    }

    /// An agent walked over to another shard: who follows it is told to ask there.
    pub(super) fn pass_on(&mut self, agent: AgentId, shard: ShardId, way: Trajectory) {
        let beyond = Beyond {
            shard,
            trajectory: way,
        };
        for by in self.askers(agent) {
            self.tell_shard(by, agent, Some(beyond));
        }
        self.follow_beyond(agent, beyond);
    }

    /// An agent is gone from the region, or from where it could be followed to.
    pub(super) fn end_tracking(&mut self, agent: AgentId) {
        for by in self.askers(agent) {
            self.tell_shard(by, agent, None);
        }
    }

    fn askers(&mut self, agent: AgentId) -> Vec<ShardId> {
        let tracking = self.tracked.remove(&agent);
        tracking.map_or_else(Vec::new, |tracking| tracking.shards.into_keys().collect())
    }
}
