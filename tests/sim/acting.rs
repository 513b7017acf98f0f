//! An agent acts: found, once per command id, decided by the product's rules, and committed.

use crate::node::{Node, Post};
use rookery::actors::agent::commands::{may_be_stored, replay};
use rookery::actors::committer::Pending;
use rookery::actors::database::refusal_of;
use rookery::actors::lease::moving;
use rookery::actors::mailbox::{Reply, answer};
use rookery::actors::node::DEADLINE;
use rookery::actors::peer::message::{Act, News, Question, Said};
use rookery::actors::peer::read_receipt;
use rookery::actors::region::check_settled;
use rookery::actors::request::{Order, Receipt, Request};
use rookery::base::id::{AgentId, EventId, NodeId};
use rookery::base::time::Timestamp;
use rookery::domain::action::{Durability, Owner};
use rookery::domain::agent::Profile;
use rookery::domain::event::Event;
use rookery::domain::refusal::Refusal;
use rookery::domain::scene::{Decision, Scene};
use rookery::domain::write::Write;
use rookery::store::commit::Commit;
use serde_json::Value;
use std::sync::Arc;

impl Node {
    /// A bot's command comes in.
    pub fn submit(&mut self, bot: usize, act: Act) {
        let (post, id) = (self.post.clone(), act.command_id.clone());
        let reply = Reply::taken_by(move |outcome| {
            // Nobody hears it of a node that has ended.
            drop(post.send(Post::Client(bot, id, outcome)));
        });
        if let Some(serial) = self.home(act.agent) {
            return self.act_here(serial, act, reply);
        }
        let handle = act.handle.clone();
        let row = match self.with_store(|store| store.agent_by_handle(&handle)) {
            Ok(row) => row,
            Err(error) => return answer(reply, Err(refusal_of(&error))),
        };
        let Some(shard) = row.filter(|row| row.is_in_world).and_then(|row| row.shard) else {
            return answer(reply, Err(Refusal::not_in_world()));
        };
        match self.directory.owner(shard).filter(|owner| *owner != self.id) {
            Some(owner) => {
                let question = Question::Act(Box::new(act));
                self.peers.ask_then(owner, question, DEADLINE, move |told| {
                    answer(reply, told.into_result().and_then(|bytes| read_receipt(&bytes)));
                });
            }
            // It loads, or nobody has it.
            None => answer(reply, Err(moving())),
        }
    }

    /// Another node has an agent act that should be here.
    fn act_for(&mut self, node: NodeId, number: u64, act: Act) {
        let Some(serial) = self.home(act.agent) else {
            return self.peers.answer_missing(node, number);
        };
        let post = self.post.clone();
        let reply = Reply::taken_by(move |outcome| {
            drop(post.send(Post::Desk(node, number, outcome)));
        });
        self.act_here(serial, act, reply);
    }

    /// A batch of another node came in.
    pub fn hear(&mut self, batch: &[u8]) {
        let Some(taken) = self.peers.take_in(batch) else {
            return;
        };
        let from = taken.from;
        if taken.is_new || taken.has_gap {
            self.peers.tell(from, News::Recount);
        }
        for said in taken.said {
            match said {
                Said::Ask(number, Question::Act(act)) => self.act_for(from, number, *act),
                Said::Ask(number, Question::Arrive(arrive)) => self.arrive_from(from, number, *arrive),
                Said::Ask(number, question) => panic!("nobody asks {number}: {question:?}"),
                Said::Answer(number, answer) => self.peers.settle(from, number, answer),
                Said::News(News::Runs(shard, epoch)) => {
                    self.directory.note_owner(shard, Some(from), epoch);
                }
                Said::News(News::Came(all)) => self.hear_of(from, all),
                Said::News(News::Went(handle, region)) => {
                    self.directory.remove_online(&handle, &region, Some(from));
                }
                Said::News(News::Beat(beat)) => {
                    let is_odd = self.directory.digest(Some(from)) != beat.digest;
                    self.peers.compare(from, is_odd);
                }
                Said::News(News::Recount) => self.tell_all_to(from),
                Said::News(News::Census(_)) => self.directory.remove_all_online(from),
                Said::News(News::Take) => self.look(),
                Said::News(News::Reload(shard)) => {
                    if let Some(serial) = self.serial_of(shard) {
                        self.load(serial);
                    }
                }
                Said::News(_) => {}
            }
        }
    }

    /// The shard here that an agent is in.
    pub fn home(&self, agent: AgentId) -> Option<u64> {
        let has = |state: &rookery::domain::region::RegionState| state.body(agent).is_some();
        let home = self
            .shards
            .values()
            .find(|shard| shard.state.as_ref().is_some_and(has));
        home.map(|shard| shard.serial)
    }

