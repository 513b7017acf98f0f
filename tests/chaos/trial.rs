//! Bots that pay and talk while a scenario does its worst, and what came of it in the end.

use crate::bot::{Bot, Shared};
use crate::compare::{self, Found};
use crate::dice::Dice;
use crate::journal::Journal;
use crate::options::Options;
use crate::server::{Identity, World};
use crate::witness::Witness;
use rookery::host::clock::Clock;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long the bots may take to finish what is open.
const DRAINING: Duration = Duration::from_secs(60);
/// How long the next acknowledgement may take.
const WAKING: Duration = Duration::from_secs(30);

/// The bots of one run, with their journals.
pub struct Trial {
    /// Counts from the begin of the run.
    pub clock: Clock,
    /// All that is wrong so far.
    pub faults: Vec<String>,
    bots: Arc<[Identity]>,
    talkers: usize,
    shared: Arc<Shared>,
    paths: Vec<PathBuf>,
    lives: Vec<JoinHandle<usize>>,
    sockets: Vec<usize>,
}

impl Trial {
    /// Brings the bots to a world that runs, by way of these nodes.
    pub fn begin(world: &World, addresses: &[SocketAddr], options: &Options) -> Self {
        let clock = Clock::system();
        // One more, the witness: scenarios that have no use for it leave it alone.
        let bots: Arc<[Identity]> = world.mint(options.bots + options.talkers + 1).into();
        let shared = Arc::new(Shared::default());
        let (mut paths, mut lives) = (Vec::new(), Vec::new());
        for (number, me) in (1_u64..).zip(bots.iter()) {
            let path = world.folder().join(format!("{}.jsonl", me.agent_id));
            paths.push(path.clone());
            let journal = Journal::create(&path, clock.clone());
            if paths.len() > options.bots {
                continue;
            }
            let bot = Bot::new(
                me.clone(),
                Arc::clone(&bots),
                journal,
                Dice::new(options.seed, number),
                Arc::clone(&shared),
                (options.pace, options.patience),
            );
            // Where the world has several regions, the bots come by way of all nodes.
            let mut addresses = addresses.to_vec();
            if !options.regions.is_empty() {
                let turn = paths.len() % addresses.len();
                addresses.rotate_left(turn);
            }
            let bot = bot.roaming(&options.regions);
            lives.push(tokio::spawn(bot.live(addresses.into())));
        }
        Self {
            clock,
            faults: Vec::new(),
            bots,
            talkers: options.talkers,
            shared,
            paths,
            lives,
            sockets: Vec::new(),
        }
    }

    /// The witness of this run. Ask once.
    pub fn witness(&self) -> Witness {
        let (me, path) = (self.bots.last(), self.paths.last());
        let (me, path) = (me.expect("it was made"), path.expect("as was its journal's name"));
        Witness::new(me.clone(), Journal::open(path, self.clock.clone()))
    }

    /// Who is left to the scenario.
    pub fn talkers(&self) -> &[Identity] {
        let end = self.bots.len() - 1;
        &self.bots[end - self.talkers..end]
    }

    /// How many sockets each bot had, once they are drained.
    pub fn sockets(&self) -> impl Iterator<Item = usize> {
        self.sockets.iter().copied()
    }

    /// The journals.
    pub fn journals(&self) -> &[PathBuf] {
        &self.paths
    }

    /// How many commands were acknowledged.
    pub fn acks(&self) -> usize {
        *self.shared.acks.borrow()
    }

    /// How often the bots were asked to come again with this code.
    pub fn heard(&self, code: &str) -> usize {
        let temporary = self.shared.temporary.lock().expect("nobody failed with it");
        temporary.get(code).copied().unwrap_or_default()
    }

    /// How often the bots were asked to come again, by code.
    pub fn all_heard(&self) -> String {
        let temporary = self.shared.temporary.lock().expect("nobody failed with it");
        format!("{temporary:?}")
    }

    /// Why sockets ended, and how often.
    pub fn ends(&self) -> String {
        let ends = self.shared.ends.lock().expect("nobody failed with it");
        format!("{ends:?}")
    }

    /// What the bots share.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// How often a bot was served for the first time on a new socket.
    pub fn back(&self) -> usize {
        *self.shared.back.borrow()
    }

