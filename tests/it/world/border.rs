//! The border inside a region of two shards: an agent walks over it, whatever else goes on, and whatever is killed meanwhile.

mod seen;
mod walking;

use crate::agent::Agent;
use crate::client::Socket;
use crate::services::Postgres;
use crate::world::{PATIENCE, Settings, TestWorld, until};
use nix::sys::signal::Signal;
use rookery::base::id::ShardId;
use rookery::domain::agent::Handle;
use rookery::store::{Reader, Target};
use rookery::wire::Encoding;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the western shard ends: eight columns of 16 m. Units: metres.
const BORDER_M: f64 = 128.0;
/// What one tick of running takes. Units: metres.
const STEP_M: f64 = 0.5;
/// Coordinates on the wire are rounded. Units: metres.
const ROUNDED_M: f64 = 0.02;

/// A region of 256 m in two shards: 1 is the west, 2 the east.
const WORLD: &str = "[[region]]\nname = \"main\"\nsize_m = 256\ncapacity = 8\nshards = 2\n";

struct Divided {
    world: TestWorld,
    target: Target,
    _file: tempfile::TempDir,
}

/// Where an agent durably is, and how often it was handed over.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    shard: i32,
    hop: i64,
}

impl Divided {
    fn start(database: Option<String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("world.toml");
        std::fs::write(&file, WORLD).expect("the world's file can be written");
        let mut variables = vec![("ROOKERY_WORLD", file.display().to_string())];
        if database.is_some() {
            // After a kill the next start on PostgreSQL waits for the end of the old leases.
            variables.push(("ROOKERY_STORE__LEASE_TTL_MS", "1500".to_owned()));
        }
        let world = TestWorld::start(Settings {
            variables,
            database: database.clone(),
            ..Settings::default()
        });
        let target = database.map_or_else(
            || Target::Sqlite(world.data().join("rookery.sqlite")),
            Target::Postgres,
        );
        Self {
            world,
            target,
            _file: folder,
        }
    }

    /// Reads from the database, on a thread without a runtime.
    fn read<T: Send>(&self, work: impl FnOnce(&mut Reader) -> rookery::store::Result<T> + Send) -> T {
        let target = &self.target;
        std::thread::scope(|scope| {
            let read = scope.spawn(move || work(&mut Reader::open(target).expect("the database is there")));
            read.join().expect("a reader does not fail").expect("an answer")
        })
    }

    fn row(&self, agent: &Agent) -> Row {
        let handle = Handle::new(&agent.handle).expect("a registered handle");
        let row = self.read(move |reader| reader.agent_by_handle(&handle));
        let row = row.expect("the agent is registered");
        Row {
            shard: row.shard.expect("it entered").0,
            hop: row.hop,
        }
    }

    /// What an agent did, as the shards recorded it, in the order of the world's ticks: `(tick, shard, event)`.
    fn deeds(&self, agent: &Agent) -> Vec<(i64, i64, Value)> {
        let mut deeds: Vec<(i64, i64, Value)> = (1..=2)
            .flat_map(|shard| self.read(move |reader| reader.events_of_shard(ShardId(shard), 0, 100_000)))
            .filter(|event| event["source"] == agent.handle.as_str())
            .map(|event| {
                let number = |key: &str| event[key].as_i64().unwrap_or_else(|| panic!("{key}: {event}"));
                (number("tick"), number("shard"), event.clone())
            })
            .collect();
        deeds.sort_by_key(|(tick, shard, event)| (*tick, *shard, event["seq"].as_i64()));
        deeds
    }

    async fn agent_at(&self, name: &str, x: f64, y: f64) -> Agent {
        let agent = self.world.agent(name).await;
        agent.enter().await;
        agent.stand("main", x, y).await;
        agent
    }
}

/// Where an agent is, and the shard and tick that said so; asks again while it is between two shards.
async fn place(agent: &Agent) -> (f64, i64, i64) {
    until("the agent is somewhere", async || {
        let answer = agent.act("get_location", json!({})).await;
        if answer.body["code"] == "moving" || answer.body["code"] == "unavailable" {
            return None;
        }
        let receipt = answer.ok();
        let x = receipt["result"]["x"].as_f64()?;
        Some((x, receipt["shard"].as_i64()?, receipt["tick"].as_i64()?))
    })
    .await
}

async fn run_to(agent: &Agent, x: f64) {
    until("the agent may go", async || {
        let order = agent
            .act("move_to", json!({"x": x, "y": 50.0, "gait": "run"}))
            .await;
        (order.status == 200).then_some(())
    })
    .await;
}

fn shard_of(x: f64) -> i64 {
    if x < BORDER_M { 1 } else { 2 }
}

/// Watches an agent until it is at a place: each answer comes from the shard whose land it stands on, and from one to the
/// next it went no farther than it can run.
async fn watch_run(agent: &Agent, goal: f64) -> usize {
    let run = tokio::time::timeout(PATIENCE, watch_to(agent, goal)).await;
    run.unwrap_or_else(|_| panic!("{} never came to {goal}", agent.handle))
}

async fn watch_to(agent: &Agent, goal: f64) -> usize {
    let (mut x, _, mut tick) = place(agent).await;
    let mut looks = 0;
    while (x - goal).abs() > ROUNDED_M {
        let (next, shard, at) = place(agent).await;
        let ticks = i32::try_from(at - tick + 1).expect("a few hundred ticks");
        let most = f64::from(ticks) * STEP_M + ROUNDED_M;
        assert!(
            (next - x).abs() <= most,
            "from {x} to {next} in {} ticks",
            at - tick
        );
        // At the border the rounding on the wire may show it on the other side.
        let is_at_border = (next - BORDER_M).abs() <= ROUNDED_M;
        assert!(
            shard == shard_of(next) || is_at_border,
            "shard {shard} has it at {next}"
        );
        (x, tick) = (next, at);
        looks += 1;
    }
    looks
}
