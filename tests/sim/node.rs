//! A node: the product's parts without its threads and actors, driven event by event.

use crate::dice::Dice;
use crate::faults::{Faults, Odds};
use crate::ground::BEGIN_MS;
use crate::profile::Profile;
use crate::shard::Shard;
use crate::world::{Event, PartStep};
use futures_util::FutureExt;
use rookery::actors::agent::commands::Commands;
use rookery::actors::committer::Terms;
use rookery::actors::directory::Directory;
use rookery::actors::lease::{Keeping, LeaseKeeper, Leases};
use rookery::actors::peer::{Peers, message};
use rookery::actors::region::Fate;
use rookery::actors::request::Receipt;
use rookery::base::id::{AgentId, EventId, NodeId, ShardId};
use rookery::base::time::{Tick, TickRate, Timestamp};
use rookery::bus::{Bus, BusConfig, Heard, Subscription, Topic};
use rookery::domain::refusal::Refusal;
use rookery::domain::region::{Body, World};
use rookery::domain::space::Vec3;
use rookery::guard::seal::Seal;
use rookery::host::clock::Clock;
use rookery::host::entropy::Entropy;
use rookery::store::commit::Commit;
use rookery::store::lease::{Claiming, Turn};
use rookery::store::{Store, StoreError, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// How long a lease holds: the product's default. Units: milliseconds.
pub const TTL_MS: i64 = 6_000;

/// What a node's parts tell the node, through the replies and listeners that they were given.
pub enum Post {
    /// A bot's command has its answer.
    Client(usize, String, Result<Receipt, Refusal>),
    /// A command of an agent is through.
    Done(AgentId, String, [u8; 32], Result<Receipt, Refusal>),
    /// The answer to another node's question.
    Desk(NodeId, u64, Result<Receipt, Refusal>),
    /// What became of another node's offer.
    Fate(NodeId, u64, message::Fate),
    /// What became of an offer of a shard here.
    HandedOver(u64, AgentId, i64, Fate),
    /// An agent's arrival is decided.
    Entered(u64, Box<Body>, bool),
    /// An agent stands elsewhere in its shard, after so many hand-offs.
    Stands(u64, AgentId, Vec3, i64),
    /// A commit of a shard is told to the world.
    Spread(ShardId, Box<Commit>, i64),
    /// A shard here is to be loaded again.
    Reload(u64),
    /// So is one that may be anywhere.
    ReloadThere(ShardId),
    /// A batch of a shard was fenced.
    Lost(u64, i64),
    /// A step of a hand-over is to be taken.
    Part(PartStep),
}

/// What leaves a node.
pub enum Out {
    /// An event after so many milliseconds.
    Later(u64, Event),
    /// A batch for another node.
    Batch(NodeId, bytes::Bytes),
    /// A bot's answer.
    Answer(usize, String, Result<Receipt, Refusal>),
    /// Something was told to the world.
    Told(ShardId, EventId, i64),
}

/// What a node begins with.
pub struct Start<'a> {
    pub seed: u64,
    pub key: usize,
    pub now_ms: u64,
    pub profile: Profile,
    pub target: &'a Target,
    pub faults: &'a Faults,
    pub io: &'a tokio::runtime::Handle,
    /// All nodes that there are.
    pub others: &'a [NodeId],
}

/// A node.
pub struct Node {
    pub key: usize,
    pub id: NodeId,
    pub clock: Clock,
    wound_ms: u64,
    /// How fast its clock goes. Units: parts of a million.
    speed: u64,
    pub dice: Dice,
    pub entropy: Entropy,
    pub rate: TickRate,
    pub world: Arc<World>,
    pub store: Store,
    pub keeping: Keeping,
    pub leases: Leases,
    /// What the last turn saw, as its main thread gets to hear it.
    pub told: Option<Turn>,
    pub turn_token: u64,
    pub shards: BTreeMap<u64, Shard>,
    pub last_serial: u64,
    pub directory: Directory,
    pub peers: Arc<Peers>,
    ears: Subscription,
    pub commands: BTreeMap<AgentId, Commands>,
    posts: Receiver<Post>,
    pub post: Sender<Post>,
    pub leaving: Vec<crate::parting::Parting>,
    pub out: Vec<Out>,
    faults: Faults,
    pub profile: Profile,
    /// Nothing is injected any more.
    pub is_healed: bool,
    /// By the true time.
    pub paused_until: u64,
    pub partitioned_until: u64,
    true_ms: u64,
    beats: u64,
    pub departed: BTreeSet<(u64, AgentId)>,
}

