//! A claim takes every shard that is free: also one of a region that the node has never heard of.

use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until};
use rookery::base::id::NodeId;
use rookery::base::time::Timestamp;
use rookery::host::clock::Clock;
use rookery::store::region::Created;
use rookery::store::{Store, Target};
use serde_json::json;

/// Writes to the database beside the world, on a thread without a runtime.
fn beside<T: Send>(target: &Target, work: impl FnOnce(&mut Store, Timestamp) -> T + Send) -> T {
    let now = Timestamp(Clock::system().now_ms());
    std::thread::scope(|scope| {
        let work = scope.spawn(move || {
            let mut store = Store::open(target).expect("the database is there");
            work(&mut store, now)
        });
        work.join().expect("the work is done")
    })
}

async fn claimed_unseen(database: Option<String>) {
    let world = TestWorld::start(Settings {
        database: database.clone(),
        ..Settings::default()
    });
    let target = database.map_or_else(
        || Target::Sqlite(world.data().join("rookery.sqlite")),
        Target::Postgres,
    );
    let alice = world.agent("alice").await;
    alice.enter().await;
    // Somebody else makes a region that the running world does not know, and takes all leases for a moment.
    let other = NodeId(uuid::Uuid::from_u128(77));
    let yard = json!({"name": "yard", "display_name": "yard", "size_m": 256.0, "capacity": 9, "shards": 2,
        "spawn": {"x": 20.0, "y": 20.0, "z": 25.0}});
    let yard = serde_json::from_value(yard).expect("a plan");
    let claims = beside(&target, |store, now| {
        let made = store.create_region(&yard, now).expect("the database answers");
        assert!(matches!(made, Created::Done(_)));
        store.claim_shards(other, 1, now).expect("the database answers")
    });
    assert_eq!(claims.len(), 6);
    let to = json!({"region": "yard", "x": 200.0, "y": 20.0});
    alice
        .act("teleport", to.clone())
        .await
        .refused("region_not_found");
    // The next commit is fenced; the shard's keeper claims it anew, and the yard comes along.
    let receipt = until("the yard runs", async || {
        alice.act("say", json!({"message": "anybody?"})).await;
        let answer = alice.act("teleport", to.clone()).await;
        (answer.status == 200).then_some(answer.body)
    })
    .await;
    assert_eq!(
        (&receipt["region"], &receipt["shard"]),
        (&json!("yard"), &json!(6))
    );
    until("the world is ready", async || {
        let ready = world.get("/health/ready").await;
        (ready.status == 200 && ready.body["shards_running"] == 6).then_some(())
    })
    .await;
    alice.act("say", json!({"message": "here I am"})).await.ok();
    world.run(&["verify"]);
}

#[tokio::test]
async fn a_claimed_shard_of_an_unknown_region_is_run_on_sqlite() {
    claimed_unseen(None).await;
}

#[tokio::test]
async fn a_claimed_shard_of_an_unknown_region_is_run_on_postgres() {
    claimed_unseen(Some(Postgres::shared().fresh_database())).await;
}
