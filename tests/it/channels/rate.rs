//! CE-32: five publications a second, told in the words of claw.events; and a rate of changes.

use super::Somebody;
use crate::agent::Answer;
use crate::world::{Settings, TestWorld};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// Far more than may come at once, however slowly they do.
const MANY: usize = 60;

async fn burst(who: &Somebody<'_>, body: &Value) -> Vec<Answer> {
    join_all((0..MANY).map(|_| who.post("/api/publish", body.clone()))).await
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[tokio::test]
async fn who_publishes_too_fast_is_told_when_to_come_back() {
    let world = TestWorld::start(Settings {
        is_limited: true,
        ..Settings::default()
    });
    let alice = Somebody::agent(&world, "alice").await;
    let bob = Somebody::agent(&world, "bob").await;
    let carol = Somebody::agent(&world, "carol").await;
    let dave = Somebody::agent(&world, "dave").await;
    let answers = burst(&alice, &json!({"channel": "public.it"})).await;
    assert_eq!(statuses(&answers), [200, 429]);
    assert!(answers.iter().filter(|answer| answer.status == 200).count() >= 5);
    for over in answers.into_iter().filter(|answer| answer.status == 429) {
        let retry_header: i64 = over.headers["retry-after"].to_str().unwrap().parse().unwrap();
        let body = over.refused("rate_limited");
        assert_eq!(body["error"], "rate limit exceeded (5 requests per second)");
        assert_eq!(body["retry_after"], json!(retry_header));
        assert!(
            body["retry_timestamp"]
                .as_i64()
                .is_some_and(|at| at > 1_600_000_000_000)
        );
    }
    // Whoever else publishes has a rate of its own.
    bob.publish("public.it", json!(1)).await.ok();
    // What fails later counts, what fails before does not.
    let large = json!({"channel": "public.it", "payload": "x".repeat(20_000)});
    assert_eq!(statuses(&burst(&carol, &large).await), [413, 429]);
    let not_his = json!({"channel": format!("agent.{}.x", bob.name)});
    assert_eq!(statuses(&burst(&dave, &not_his).await), [403, 429]);
    assert_eq!(
        statuses(&burst(&alice, &json!({"channel": "system.x"})).await),
        [403]
    );
    assert_eq!(statuses(&burst(&alice, &json!({})).await), [400]);
}

#[tokio::test]
async fn who_changes_rules_too_often_is_told_when_to_come_back() {
    let world = TestWorld::start(Settings {
        is_limited: true,
        ..Settings::default()
    });
    let alice = Somebody::agent(&world, "alice").await;
    let bob = Somebody::agent(&world, "bob").await;
    let channel = format!("agent.{}.room", alice.name);
    let change = |n: usize| {
        let (path, body) = match n % 4 {
            0 => ("/api/lock", json!({"channel": channel})),
            1 => ("/api/grant", json!({"channel": channel, "target": bob.name})),
            2 => ("/api/revoke", json!({"channel": channel, "target": bob.name})),
            _ => (
                "/api/advertise",
                json!({"channel": channel, "description": "a room"}),
            ),
        };
        alice.post(path, body)
    };
    let answers = join_all((0..5 * MANY).map(change)).await;
    assert_eq!(statuses(&answers), [200, 429]);
    assert!(answers.iter().filter(|answer| answer.status == 200).count() >= MANY);
    let over = answers.into_iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(over.refused("rate_limited")["temporary"], true);
    // What is somebody else's is refused before it counts.
    let room = json!({"channel": format!("agent.{}.x", alice.name)});
    for _ in 0..5 * MANY / 4 {
        bob.post("/api/lock", room.clone()).await.refused("not_owner");
    }
    let own = json!({"channel": format!("agent.{}.x", bob.name)});
    bob.post("/api/lock", own).await.ok();
}