impl Node {
    /// Starts a node. Errors: the database is away.
    pub fn start(start: &Start<'_>) -> Result<Self, StoreError> {
        let stream = 1_000 + u64::try_from(start.key).expect("there are few");
        let mut dice = Dice::new(start.seed, stream);
        let entropy = Entropy::seeded(start.seed.wrapping_mul(1_000_003).wrapping_add(stream));
        // Wall clocks are wrong by up to an hour.
        let skew_ms = match dice.below(3) {
            0 => 0,
            1 => i64::try_from(dice.below(4_000)).expect("it is small") - 2_000,
            _ => i64::try_from(dice.below(7_200_000)).expect("it is small") - 3_600_000,
        };
        let true_wall_ms = BEGIN_MS + i64::try_from(start.now_ms).expect("runs are short");
        let clock = Clock::manual(true_wall_ms + skew_ms);
        let id = NodeId(entropy.uuid_v7(true_wall_ms));
        let mut store = Store::open(start.target)?;
        let wall = Timestamp(clock.steady_ms());
        store.register_node(id, &format!("node-{}", start.key), "127.0.0.1:0", "0", wall)?;
        let made = store.ensure_world(100, Some(1), wall)?;
        let rate = TickRate {
            epoch: made.epoch,
            tick_ms: made.tick_ms,
        };
        let world = World {
            rate,
            seed: start.seed,
            regions: store.regions()?,
            shards: store.shards()?,
        };
        let keeping = Keeping::new(LeaseKeeper {
            store: Store::open(start.target)?,
            node: id,
            ttl_ms: TTL_MS,
            clock: clock.clone(),
            is_shared: true,
            how: Claiming::Shared,
        });
        let leases = keeping.unattended();
        let bus = Bus::start(&BusConfig::default(), clock.clone(), entropy.clone(), start.io);
        let bus = bus.expect("it is local");
        let mut ears = bus.subscribe(Topic::Control);
        for other in start.others {
            ears.add(Topic::Node(*other)).expect("there are few");
        }
        let peers = Arc::new(Peers::new(id, bus, clock.clone(), Seal::new("sim")));
        let (post, posts) = channel();
        let speed = 970_000 + dice.below(60_000);
        Ok(Self {
            key: start.key,
            id,
            clock,
            wound_ms: start.now_ms,
            speed,
            dice,
            entropy,
            rate,
            directory: Directory::new(world.clone()),
            world: Arc::new(world),
            store,
            keeping,
            leases,
            told: None,
            turn_token: 0,
            shards: BTreeMap::new(),
            last_serial: 0,
            peers,
            ears,
            commands: BTreeMap::new(),
            posts,
            post,
            leaving: Vec::new(),
            out: Vec::new(),
            faults: start.faults.clone(),
            profile: start.profile,
            is_healed: false,
            paused_until: 0,
            partitioned_until: 0,
            true_ms: start.now_ms,
            beats: 0,
            departed: BTreeSet::new(),
        })
    }

    /// Another node is there: what is sent to it goes out.
    pub fn learn_of(&mut self, other: NodeId) {
        self.ears.add(Topic::Node(other)).expect("there are few");
    }

    /// Winds its clock up to a true time.
    pub fn wind(&mut self, now_ms: u64) {
        let speed = self.speed;
        let at = |ms: u64| ms.saturating_mul(speed) / 1_000_000;
        self.clock.advance(at(now_ms).saturating_sub(at(self.wound_ms)));
        self.wound_ms = self.wound_ms.max(now_ms);
        self.true_ms = now_ms;
    }

