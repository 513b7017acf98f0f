//! What others see of a crossing: sockets, spectators, followers, and who acts over the border.

use super::*;

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
    // It sees over the border, and what it saw before is dropped only where it is out of sight.
    entry_in(&mut socket, &bob, [8, 3]).await;
    socket.pushes.clear();
    run_to(&alice, 150.0).await;
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
        (&json!(150.0), &json!(5.0))
    );
    let dropped = socket.push("the old cells are dropped", |push| {
        cell_of(push).filter(|frame| frame["dropped"] == true)
    });
    assert_eq!(
        dropped.await["cell"][0],
        6,
        "the column that one sees no more in the east"
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
