//! Actors and the writer fail in the middle of their work, again and again: nothing is lost, nothing happens twice, and all
//! serve again.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::server::World;
use crate::talk;
use crate::trial::Trial;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// Who pays and talks.
const BOTS: usize = 8;
/// Four talk in pairs.
const TALKERS: usize = 4;
/// The pace of a bot: an actor that fails more than five times a minute rests for half a minute.
const PACE: Duration = Duration::from_millis(40);
/// How long a phase may take until all has failed as often as it must: longer than an actor rests, and than two agents must wait
/// who want to talk again.
const FAILING: Duration = Duration::from_secs(240);
/// Between two looks at a state.
const LOOK: Duration = Duration::from_millis(50);

/// A point where something fails.
struct Point {
    name: &'static str,
    /// Least number of passes from one failure to the next; up to half as many more are drawn.
    every: u64,
    /// How often it must fail in a phase.
    failures: usize,
}

const POINTS: [Point; 5] = [
    Point::new("region.act", 100, 2),
    Point::new("agent.act", 150, 4),
    Point::new("conversation.act", 8, 2),
    // Before the COMMIT and after it.
    Point::new("store.commit", 40, 2),
    Point::new("store.committed", 40, 2),
];

impl Point {
    const fn new(name: &'static str, every: u64, failures: usize) -> Self {
        Self {
            name,
            every,
            failures,
        }
    }
}

/// Runs it: in phases, each with a new start of the server, as many as a fifth of `--kills`; a fifth of `--acks`.
pub async fn run(options: &Options) -> Vec<Report> {
    let wanted = if options.is_short {
        1
    } else {
        (options.kills / 5).max(2)
    };
    let acks = options.acks / 5;
    let options = &Options {
        bots: BOTS,
        talkers: TALKERS,
        pace: PACE,
        ..options.clone()
    };
    println!(
        "actor_panic: seed {}, {wanted} phases and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new("postgres", options);
    world.surround("ROOKERY_FAULT", &faults(&mut dice));
    world.start();
    let mut trial = Trial::begin(&world, &[world.address], options);
    let is_over = Arc::new(AtomicBool::new(false));
    let pairs = trial
        .talkers()
        .chunks(2)
        .map(|pair| [pair[0].clone(), pair[1].clone()]);
    let talks: Vec<_> = pairs
        .map(|pair| tokio::spawn(talk::live(world.address, pair, Arc::clone(&is_over))))
        .collect();
    let mut done = 0;
    while done < wanted {
        let before = failures(&world);
        if timeout(FAILING, until_failed(&world, before)).await.is_err() {
            trial.faults.push(format!(
                "too few failures in {FAILING:?}: {:?} after {before:?}",
                failures(&world)
            ));
            break;
        }
        let due = trial.acks() + options.bots * 8;
        if !trial.gets(due.max(acks * (done + 1) / wanted)).await {
            break;
        }
        done += 1;
        world.kill();
        world.surround("ROOKERY_FAULT", &faults(&mut dice));
        block_in_place(|| world.start());
    }
    // The last start has the faults too, so what is open now is finished among them.
    is_over.store(true, Ordering::SeqCst);
    let mut said = BTreeSet::new();
    for talk in talks {
        match talk.await.expect("a talk ends") {
            Ok(lines) => said.extend(lines),
            Err(why) => trial.faults.push(why),
        }
    }
    trial.drain(options).await;
    let counts = failures(&world);
    world.kill();
    world.surround("ROOKERY_FAULT", "");
    let found = trial.settle(&mut world, &mut dice, acks).await;
    let stored = world.postgres().query(
        "postgres",
        "SELECT message FROM conversation_line ORDER BY message",
    );
    let stored: Vec<&str> = stored.lines().collect();
    if said.is_empty() || !said.iter().eq(stored.iter()) {
        trial.faults.push(format!(
            "{} lines are stored, {} were acknowledged",
            stored.len(),
            said.len()
        ));
    }
    let figures = format!(
        "{} failures ({counts:?} of {:?}) and {done} kills, {found}, {} lines of conversations, {:.0} s",
        counts.iter().sum::<usize>(),
        POINTS.map(|point| point.name),
        said.len(),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "actor_panic on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}

/// Faults at all points, each at a period of its own.
fn faults(dice: &mut Dice) -> String {
    let mut fault = |point: &Point| {
        format!(
            "{}=every {}",
            point.name,
            point.every + dice.below(point.every / 2)
        )
    };
    POINTS.each_ref().map(&mut fault).join(";")
}

/// How often each point failed since the first start.
fn failures(world: &World) -> [usize; POINTS.len()] {
    let log = world.log();
    POINTS.map(|point| {
        log.lines()
            .filter(|line| line.ends_with(&format!("planted fault at {}", point.name)))
            .count()
    })
}

async fn until_failed(world: &World, before: [usize; POINTS.len()]) {
    let is_enough = |now: [usize; POINTS.len()]| {
        let mut points = POINTS.iter().zip(now.iter().zip(before));
        points.all(|(point, (now, before))| *now >= before + point.failures)
    };
    while !is_enough(failures(world)) {
        sleep(LOOK).await;
    }
}
