//! An agent goes from one shard to another, on this node or between two: the receiver's transaction decides.

use crate::node::{Node, Post};
use crate::world::Event as Later;
use rookery::actors::committer::{Pending, Settle};
use rookery::actors::lease::moving;
use rookery::actors::mailbox::{Reply, answer};
use rookery::actors::node::DEADLINE;
use rookery::actors::peer::message::{self, Arrive, News, Question, Traveller};
use rookery::actors::peer::{Told, read_receipt};
use rookery::actors::region::{Destination, Fate, RegionActor, Step};
use rookery::actors::request::{Receipt, Request};
use rookery::base::id::{AgentId, NodeId, ShardId};
use rookery::domain::agent::Profile;
use rookery::domain::event::{Event, EventKind};
use rookery::domain::refusal::Refusal;
use rookery::domain::region::Body;
use rookery::domain::scene::Decision;
use rookery::domain::space::{Trajectory, Vec3};
use rookery::domain::write::Write;
use rookery::store::commit::{CommandKey, Outcome};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long another node may take to answer an offer. As in the product.
const OFFER_DEADLINE: Duration = Duration::from_secs(2);

/// An agent that comes.
pub struct Arrival {
    pub body: Body,
    pub at: Vec3,
    pub from: ShardId,
    pub command: Option<(CommandKey, Reply<Receipt>)>,
    /// Tells the sender.
    pub told: Box<dyn FnOnce(Fate) + Send>,
}

impl Node {
    /// An agent wants to be elsewhere.
    pub fn hand_off(&mut self, serial: u64, profile: &Arc<Profile>, decision: Decision, request: Request) {
        let wanted = decision.hand_off.expect("it decided one");
        let plan = self.world.region(&wanted.region).expect("the rules looked");
        let at = wanted.at.unwrap_or(plan.spawn);
        let to = self.world.shard_at(&wanted.region, at).expect("it is inside").id;
        if to == self.shards[&serial].plan.id {
            return self.stand_elsewhere(serial, profile, at, request);
        }
        let here = self.serial_of(to);
        let there = self.directory.owner(to).filter(|owner| *owner != self.id);
        if here.is_none() && there.is_none() {
            return answer(request.reply, Err(moving()));
        }
        let body = self.body_mut(serial, profile.id).expect("it decided");
        // Frozen before it is offered: two owners are worse than a late one.
        body.is_frozen = true;
        let body = body.clone();
        let to = Destination {
            shard: to,
            region: wanted.region.into(),
        };
        match (here, there) {
            (Some(receiver), _) => {
                let (post, agent, hop) = (self.post.clone(), body.profile.id, body.hop);
                let from = self.shards[&serial].plan.id;
                let arrival = Arrival {
                    body,
                    at,
                    from,
                    command: Some((request.command, request.reply)),
                    told: Box::new(move |fate| {
                        drop(post.send(Post::HandedOver(serial, agent, hop, fate)));
                    }),
                };
                self.arrive(receiver, arrival, to);
            }
            (None, Some(node)) => self.offer_there(serial, node, (body, at), to, request),
            (None, None) => {}
        }
    }

    fn body_mut(&mut self, serial: u64, agent: AgentId) -> Option<&mut Body> {
        self.shards.get_mut(&serial)?.state.as_mut()?.body_mut(agent)
    }

    fn offer_there(
        &mut self,
        serial: u64,
        node: NodeId,
        (body, at): (Body, Vec3),
        to: Destination,
        request: Request,
    ) {
        let (agent, hop, post) = (body.profile.id, body.hop, self.post.clone());
        let (act, reply) = request.into_act(body.profile.handle.clone());
        let receipt = self.peers.expect(node, DEADLINE, move |told| {
            answer(reply, told.into_result().and_then(|bytes| read_receipt(&bytes)));
        });
        let Ok(receipt) = receipt else {
            panic!("too many wait");
        };
        let shard = &self.shards[&serial];
        let arrive = Arrive {
            shard: to.shard,
            body: Traveller {
                profile: (*body.profile).clone(),
                trajectory: body.trajectory,
                status: body.status.clone(),
                follow: None,
                cooldowns: body.cooldowns.clone(),
                hop,
                nodes: Vec::new(),
            },
            at,
            from: shard.plan.id,
            from_region: shard.plan.region.clone(),
            teleport: Some((act, receipt)),
            away: None,
            follows: None,
        };
        let (peers, question) = (Arc::clone(&self.peers), Question::Arrive(Box::new(arrive)));
        self.peers.ask_then(node, question, OFFER_DEADLINE, move |told| {
            if matches!(told, Told::Missing | Told::Unsent) {
                peers.expect_no_more(node, receipt);
            }
            let fate = Fate::of_answer(told, to);
            drop(post.send(Post::HandedOver(serial, agent, hop, fate)));
        });
    }

