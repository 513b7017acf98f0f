//! The world of a run: virtual time, an agenda of events, nodes, bots, and a bus that loses and reorders. Everything that is
//! left to chance is drawn from the seed.

use crate::bot::Bot;
use crate::dice::Dice;
pub use crate::event::{Event, PartStep, Verdict};
use crate::faults::Faults;
use crate::ground::{self, AGENTS, BEGIN_MS};
use crate::node::{Node, Out, Start};
use crate::profile::Profile;
pub use crate::tally::Tally;
use crate::witness::Witness;
use rookery::base::id::{AgentId, NodeId};
use rookery::host::fault::{self, Ended};
use rookery::store::commit::Batch;
use rookery::store::{Store, Target};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How long after the faults everything must have come to an end. Units: milliseconds.
pub const HEALING_MS: u64 = 90_000;
/// Lines of the run that are told when it fails.
const LINES_MAX: usize = 120;

/// A run.
pub struct World {
    pub seed: u64,
    pub now_ms: u64,
    pub profile: Profile,
    pub nodes: BTreeMap<usize, Node>,
    pub bots: Vec<Bot>,
    pub faults: Faults,
    pub witness: Witness,
    /// A connection that nothing befalls.
    pub spare: Store,
    pub tally: Tally,
    pub dice: Dice,
    pub is_healed: bool,
    /// Commits that the witness has looked at.
    seen: u64,
    agenda: BTreeMap<(u64, u64), Event>,
    arranged: u64,
    last_key: usize,
    /// All nodes that there ever were.
    known: Vec<(NodeId, usize)>,
    target: Target,
    io: tokio::runtime::Runtime,
    lines: VecDeque<String>,
    /// Agents that are in two places, and since when.
    pub twice: BTreeMap<AgentId, u64>,
    /// What accounts held at first.
    pub at_first: BTreeMap<Vec<u8>, i64>,
    /// What the run adds up to: two runs of one seed add up to the same.
    pub digest: u64,
}

impl Drop for World {
    fn drop(&mut self) {
        self.nodes.clear();
        fault::befall(None);
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        fault::befall(None);
        fault::forget_cached();
        let (target, spare) = ground::copy();
        let faults = Faults::new(seed, BEGIN_MS);
        fault::befall(Some(Box::new(faults.clone())));
        let profile = Profile::draw(seed);
        let mut world = Self {
            seed,
            now_ms: 0,
            profile,
            nodes: BTreeMap::new(),
            bots: (0..AGENTS).map(|number| Bot::new(seed, number)).collect(),
            faults,
            witness: Witness::new(&target),
            spare,
            tally: Tally::default(),
            dice: Dice::new(seed, 2),
            is_healed: false,
            seen: u64::MAX,
            agenda: BTreeMap::new(),
            arranged: 0,
            last_key: 0,
            known: Vec::new(),
            target,
            io: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime starts"),
            lines: VecDeque::new(),
            twice: BTreeMap::new(),
            at_first: BTreeMap::new(),
            digest: seed,
        };
        world.at_first = world.witness.balances();
        for node in 0..profile.nodes {
            world.arrange(u64::try_from(node).expect("there are few") * 300, Event::Start);
        }
        for bot in 0..AGENTS {
            world.arrange(1_500, Event::Want(bot));
        }
        world.arrange(3_000, Event::Trouble);
        world
    }

    /// Has something happen after a while.
    pub fn arrange(&mut self, after_ms: u64, event: Event) {
        self.arranged += 1;
        self.agenda.insert((self.now_ms + after_ms, self.arranged), event);
    }

    /// Notes a line of the run.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:>7} {}", self.now_ms, line());
        for byte in line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last lines of the run.
    pub fn story(&self) -> String {
        self.lines
            .iter()
            .fold(String::new(), |all, line| all + line + "\n")
    }

    /// Runs to the end. Errors: what must never be.
    pub fn run(&mut self) -> Result<(), String> {
        self.look()?;
        while self.now_ms < self.profile.length_ms {
            self.step()?;
        }
        self.heal();
        let due_ms = self.now_ms + HEALING_MS;
        while !self.is_at_rest() {
            if self.now_ms >= due_ms {
                return Err(self.unrest());
            }
            self.step()?;
        }
        self.conclude()
    }

