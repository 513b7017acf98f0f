//! `kill -9` at random moments under payments and chat; nothing acknowledged may be lost, nothing may happen twice.

use crate::Report;
use crate::bot::{Bot, Shared};
use crate::compare;
use crate::dice::Dice;
use crate::journal::Journal;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::{Identity, World};
use rookery::host::clock::Clock;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long the bots may take to finish what is open.
const DRAINING: Duration = Duration::from_secs(60);
/// How long the first acknowledgement after a start may take.
const WAKING: Duration = Duration::from_secs(30);

/// Runs it on each database.
pub async fn run(options: &Options) -> Vec<Report> {
    let databases = options.databases();
    println!(
        "kill9: seed {}, {} kills and at least {} acknowledgements over {databases:?}",
        options.seed, options.kills, options.acks
    );
    let mut reports = Vec::new();
    for (number, database) in databases.iter().enumerate() {
        let share = |whole: usize| whole / databases.len() + usize::from(number < whole % databases.len());
        reports.push(on(database, share(options.kills), share(options.acks), options).await);
    }
    reports
}

async fn on(database: &str, kills: usize, acks: usize, options: &Options) -> Report {
    let clock = Clock::system();
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new(database, options);
    let bots: Arc<[Identity]> = world.mint(options.bots).into();
    let shared = Arc::new(Shared::default());
    world.start();
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut lives = Vec::new();
    for (number, me) in (1_u64..).zip(bots.iter()) {
        let path = world.folder().join(format!("{}.jsonl", me.agent_id));
        let journal = Journal::create(&path, clock.clone());
        let bot = Bot::new(
            me.clone(),
            Arc::clone(&bots),
            journal,
            Dice::new(options.seed, number),
            Arc::clone(&shared),
        );
        lives.push(tokio::spawn(bot.live(world.address)));
        paths.push(path);
    }
    let mut faults = Vec::new();
    let (mut killed, mut interrupted, mut killed_starting) = (0, 0, 0);
    let mut outages = Vec::new();
    // Kills and acknowledgements are both asked for: the pauses grow when there are too few of the latter.
    while killed < kills {
        let before = *shared.acks.borrow();
        let wanted = acks.saturating_mul(killed + 1).div_ceil(kills.max(1));
        if timeout(WAKING, enough(&shared, (before + 1).max(wanted)))
            .await
            .is_err()
        {
            faults.push(format!(
                "after kill {killed} the bots did not get {wanted} acknowledgements in {WAKING:?}"
            ));
            break;
        }
        // A random moment is the point of it: no state is waited for.
        sleep(Duration::from_millis(dice.below(400))).await;
        interrupted += shared.open.load(Ordering::SeqCst);
        world.kill();
        killed += 1;
        let died_at = clock.monotonic();
        if dice.below(6) == 0 {
            // Killed again while it starts.
            drop(world.launch());
            sleep(Duration::from_millis(dice.below(300))).await;
            world.kill();
            killed_starting += 1;
        }
        let at = *shared.acks.borrow();
        let is_ready = world.launch();
        tokio::task::block_in_place(|| world.wait(&is_ready));
        if timeout(WAKING, enough(&shared, at + 1)).await.is_ok() {
            outages.push(clock.monotonic().saturating_sub(died_at));
        }
    }
    shared.is_draining.store(true, Ordering::SeqCst);
    for life in lives {
        match timeout(DRAINING, life).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => faults.push(format!("a bot failed: {error}")),
            Err(_elapsed) => faults.push("a bot's commands were never answered".to_owned()),
        }
    }
    if options.is_lying {
        compare::lie(&paths[0], clock.clone());
    }
    // Once more without warning: what is read now comes from the disk.
    world.kill();
    world.start();
    let found = compare::compare(&world, &bots, &paths, &mut dice).await;
    world.kill();
    if let Err(said) = world.verify() {
        faults.push(format!("rookery verify: {said}"));
    }
    faults.extend(found.faults);
    if killed < kills {
        faults.push(format!("only {killed} of {kills} kills"));
    }
    if found.acknowledged < acks {
        faults.push(format!("only {} of {acks} acknowledgements", found.acknowledged));
    }
    let figures = format!(
        "{killed} kills under load (+{killed_starting} while starting), {} acknowledged ({} payments, {} chat), {} refused, \
         {} repeats answered alike, {interrupted} commands under way at kills, {} times asked again, lost {}, twice {}, outage p50 {} max {}, {:.0} s",
        found.acknowledged,
        found.payments,
        found.speeches,
        found.refused,
        found.repeats,
        found.unknown,
        found.lost,
        found.twice,
        ms(percentile(&mut outages, 500)),
        ms(percentile(&mut outages, 1_000)),
        clock.monotonic().as_secs_f64(),
    );
    Report {
        name: format!("kill9 on {database}"),
        figures,
        faults,
    }
}

/// Waits until so many commands are acknowledged.
async fn enough(shared: &Shared, acks: usize) {
    let mut counted = shared.acks.subscribe();
    let counted = counted.wait_for(|count| *count >= acks).await;
    counted.expect("the counter lives as long as the run");
}
