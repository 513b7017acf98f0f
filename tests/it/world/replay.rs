//! `rookery replay` and `rookery rebuild-cache`: what is derived comes back from what is kept. And the invariants while the world runs.

use crate::agent::Agent;
use crate::plot::Plot;
use crate::services::{Postgres, Redis};
use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::Signal;
use reqwest::Method;
use rookery::base::id::ShardId;
use rookery::store::{Reader, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn replayed(world: &TestWorld, shard: usize, more: &[&str]) -> Value {
    let number = shard.to_string();
    let arguments = [&["replay", "--json", "--shard", &number], more].concat();
    serde_json::from_str(&world.run(&arguments)).expect("it prints JSON")
}

fn shard_count(world: &TestWorld) -> usize {
    world.run(&["admin", "shards"]).lines().count()
}

/// A market day of two agents, with a conversation that goes on.
async fn live(plot: &Plot<'_>) -> (Agent, Agent) {
    let alice = plot.agent_at("alice", 60.0, 21.0).await;
    let bob = plot.agent_at("bob", 61.0, 21.0).await;
    let post = json!({"object_id": plot.board, "action": "post", "text": "tea at \"five\", café"});
    alice.act("use_object", post).await.ok();
    alice
        .act("pay", json!({"to": bob.handle, "amount": 5}))
        .await
        .ok();
    bob.act("teleport", json!({"region": "market"})).await.ok();
    bob.act("say", json!({"message": "anybody?"})).await.ok();
    let back = json!({"region": plot.name, "x": 61.0, "y": 21.0});
    bob.act("teleport", back).await.ok();
    let invite = json!({"invitees": [bob.handle], "topic": "tea"});
    let talk = alice.act("converse_start", invite).await.result();
    let this = json!({"conversation_id": talk["conversation_id"]});
    bob.act("converse_accept", this).await.ok();
    (alice, bob)
}

async fn comes_back(database: Option<String>) {
    let mut world = TestWorld::start(Settings {
        database,
        ..Settings::default()
    });
    let plot = Plot::in_world(&world).await;
    let (alice, bob) = live(&plot).await;
    let (shards, here) = (shard_count(&world), shard_count(&world));
    assert!(shards > 2);
    // Beside the running server.
    for shard in 1..=shards {
        let replay = replayed(&world, shard, &[]);
        assert_eq!(
            (&replay["hash"], &replay["differences"]),
            (&replay["tables_hash"], &json!([])),
            "{replay}"
        );
    }
    let before = replayed(&world, here, &[]);
    let agents = before["state"]["agents"].as_object().expect("agents by id");
    assert_eq!(agents.len(), 2, "{before}");
    assert!(
        agents
            .values()
            .any(|place| place["at"]["x"] == 61.0 && place["hop"].as_i64() >= Some(3))
    );
    assert_eq!(before["state"]["objects"][&plot.board]["version"], 1);
    let talks = before["state"]["conversations"]
        .as_object()
        .expect("conversations by id");
    assert_eq!(
        talks
            .values()
            .map(|talk| talk["phase"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["open"]
    );
    let seq = before["seq"].as_i64().unwrap();
    // Where the conversation is may change by itself; the number of an event stays what it is.
    alice.act("say", json!({"message": "one event more"})).await.ok();
    let told = world.run(&["replay", "--shard", &here.to_string(), "--to", &seq.to_string()]);
    assert!(told.contains(before["hash"].as_str().unwrap()), "{told}");
    drop(plot);

    // The stop saves a snapshot of each shard that anything happened in since its last one.
    world.stop(Signal::SIGTERM);
    let stopped = replayed(&world, here, &[]);
    assert_eq!(
        (&stopped["from_seq"], &stopped["events"]),
        (&stopped["seq"], &json!(0)),
        "{stopped}"
    );
    let at_seq = replayed(&world, here, &["--to", &seq.to_string()]);
    assert_eq!(
        (&at_seq["hash"], at_seq["tables_hash"].is_null()),
        (&before["hash"], true)
    );
    world.run(&["verify"]);
    world.restart(Signal::SIGTERM);
    bob.enter().await;
    bob.act("say", json!({"message": "here again"})).await.ok();
    world.restart(Signal::SIGKILL);
    for shard in 1..=shards {
        let replay = replayed(&world, shard, &[]);
        assert_eq!(replay["hash"], replay["tables_hash"], "{replay}");
    }
    for (arguments, why) in [
        (["--shard", "99", "--to", "1"], "there is no shard 99"),
        (["--shard", "1", "--to", "99999"], "the last event is"),
    ] {
        let said = world.refused(&[&["replay"], arguments.as_slice()].concat());
        assert!(said.contains(why), "{said}");
    }
    let long_ago = replayed(&world, here, &["--to", "2001-01-01T00:00:00Z"]);
    assert_eq!(
        (&long_ago["seq"], &long_ago["state"]["agents"]),
        (&json!(0), &json!({}))
    );
    world.run(&["verify"]);
}

#[tokio::test]
async fn a_shard_is_rebuilt_from_its_events_on_sqlite() {
    comes_back(None).await;
}

#[tokio::test]
async fn a_shard_is_rebuilt_from_its_events_on_postgres() {
    comes_back(Some(Postgres::shared().fresh_database())).await;
}

#[tokio::test]
async fn what_was_changed_behind_the_worlds_back_is_told_by_replay_verify_and_the_route() {
    let postgres = Postgres::shared();
    let url = postgres.fresh_database();
    let database = url.rsplit('/').next().expect("a name").to_owned();
    let world = TestWorld::start(Settings {
        database: Some(url),
        ..Settings::default()
    });
    let plot = Plot::in_world(&world).await;
    let (_alice, bob) = live(&plot).await;
    let _sockets = (bob.connect().await, bob.connect().await);
    let path = "/api/v1/admin/invariants";
    let report = async || {
        world
            .call(Method::GET, path, Some(world.admin_token()), None)
            .await
            .ok()
    };
    let sound = report().await;
    assert_eq!(sound["violations"], json!([]));
    assert!(sound["replayed_shard"].as_i64() >= Some(1), "{sound}");
    assert_eq!(
        (&sound["agent_actors"], &sound["sockets"], &sound["sockets_most"]),
        (&json!(2), &json!(2), &json!(2))
    );
    bob.get(path).await.refused("permission_missing");

    let here = shard_count(&world).to_string();
    // The next snapshot is due in an hour: none is taken of what is changed now.
    until("the first snapshot is taken", async || {
        (replayed(&world, shard_count(&world), &[])["from_seq"].as_i64() > Some(0)).then_some(())
    })
    .await;
    let x = postgres.query(
        &database,
        &format!("SELECT x FROM agents WHERE agent_id = '{}'", bob.handle),
    );
    postgres.query(
        &database,
        &format!("UPDATE agents SET x = x + 1 WHERE agent_id = '{}'", bob.handle),
    );
    let said = world.refused(&["replay", "--shard", &here]);
    assert!(said.contains("not what the events say"), "{said}");
    world.refused(&["verify"]);
    postgres.query(
        &database,
        &format!("UPDATE agents SET x = {x} WHERE agent_id = '{}'", bob.handle),
    );
    world.run(&["replay", "--shard", &here]);
    postgres.query(
        &database,
        &format!(
            "UPDATE agents SET region = 'nowhere' WHERE agent_id = '{}'",
            bob.handle
        ),
    );
    let broken = report().await;
    let told = broken["violations"].as_array().expect("a list");
    let place = told
        .iter()
        .find(|told| told["name"] == "I10")
        .unwrap_or_else(|| panic!("{broken}"));
    assert!(
        place["detail"].as_str().unwrap().contains(&bob.handle),
        "{broken}"
    );
    let metrics = reqwest::get(world.url("http", "/metrics")).await;
    let metrics = metrics.expect("metrics are shown").text().await.expect("as text");
    assert!(
        metrics.contains("rookery_invariant_violations_total{name=\"I10\"}"),
        "{metrics}"
    );
}

/// What the mirror says that follows from the database, but for what goes with the time.
fn mirrored(redis: &Redis, region: &str, agents: &[&Agent]) -> Vec<String> {
    let ask = |command: String| redis.ask(&command).unwrap_or_default();
    let mut said = Vec::new();
    for agent in agents {
        let name = &agent.handle;
        said.push(ask(format!(
            "HMGET session:{name} token region position status connected_at"
        )));
        said.push(ask(format!("HMGET pos:{region}:{name} x y z")));
        said.push(ask(format!("GEOPOS geo:{region} {name}")));
    }
    let members = ask(format!("ZRANGE region:{region}:agents 0 -1"));
    let members: BTreeSet<&str> = members.lines().collect();
    said.push(format!("{members:?}"));
    let news = ask(format!("XREVRANGE events:{region} + - COUNT 8"));
    // Keys of an event's content come in the order of the database.
    let payloads = news
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    said.extend(payloads.filter(Value::is_object).map(|mut payload| {
        payload.sort_all_objects();
        payload.to_string()
    }));
    for key in ["world:tick", "world:time", &format!("world:weather:{region}")] {
        said.push(ask(format!("EXISTS {key}")));
    }
    said
}

async fn is_filled_again(database: Option<String>) {
    let redis = Redis::start();
    let mut world = TestWorld::start(Settings {
        database: database.clone(),
        redis: Some(redis.url()),
        ..Settings::default()
    });
    let target = database.map_or_else(
        || Target::Sqlite(world.data().join("rookery.sqlite")),
        Target::Postgres,
    );
    let alice = world.agent("alice").await;
    let bob = world.agent("bob").await;
    let sockets = (alice.connect().await, bob.connect().await);
    alice.stand("main", 60.0, 60.0).await;
    bob.stand("main", 62.5, 60.25).await;
    alice.act("say", json!({"message": "first"})).await.ok();
    alice.act("say", json!({"message": "the last word"})).await.ok();
    alice.act("set_status", json!({"status": "reading"})).await.ok();
    let of = [&alice, &bob];
    until("all of it is in Redis", async || {
        let said = mirrored(&redis, "main", &of).concat();
        (said.contains("reading") && said.contains("the last word") && said.contains("62.5")).then_some(())
    })
    .await;
    until("all of it is in the database", async || {
        let target = &target;
        let body = std::thread::scope(|scope| {
            let read = scope
                .spawn(move || Reader::open(target).and_then(|mut reader| reader.load_shard(ShardId(1))));
            read.join()
                .expect("a reader does not fail")
                .expect("an answer")?
                .checkpoint
        });
        String::from_utf8(body?.body)
            .ok()?
            .contains("reading")
            .then_some(())
    })
    .await;
    // Killed, so that its sessions are still open.
    world.stop(Signal::SIGKILL);
    drop(sockets);
    let before = mirrored(&redis, "main", &of);
    redis.flush();
    assert_ne!(mirrored(&redis, "main", &of), before);
    let told = world.run(&["rebuild-cache"]);
    assert!(told.contains("with 2 agents, 2 sessions"), "{told}");
    assert_eq!(mirrored(&redis, "main", &of), before);
    // Again changes nothing, and a server beside it is no trouble.
    world.run(&["rebuild-cache"]);
    assert_eq!(mirrored(&redis, "main", &of), before);
    world.restart(Signal::SIGKILL);
    world.run(&["rebuild-cache"]);
    world.run(&["verify"]);
}

#[tokio::test]
async fn an_emptied_redis_is_filled_again_from_sqlite() {
    is_filled_again(None).await;
}

#[tokio::test]
async fn an_emptied_redis_is_filled_again_from_postgres() {
    is_filled_again(Some(Postgres::shared().fresh_database())).await;
}

#[test]
fn without_a_redis_there_is_no_mirror_to_fill() {
    let mut redis = Redis::start();
    let url = redis.url();
    let world = TestWorld::start(Settings::default());
    let said = world.refused(&["rebuild-cache"]);
    assert!(said.contains("no Redis is configured"), "{said}");
    world.run(&["rebuild-cache", "--redis", &url]);
    redis.kill();
    let said = world.refused(&["rebuild-cache", "--redis", &url]);
    assert!(said.contains("redis does not answer"), "{said}");
}