    /// The next event.
    fn step(&mut self) -> Result<(), String> {
        let Some(((at_ms, _), event)) = self.agenda.pop_first() else {
            return Err("nothing happens any more".to_owned());
        };
        self.now_ms = self.now_ms.max(at_ms);
        self.set_clock();
        self.tally.steps += 1;
        match event {
            Event::Trouble => self.trouble(),
            Event::Start => self.start_node(),
            Event::Stop(key) => self.stop(key),
            Event::Want(bot) => self.want(bot),
            Event::Impatient(bot, command, tries) => self.ask_again(bot, &command, tries),
            Event::Answer(bot, command, outcome) => self.answer(bot, &command, outcome)?,
            event => self.happen(event)?,
        }
        self.catch_up();
        self.look()?;
        self.look_at_nodes()
    }

    /// The witness looks at what was committed since it looked last.
    fn look(&mut self) -> Result<(), String> {
        let commits = self.faults.with(|weather| weather.commits);
        if std::mem::replace(&mut self.seen, commits) == commits {
            return Ok(());
        }
        self.witness.look()
    }

    /// The database's clock is the true time.
    fn set_clock(&mut self) {
        let now_ms = BEGIN_MS + i64::try_from(self.now_ms).expect("runs are short");
        self.faults.with(|weather| weather.now_ms = now_ms);
    }

    /// Who waited for the database took its time.
    fn catch_up(&mut self) {
        let now_ms = self.faults.with(|weather| weather.now_ms) - BEGIN_MS;
        self.now_ms = self
            .now_ms
            .max(u64::try_from(now_ms).expect("it is after the beginning"));
    }

