//! A border inside a region, on one node and between two: nobody notices it.

use super::socket::TestSocket;
use crate::actors::gateway::{Caller, Guest};
use crate::actors::region::{RegionMessage, look};
use crate::actors::test_node::{TestNode, plan, run_pair, wait_until};
use crate::base::id::ShardId;
use crate::domain::refusal::Code;
use serde_json::{Value, json};

/// The plaza up to 128 m, which the first node has.
const WEST: ShardId = ShardId(1);
/// The rest of it.
const EAST: ShardId = ShardId(2);

/// Runs a test with the plaza in two shards, both on the first node and then each on its own.
fn run(body: impl AsyncFn(&TestNode, &TestNode)) {
    for is_apart in [false, true] {
        let mut plaza = plan("plaza");
        plaza.shards = 2;
        run_pair(&[plaza], async |first, second| {
            if is_apart {
                second.take_shard(&first, EAST).await;
            }
            body(&first, &second).await;
        });
    }
}

/// An agent with a socket on a node, at a point 10 m from the southern edge.
async fn live(node: &TestNode, name: &str, x: f64) -> (Caller, TestSocket) {
    let agent = node.register(name).await;
    let socket = TestSocket::join(node, &agent, Some("plaza")).await;
    stand(node, &agent, x).await;
    (agent, socket)
}

async fn stand(node: &TestNode, agent: &Caller, x: f64) {
    act(
        node,
        agent,
        "teleport",
        json!({"region": "plaza", "x": x, "y": 10.0}),
    )
    .await;
}

/// Does an action, and once more while its agent is on the move.
async fn act(node: &TestNode, agent: &Caller, what: &str, params: Value) -> Value {
    loop {
        match node.act(agent, what, params.clone()).await {
            Ok(receipt) => return receipt.result.into_tree(),
            Err(refusal) => assert_eq!(refusal.code, Code::Moving, "{refusal}"),
        }
    }
}