    fn stand_elsewhere(&mut self, serial: u64, profile: &Arc<Profile>, at: Vec3, request: Request) {
        let (agent, post) = (profile.id, self.post.clone());
        let hop = self.body_mut(serial, agent).expect("it decided").hop;
        let event = Event::new(EventKind::AgentTeleport, Some(profile.handle.clone()), json!({})).at(at);
        let writes = vec![self.relocate(serial, at, hop, None)];
        let mut commit = self.commit_of(serial, profile, event, writes, json!({}));
        commit.command = Some(request.command);
        let settle = Settle::new(move |outcome| {
            if matches!(outcome, Ok(Outcome::Committed { .. })) {
                drop(post.send(Post::Stands(serial, agent, at, hop.saturating_add(1))));
            }
        });
        let pending = Pending {
            commit,
            reply: Some(request.reply),
            settle: Some(settle),
        };
        self.enqueue(serial, pending);
    }

    fn relocate(&self, serial: u64, at: Vec3, hop: i64, carried: Option<String>) -> Write {
        let plan = &self.shards[&serial].plan;
        Write::Relocate {
            region: plan.region.clone(),
            shard: plan.id,
            at,
            hop,
            is_in_world: true,
            carried,
        }
    }

    /// An agent stands elsewhere in its shard.
    pub fn stands(&mut self, serial: u64, agent: AgentId, at: Vec3, hop: i64) {
        let tick = self.tick();
        let state = self
            .shards
            .get_mut(&serial)
            .and_then(|shard| shard.state.as_mut());
        let Some(state) = state else { return };
        if let Some(mut body) = state.leave(agent) {
            body.trajectory = Trajectory::standing(at, tick, body.trajectory.heading);
            (body.hop, body.is_frozen) = (hop, false);
            state.enter(body, tick);
        }
    }

    /// An agent comes: it is ours once our transaction says so.
    pub fn arrive(&mut self, serial: u64, arrival: Arrival, to: Destination) {
        let Arrival {
            mut body,
            at,
            from,
            command,
            told,
        } = arrival;
        let (tick, hop, profile) = (self.tick(), body.hop, Arc::clone(&body.profile));
        let shard = self.shards.get_mut(&serial).expect("it runs");
        if shard.state.is_none() {
            told(Fate::Later);
            if let Some((_, reply)) = command {
                answer(reply, Err(Refusal::unavailable()));
            }
            return;
        }
        shard.coming.insert(profile.id);
        body.hop = hop.saturating_add(1);
        body.trajectory = Trajectory::standing(at, tick, body.trajectory.heading);
        body.follow = None;
        let content = json!({"from": from});
        let event = Event::new(EventKind::AgentTeleport, Some(profile.handle.clone()), content).at(at);
        let carried = RegionActor::carried(&body, None);
        let writes = vec![self.relocate(serial, at, hop, Some(carried))];
        let mut commit = self.commit_of(serial, &profile, event, writes, json!({}));
        let reply = command.map(|(command, reply)| {
            commit.command = Some(command);
            reply
        });
        let post = self.post.clone();
        let settle = Settle::new(move |outcome| {
            let is_here = matches!(outcome, Ok(Outcome::Committed { .. }));
            drop(post.send(Post::Entered(serial, Box::new(body), is_here)));
            told(Fate::of_arrival(outcome, to));
        });
        let pending = Pending {
            commit,
            reply,
            settle: Some(settle),
        };
        self.enqueue(serial, pending);
    }

    /// An agent is on disk here: memory follows.
    pub fn entered(&mut self, serial: u64, mut body: Body, is_here: bool) {
        let tick = self.tick();
        let Some(shard) = self.shards.get_mut(&serial) else {
            return;
        };
        let agent = body.profile.id;
        shard.coming.remove(&agent);
        let Some(state) = shard.state.as_mut().filter(|_| is_here) else {
            return;
        };
        body.is_frozen = false;
        let (profile, hop) = (Arc::clone(&body.profile), body.hop);
        state.enter(body, tick);
        self.departed.remove(&(serial, agent));
        self.note_present(serial, &profile, hop);
    }

