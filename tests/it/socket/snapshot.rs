//! The shapes on the wire. Ids and times are redacted.

use crate::plot::Plot;
use insta::assert_json_snapshot;
use rookery::wire::json;
use serde_json::{Value, json as value};

/// The text with what is different in each run replaced.
fn redact(value: Value, words: &[(&str, &str)]) -> Value {
    let mut text = value.to_string();
    for (word, name) in words {
        text = text.replace(word, name);
    }
    serde_json::from_str(&text).expect("names are plain words")
}

#[tokio::test]
async fn the_answer_to_connect_and_a_frame_of_a_cell() {
    let plot = Plot::new().await;
    let alice = plot.agent_at("alice", 24.0, 24.0).await;
    let mut socket = alice.connect().await;
    let hello: Value = serde_json::from_slice(&json::encode(&socket.hello)).unwrap();
    let names = [(plot.name.as_str(), "PLOT"), (alice.handle.as_str(), "ALICE")];
    assert_json_snapshot!("connect_reply", redact(hello, &names), {
        ".client" => "[id]", ".session" => "[id]", ".node" => "[id]", ".time" => "[time]", ".ttl" => "[seconds]",
        ".version" => "[version]", ".data.tick" => "[tick]", ".data.time_ms" => "[time]", ".subs.*.epoch" => "[epoch]",
    });
    let frame = socket.push("the cell of alice", |push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        frame["agents"]
            .as_array()
            .is_some_and(|agents| !agents.is_empty())
            .then_some(frame)
    });
    assert_json_snapshot!("cell_frame", redact(frame.await, &names), {".tick" => "[tick]"});
    alice.act("set_status", value!({"status": "reading"})).await.ok();
    let frame = socket.push("the change", |push| {
        let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
        frame.to_string().contains("reading").then_some(frame)
    });
    assert_json_snapshot!("cell_frame_of_a_change", redact(frame.await, &names), {".tick" => "[tick]"});
}

#[tokio::test]
async fn a_receipt_a_problem_and_an_event() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 24.0, 24.0).await,
        plot.agent_at("bob", 25.0, 24.0).await,
    );
    let mut heard = bob.connect().await;
    let names = [
        (plot.name.as_str(), "PLOT"),
        (alice.handle.as_str(), "ALICE"),
        (bob.handle.as_str(), "BOB"),
    ];
    let receipt = alice
        .act_as(
            "tea",
            "pay",
            value!({"to": bob.handle, "amount": 250, "note": "for tea"}),
        )
        .await
        .ok();
    assert_json_snapshot!("receipt", redact(receipt, &names), {
        ".result.transfer_id" => "[id]", ".shard" => "[shard]", ".seq" => "[seq]", ".tick" => "[tick]",
    });
    let event = heard.heard("payment").await.event;
    assert_json_snapshot!("event", redact(event, &names), {".shard" => "[shard]", ".seq" => "[seq]"});
    let problem = alice
        .act("pay", value!({"to": alice.handle, "amount": 1}))
        .await
        .refused("self_target");
    assert_json_snapshot!("problem", problem, {".request_id" => "[id]"});
}

#[tokio::test]
async fn the_list_of_regions() {
    let plot = Plot::new().await;
    let list = plot.world.get("/api/v1/world/regions").await.ok();
    let mut mine = list["regions"]
        .as_array()
        .unwrap_or_else(|| panic!("{list}"))
        .iter()
        .filter(|region| region["name"] == plot.name.as_str());
    let region = redact(
        mine.next().expect("the plot is listed").clone(),
        &[(plot.name.as_str(), "PLOT")],
    );
    assert_json_snapshot!("region", region, {".properties.weather" => "[weather]"});
}
