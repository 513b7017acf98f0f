//! Over the border and back on foot: under load, through `kill -9`, and to a shard that is full.

use super::*;

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
