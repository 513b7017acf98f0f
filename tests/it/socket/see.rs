//! Who sees and hears what.

use crate::client::Socket;
use crate::plot::Plot;
use crate::world::TestWorld;
use rookery::wire::Encoding;
use serde_json::{Value, json};

async fn spectator(target: Value, mode: &str) -> Socket {
    let mut socket = Socket::open(
        &TestWorld::shared().url("ws", "/connection/websocket"),
        Encoding::Json,
    )
    .await;
    socket.connect(Default::default()).await.unwrap();
    socket
        .rpc("spectate", json!({"target": target, "mode": mode}))
        .await
        .unwrap();
    socket
}

/// Waits for an entry of an agent on a region's channel.
async fn entry_in(watcher: &mut Socket, region: &str, agent: &str) -> Value {
    let channel = format!("region:{region}");
    let what = format!("{agent} in {region}");
    let entry = watcher.push(&what, |push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        let agents = frame["agents"].as_array()?;
        let found = agents
            .iter()
            .find(|entry| push.channel == channel && entry["id"] == agent);
        found.cloned()
    });
    entry.await
}

/// Waits for an overview of a region with these blocks.
async fn blocks_in(watcher: &mut Socket, region: &str, blocks: Value) -> Value {
    let channel = format!("region:{region}");
    let what = format!("{blocks} in {region}");
    let overview = watcher.push(&what, |push| {
        let mut frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        let is_it = push.channel == channel && frame["overview"]["blocks"] == blocks;
        is_it.then(|| frame["overview"].take())
    });
    overview.await
}

#[tokio::test]
async fn a_spectator_of_a_region_sees_public_speech_and_no_whisper() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 50.0, 50.0).await,
        plot.agent_at("bob", 52.0, 50.0).await,
    );
    let mut watcher = spectator(json!({"region": plot.name}), "overview").await;
    watcher.entry(&alice.handle).await;
    alice
        .act("whisper", json!({"target_id": bob.handle, "message": "secret"}))
        .await
        .ok();
    alice
        .act("say", json!({"message": "under my breath", "volume": "whisper"}))
        .await
        .ok();
    alice.act("say", json!({"message": "aloud"})).await.ok();
    let heard = watcher.heard("speech").await;
    assert_eq!(heard.event["content"]["message"], "aloud");
    let everything = format!("{:?}{:?}", watcher.events, watcher.pushes);
    assert!(
        !everything.contains("secret") && !everything.contains("under my breath"),
        "{everything}"
    );
}

#[tokio::test]
async fn a_spectator_turns_from_a_whole_region_to_an_agent_and_stays_connected() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let mut watcher = spectator(json!({"region": plot.name}), "overview").await;
    watcher.entry(&alice.handle).await;
    // Of the region's 289 cells all but 25 are out of sight from now on: more than a socket's queue holds pieces.
    let around = json!({"target": {"agent": alice.handle}, "mode": "follow"});
    watcher.rpc("spectate", around).await.unwrap();
    let dropped = |push: &rookery::wire::push::Push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        (frame["dropped"] == true && frame["cell"] == json!([16, 16])).then_some(())
    };
    watcher.push("the far corner dropped", dropped).await;
    alice.act("say", json!({"message": "still there?"})).await.ok();
    assert_eq!(
        watcher.heard("speech").await.event["content"]["message"],
        "still there?"
    );
}

#[tokio::test]
async fn a_spectator_follows_an_agent_into_another_region() {
    let (plot, other) = (Plot::new().await, Plot::new().await);
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let mut watcher = spectator(json!({"agent": alice.handle}), "follow").await;
    watcher.entry(&alice.handle).await;
    alice.stand(&other.name, 60.0, 60.0).await;
    let entry = entry_in(&mut watcher, &other.name, &alice.handle).await;
    assert_eq!((&entry["x"], &entry["y"]), (&json!(60.0), &json!(60.0)));
}

#[tokio::test]
async fn an_overview_goes_along_with_its_agent_from_region_to_region() {
    let (plot, other) = (Plot::new().await, Plot::new().await);
    let large = Plot::of_size(TestWorld::shared(), 1_024).await;
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let (bob, carol) = (
        plot.agent_at("bob", 250.0, 250.0).await,
        other.agent_at("carol", 250.0, 250.0).await,
    );
    let mut watcher = spectator(json!({"agent": alice.handle}), "overview").await;
    entry_in(&mut watcher, &plot.name, &alice.handle).await;
    entry_in(&mut watcher, &plot.name, &bob.handle).await;
    alice.stand(&other.name, 60.0, 60.0).await;
    entry_in(&mut watcher, &other.name, &alice.handle).await;
    let far = entry_in(&mut watcher, &other.name, &carol.handle).await;
    assert_eq!((&far["x"], &far["y"]), (&json!(250.0), &json!(250.0)));
    alice.stand(&large.name, 1_000.0, 1_000.0).await;
    let near = entry_in(&mut watcher, &large.name, &alice.handle).await;
    assert_eq!((&near["x"], &near["y"]), (&json!(1_000.0), &json!(1_000.0)));
    blocks_in(&mut watcher, &large.name, json!([[31, 31, 1]])).await;
    watcher.pushes.clear();
    alice.stand(&plot.name, 70.0, 70.0).await;
    assert_eq!(entry_in(&mut watcher, &plot.name, &alice.handle).await["x"], 70.0);
    assert_eq!(entry_in(&mut watcher, &plot.name, &bob.handle).await["x"], 250.0);
}

