//! Three nodes share a world on one PostgreSQL and one Redis. `shared_kill9`: one after another is killed while agents act and go from
//! region to region; `rolling_restart`: one after another is told to stop and replaced, with `--from PROGRAM` by another version of it.
//! Nothing that was acknowledged may be lost, nothing may happen twice, and who is told to come back is told so once a node.

use crate::Report;
use crate::dice::Dice;
use crate::journal::{self, Line};
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

/// Nodes.
const NODES: usize = 3;
/// How long the nodes may take until each has its share of the shards.
const SETTLING: Duration = Duration::from_secs(60);
/// Between two looks at who has which shard.
const LOOK: Duration = Duration::from_millis(50);
/// The time between two commands of all agents together.
const PACE: Duration = Duration::from_millis(4);
/// Refusals for good that are right: somebody pays more than it has.
const RIGHTLY: [&str; 1] = ["insufficient_funds"];

/// Nine regions of one shard each, so that every node has three.
fn regions() -> (Vec<String>, String) {
    let names: Vec<String> = (1..=9).map(|number| format!("region-{number}")).collect();
    let plan = |name: &String| format!("[[region]]\nname = \"{name}\"\nsize_m = 256\ncapacity = 2000\n");
    let text = names.iter().map(plan).collect();
    (names, text)
}

/// The time around a fault, and the shards that it is about; none: all of them.
struct Window {
    from: Duration,
    to: Duration,
    shards: Option<Vec<i64>>,
}

/// What becomes of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Stop,
}

/// Runs one of the two.
pub async fn run(scenario: &str, options: &Options) -> Vec<Report> {
    let fault = if scenario == "rolling_restart" {
        Fault::Stop
    } else {
        Fault::Kill
    };
    // A rolling restart is one round, or several.
    let wanted = match fault {
        Fault::Kill => options.kills,
        Fault::Stop => (options.kills / 10).max(1) * NODES,
    };
    let (names, text) = regions();
    let options = &Options {
        regions: names,
        // Each does something so seldom that all of them together do not too much.
        pace: PACE * u32::try_from(options.bots).expect("bots are few"),
        ..options.clone()
    };
    println!(
        "{scenario}: seed {}, {wanted} times, {} agents, at least {} acknowledgements, leases of {} ms",
        options.seed, options.bots, options.acks, options.lease_ttl_ms
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut nodes = start(options, &text).await;
    let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let mut trial = Trial::begin(&nodes[0], &addresses, options);
    let mut windows = Vec::new();
    let (mut done, mut interrupted) = (0, 0);
    while done < wanted
        && trial.faults.is_empty()
        && let Some(open) = trial.moment(&mut dice, (done, wanted), options.acks).await
    {
        interrupted += open;
        let index = if fault == Fault::Stop {
            done % NODES
        } else {
            dice.index(NODES)
        };
        let (from, served) = (trial.clock.monotonic(), trial.served());
        let its = shards_of(&nodes[index]);
        match fault {
            Fault::Kill => nodes[index].kill(),
            Fault::Stop => {
                nodes[index].signal(Signal::SIGTERM);
                if let Err(status) = block_in_place(|| nodes[index].ended()) {
                    trial
                        .faults
                        .push(format!("a node that was told to stop ended with {status}"));
                }
            }
        }
        if !settled(&nodes[index], NODES - 1).await {
            trial
                .faults
                .push("the other nodes did not take its shards".to_owned());
        }
        trial.serve_again(&its, &served).await;
        windows.push(Window {
            from,
            to: trial.clock.monotonic() + Duration::from_secs(1),
            // A kill concerns nobody else; a stop may also come to those that are to have its shards.
            shards: (fault == Fault::Kill).then_some(its),
        });
        nodes[index].renew();
        block_in_place(|| nodes[index].start());
        if !settled(&nodes[index], NODES).await {
            trial.faults.push("the new node did not get its share".to_owned());
        }
        done += 1;
    }
    trial.drain(options).await;
    let (pauses, wrong) = judge(&trial, &windows);
    trial.faults.extend(wrong);
    if fault == Fault::Stop {
        let most = 1 + done;
        let often = trial.sockets().filter(|count| *count > most).count();
        if often > 0 {
            trial.faults.push(format!(
                "{often} agents had to connect more than once a node: {}",
                trial.ends()
            ));
        }
    }
    nodes.iter_mut().for_each(World::kill);
    nodes.iter_mut().for_each(World::renew);
    let found = trial.settle(&mut nodes[0], &mut dice, options.acks).await;
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} times"));
    }
    let mut pauses = pauses;
    let figures = format!(
        "{done} times under load of {} agents, {found}, {interrupted} commands under way, heard {}, longest silence of {} \
         around each time p50 {} p99 {} max {}, {:.0} s",
        options.bots,
        trial.all_heard(),
        match fault {
            Fault::Kill => "each shard of a killed node",
            Fault::Stop => "a shard",
        },
        ms(percentile(&mut pauses, 500)),
        ms(percentile(&mut pauses, 990)),
        ms(percentile(&mut pauses, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: format!("{scenario} on postgres and redis"),
        figures,
        faults: trial.faults,
    }]
}

