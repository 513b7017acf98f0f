//! Who is where, as nodes tell one another: what got lost is told again, and who is in two places is let go of in one.

use crate::node::Node;
use crate::world::Event;
use rookery::actors::peer::message::{News, Presence};
use rookery::actors::region::{Overtaken, overtaken};
use rookery::base::id::{AgentId, NodeId};
use rookery::domain::agent::{Handle, Profile};

impl Node {
    /// Notes, here and with the other nodes, that an agent is here.
    pub fn note_present(&mut self, serial: u64, profile: &Profile, hop: i64) {
        let plan = &self.shards[&serial].plan;
        let presence = Presence {
            handle: profile.handle.clone(),
            id: profile.id,
            hop,
            name: profile.name.clone(),
            region: plan.region.as_str().into(),
            shard: Some(plan.id),
            is_public: profile.is_public,
        };
        for other in self.others() {
            self.peers.tell(other, News::Came(vec![presence.clone()]));
        }
        self.place(presence, None);
    }

    /// Notes that an agent is in a shard: one here that has it by an earlier hand-off is told.
    fn place(&mut self, presence: Presence, from: Option<NodeId>) {
        let (agent, hop) = (presence.id, presence.hop);
        let Some(shard) = self.directory.put_online(presence, from) else {
            return;
        };
        let of_shard = self
            .shards
            .values()
            .find(|here| here.plan.id == shard && !here.is_ending);
        if let Some(serial) = of_shard.map(|shard| shard.serial) {
            self.overtaken(serial, agent, hop);
        }
    }

    /// Notes that an agent left a region of this node.
    pub fn note_absent(&mut self, handle: &Handle, region: &str) {
        self.directory.remove_online(handle, region, None);
        for other in self.others() {
            self.peers.tell(other, News::Went(handle.clone(), region.into()));
        }
    }

    /// Another node has agents.
    pub fn hear_of(&mut self, from: NodeId, all: Vec<Presence>) {
        for presence in all {
            self.place(presence, Some(from));
        }
    }

    /// Tells a node all that is here.
    pub fn tell_all_to(&mut self, other: NodeId) {
        let shards = self.shards.values().filter(|shard| !shard.is_ending);
        for shard in shards {
            let runs = News::Runs(shard.plan.id, shard.lease.epoch());
            self.peers.tell(other, runs);
        }
        self.peers.tell(other, News::Census(Vec::new()));
        let mut presences = self.directory.presences();
        presences.sort_by_key(|presence| presence.id);
        self.peers.tell(other, News::Came(presences));
    }

    /// An agent was just loaded: what is known of it may be later than what was read.
    pub fn note_overtaken(&mut self, serial: u64, profile: &Profile, hop: i64) {
        let Some(online) = self.directory.online(&profile.handle) else {
            return;
        };
        let is_elsewhere = online
            .shard
            .is_some_and(|shard| shard != self.shards[&serial].plan.id);
        if is_elsewhere && online.hop > hop {
            self.overtaken(serial, profile.id, online.hop);
        }
    }

    /// Another shard has an agent by a hand-off that this one may not know of.
    pub fn overtaken(&mut self, serial: u64, agent: AgentId, hop: i64) {
        let shard = self.shards.get(&serial).filter(|shard| !shard.is_ending);
        let body = shard.and_then(|shard| shard.state.as_ref()?.body(agent));
        match body.map_or(Overtaken::No, |body| overtaken(body, hop)) {
            Overtaken::No => {}
            Overtaken::LookAgain => self.later(500, Event::LookAgain(self.key, serial, agent, hop)),
            Overtaken::LetGo => self.let_go(serial, agent),
        }
    }
}