async fn nearby(node: &TestNode, agent: &Caller) -> Vec<String> {
    node.clock.advance(100);
    let near = act(node, agent, "get_nearby_agents", json!({"radius": 20})).await;
    let names = near.as_array().unwrap().iter();
    names
        .map(|near| near["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn perceives(node: &TestNode, agent: &Caller, other: &str) {
    wait_until("one perceives the other", || async {
        nearby(node, agent).await == [other]
    })
    .await;
}

/// Whether a frame shows an agent with something.
fn shows(agent: &str, what: &str) -> impl Fn(&Value) -> bool {
    move |said| {
        let entry = |entry: &Value| entry["id"] == agent && entry.to_string().contains(what);
        said["agents"].as_array().is_some_and(|all| all.iter().any(entry))
    }
}

#[test]
fn those_on_both_sides_perceive_hear_and_see_one_another() {
    run(async |first, second| {
        let (alice, hers) = live(first, "alice", 124.0).await;
        let (bob, his) = live(second, "bob", 132.0).await;
        perceives(first, &alice, "bob").await;
        perceives(second, &bob, "alice").await;
        hers.hear(first, "she sees him", shows("bob", "132.0")).await;
        his.hear(first, "he sees her", shows("alice", "124.0")).await;
        for (node, agent, other, name) in [(first, &alice, &his, "alice"), (second, &bob, &hers, "bob")] {
            let heard = act(node, agent, "say", json!({"message": format!("I am {name}")})).await;
            assert_eq!(heard["heard_by"], 1);
            let speech = format!("I am {name}");
            other
                .hear(first, "it is heard", |said| {
                    said["events"].to_string().contains(&speech)
                })
                .await;
            act(node, agent, "set_status", json!({"status": "waving"})).await;
            other.hear(first, "it is seen", shows(name, "waving")).await;
        }
        // As far as the loudest voice carries, and no farther.
        stand(second, &bob, 223.9).await;
        wait_until("he is 99.9 m away", || async {
            first.clock.advance(100);
            act(first, &alice, "say", json!({"message": "hey", "volume": "shout"})).await["heard_by"] == 1
        })
        .await;
        his.hear(first, "he hears her", |said| {
            said["events"].to_string().contains("hey")
        })
        .await;
        stand(second, &bob, 224.1).await;
        wait_until("he is 100.1 m away", || async {
            first.clock.advance(100);
            act(first, &alice, "say", json!({"message": "hey", "volume": "shout"})).await["heard_by"] == 0
        })
        .await;
        second.gateway.part(&bob.handle, his.session);
    });
}

#[test]
fn a_socket_of_one_who_stands_there_already_sees_over_the_border() {
    run(async |first, second| {
        let (alice, bob) = (first.register("alice").await, second.register("bob").await);
        for (node, agent, x) in [(first, &alice, 124.0), (second, &bob, 140.0)] {
            node.gateway.join(&agent.handle, Guest::Rest, None).await.unwrap();
            stand(node, agent, x).await;
        }
        perceives(first, &alice, "bob").await;
        let hers = TestSocket::join(first, &alice, None).await;
        hers.hear(first, "she sees him", shows("bob", "140.0")).await;
    });
}

#[test]
fn who_is_suddenly_beyond_the_border_sees_the_place_before_no_more() {
    run(async |first, second| {
        let (alice, hers) = live(first, "alice", 20.0).await;
        hers.hear(first, "she sees herself", shows("alice", "20.0")).await;
        let (_bob, _) = live(second, "bob", 122.0).await;
        // Around 20 m she saw the columns 0 to 2, around 140 m she sees 7 to 9, bob's with them.
        stand(first, &alice, 140.0).await;
        let mut lost = Vec::new();
        let mut sees_bob = false;
        while lost.len() < 6 || !sees_bob {
            let is_news = |said: &Value| said["dropped"] == true || shows("bob", "122.0")(said);
            for said in hers.hear(first, "what she saw is gone", is_news).await {
                sees_bob |= shows("bob", "122.0")(&said);
                let cell = said["cell"].clone();
                if said["dropped"] == true && cell[0].as_i64() < Some(3) && !lost.contains(&cell) {
                    lost.push(cell);
                }
            }
        }
    });
}

#[test]
fn who_walks_over_sees_those_on_both_sides_all_the_way() {
    run(async |first, second| {
        let (alice, hers) = live(first, "alice", 120.0).await;
        let (bob, his) = live(second, "bob", 118.0).await;
        let (cleo, _) = live(second, "cleo", 140.0).await;
        // Who came first is seen first.
        let seen = hers.hear(first, "she sees him", shows("bob", "118.0")).await;
        if !seen.iter().any(shows("cleo", "140.0")) {
            hers.hear(first, "she sees her", shows("cleo", "140.0")).await;
        }
        his.hear(first, "he sees her", shows("alice", "idle")).await;
        let way = json!({"x": 136.0, "y": 10.0, "gait": "run"});
        act(first, &alice, "move_to", way).await;
        let began = first.node().tick();
        // Her own cell is [8, 0] from the border on, and those around it are [7, 0] to [9, 0].
        let is_over = |said: &Value| said["cell"] == json!([8, 0]) && shows("alice", "")(said);
        let told = hers.hear(first, "she comes over", is_over).await;
        let is_lost = |said: &&Value| said["dropped"] == true || said.get("lost").is_some();
        let since = told.iter().filter(|said| said["tick"].as_i64() > Some(began.0));
        let lost: Vec<&Value> = since
            .filter(is_lost)
            .filter(|said| said["cell"][0] != 6)
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
        wait_until("she has arrived", || async {
            first.clock.advance(100);
            act(first, &alice, "get_location", json!({})).await["x"] == 136.0
        })
        .await;
        for (agent, name) in [(&bob, "bob"), (&cleo, "cleo")] {
            act(second, agent, "set_status", json!({"status": "still here"})).await;
            let seen = hers.hear(first, "she sees both", shows(name, "still here")).await;
            let is_lost = |said: &&Value| said["dropped"] == true && said["cell"][0] == 7;
            assert_eq!(seen.iter().find(is_lost), None);
        }
        act(first, &alice, "set_status", json!({"status": "over"})).await;
        his.hear(first, "he sees her beyond", shows("alice", "over"))
            .await;
        // Back in the west for good: what is only in the east is told as gone.
        stand(first, &alice, 100.0).await;
        let is_dropped = |said: &Value| said["dropped"] == true && said["cell"][0] == 9;
        hers.hear(first, "the east is out of sight", is_dropped).await;
    });
}

#[test]
fn who_is_beyond_the_border_is_followed_and_given_to() {
    run(async |first, second| {
        let (alice, _) = live(first, "alice", 124.0).await;
        let (bob, _) = live(second, "bob", 132.0).await;
        perceives(first, &alice, "bob").await;
        let gift = json!({"target_id": "bob", "item_id": "coin"});
        let refusal = first.act(&alice, "give_item", gift).await.unwrap_err();
        assert_eq!(refusal.code, Code::NotOwner, "he is found, and she has none");
        act(first, &alice, "follow", json!({"target_id": "bob"})).await;
        act(second, &bob, "move_to", json!({"x": 150.0, "y": 10.0})).await;
        wait_until("she follows him", || async {
            first.clock.advance(200);
            act(first, &alice, "get_location", json!({})).await["x"].as_f64() > Some(146.0)
        })
        .await;
    });
}

#[test]
fn what_is_missed_of_a_neighbour_is_told_anew_and_a_silent_one_is_forgotten() {
    run(async |first, second| {
        let (alice, _) = live(first, "alice", 124.0).await;
        let (_, _) = live(second, "bob", 132.0).await;
        perceives(first, &alice, "bob").await;
        let west = first.node().directory.shard(WEST).unwrap().region;
        // Loaded again, it asks who is there.
        west.order(RegionMessage::Reload);
        perceives(first, &alice, "bob").await;
        let east = [first, second]
            .into_iter()
            .find(|node| node.node().directory.shard(EAST).is_some());
        let seats = east.unwrap().node().directory.shard(EAST).unwrap();
        seats.lease.close();
        wait_until("he is forgotten", || async {
            nearby(first, &alice).await.is_empty()
        })
        .await;
        seats.lease.open();
        perceives(first, &alice, "bob").await;
        if second.node().directory.shard(EAST).is_some() {
            first.take_shard(second, EAST).await;
        } else {
            second.take_shard(first, EAST).await;
        }
        perceives(first, &alice, "bob").await;
        let ghosts = look(&west, |state, _| state.ghosts_of(EAST).len()).await;
        assert_eq!(ghosts.unwrap(), 1);
    });
}
