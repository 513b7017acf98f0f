//! The connection to PostgreSQL breaks while it commits: nobody knows whether it has. The server finds out, or the clients ask
//! again with the same ids; nothing may be lost, nothing may happen twice.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::proxy::Proxy;
use crate::server::World;
use crate::trial::Trial;
use std::time::Duration;

/// Cuts at least, and at most, as multiples of `--kills`.
const CUTS_MIN: usize = 8;
const CUTS_MAX: usize = 200;
/// No longer than this, once there are enough.
const LONGEST: Duration = Duration::from_secs(300);
/// How long the next cut may take.
const CUTTING: Duration = Duration::from_secs(30);

/// Runs it: eight times as many cuts as `--kills`, and in a long run up to 200 times as many within five minutes.
pub async fn run(options: &Options) -> Vec<Report> {
    let (wanted, acks) = (options.kills.saturating_mul(CUTS_MIN), options.acks);
    let most = if options.is_short {
        wanted
    } else {
        options.kills.saturating_mul(CUTS_MAX)
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
    while !is_over(&trial, proxy.cuts().all()) && trial.gets(0).await {
        let next = (proxy.cuts().all() + 1).min(most);
        if !proxy.has_cut(next, CUTTING).await {
            trial.faults.push(format!("no cut in {CUTTING:?}"));
            break;
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
         {} times `unavailable`, {:.0} s",
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