    /// Waits until bots were served so often for the first time on a new socket, for a while.
    pub async fn are_back(&self, times: usize, patience: Duration) -> bool {
        let mut counted = self.shared.back.subscribe();
        let counted = timeout(patience, counted.wait_for(|back| *back >= times)).await;
        counted.is_ok_and(|counted| counted.is_ok())
    }

    /// How many commands are under way.
    fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Waits until so many commands are acknowledged, for a while.
    pub async fn has(&self, acks: usize) -> bool {
        let mut counted = self.shared.acks.subscribe();
        let counted = timeout(WAKING, counted.wait_for(|count| *count >= acks)).await;
        counted.is_ok_and(|counted| counted.is_ok())
    }

    /// How many commands each shard acknowledged.
    pub fn served(&self) -> BTreeMap<i64, usize> {
        self.shared.served.lock().expect("nobody failed with it").clone()
    }

    /// Waits until each of these shards acknowledged more than before, for a while; a fault when one does not.
    pub async fn serve_again(&mut self, shards: &[i64], before: &BTreeMap<i64, usize>) -> bool {
        let mut counted = self.shared.acks.subscribe();
        let shared = Arc::clone(&self.shared);
        let does =
            |served: &BTreeMap<i64, usize>| shards.iter().all(|shard| served.get(shard) > before.get(shard));
        let all = timeout(
            WAKING,
            counted.wait_for(|_| does(&shared.served.lock().expect("nobody failed with it"))),
        );
        let is_well = all.await.is_ok_and(|counted| counted.is_ok());
        if !is_well {
            self.faults
                .push(format!("not all of {shards:?} served again in {WAKING:?}"));
        }
        is_well
    }

    /// As `has`, for one more at least; a fault when they do not come.
    pub async fn gets(&mut self, acks: usize) -> bool {
        let wanted = acks.max(self.acks() + 1);
        let is_well = self.has(wanted).await;
        if !is_well {
            self.faults.push(format!(
                "the bots did not get {wanted} acknowledgements in {WAKING:?}"
            ));
        }
        is_well
    }

    /// Waits for the share of the acknowledgements that is due before the next fault, then until a random moment: that is the point
    /// of it, and no state is waited for. Gives how many commands are under way then; none when the acknowledgements do not come.
    pub async fn moment(
        &mut self,
        dice: &mut Dice,
        (done, wanted): (usize, usize),
        acks: usize,
    ) -> Option<usize> {
        let due = acks.saturating_mul(done + 1).div_ceil(wanted.max(1));
        if !self.gets(due).await {
            return None;
        }
        sleep(Duration::from_millis(dice.below(400))).await;
        Some(self.open())
    }

    /// Lets the bots finish what is open.
    pub async fn drain(&mut self, options: &Options) {
        self.shared.is_draining.store(true, Ordering::SeqCst);
        for life in self.lives.drain(..) {
            match timeout(DRAINING, life).await {
                Ok(Ok(sockets)) => self.sockets.push(sockets),
                Ok(Err(error)) => self.faults.push(format!("a bot failed: {error}")),
                Err(_elapsed) => self
                    .faults
                    .push("a bot's commands were never answered".to_owned()),
            }
        }
        if options.is_lying {
            compare::lie(&self.paths[0], self.clock.clone());
        }
    }

    /// Compares the journals with what a world's database holds, whose server does not run, and checks that.
    pub async fn settle(&mut self, world: &mut World, dice: &mut Dice, acks: usize) -> Found {
        tokio::task::block_in_place(|| world.start());
        let mut found = compare::compare(world, &self.bots, &self.paths, dice).await;
        world.kill();
        if let Err(said) = world.verify() {
            self.faults.push(format!("rookery verify: {said}"));
        }
        self.faults.append(&mut found.faults);
        if found.acknowledged < acks {
            self.faults
                .push(format!("only {} of {acks} acknowledgements", found.acknowledged));
        }
        found
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged ({} payments, {} chat), {} refused, {} repeats answered alike, {} times asked again, lost {}, twice {}",
            self.acknowledged,
            self.payments,
            self.speeches,
            self.refused,
            self.repeats,
            self.unknown,
            self.lost,
            self.twice,
        )
    }
}