    /// Something happens to a node.
    fn happen(&mut self, event: Event) -> Result<(), String> {
        let key = event.key();
        let Some(node) = self.nodes.get_mut(&key) else {
            if let Event::Commit(_, _, batch) = event {
                self.commit_of_the_dead(&batch.0);
            }
            return Ok(());
        };
        let is_for_the_database = matches!(event, Event::Commit(..) | Event::Save(..));
        let is_at_the_database = is_for_the_database && self.dice.below(2) == 0;
        if is_for_the_database && self.now_ms < node.partitioned_until && self.dice.below(4) != 0 {
            // What is held up on the way comes when the way is free, whoever has the shard then.
            let after_ms = node.partitioned_until - self.now_ms + self.dice.below(1_500);
            self.arrange(after_ms, event);
            return Ok(());
        }
        if self.now_ms < node.paused_until && !is_at_the_database {
            let after_ms = node.paused_until - self.now_ms;
            self.arrange(after_ms, event);
            return Ok(());
        }
        node.wind(self.now_ms);
        let verdict = match &event {
            Event::Commit(_, _, batch) => {
                let lease = batch.0.lease;
                Some((lease, self.witness.row(lease.shard).is_of(lease)))
            }
            Event::Save(_, saving) => {
                let lease = saving.lease;
                Some((lease, self.witness.row(lease.shard).is_of(lease)))
            }
            _ => None,
        };
        let line = event.line();
        let mut node = self.nodes.remove(&key).expect("it is there");
        let ended = catch_unwind(AssertUnwindSafe(|| node.happen(event)));
        self.faults.calm();
        self.note(|| line);
        match ended {
            Ok(happened) => {
                if let (Some((lease, was_current)), Some(committed)) = (verdict, &happened.committed) {
                    self.judge(lease, was_current, committed)?;
                }
                if let (Some((lease, false)), true) = (verdict, happened.is_saved) {
                    return Err(format!("{lease:?} is over, and saved where all go"));
                }
                let out = std::mem::take(&mut node.out);
                self.nodes.insert(key, node);
                for out in out {
                    self.take(key, out)?;
                }
            }
            Err(panic) if panic.is::<Ended>() => {
                drop(node);
                self.crashed(key);
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(())
    }

    /// A batch of a node that has ended was on its way to the database: it may be committed all the same.
    fn commit_of_the_dead(&mut self, batch: &Batch) {
        if self.dice.below(2) == 0 {
            let committed = self.spare.commit(batch);
            let line = format!("a batch of a dead node: {}", committed.is_ok());
            self.note(|| line);
        }
    }

    /// Whoever holds the current lease is not fenced, and whoever does not is.
    fn judge(
        &mut self,
        lease: rookery::store::commit::Lease,
        was_current: bool,
        committed: &Verdict,
    ) -> Result<(), String> {
        self.tally.commits += 1;
        match committed {
            Verdict::Committed if !was_current => Err(format!("{lease:?} was not fenced")),
            Verdict::NotCommitted if !was_current && !self.is_away(lease.owner) => {
                Err(format!("{lease:?} was not told that it is fenced"))
            }
            Verdict::Fenced => {
                self.tally.fenced += 1;
                self.catch_up();
                self.look()?;
                let (owner, now_ms) = (lease.owner, self.now_ms);
                if self.witness.holds(owner, lease.shard, lease.epoch, now_ms) {
                    return Err(format!("{lease:?} is fenced and current"));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a node may not have reached the database.
    fn is_away(&self, node: NodeId) -> bool {
        !self.is_healed
            || self
                .nodes
                .values()
                .any(|other| other.id == node && other.is_partitioned())
    }

    fn take(&mut self, key: usize, out: Out) -> Result<(), String> {
        match out {
            Out::Later(after_ms, event) => self.arrange(after_ms, event),
            Out::Batch(to, batch) => self.carry(to, batch),
            Out::Answer(bot, command, outcome) => {
                let after_ms = 1 + self.dice.below(20);
                self.arrange(after_ms, Event::Answer(bot, command, outcome));
            }
            Out::Told(shard, event, seq) => {
                self.look()?;
                if !self.witness.has_event(shard, event, seq) {
                    return Err(format!(
                        "node {key} told of event {seq} of shard {shard}, which is not in the log"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The bus: it loses, doubles and reorders.
    fn carry(&mut self, to: NodeId, batch: bytes::Bytes) {
        let Some(key) = self.known.iter().find(|(id, _)| *id == to).map(|(_, key)| *key) else {
            return;
        };
        let mut falls = |odds: u64| !self.is_healed && self.dice.below(10_000) < odds;
        if falls(self.profile.lost) {
            self.tally.batches_lost += 1;
            return;
        }
        let (is_doubled, is_late) = (falls(self.profile.doubled), falls(self.profile.late));
        if is_doubled {
            self.tally.batches_doubled += 1;
            let after_ms = self.dice.below(400);
            self.arrange(after_ms, Event::Hear(key, batch.clone()));
        }
        let most_ms = if is_late { 4_000 } else { 4 };
        self.tally.batches_late += u64::from(is_late);
        let after_ms = 1 + self.dice.below(most_ms);
        self.arrange(after_ms, Event::Hear(key, batch));
    }

    fn start_node(&mut self) {
        let others: Vec<NodeId> = self.nodes.values().map(|node| node.id).collect();
        self.last_key += 1;
        let key = self.last_key;
        let start = Start {
            seed: self.seed,
            key,
            now_ms: self.now_ms,
            profile: self.profile,
            target: &self.target,
            faults: &self.faults,
            io: self.io.handle(),
            others: &others,
        };
        let mut node = Node::start(&start).expect("nothing befalls a start");
        node.is_healed = self.is_healed;
        let id = node.id;
        for other in self.nodes.values_mut() {
            other.learn_of(id);
        }
        self.known.push((id, key));
        self.nodes.insert(key, node);
        self.note(|| format!("node {key} starts"));
        self.arrange(0, Event::Turn(key, 0));
        self.arrange(250, Event::Beat(key));
    }

    /// A node has ended without a word; another one starts in its place.
    pub fn crashed(&mut self, key: usize) {
        self.nodes.remove(&key);
        self.tally.crashes += 1;
        self.note(|| format!("node {key} ends"));
        let after_ms = 200 + self.dice.below(5_000);
        self.arrange(after_ms, Event::Start);
    }

    /// The nodes that there are.
    pub fn keys(&self) -> Vec<usize> {
        self.nodes.keys().copied().collect()
    }
}