    fn act_here(&mut self, serial: u64, act: Act, reply: Reply<Receipt>) {
        let id = (act.command_id, act.has_own_id);
        let order = match Order::read(act.agent, act.permissions, &act.name, &act.params, id) {
            Ok(order) => order,
            Err(refusal) => return answer(reply, Err(refusal)),
        };
        if order.command.durability != Durability::Durable {
            return self.route(serial, order.to(reply));
        }
        let agent = order.agent;
        let commands = self.commands.entry(agent).or_default();
        if !commands.begin(&order.command, reply) {
            return;
        }
        let (post, id, hash) = (
            self.post.clone(),
            order.command.id.clone(),
            order.command.body_hash,
        );
        let through = Reply::taken_by(move |outcome| {
            drop(post.send(Post::Done(agent, id, hash, outcome)));
        });
        self.route(serial, order.to(through));
    }

    /// A command is through: everybody who asked for it hears of it.
    pub fn done(&mut self, agent: AgentId, id: String, hash: &[u8; 32], outcome: Result<Receipt, Refusal>) {
        let outcome = match outcome {
            Err(refusal) if may_be_stored(&refusal, true) => {
                let stored = self.with_store(|store| store.find_command(agent, &id));
                let stored = stored.ok().flatten();
                stored.map_or(Err(refusal), |stored| replay(&stored, id.clone(), hash))
            }
            outcome => outcome,
        };
        self.commands.entry(agent).or_default().conclude(&id, outcome);
    }

    /// Whoever owns an action decides it.
    fn route(&mut self, serial: u64, request: Request) {
        let shard = &self.shards[&serial];
        let profile = shard
            .state
            .as_ref()
            .and_then(|state| Some(Arc::clone(&state.body(request.agent)?.profile)));
        let Some(profile) = profile else {
            return answer(request.reply, Err(Refusal::unavailable()));
        };
        if request.action.owner() == Owner::Region {
            return self.decide_in_region(serial, &profile, request);
        }
        let decided = request.action.decide(&self.scene(&profile));
        match decided {
            Err(refusal) => answer(request.reply, Err(refusal)),
            Ok(decision) => self.commit_decision(serial, &profile, decision, request),
        }
    }

    fn decide_in_region(&mut self, serial: u64, profile: &Arc<Profile>, request: Request) {
        let shard = &self.shards[&serial];
        if !self.leases.hold(&shard.lease, self.monotonic_ms()) {
            return answer(request.reply, Err(moving()));
        }
        let state = shard.state.as_ref().expect("it has the agent");
        let has_departed = self.departed.contains(&(serial, profile.id));
        let scene = Scene {
            region: Some(state),
            ..self.scene(profile)
        };
        let decided =
            check_settled(state, profile.id, has_departed).and_then(|()| request.action.decide(&scene));
        match decided {
            Err(refusal) => answer(request.reply, Err(refusal)),
            Ok(decision) if decision.hand_off.is_some() => self.hand_off(serial, profile, decision, request),
            Ok(decision) if request.command.durability == Durability::Durable => {
                self.commit_decision(serial, profile, decision, request);
            }
            Ok(decision) => self.do_now(serial, profile.id, decision, request),
        }
    }

    fn do_now(&mut self, serial: u64, agent: AgentId, decision: Decision, request: Request) {
        let tick = self.tick();
        let shard = self.shards.get_mut(&serial).expect("it decided");
        if let Some(state) = &mut shard.state {
            decision
                .changes
                .into_iter()
                .for_each(|change| state.apply(agent, change));
        }
        let receipt = Receipt {
            result: decision.result,
            durability: request.command.durability,
            command_id: request.command.id,
            region: Some(shard.plan.region.clone()),
            shard: Some(shard.plan.id),
            seq: None,
            tick,
            replayed: false,
        };
        answer(request.reply, Ok(receipt));
    }

    fn scene<'a>(&'a self, me: &'a Arc<Profile>) -> Scene<'a> {
        let now = self.now();
        Scene {
            now,
            tick: self.rate.tick_at(now),
            rate: self.rate,
            dice: self.entropy.u64(),
            fresh_id: self.entropy.uuid_v7(now.0),
            me,
            world: &self.world,
            region: None,
            conversation: None,
        }
    }

    fn commit_decision(&mut self, serial: u64, profile: &Profile, decision: Decision, request: Request) {
        let event = match request.demand(decision.event) {
            Ok(event) => event,
            Err(refusal) => return answer(request.reply, Err(refusal)),
        };
        let result = decision.result.into_tree();
        let mut commit = self.commit_of(serial, profile, event, decision.writes, result);
        commit.command = Some(request.command);
        let pending = Pending {
            commit,
            reply: Some(request.reply),
            settle: None,
        };
        self.enqueue(serial, pending);
    }

    /// A commit about an agent, without a command.
    pub fn commit_of(
        &self,
        serial: u64,
        profile: &Profile,
        event: Event,
        writes: Vec<Write>,
        result: Value,
    ) -> Commit {
        let Timestamp(now_ms) = self.now();
        Commit {
            agent: profile.id,
            handle: profile.handle.clone(),
            name: profile.name.clone(),
            command: None,
            event_id: EventId(self.entropy.uuid_v7(now_ms)),
            event,
            region: self.shards[&serial].plan.region.clone(),
            tick: self.tick(),
            writes,
            result,
        }
    }
}
