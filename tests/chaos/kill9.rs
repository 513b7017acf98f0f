//! `kill -9` at random moments under payments and chat; nothing acknowledged may be lost, nothing may happen twice.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use std::time::Duration;
use tokio::time::sleep;

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
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new(database, options);
    world.start();
    let mut trial = Trial::begin(&world, &[world.address], options);
    let (mut killed, mut interrupted, mut killed_starting) = (0, 0, 0);
    let mut outages = Vec::new();
    // Kills and acknowledgements are both asked for: the pauses grow when there are too few of the latter.
    while killed < kills
        && let Some(open) = trial.moment(&mut dice, (killed, kills), acks).await
    {
        interrupted += open;
        world.kill();
        killed += 1;
        let died_at = trial.clock.monotonic();
        if dice.below(6) == 0 {
            // Killed again while it starts.
            drop(world.launch());
            sleep(Duration::from_millis(dice.below(300))).await;
            world.kill();
            killed_starting += 1;
        }
        let before = trial.acks();
        let said = world.launch();
        tokio::task::block_in_place(|| world.wait(&said, "runs"));
        if trial.has(before + 1).await {
            outages.push(trial.clock.monotonic().saturating_sub(died_at));
        }
    }
    trial.drain(options).await;
    // Once more without warning: what is read now comes from the disk.
    world.kill();
    let found = trial.settle(&mut world, &mut dice, acks).await;
    if killed < kills {
        trial.faults.push(format!("only {killed} of {kills} kills"));
    }
    let figures = format!(
        "{killed} kills under load (+{killed_starting} while starting), {found}, {interrupted} commands under way at kills, outage p50 {} max {}, {:.0} s",
        ms(percentile(&mut outages, 500)),
        ms(percentile(&mut outages, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    Report {
        name: format!("kill9 on {database}"),
        figures,
        faults: trial.faults,
    }
}