/// Starts the nodes and waits until each has its share.
async fn start(options: &Options, text: &str) -> Vec<World> {
    let mut first = World::new("postgres", options);
    first.add_redis();
    first.describe(text);
    first.start();
    let mut nodes = vec![first];
    while nodes.len() < NODES {
        let mut next = nodes[0].beside();
        next.describe(text);
        next.start();
        nodes.push(next);
    }
    assert!(
        settled(&nodes[0], NODES).await,
        "the nodes never shared the world"
    );
    nodes
}

/// The shards that a node holds.
fn shards_of(node: &World) -> Vec<i64> {
    let sql = format!(
        "SELECT coalesce(string_agg(s.id::text, ','), '') FROM shard s JOIN node n ON n.id = s.owner WHERE n.addr = '{}'",
        node.address
    );
    let held = node.postgres().query("postgres", &sql);
    held.split(',').filter_map(|id| id.parse().ok()).collect()
}

/// Waits until so many nodes have all the shards, none of them more than two more than another.
async fn settled(node: &World, count: usize) -> bool {
    let due = Instant::now() + SETTLING;
    let sql = "SELECT coalesce(string_agg(n::text, ','), '') FROM (SELECT count(*) AS n FROM shard WHERE owner IS NOT NULL \
               AND lease_until > extract(epoch FROM clock_timestamp()) * 1000 GROUP BY owner) held";
    while Instant::now() < due {
        let held = node.postgres().query("postgres", sql);
        let held: Vec<usize> = held.split(',').filter_map(|count| count.parse().ok()).collect();
        let (least, most) = (held.iter().min().copied(), held.iter().max().copied());
        let is_even = least.zip(most).is_some_and(|(least, most)| most - least <= 2);
        if held.len() == count && held.iter().sum::<usize>() == 9 && is_even {
            return true;
        }
        sleep(LOOK).await;
    }
    false
}

/// For how long each shard that paused at all did not answer in each window, and refusals for good that are wrong.
fn judge(trial: &Trial, windows: &[Window]) -> (Vec<Duration>, Vec<String>) {
    let (mut acks, mut wrong): (BTreeMap<i64, Vec<u64>>, BTreeMap<String, usize>) = Default::default();
    for entry in trial.journals().iter().flat_map(journal::read) {
        match entry.line {
            Line::Ok {
                shard,
                replayed: false,
                ..
            } => acks.entry(shard).or_default().push(entry.at_us),
            Line::Fail { code } if !RIGHTLY.contains(&code.as_str()) => *wrong.entry(code).or_default() += 1,
            _ => {}
        }
    }
    let mut pauses = Vec::new();
    for (shard, times) in &mut acks {
        times.sort_unstable();
        let concerned = |window: &&Window| window.shards.as_ref().is_none_or(|shards| shards.contains(shard));
        for window in windows.iter().filter(concerned) {
            let [from, to] =
                [window.from, window.to].map(|at| u64::try_from(at.as_micros()).expect("a run is short"));
            let gap = |pair: &[u64]| (pair[1] >= from && pair[0] <= to).then_some(pair[1] - pair[0]);
            pauses.extend(times.windows(2).filter_map(gap).max().map(Duration::from_micros));
        }
    }
    let wrong = wrong
        .into_iter()
        .map(|(code, count)| format!("{count} times refused for good: {code}"));
    (pauses, wrong.collect())
}
