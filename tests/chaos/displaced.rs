//! The node that runs the world is paused for longer than its lease, or hears nothing from PostgreSQL any more while its
//! clients stay connected. Another takes over, and the first, once it comes back, may neither acknowledge nor show anything.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::proxy::Proxy;
use crate::server::World;
use crate::trial::Trial;
use crate::witness::{Seat, Witness, until_stands_by, until_taken_over};
use nix::sys::signal::Signal;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::sleep;

/// How long a bot waits for an answer: a node that hears nothing from PostgreSQL says `timeout` after ten seconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much longer than it takes to be replaced a node is away, at most. Units: milliseconds.
const LONGER_MS: u64 = 1_500;

/// What happens to the node that runs the world.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Stopped,
    Partitioned,
}

/// A node with its way to PostgreSQL.
struct Node {
    world: World,
    proxy: Proxy,
}

impl Node {
    async fn new(world: World, dice: Dice) -> Self {
        let proxy = Proxy::start(world.postgres_address(), dice).await;
        let mut node = Self { world, proxy };
        node.world.detour(node.proxy.address);
        node
    }

    fn begin(&self, fault: Fault) {
        match fault {
            Fault::Stopped => self.world.signal(Signal::SIGSTOP),
            Fault::Partitioned => self.proxy.darken(),
        }
    }

    /// `is_breaking`: whether what was cut off meanwhile is broken, instead of delivered late.
    fn mend(&self, fault: Fault, is_breaking: bool) {
        match fault {
            Fault::Stopped => self.world.signal(Signal::SIGCONT),
            Fault::Partitioned => self.proxy.lighten(is_breaking),
        }
    }
}

/// What was measured.
#[derive(Default)]
struct Times {
    refused: Vec<Duration>,
    replaced: Vec<Duration>,
}

/// Runs one of `sigstop_owner` and `node_pg_partition`.
pub async fn run(scenario: &str, options: &Options) -> Vec<Report> {
    let fault = match scenario {
        "sigstop_owner" => Fault::Stopped,
        "node_pg_partition" => Fault::Partitioned,
        other => panic!("no such fault `{other}`"),
    };
    // A takeover takes a few seconds.
    let wanted = if options.is_short {
        options.kills / 2
    } else {
        options.kills
    };
    let acks = options.acks;
    let options = &Options {
        patience: PATIENCE,
        ..options.clone()
    };
    println!(
        "{scenario}: seed {}, {wanted} takeovers and at least {acks} acknowledgements, leases of {} ms",
        options.seed, options.lease_ttl_ms
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut runs = Node::new(World::new("postgres", options), Dice::new(options.seed, u64::MAX)).await;
    runs.world.start();
    let mut waits = Node::new(runs.world.beside(), Dice::new(options.seed, u64::MAX - 1)).await;
    waits.world.stand_by();
    let mut trial = Trial::begin(&runs.world, &[runs.world.address, waits.world.address], options);
    let mut witness = trial.witness();
    let (mut done, mut interrupted, mut times) = (0, 0, Times::default());
    while done < wanted
        && let Some(open) = trial.moment(&mut dice, (done, wanted), acks).await
    {
        interrupted += open;
        if block_in_place(|| waits.world.has_the_world()) {
            // A machine so busy that a renewal came late.
            std::mem::swap(&mut runs, &mut waits);
        }
        let displaced = displace(
            fault,
            (&runs, &waits),
            &mut witness,
            &mut trial,
            &mut dice,
            &mut times,
        );
        if let Err(why) = displaced.await {
            trial.faults.push(why);
            runs.mend(fault, true);
            break;
        }
        std::mem::swap(&mut runs, &mut waits);
        done += 1;
    }
    trial.drain(options).await;
    waits.world.kill();
    runs.world.kill();
    let found = trial.settle(&mut runs.world, &mut dice, acks).await;
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} takeovers"));
    }
    let figures = format!(
        "{done} times the owner was away and replaced, {found}, {interrupted} commands under way then, {} times `moving`, \
         refused p50 {} max {}, replaced p50 {} max {}, {:.0} s",
        trial.heard("moving"),
        ms(percentile(&mut times.refused, 500)),
        ms(percentile(&mut times.refused, 1_000)),
        ms(percentile(&mut times.replaced, 500)),
        ms(percentile(&mut times.replaced, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: format!("{scenario} on postgres"),
        figures,
        faults: trial.faults,
    }]
}

/// One time. Errors: what did not happen.
async fn displace(
    fault: Fault,
    (runs, waits): (&Node, &Node),
    witness: &mut Witness,
    trial: &mut Trial,
    dice: &mut Dice,
    times: &mut Times,
) -> Result<(), String> {
    let mut old: Seat = witness.sit(runs.world.address).await?;
    let at = trial.clock.monotonic();
    runs.begin(fault);
    let mut plea = witness.think();
    let mut number = old.say(&plea).await?;
    if fault == Fault::Partitioned {
        old.until_moving().await?;
        times.refused.push(trial.clock.monotonic().saturating_sub(at));
    }
    let dead_tick = until_taken_over(&waits.world).await?;
    times.replaced.push(trial.clock.monotonic().saturating_sub(at));
    let mut new = witness.sit(waits.world.address).await?;
    witness.insist(&mut new, &plea).await?;
    if fault == Fault::Stopped {
        // What it was told before may have been committed before.
        plea = witness.think();
        number = old.say(&plea).await?;
        witness.insist(&mut new, &plea).await?;
    }
    if fault == Fault::Partitioned && !trial.gets(0).await {
        return Err("the bots did not find the node that has the world".to_owned());
    }
    // Not a wait for a state: the world goes on for a while without it.
    sleep(Duration::from_millis(dice.below(LONGER_MS))).await;
    runs.mend(fault, dice.below(2) == 0);
    trial
        .faults
        .extend(witness.suspect(old, &plea, number, dead_tick).await);
    until_stands_by(&runs.world).await?;
    if trial.gets(0).await {
        Ok(())
    } else {
        Err("nothing is acknowledged after a takeover".to_owned())
    }
}