    /// What became of an agent that was offered.
    pub fn handed_over(&mut self, serial: u64, agent: AgentId, hop: i64, fate: Fate) {
        let Some(shard) = self.shards.get(&serial).filter(|shard| !shard.is_ending) else {
            return;
        };
        let Some(state) = &shard.state else { return };
        let step = fate.step(hop, state.body(agent).map(|body| body.hop));
        match step {
            // Whoever teleports is not offered again.
            Some(Step::Thaw) => self.thaw(serial, agent, hop),
            Some(Step::OfferLater(hop)) => self.thaw(serial, agent, hop),
            Some(Step::LetGo(_)) => self.let_go(serial, agent),
            Some(Step::Reclaim(to)) => self.later(500, Later::Reclaim(self.key, serial, agent, hop, to)),
            None => {}
        }
    }

    pub fn let_go(&mut self, serial: u64, agent: AgentId) {
        self.departed.insert((serial, agent));
        let shard = self.shards.get_mut(&serial).expect("it runs");
        let region = shard.plan.region.clone();
        let body = shard.state.as_mut().and_then(|state| state.leave(agent));
        if let Some(body) = body {
            self.note_absent(&body.profile.handle, &region);
        }
    }

    fn thaw(&mut self, serial: u64, agent: AgentId, hop: i64) {
        if let Some(body) = self.body_mut(serial, agent) {
            body.hop = hop;
            body.is_frozen = false;
        }
    }

    /// Takes an agent back whose offer had no answer.
    pub fn reclaim(&mut self, serial: u64, agent: AgentId, hop: i64, to: Destination) {
        let tick = self.tick();
        let rate = self.rate;
        let Some(body) = self.body_mut(serial, agent) else {
            return;
        };
        if body.hop != hop || !body.is_frozen {
            return;
        }
        let (profile, at) = (Arc::clone(&body.profile), body.trajectory.at(tick, &rate).0);
        let mut kept = body.clone();
        kept.hop = hop.saturating_add(1);
        let carried = RegionActor::carried(&kept, None);
        let event = Event::new(EventKind::AgentCrossed, Some(profile.handle.clone()), json!({})).at(at);
        let writes = vec![self.relocate(serial, at, hop, Some(carried))];
        let commit = self.commit_of(serial, &profile, event, writes, json!({}));
        let post = self.post.clone();
        let settle = Settle::new(move |outcome| {
            let fate = Fate::of_reclaim(outcome, to);
            if let Fate::Taken(to) = &fate {
                drop(post.send(Post::ReloadThere(to.shard)));
            }
            drop(post.send(Post::HandedOver(serial, agent, hop, fate)));
        });
        let pending = Pending {
            commit,
            reply: None,
            settle: Some(settle),
        };
        self.enqueue(serial, pending);
    }

    /// Has a shard loaded again, wherever it runs.
    pub fn reload_there(&mut self, shard: ShardId) {
        if let Some(serial) = self.serial_of(shard) {
            self.load(serial);
        } else if let Some(owner) = self.directory.owner(shard) {
            self.peers.tell(owner, News::Reload(shard));
        }
    }

    /// Another node offers an agent to a shard of this one.
    pub fn arrive_from(&mut self, node: NodeId, number: u64, mut arrive: Arrive) {
        let Some(serial) = self.serial_of(arrive.shard) else {
            return self.peers.answer_missing(node, number);
        };
        let command = arrive.teleport.take().map(|(act, receipt)| {
            let id = (act.command_id, act.has_own_id);
            let order =
                rookery::actors::request::Order::read(act.agent, act.permissions, &act.name, &act.params, id);
            let order = order.expect("all nodes are of one version");
            let post = self.post.clone();
            let reply = Reply::taken_by(move |outcome| {
                drop(post.send(Post::Desk(node, receipt, outcome)));
            });
            (order.command, reply)
        });
        let Traveller {
            profile,
            trajectory,
            status,
            cooldowns,
            hop,
            ..
        } = arrive.body;
        let mut body = Body::standing(Arc::new(profile), arrive.at, trajectory.start, hop);
        (body.trajectory, body.status, body.cooldowns) = (trajectory, status, cooldowns);
        let post = self.post.clone();
        let arrival = Arrival {
            body,
            at: arrive.at,
            from: arrive.from,
            command,
            told: Box::new(move |fate| {
                let fate: message::Fate = fate.as_told();
                drop(post.send(Post::Fate(node, number, fate)));
            }),
        };
        let to = Destination {
            shard: arrive.shard,
            region: "".into(),
        };
        self.arrive(serial, arrival, to);
    }
}