#[tokio::test]
async fn an_overview_stays_where_its_agent_left_the_world() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let bob = plot.agent_at("bob", 250.0, 250.0).await;
    let mut watcher = spectator(json!({"agent": alice.handle}), "overview").await;
    entry_in(&mut watcher, &plot.name, &bob.handle).await;
    alice.leave().await;
    bob.stand(&plot.name, 150.0, 150.0).await;
    let entry = watcher.push("bob goes on", |push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        let agents = frame["agents"].as_array()?;
        let found = agents
            .iter()
            .find(|entry| entry["id"] == bob.handle.as_str() && entry["x"] == 150.0);
        found.cloned()
    });
    entry.await;
}

#[tokio::test]
async fn an_overview_of_a_large_region_counts_those_far_away() {
    let plot = Plot::of_size(TestWorld::shared(), 2_048).await;
    let alice = plot.agent_at("alice", 50.0, 50.0).await;
    let bob = plot.agent_at("bob", 2_000.0, 1_000.0).await;
    let mut watcher = spectator(json!({"agent": alice.handle}), "overview").await;
    // Blocks of 4 cells: 64 m.
    let overview = blocks_in(&mut watcher, &plot.name, json!([[0, 0, 1], [31, 15, 1]])).await;
    assert_eq!(
        (&overview["cells"], &overview["area"]),
        (&json!(4), &json!([0, 0, 129, 129]))
    );
    entry_in(&mut watcher, &plot.name, &alice.handle).await;
    bob.stand(&plot.name, 2_048.0, 2_048.0).await;
    blocks_in(&mut watcher, &plot.name, json!([[0, 0, 1], [32, 32, 1]])).await;
    let everything = format!("{:?}", watcher.pushes);
    assert!(!everything.contains(&bob.handle), "only counted: {everything}");
    bob.stand(&plot.name, 60.0, 50.0).await;
    blocks_in(&mut watcher, &plot.name, json!([[0, 0, 2]])).await;
    assert_eq!(entry_in(&mut watcher, &plot.name, &bob.handle).await["x"], 60.0);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_watched() {
    let mut socket = Socket::open(
        &TestWorld::shared().url("ws", "/connection/websocket"),
        Encoding::Json,
    )
    .await;
    socket.connect(Default::default()).await.unwrap();
    let cases = [
        (json!({"target": {"agent": "nobody-here"}}), 404),
        (json!({"target": {"region": "nowhere"}}), 404),
        (json!({"target": {"planet": "mars"}}), 422),
        (json!({"target": {"region": "main"}, "mode": "sideways"}), 422),
    ];
    for (params, code) in cases {
        assert_eq!(
            socket.rpc("spectate", params.clone()).await.unwrap_err().code,
            code,
            "{params}"
        );
    }
}

#[tokio::test]
async fn an_agent_sees_the_cells_around_it_and_no_others() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 24.0, 24.0).await,
        plot.agent_at("bob", 200.0, 200.0).await,
    );
    let mut seen = alice.connect().await;
    seen.entry(&alice.handle).await;
    let cells: Vec<Value> = seen
        .pushes
        .iter()
        .filter_map(|push| {
            Some(serde_json::from_slice::<Value>(&push.r#pub.as_ref()?.data).ok()?["cell"].take())
        })
        .collect();
    assert!(
        cells
            .iter()
            .all(|cell| cell[0].as_i64().unwrap() <= 2 && cell[1].as_i64().unwrap() <= 2),
        "{cells:?}"
    );
    bob.stand(&plot.name, 30.0, 30.0).await;
    assert_eq!(seen.entry(&bob.handle).await["x"], 30.0);
    bob.stand(&plot.name, 200.0, 200.0).await;
    let left = seen.push("bob left", |push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        frame["left"]
            .as_array()
            .filter(|left| left.contains(&json!(bob.handle)))
            .cloned()
    });
    left.await;
}

#[tokio::test]
async fn who_comes_and_goes_is_announced_to_those_near() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let mut seen = alice.connect().await;
    let bob = plot.agent("bob").await;
    assert_eq!(seen.heard("agent_spawn").await.event["source"], bob.handle);
    bob.leave().await;
    assert_eq!(seen.heard("agent_despawn").await.event["source"], bob.handle);
}

#[tokio::test]
async fn a_spectator_suggests_only_what_an_owner_allows() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let mut told = alice.connect().await;
    let mut watcher = spectator(json!({"agent": alice.handle}), "follow").await;
    let prompt = json!({"agent_id": alice.handle, "text": "look at the pond"});
    assert_eq!(watcher.rpc("prompt", prompt.clone()).await.unwrap_err().code, 403);
    let path = format!("/api/v1/agents/{}", alice.handle);
    alice
        .call(
            reqwest::Method::PATCH,
            &path,
            Some(&json!({"accepts_prompts": true})),
        )
        .await
        .ok();
    watcher.rpc("prompt", prompt).await.unwrap();
    let heard = told.heard("prompt").await;
    assert_eq!(heard.event["content"]["text"], "look at the pond", "{heard:?}");
}
