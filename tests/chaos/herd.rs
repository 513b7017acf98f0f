//! Hundreds of clients lose their sockets at once and come back at once: all are served again in a few tries, and while the node
//! falls behind they take turns.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::block_in_place;

/// Clients; more than the line of handshakes has places, so that some are sent away.
const HERD: usize = 600;
/// Each client does something so seldom that all of them together do not too much.
const PACE_PER_CLIENT: Duration = Duration::from_millis(12);
/// Most tries of a client until it is served again. While the node is away it tries about 25 times a second, and each turn in
/// vain costs it seconds.
const TRIES_MAX: usize = 400;
/// How long all of them may take.
const BACK: Duration = Duration::from_secs(90);

/// A region that has room for all of them.
const REGION: &str = "[[region]]\nname = \"main\"\nsize_m = 256\ncapacity = 2000\n";

/// Runs it: a fifteenth of `--kills`, at least two, the first of them while the nodes think that they fall behind.
pub async fn run(options: &Options) -> Vec<Report> {
    let wanted = (options.kills / 15).max(2);
    let acks = options.acks / 10;
    let options = &Options {
        bots: HERD,
        pace: PACE_PER_CLIENT * u32::try_from(HERD).expect("a herd is small"),
        ..options.clone()
    };
    println!(
        "reconnect_herd: seed {}, {HERD} clients, {wanted} times and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut runs = World::new("postgres", options);
    // From the first fault on: all come in at first as they like.
    runs.describe(REGION);
    runs.start();
    let mut waits = runs.beside();
    waits.surround("ROOKERY_FAULT", "overload=");
    waits.stand_by();
    let mut trial = Trial::begin(&runs, &[runs.address, waits.address], options);
    let (mut done, mut times, mut line) = (0, Vec::new(), Line::default());
    if !trial.are_back(HERD, BACK).await {
        trial.faults.push(format!("not all came in within {BACK:?}"));
    }
    while done < wanted && trial.faults.is_empty() {
        if trial.moment(&mut dice, (done, wanted), acks).await.is_none() {
            break;
        }
        let (at, before) = (trial.clock.monotonic(), trial.back());
        runs.kill();
        if !trial.are_back(before + HERD, BACK).await {
            let back = trial.back() - before;
            trial
                .faults
                .push(format!("{back} of {HERD} came back within {BACK:?}"));
        }
        times.push(trial.clock.monotonic().saturating_sub(at));
        line.add(&waits).await;
        block_in_place(|| runs.stand_by());
        std::mem::swap(&mut runs, &mut waits);
        done += 1;
    }
    trial.drain(options).await;
    runs.kill();
    waits.kill();
    let found = trial.settle(&mut runs, &mut dice, acks).await;
    let tries = trial.shared().tries_most.load(Ordering::SeqCst);
    let turned_away = trial.shared().told_when.load(Ordering::SeqCst);
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} times"));
    }
    if tries > TRIES_MAX {
        trial.faults.push(format!("a client tried {tries} times"));
    }
    if line.delayed < 1.0 || line.refused < 1.0 || turned_away == 0 {
        trial.faults.push(format!(
            "there was no line: {line:?}, {turned_away} were told when to come"
        ));
    }
    let figures = format!(
        "{HERD} clients cut {done} times, {found}, all served again p50 {} max {}, at most {tries} tries, {} handshakes took turns, {} were refused, \
         {turned_away} clients came back when they were told, {:.0} s",
        ms(percentile(&mut times, 500)),
        ms(percentile(&mut times, 1_000)),
        line.delayed,
        line.refused,
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "reconnect_herd on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}

/// What became of handshakes.
#[derive(Debug, Default)]
struct Line {
    delayed: f64,
    refused: f64,
}

impl Line {
    async fn add(&mut self, node: &World) {
        self.delayed += node.metric("rookery_handshakes_delayed_total").await;
        self.refused += node.metric("rookery_handshakes_refused_total").await;
    }
}
