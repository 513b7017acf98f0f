//! Many agents that each do something once a second: how long an answer takes.

use crate::Report;
use crate::client::{Client, Gone};
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::{Identity, World};
use rookery::host::clock::Clock;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};

/// Four squares, so that a thousand agents are not all in each other's sight.
pub const WORLD: &str = r#"
[[region]]
name = "north"
size_m = 256
capacity = 2000
[[region]]
name = "east"
size_m = 256
capacity = 2000
[[region]]
name = "south"
size_m = 256
capacity = 2000
[[region]]
name = "west"
size_m = 256
capacity = 2000
"#;
const REGIONS: [&str; 4] = ["north", "east", "south", "west"];

/// Answers must be faster than this half of the time, and than that 99 times of 100.
const TARGET_P50: Duration = Duration::from_millis(5);
const TARGET_P99: Duration = Duration::from_millis(25);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How many agents enter at a time.
const ENTERING_MAX: usize = 16;
/// How soon all must be there.
const ENTERED_WITHIN: Duration = Duration::from_secs(120);

/// Runs it on each database that was asked for; SQLite by itself.
pub async fn run(options: &Options) -> Vec<Report> {
    let mut reports = Vec::new();
    for database in options
        .databases()
        .into_iter()
        .filter(|name| options.database.is_some() || *name == "sqlite")
    {
        reports.push(on(database, options).await);
    }
    reports
}

async fn on(database: &str, options: &Options) -> Report {
    let clock = Clock::system();
    let mut world = World::new(database, options);
    world.describe(WORLD);
    let agents: Arc<[Identity]> = world.mint(options.agents).into();
    world.start();
    let stage = Stage {
        agents: Arc::clone(&agents),
        door: Arc::new(Semaphore::new(ENTERING_MAX)),
        start: Arc::new(Barrier::new(agents.len() + 1)),
        clock: clock.clone(),
    };
    let mut lives: JoinSet<Life> = (0..agents.len())
        .map(|number| live(world.address, stage.clone(), number, options.clone()))
        .collect();
    if let Err(fault) = all_there(&stage, &mut lives).await {
        return Report {
            name: format!("load on {database}"),
            figures: String::new(),
            faults: vec![fault],
        };
    }
    let (cpu_before, at) = (world.cpu_s(), clock.monotonic());
    let mut times = Vec::new();
    let mut faults = Vec::new();
    while let Some(life) = lives.join_next().await {
        match times_of(life) {
            Ok(some) => times.extend(some),
            Err(fault) => faults.push(fault),
        }
    }
    let spent = (clock.monotonic().saturating_sub(at)).as_secs_f64();
    let cpu = (world.cpu_s() - cpu_before) / spent;
    let (p50, p99) = (percentile(&mut times, 500), percentile(&mut times, 990));
    let expected = options.agents * usize::try_from(options.seconds).expect("short") * 9 / 10;
    if times.len() < expected {
        faults.push(format!(
            "only {} answers, at least {expected} were to come",
            times.len()
        ));
    }
    if p50 > TARGET_P50 || p99 > TARGET_P99 {
        faults.push(format!(
            "p50 {} and p99 {} are over {} and {}",
            ms(p50),
            ms(p99),
            ms(TARGET_P50),
            ms(TARGET_P99)
        ));
    }
    let figures = format!(
        "{} agents, {} answers in {spent:.1} s: p50 {}, p90 {}, p99 {}, max {}; server {cpu:.2} cores, {} MiB",
        options.agents,
        times.len(),
        ms(p50),
        ms(percentile(&mut times, 900)),
        ms(p99),
        ms(percentile(&mut times, 1_000)),
        world.resident_bytes() / 1_048_576,
    );
    Report {
        name: format!("load on {database}"),
        figures,
        faults,
    }
}

/// How long an agent waited for each of its answers.
type Life = Result<Vec<Duration>, Gone>;

/// The times of an agent's life, or what became of it.
fn times_of(life: Result<Life, JoinError>) -> Result<Vec<Duration>, String> {
    match life {
        Ok(Ok(times)) => Ok(times),
        Ok(Err(Gone(why))) => Err(format!("an agent lost its socket: {why}")),
        Err(error) => Err(format!("an agent failed: {error}")),
    }
}

