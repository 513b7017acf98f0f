//! Four nodes with very short leases, paused at random, in the middle of transactions too: each believes for a while that its
//! shards are its own still. Never may two own one epoch of a shard, nor an event of an earlier epoch follow one of a later.
//! `split_brain`: one of them runs the world; `shared_split_brain`: they share it, and agents go from region to region.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::server::World;
use crate::trial::Trial;
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

/// How long a lease holds. Units: milliseconds.
const LEASE_MS: u64 = 400;
/// Nodes.
const NODES: usize = 4;
/// How often a shard went from one node to another; a node may also claim anew what it had.
const CHANGES_OF_HANDS: &str = "SELECT count(*) FROM shard_claim_log a JOIN shard_claim_log b \
     ON b.shard_id = a.shard_id AND b.epoch = a.epoch - 1 WHERE a.owner <> b.owner";
/// Regions of a shard each. Where one node runs the world, all of them change hands at a time.
const REGIONS: usize = 8;
/// Where nodes share the world, a few of its shards change hands at a time, so a short run asks for less.
const SHORT_SHARED: usize = 40;

/// Runs one of the two: at least twenty times as many changes of hands as `--kills`, and a twentieth of `--acks`.
pub async fn run(scenario: &str, options: &Options) -> Vec<Report> {
    let is_shared = scenario == "shared_split_brain";
    let name = |n: usize| match n {
        0 => "main".to_owned(),
        n => format!("part-{n}"),
    };
    // Most of the time nobody can prove that the world is its own.
    let (mut wanted, acks) = (options.kills.saturating_mul(20), options.acks / 20);
    if is_shared && options.is_short {
        wanted = wanted.min(SHORT_SHARED);
    }
    let mut options = Options {
        lease_ttl_ms: LEASE_MS,
        ..options.clone()
    };
    if is_shared {
        options.regions = (0..REGIONS).map(name).collect();
    }
    println!(
        "{scenario}: seed {}, at least {wanted} takeovers and {acks} acknowledgements, leases of {LEASE_MS} ms",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let region = |n: usize| {
        format!(
            "[[region]]\nname = \"{}\"\nsize_m = 256\ncapacity = 500\n",
            name(n)
        )
    };
    let plan: String = (0..REGIONS).map(region).collect();
    let mut nodes = start(&options, is_shared, &plan);
    let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
    let mut trial = Trial::begin(&nodes[0], &addresses, &options);
    let claims = |nodes: &[World]| {
        let count = nodes[0].postgres().query("postgres", CHANGES_OF_HANDS);
        count.parse::<usize>().expect("a count is a number")
    };
    let (mut pauses, mut takeovers) = (0, 0);
    while (takeovers < wanted || trial.acks() < acks) && trial.gets(0).await {
        // Mostly one that has shards, now and then two at a time.
        let mut paused: Vec<usize> = if is_shared {
            vec![dice.index(NODES)]
        } else {
            let owner = nodes[0].holder();
            (0..NODES)
                .filter(|n| nodes[*n].address.to_string() == owner)
                .collect()
        };
        if dice.below(3) == 0 {
            paused.push(dice.index(NODES));
        }
        paused.dedup();
        paused.iter().for_each(|n| nodes[*n].signal(Signal::SIGSTOP));
        sleep(Duration::from_millis(LEASE_MS / 2 + dice.below(LEASE_MS * 2))).await;
        paused.iter().for_each(|n| nodes[*n].signal(Signal::SIGCONT));
        pauses += 1;
        takeovers = claims(&nodes);
    }
    trial.drain(&options).await;
    nodes.iter_mut().for_each(World::kill);
    let found = trial.settle(&mut nodes[0], &mut dice, acks).await;
    if takeovers < wanted {
        trial
            .faults
            .push(format!("only {takeovers} of {wanted} takeovers"));
    }
    let figures = format!(
        "{takeovers} takeovers of a shard by {pauses} pauses of {NODES} nodes, {found}, {:.0} s",
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: format!(
            "{scenario} on postgres{}",
            if is_shared { " and redis" } else { "" }
        ),
        figures,
        faults: trial.faults,
    }]
}

/// Starts the nodes: one that runs the world and others that stand by, or all of them on one Redis.
fn start(options: &Options, is_shared: bool, plan: &str) -> Vec<World> {
    let mut first = World::new("postgres", options);
    if is_shared {
        first.add_redis();
    }
    first.describe(plan);
    first.start();
    let mut nodes = vec![first];
    while nodes.len() < NODES {
        let mut node = nodes[0].beside();
        node.describe(plan);
        if is_shared {
            node.start();
        } else {
            node.stand_by();
        }
        nodes.push(node);
    }
    nodes
}
