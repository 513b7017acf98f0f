//! The clocks of the nodes are set forward and back, by an hour and by seconds, while bots pay and talk: nothing is lost, nothing
//! happens twice, nobody gets a shard that another has, and the world ticks on.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::server::World;
use crate::services;
use crate::trial::Trial;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// The jumps: in this order at first, so that a short run has each, then by chance. Units: seconds.
const JUMPS_S: [i64; 4] = [3_600, -3_600, 5, -5];
/// Where the clocks begin, beside the true time: tokens are made then, and none is used before it was made. Units: seconds.
const BEGIN_S: i64 = -7_200;
/// Clocks go no farther ahead of their begin. Units: seconds.
const AHEAD_MAX_S: i64 = 10_800;
/// So many ticks must come after a jump.
const TICKS: f64 = 20.0;
/// How long they may take. The hour that a clock was set back by is longer.
const TICKING: Duration = Duration::from_secs(60);
/// Between two looks at a state.
const LOOK: Duration = Duration::from_millis(50);
/// Every so many jumps the node that runs the world is killed after it.
const KILLED_EVERY: usize = 3;

/// The clock of a node.
struct Watch {
    file: PathBuf,
    offset_s: i64,
}

impl Watch {
    /// Has a node go by a clock of its own.
    fn give(world: &mut World) -> Self {
        let watch = Self {
            file: world.folder().join("clock"),
            offset_s: BEGIN_S,
        };
        watch.set();
        let library = library();
        for (name, value) in [
            ("LD_PRELOAD", library.as_path()),
            ("FAKETIME_TIMESTAMP_FILE", &watch.file),
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
            ("ROOKERY_AUTH__ACCESS_TTL_S", Path::new("86400")),
        ] {
            world.surround(name, value.to_str().expect("paths of ours are UTF-8"));
        }
        watch
    }

    /// Jumps, if it may go so far; otherwise the other way.
    fn jump(&mut self, by_s: i64) {
        let bounds = BEGIN_S..=BEGIN_S + AHEAD_MAX_S;
        let by_s = if bounds.contains(&(self.offset_s + by_s)) {
            by_s
        } else {
            -by_s
        };
        self.offset_s += by_s;
        self.set();
    }

    /// In one step: who reads it sees the old time or the new one.
    fn set(&self) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{:+}\n", self.offset_s)).expect("the clock can be set");
        std::fs::rename(&next, &self.file).expect("the clock can be set");
    }
}

/// Where libfaketime is, beside the program that brings it.
fn library() -> PathBuf {
    let program = services::program("faketime", &[], "faketime").unwrap_or_else(|error| panic!("{error}"));
    let folders = std::fs::read_dir(program.with_file_name("../lib"))
        .into_iter()
        .flatten()
        .flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = libraries.find(|library| library.is_file());
    found.expect("libfaketime is installed: apt-get install faketime")
}

/// Runs it on each database: on SQLite leases go by the node's own clock.
pub async fn run(options: &Options) -> Vec<Report> {
    let databases = options.databases();
    println!(
        "clock_jump: seed {}, {} jumps and at least {} acknowledgements over {databases:?}",
        options.seed, options.kills, options.acks
    );
    let mut reports = Vec::new();
    for database in &databases {
        let share = |whole: usize| whole.div_ceil(databases.len());
        let jumps = share(options.kills).max(JUMPS_S.len());
        reports.push(on(database, jumps, share(options.acks), options).await);
    }
    reports
}

async fn on(database: &str, wanted: usize, acks: usize, options: &Options) -> Report {
    let mut dice = Dice::new(options.seed, 0);
    let mut nodes = vec![World::new(database, options)];
    let mut watches = vec![Watch::give(&mut nodes[0])];
    nodes[0].start();
    if database == "postgres" {
        let mut other = nodes[0].beside();
        watches.push(Watch::give(&mut other));
        other.stand_by();
        nodes.push(other);
    }
    let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let mut trial = Trial::begin(&nodes[0], &addresses, options);
    let (mut done, mut back, mut kills) = (0, 0, 0);
    while done < wanted && trial.moment(&mut dice, (done, wanted), acks).await.is_some() {
        if nodes.len() > 1 && block_in_place(|| nodes[1].has_the_world()) {
            // A machine so busy that a renewal came late.
            nodes.reverse();
            watches.reverse();
        }
        let by_s = *JUMPS_S.get(done).unwrap_or(&JUMPS_S[dice.index(JUMPS_S.len())]);
        let before_s = watches[0].offset_s;
        watches[0].jump(by_s);
        back += usize::from(watches[0].offset_s < before_s);
        if !ticks_on(&nodes).await {
            let jumped_s = watches[0].offset_s - before_s;
            trial.faults.push(format!(
                "not {TICKS} ticks in {TICKING:?} after a jump of {jumped_s} s"
            ));
            break;
        }
        if !trial.gets(trial.acks() + options.bots).await {
            break;
        }
        done += 1;
        if done % KILLED_EVERY == 0 {
            nodes[0].kill();
            if nodes.len() > 1 {
                trial.gets(0).await;
                block_in_place(|| nodes[0].stand_by());
                nodes.reverse();
                watches.reverse();
            } else {
                block_in_place(|| nodes[0].start());
            }
            kills += 1;
        }
    }
    trial.drain(options).await;
    nodes.iter_mut().for_each(World::kill);
    let found = trial.settle(&mut nodes[0], &mut dice, acks).await;
    if done < wanted || back == 0 {
        trial
            .faults
            .push(format!("only {done} of {wanted} jumps, {back} of them back"));
    }
    let figures = format!(
        "{done} jumps under load, {back} of them back, {kills} kills after one, {found}, {:.0} s",
        trial.clock.monotonic().as_secs_f64(),
    );
    Report {
        name: format!("clock_jump on {database}"),
        figures,
        faults: trial.faults,
    }
}

/// Whether the world ticks on, at whichever node has it.
async fn ticks_on(nodes: &[World]) -> bool {
    let before = ticks(nodes).await;
    let ticking = async {
        while ticks(nodes).await < before + TICKS {
            sleep(LOOK).await;
        }
    };
    timeout(TICKING, ticking).await.is_ok()
}

/// How many ticks there were.
async fn ticks(nodes: &[World]) -> f64 {
    let mut ticks = 0.0;
    for node in nodes {
        ticks += node.metric("rookery_tick_seconds_count").await;
    }
    ticks
}