/// Waits until everybody is there; no longer, once somebody is gone before, for without it the others wait in vain.
async fn all_there(stage: &Stage, lives: &mut JoinSet<Life>) -> Result<(), String> {
    let all = async {
        tokio::select! {
            // First: once everybody is there, a life may end.
            biased;
            _ = stage.start.wait() => Ok(()),
            Some(life) = lives.join_next() => Err(times_of(life).err().unwrap_or_default()),
        }
    };
    match timeout(ENTERED_WITHIN, all).await {
        Ok(there) => there.map_err(|why| format!("before all agents were there, {why}")),
        Err(_elapsed) => Err(format!("not all agents were there within {ENTERED_WITHIN:?}")),
    }
}

/// What the agents of a run share.
#[derive(Clone)]
struct Stage {
    agents: Arc<[Identity]>,
    /// A thousand handshakes at once are another test.
    door: Arc<Semaphore>,
    /// Opens when everybody is there.
    start: Arc<Barrier>,
    clock: Clock,
}

/// One agent: goes somewhere, then does one thing a second, at a moment of its own.
async fn live(address: SocketAddr, stage: Stage, number: usize, options: Options) -> Life {
    let Stage {
        agents,
        door,
        start,
        clock,
    } = stage;
    let mut dice = Dice::new(options.seed, u64::try_from(number).expect("small"));
    let permit = door.acquire().await.expect("nobody closes it");
    let mut client = Client::connect(address, Some(&agents[number].token)).await?;
    client.is_deaf = true;
    let (x, y) = (point(&mut dice), point(&mut dice));
    answered(
        &mut client,
        "teleport",
        &json!({"region": REGIONS[number % REGIONS.len()], "x": x, "y": y}),
    )
    .await?;
    drop(permit);
    let mut others = pin!(start.wait());
    loop {
        // Who waits listens, as every client does.
        tokio::select! {
            _ = &mut others => break,
            heard = client.reply() => drop(heard?),
        }
    }
    let begin = Instant::now();
    let phase = Duration::from_millis(dice.below(1_000));
    let mut times = Vec::new();
    for second in 0..options.seconds {
        let at = begin + phase + Duration::from_secs(second);
        // Between two actions the agent listens, as every client does.
        while let Ok(heard) = tokio::time::timeout_at(at, client.reply()).await {
            heard?;
        }
        let (action, data) = choose(&mut dice, &agents, number, (x, y));
        let asked_at = clock.monotonic();
        answered(&mut client, action, &data).await?;
        times.push(clock.monotonic().saturating_sub(asked_at));
    }
    Ok(times)
}

fn point(dice: &mut Dice) -> u64 {
    8 + dice.below(240)
}

/// Half of it is walking; the rest is talk, money and looking around.
fn choose(dice: &mut Dice, agents: &[Identity], number: usize, home: (u64, u64)) -> (&'static str, Value) {
    match dice.below(20) {
        0..10 => {
            let near = |at: u64, dice: &mut Dice| (at + dice.below(30)).saturating_sub(15).clamp(1, 255);
            let (x, y) = (near(home.0, dice), near(home.1, dice));
            ("move_to", json!({"x": x, "y": y}))
        }
        10..13 => ("say", json!({"message": "a fine day, is it not"})),
        13..15 => {
            let to = (number + 1 + dice.index(agents.len() - 1)) % agents.len();
            ("pay", json!({"to": agents[to].agent_id, "amount": 1}))
        }
        15..18 => ("get_nearby_agents", json!({"radius": 20})),
        _ => ("get_location", json!({})),
    }
}

/// Asks and waits for the answer, which must not be an error.
pub async fn answered(client: &mut Client, action: &str, data: &Value) -> Result<Value, Gone> {
    let id = client.act(action, data).await?;
    let answer = async {
        loop {
            let reply = client.reply().await?;
            if reply["id"] == id {
                return if reply["error"].is_null() {
                    Ok(reply)
                } else {
                    Err(Gone(format!("{action}: {}", reply["error"])))
                };
            }
        }
    };
    timeout(PATIENCE, answer)
        .await
        .map_err(|_elapsed| Gone(format!("{action} was not answered")))?
}
