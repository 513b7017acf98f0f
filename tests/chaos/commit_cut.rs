//! The connection to PostgreSQL breaks while it commits: nobody knows whether it has. The server finds out, or the clients ask
//! again with the same ids; nothing may be lost, nothing may happen twice.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::proxy::Proxy;
use crate::server::World;
use crate::trial::Trial;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Cuts at least, and at most, as multiples of `--kills`.
const CUTS_MIN: usize = 8;
const CUTS_MAX: usize = 200;
/// No longer than this, once there are enough.
const LONGEST: Duration = Duration::from_secs(300);
/// How long the next cut may take, and a refusal when nothing can be found out.
const CUTTING: Duration = Duration::from_secs(60);
/// So often after a cut nobody can connect until clients have heard `unavailable`.
const ALONE: usize = 8;
/// Between two looks at a state.
const LOOK: Duration = Duration::from_millis(10);
/// Few bots have small batches: more commits.
const BOTS: usize = 8;

/// Runs it: eight times as many cuts as `--kills`, and in a long run up to 200 times as many within five minutes.
pub async fn run(options: &Options) -> Vec<Report> {
    let (wanted, acks) = (options.kills.saturating_mul(CUTS_MIN), options.acks);
    let most = if options.is_short {
        wanted
    } else {
        options.kills.saturating_mul(CUTS_MAX)
    };
    let options = &Options {
        bots: BOTS.min(options.bots),
        ..options.clone()
    };
    println!(
        "pg_commit_cut: seed {}, {wanted} to {most} cuts and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new("postgres", options);
    let proxy = Proxy::start(world.postgres_address(), Dice::new(options.seed, u64::MAX)).await;
    world.detour(proxy.address);
    world.start();
    let mut trial = Trial::begin(&world, &[world.address], options);
    proxy.cut(trial.gets(0).await);
    let is_over = |trial: &Trial, cuts: usize| {
        let is_enough = cuts >= wanted && trial.acks() >= acks;
        is_enough && (cuts >= most || trial.clock.monotonic() > LONGEST)
    };
    let mut alone = 0;
    while !is_over(&trial, proxy.cuts().all()) && trial.gets(0).await {
        let next = (proxy.cuts().all() + 1).min(most);
        if !proxy.has_cut(next, CUTTING).await {
            trial.faults.push(format!("no cut in {CUTTING:?}"));
            break;
        }
        let is_due = proxy.cuts().all() >= wanted * (2 * alone + 1) / 2;
        if is_due && alone < if options.is_short { 1 } else { ALONE } {
            alone += 1;
            if !is_left_alone(&trial, &proxy).await {
                trial
                    .faults
                    .push(format!("nobody was told to come again in {CUTTING:?}"));
            }
        }
    }
    let retries = world.metric("rookery_commit_retries_total").await;
    proxy.cut(false);
    trial.drain(options).await;
    world.kill();
    let found = trial.settle(&mut world, &mut dice, acks).await;
    let cuts = proxy.cuts();
    if cuts.all() < wanted || cuts.lost.min(cuts.unanswered).min(cuts.late) == 0 {
        trial.faults.push(format!("only {cuts:?} of {wanted} cuts"));
    }
    let figures = format!(
        "{} commits cut ({} never delivered, {} unanswered, {} delivered late), {found}, {retries} pauses of the server before it tried again, \
         {alone} times nobody could connect after a cut, {} times `unavailable`, {:.0} s",
        cuts.all(),
        cuts.lost,
        cuts.unanswered,
        cuts.late,
        trial.heard("unavailable"),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "pg_commit_cut on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}

/// Lets nobody connect until bots hear that: after a cut the server cannot find out what became of its commit, which is
/// `unavailable`, or prolong its lease, which is `moving`.
async fn is_left_alone(trial: &Trial, proxy: &Proxy) -> bool {
    let told = || trial.heard("unavailable") + trial.heard("moving");
    let heard = told();
    proxy.refuse(true);
    let waiting = async {
        while told() == heard {
            sleep(LOOK).await;
        }
    };
    let is_heard = timeout(CUTTING, waiting).await.is_ok();
    proxy.refuse(false);
    is_heard
}
