//! The border inside a region of two shards: an agent walks over it, whatever else goes on, and whatever is killed meanwhile.

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
        let world = TestWorld::start(Settings {
            variables: vec![
                ("ROOKERY_WORLD", file.display().to_string()),
                // After a kill the next start on PostgreSQL waits for the end of the old leases.
                ("ROOKERY_STORE__LEASE_TTL_MS", "1500".to_owned()),
            ],
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

/// Does durable things until told to stop; each is repeated under its id until it is done.
async fn be_busy(agent: &Agent, other: &Agent, name: &str, is_over: &AtomicBool) -> i64 {
    let mut done = 0;
    while !is_over.load(Ordering::Relaxed) {
        let orders = [
            ("pay", json!({"to": other.handle, "amount": 1})),
            ("say", json!({"message": format!("{name} {done}")})),
        ];
        for (action, params) in orders {
            let id = format!("{name}-{action}-{done}");
            until("the command is done", async || {
                let answer = agent.act_as(&id, action, params.clone()).await;
                if answer.status == 200 {
                    return Some(());
                }
                assert_eq!(answer.body["temporary"], true, "{}", answer.body);
                None
            })
            .await;
        }
        done += 1;
    }
    done
}

async fn back_and_forth(database: Option<String>) {
    const ROUNDS: i64 = 3;
    let divided = Divided::start(database);
    let alice = divided.agent_at("alice", 120.0, 50.0).await;
    let (bob, carol) = (
        divided.agent_at("bob", 110.0, 40.0).await,
        divided.agent_at("carol", 140.0, 40.0).await,
    );
    let before = divided.row(&alice);
    assert_eq!(before.shard, 1);
    let is_over = AtomicBool::new(false);
    let walk = async {
        let mut looks = 0;
        for _ in 0..ROUNDS {
            for goal in [136.0, 120.0] {
                run_to(&alice, goal).await;
                looks += watch_run(&alice, goal).await;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        looks
    };
    let (alices, bobs, carols, looks) = futures_util::join!(
        be_busy(&alice, &bob, "alice", &is_over),
        be_busy(&bob, &carol, "bob", &is_over),
        be_busy(&carol, &bob, "carol", &is_over),
        walk
    );
    assert!(looks > 10, "only {looks} looks at the walk");
    // Every command counts once.
    assert!(
        alices > 10 && bobs > 10 && carols > 10,
        "{alices} {bobs} {carols}"
    );
    assert_eq!(alice.balance().await, 100_000 - alices);
    assert_eq!(bob.balance().await, 100_000 + alices - bobs + carols);
    let after = divided.row(&alice);
    assert_eq!((after.shard, after.hop), (1, before.hop + 2 * ROUNDS));
    check_owners(&divided, &alice, 2 * ROUNDS, alices);
    assert!(!divided.world.run(&["verify"]).contains("I6"));
}

/// Each shard recorded only what the agent did while it was its own, and every word once.
fn check_owners(divided: &Divided, agent: &Agent, crossings: i64, words: i64) {
    let deeds = divided.deeds(agent);
    let crossed: Vec<&(i64, i64, Value)> = deeds
        .iter()
        .filter(|(_, _, event)| event["type"] == "agent_crossed")
        .collect();
    assert_eq!(i64::try_from(crossed.len()).unwrap(), crossings);
    let mut owner = 1;
    for (_, shard, event) in &crossed {
        assert_eq!(
            (&event["content"]["from"], &event["content"]["to"]),
            (&json!(owner), &json!(shard))
        );
        owner = *shard;
    }
    let mut said = 0;
    for (tick, shard, _) in deeds.iter().filter(|(_, _, event)| event["type"] == "speech") {
        let last = crossed.iter().rev().find(|(crossed, _, _)| crossed < tick);
        let next = crossed.iter().find(|(crossed, _, _)| crossed >= tick);
        let owner = last.map_or(1, |(_, shard, _)| *shard);
        let is_at_crossing = next.is_some_and(|(crossed, new, _)| crossed == tick && new == shard);
        assert!(
            *shard == owner || is_at_crossing,
            "shard {shard} recorded a word of tick {tick}, the owner was {owner}"
        );
        said += 1;
    }
    assert_eq!(said, words);
}

#[tokio::test]
async fn an_agent_walks_over_the_border_and_back_under_load_on_sqlite() {
    back_and_forth(None).await;
}

#[tokio::test]
async fn an_agent_walks_over_the_border_and_back_under_load_on_postgres() {
    back_and_forth(Some(Postgres::shared().fresh_database())).await;
}

/// Killed a moment before or after the hand-off is on disk, it is in one shard, and its walk goes on to its end.
async fn killed_on_the_way(database: Option<String>) {
    let mut divided = Divided::start(database);
    let alice = divided.agent_at("alice", 126.0, 50.0).await;
    alice
        .act("set_status", json!({"status": "in a hurry"}))
        .await
        .ok();
    let mut goal = 140.0;
    for (round, is_after) in [true, false, true, false].into_iter().enumerate() {
        let before = divided.row(&alice);
        run_to(&alice, goal).await;
        if is_after {
            until("the hand-off is on disk", async || {
                (divided.row(&alice).hop > before.hop).then_some(())
            })
            .await;
        } else {
            until("the border is near", async || {
                ((place(&alice).await.0 - BORDER_M).abs() < 2.0).then_some(())
            })
            .await;
        }
        divided.world.restart(Signal::SIGKILL);
        let (x, _, _) = until("alice goes on", async || {
            let (x, shard, tick) = place(&alice).await;
            ((x - goal).abs() < ROUNDED_M).then_some((x, shard, tick))
        })
        .await;
        let row = divided.row(&alice);
        assert_eq!(i64::from(row.shard), shard_of(x), "round {round}");
        assert_eq!(row.hop, before.hop + 1, "round {round}");
        goal = if goal > BORDER_M { 116.0 } else { 140.0 };
    }
    // It is marked away until somebody acts for it; then it shows what it showed before, over all borders.
    let bob = divided.agent_at("bob", 126.0, 52.0).await;
    let near = bob.act("get_nearby_agents", json!({"radius": 20})).await.result();
    let status = near.as_array().into_iter().flatten().find_map(|row| {
        (row["id"] == alice.handle.as_str()).then(|| row["status"].as_str().unwrap_or_default().to_owned())
    });
    assert_eq!(status.as_deref(), Some("in a hurry"), "{near}");
    divided.world.run(&["verify"]);
}

#[tokio::test]
async fn a_walk_survives_kill_9_at_the_border_on_sqlite() {
    killed_on_the_way(None).await;
}

#[tokio::test]
async fn a_walk_survives_kill_9_at_the_border_on_postgres() {
    killed_on_the_way(Some(Postgres::shared().fresh_database())).await;
}

fn cell_of(push: &rookery::wire::push::Push) -> Option<Value> {
    serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()
}

/// Waits for a frame of a cell that tells of an agent.
async fn entry_in(socket: &mut Socket, agent: &Agent, cell: [i64; 2]) -> Value {
    socket
        .push(&format!("{} in cell {cell:?}", agent.handle), |push| {
            let frame = cell_of(push)?;
            let is_there = frame["cell"] == json!(cell);
            let mut agents = frame["agents"].as_array()?.iter();
            agents
                .find(|entry| is_there && entry["id"] == agent.handle.as_str())
                .cloned()
        })
        .await
}

#[tokio::test]
async fn a_socket_goes_along_without_a_new_subscription() {
    let divided = Divided::start(None);
    let (alice, bob) = (
        divided.agent_at("alice", 124.0, 50.0).await,
        divided.agent_at("bob", 140.0, 50.0).await,
    );
    let mut socket = alice.connect().await;
    entry_in(&mut socket, &alice, [7, 3]).await;
    run_to(&alice, 134.0).await;
    // On the other side it sees itself and bob, and what it saw before is dropped.
    let both = socket.push("a snapshot of the cell entered", |push| {
        let frame =
            cell_of(push).filter(|frame| frame["cell"] == json!([8, 3]) && frame["snapshot"] == true)?;
        let mut agents = frame["agents"].as_array()?.clone();
        agents.sort_by_key(|entry| entry["id"].as_str().map(str::to_owned));
        (agents.len() == 2).then_some(agents)
    });
    let both = both.await;
    assert_eq!(
        [&both[0]["id"], &both[1]["id"]],
        [alice.handle.as_str(), bob.handle.as_str()]
    );
    assert_eq!(
        (&both[0]["to"]["x"], &both[0]["speed"]),
        (&json!(134.0), &json!(5.0))
    );
    let dropped = socket.push("the old cells are dropped", |push| {
        cell_of(push).filter(|frame| frame["cell"] == json!([7, 3]) && frame["dropped"] == true)
    });
    dropped.await;
    bob.act("set_status", json!({"status": "here"})).await.ok();
    until("alice sees bob's status", async || {
        let entry = entry_in(&mut socket, &bob, [8, 3]).await;
        (entry["status"] == "here").then_some(())
    })
    .await;
    bob.act("say", json!({"message": "welcome"})).await.ok();
    assert_eq!(
        socket.heard("speech").await.event["content"]["message"],
        "welcome"
    );
    let is_subscription =
        |push: &rookery::wire::push::Push| push.subscribe.is_some() || push.unsubscribe.is_some();
    assert!(!socket.pushes.iter().any(is_subscription), "{:?}", socket.pushes);
}

#[tokio::test]
async fn spectators_see_both_sides_and_go_along() {
    let divided = Divided::start(None);
    let alice = divided.agent_at("alice", 124.0, 50.0).await;
    let watch = async |params: Value| {
        let url = divided.world.url("ws", "/connection/websocket");
        let mut socket = Socket::open(&url, Encoding::Json).await;
        socket.connect(Default::default()).await.unwrap();
        socket.rpc("spectate", params).await.unwrap();
        socket
    };
    let point = json!({"location": {"region": "main", "x": 128.0, "y": 50.0}});
    let mut above = watch(json!({"target": point, "mode": "free"})).await;
    let mut behind = watch(json!({"target": {"agent": alice.handle}, "mode": "follow"})).await;
    for (goal, cell) in [(134.0, [8, 3]), (124.0, [7, 3])] {
        run_to(&alice, goal).await;
        for socket in [&mut above, &mut behind] {
            let entry = until("the new way", async || {
                let entry = entry_in(socket, &alice, cell).await;
                (entry["to"]["x"] == goal).then_some(entry)
            })
            .await;
            assert_eq!(entry["speed"], 5.0, "{entry}");
        }
        watch_run(&alice, goal).await;
    }
}

#[tokio::test]
async fn a_full_shard_keeps_one_at_its_border_until_there_is_room() {
    let divided = Divided::start(None);
    let alice = divided.agent_at("alice", 126.0, 50.0).await;
    let mut crowd = Vec::new();
    for _ in 0..8 {
        crowd.push(divided.agent_at("crowd", 200.0, 200.0).await);
    }
    run_to(&alice, 140.0).await;
    until("alice stands at the border", async || {
        let (x, shard, _) = place(&alice).await;
        (shard == 1 && (x - 127.99).abs() < 1e-9).then_some(())
    })
    .await;
    let before = divided.row(&alice);
    assert_eq!(before.shard, 1);
    // It may go elsewhere, and come back when there is room.
    run_to(&alice, 126.0).await;
    watch_run(&alice, 126.0).await;
    crowd[0].leave().await;
    run_to(&alice, 140.0).await;
    watch_run(&alice, 140.0).await;
    assert_eq!(divided.row(&alice).hop, before.hop + 1);
}

#[tokio::test]
async fn a_follower_comes_along_over_the_border_and_back() {
    let divided = Divided::start(None);
    let (alice, bob) = (
        divided.agent_at("alice", 118.0, 50.0).await,
        divided.agent_at("bob", 122.0, 50.0).await,
    );
    let mut told = alice.connect().await;
    alice
        .act("follow", json!({"target_id": bob.handle, "distance": 1.0}))
        .await
        .ok();
    let come_near = async |goal: f64| {
        until("alice is near bob", async || {
            let (x, shard, _) = place(&alice).await;
            ((x - goal).abs() <= 2.0).then_some(shard)
        })
        .await
    };
    for goal in [134.0, 118.0] {
        run_to(&bob, goal).await;
        assert_eq!(come_near(goal).await, shard_of(goal));
    }
    // Bob stops a step behind the border; alice stays before it and goes along all the same.
    run_to(&bob, 128.2).await;
    assert_eq!(come_near(127.2).await, 1);
    assert_eq!(place(&bob).await.1, 2);
    bob.act("move_to", json!({"x": 128.2, "y": 70.0, "gait": "run"}))
        .await
        .ok();
    until("alice follows along the border", async || {
        let at = alice.act("get_location", json!({})).await;
        let y = at.body["result"]["y"].as_f64()?;
        (y > 67.0).then_some(())
    })
    .await;
    let ended = |socket: &Socket| {
        let mut events = socket.events.iter();
        events.any(|heard| heard.event["type"] == "follow_ended")
    };
    assert!(!ended(&told), "{:?}", told.events);
    // Gone from the region's other shard, he is followed no more.
    bob.leave().await;
    assert_eq!(told.heard("follow_ended").await.event["type"], "follow_ended");
}

#[tokio::test]
async fn things_over_the_border_are_the_same_things() {
    let divided = Divided::start(None);
    let (alice, bob) = (
        divided.agent_at("alice", 127.0, 60.0).await,
        divided.agent_at("bob", 129.0, 60.0).await,
    );
    let board = format!("board-{}", alice.handle);
    // The board is in a region of its own in two shards, made while the world runs.
    let body = json!({"name": "yard", "size_m": 256, "shards": 2,
        "objects": [{"id": board, "name": "board", "kind": "notice_board", "x": 128.5, "y": 60.0}]});
    let made = divided
        .world
        .post_as_admin("/api/v1/admin/regions", body)
        .await
        .ok();
    assert_eq!(made["shards"].as_array().map(Vec::len), Some(2), "{made}");
    alice.stand("yard", 127.0, 60.0).await;
    bob.stand("yard", 129.0, 60.0).await;
    let (west, east) = (place(&alice).await.1, place(&bob).await.1);
    assert_eq!((west, east), (3, 4));
    let post = json!({"object_id": board, "action": "post", "text": "hello"});
    alice.act("use_object", post).await.ok();
    let notes = tokio::time::timeout(
        PATIENCE,
        until("bob reads it on the other side", async || {
            let read = json!({"object_id": board, "action": "read"});
            let notes = bob.act("use_object", read).await.result()["notes"].take();
            (notes.as_array()?.len() == 1).then_some(notes)
        }),
    );
    assert_eq!(notes.await.expect("in time")[0]["text"], "hello");
    // How many are in the region is known on both sides.
    for agent in [&alice, &bob] {
        until("both are counted", async || {
            let info = agent.act("get_region_info", json!({})).await.result();
            (info["agent_count"] == 2).then_some(())
        })
        .await;
    }
    let metrics = reqwest::get(divided.world.url("http", "/metrics")).await;
    let metrics = metrics.expect("metrics are shown").text().await.expect("as text");
    assert!(
        metrics.contains("rookery_agents_online{region=\"yard\"} 2\n"),
        "{metrics}"
    );
}