    /// The world's time, as it sees it.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.steady_ms())
    }

    /// The world tick of now.
    pub fn tick(&self) -> Tick {
        self.rate.tick_at(self.now())
    }

    /// Units: milliseconds of its monotonic clock.
    pub fn monotonic_ms(&self) -> i64 {
        self.clock.monotonic_ms()
    }

    /// Whether it hears nothing from the database.
    pub fn is_partitioned(&self) -> bool {
        self.true_ms < self.partitioned_until
    }

    /// What may befall a commit now.
    pub fn odds(&self) -> Odds {
        if self.is_healed {
            Odds::default()
        } else {
            self.profile.odds
        }
    }

    /// Speaks with the database, by the writers' connection.
    pub fn with_store<T>(&mut self, work: impl FnOnce(&mut Store) -> T) -> T {
        let (odds, is_partitioned) = (self.odds(), self.is_partitioned());
        let calm = Odds {
            end_before: 0,
            end_after: 0,
            ..odds
        };
        let faults = self.faults.clone();
        faults.during(calm, is_partitioned, || work(&mut self.store))
    }

    /// The same while a batch is committed, when the process may end.
    pub fn with_writer<T>(&mut self, work: impl FnOnce(&mut Store) -> T) -> T {
        let (odds, is_partitioned) = (self.odds(), self.is_partitioned());
        let faults = self.faults.clone();
        faults.during(odds, is_partitioned, || work(&mut self.store))
    }

    /// Speaks with the database, by the keeper's connection.
    pub fn with_keeping<T>(&mut self, work: impl FnOnce(&mut Keeping) -> T) -> T {
        let odds = Odds {
            end_before: 0,
            end_after: 0,
            ..self.odds()
        };
        let is_partitioned = self.is_partitioned();
        let faults = self.faults.clone();
        faults.during(odds, is_partitioned, || work(&mut self.keeping))
    }

    /// Under what a batch is written.
    pub fn terms(&self) -> Terms {
        Terms {
            owner: self.id,
            lease_ttl_ms: TTL_MS,
            now: self.now(),
        }
    }

    /// An event, after a while.
    pub fn later(&mut self, after_ms: u64, event: Event) {
        self.out.push(Out::Later(after_ms, event));
    }

    /// Once in a quarter of a second.
    pub fn beat(&mut self) {
        self.beats += 1;
        self.peers.sweep();
        if self.beats.is_multiple_of(4) {
            for other in self.others() {
                let beat = message::Beat {
                    populations: Vec::new(),
                    digest: self.directory.digest(None),
                };
                self.peers.tell(other, message::News::Beat(Box::new(beat)));
            }
        }
        if self.beats.is_multiple_of(12) {
            let serials: Vec<u64> = self.shards.keys().copied().collect();
            for serial in serials {
                self.save(serial, None);
            }
        }
        self.later(250, Event::Beat(self.key));
    }

    /// The nodes beside this one, in order.
    pub fn others(&self) -> Vec<NodeId> {
        let mut others = self.peers.all();
        others.sort_unstable();
        others
    }

    /// Does what its parts told it, until nothing is left to do, and sends what was said.
    pub fn settle_down(&mut self) {
        loop {
            self.attend_leaving();
            let Ok(post) = self.posts.try_recv() else { break };
            self.take(post);
        }
        self.peers.send();
        let mut batches = Vec::new();
        while let Some(Some(heard)) = self.ears.recv().now_or_never() {
            if let Heard::Message(Topic::Node(to), batch) = heard {
                batches.push((to, batch));
            }
        }
        // A node says to each in order, and to whom first is nobody's business.
        batches.sort_by_key(|(to, _)| *to);
        let batches = batches.into_iter().map(|(to, batch)| Out::Batch(to, batch));
        self.out.extend(batches);
    }

    fn take(&mut self, post: Post) {
        match post {
            Post::Client(bot, id, outcome) => self.out.push(Out::Answer(bot, id, outcome)),
            Post::Done(agent, id, hash, outcome) => self.done(agent, id, &hash, outcome),
            Post::Desk(node, number, outcome) => {
                let encode = |receipt| serde_json::to_vec(&receipt).map_err(|_never| Refusal::internal());
                self.peers.answer(node, number, outcome.and_then(encode));
            }
            Post::Fate(node, number, fate) => {
                let fate = rmp_serde::to_vec_named(&fate).map_err(|_never| Refusal::internal());
                self.peers.answer(node, number, fate);
            }
            Post::HandedOver(serial, agent, hop, fate) => self.handed_over(serial, agent, hop, fate),
            Post::Entered(serial, body, is_here) => self.entered(serial, *body, is_here),
            Post::Stands(serial, agent, at, hop) => self.stands(serial, agent, at, hop),
            Post::Spread(shard, commit, seq) => self.out.push(Out::Told(shard, commit.event_id, seq)),
            Post::Reload(serial) => self.load(serial),
            Post::ReloadThere(shard) => self.reload_there(shard),
            Post::Lost(serial, epoch) => {
                if let Some(shard) = self.shards.get(&serial) {
                    shard.lease.lose(epoch);
                }
                self.look();
            }
            Post::Part(step) => {
                let after_ms = self.dice.below(30);
                let event = Event::Part(self.key, step);
                self.later(after_ms, event);
            }
        }
    }
}
