//! A herd that comes while the server falls behind. Needs the feature `faults`.

use super::raw::{self, Answer};
use super::socket::upgrade;
use crate::world::{Settings, TestWorld, until};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

/// More than the line of handshakes has places for.
const HERD: usize = 700;

/// Asks for a socket and gives the answer; a socket that opens is left at once.
async fn come(world: &TestWorld) -> Answer {
    raw::exchange(world.port(), upgrade("/connection/websocket", &[]))
        .await
        .expect("a handshake is answered")
}

async fn overload_of(world: &TestWorld) -> Value {
    let full = world.get("/health/full").await.ok();
    assert_eq!(full["overloaded"], true, "{full}");
    full["overload"].clone()
}

#[tokio::test]
async fn under_overload_a_herd_waits_or_is_sent_away_while_those_inside_are_served() {
    let world = TestWorld::start(Settings {
        variables: vec![("ROOKERY_FAULT", "overload=".to_owned())],
        ..Settings::default()
    });
    let (alice, bob) = (world.agent("alice").await, world.agent("bob").await);
    let mut socket = alice.connect().await;
    bob.enter().await;
    alice.stand("main", 10.0, 20.0).await;
    bob.stand("main", 12.0, 20.0).await;

    let herd = async {
        // A machine that takes in fewer than a line lets through has no herd before its door yet.
        for _ in 0..20 {
            let answers = join_all((0..HERD).map(|_| come(&world))).await;
            let (opened, sent_away): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 101);
            assert!(!opened.is_empty(), "a line moves");
            if !sent_away.is_empty() {
                return sent_away;
            }
        }
        panic!("nobody was sent away");
    };
    let inside = async {
        for _ in 0..10 {
            let paid = socket
                .rpc("pay", json!({"to": bob.handle, "amount": 1}))
                .await
                .expect("a durable action over a socket that is open");
            assert_eq!(paid["durability"], "committed", "{paid}");
            bob.act("say", json!({"message": "thanks"})).await.ok();
            let near = bob.act("get_nearby_agents", json!({})).await.result();
            assert_eq!(near[0]["id"], json!(alice.handle), "{near}");
            assert_eq!(near[0]["location"]["x"], 10.0, "{near}");
            for path in ["/api/v1/world", "/health", "/health/ready", "/metrics"] {
                assert_eq!(world.get(path).await.status, 200, "{path}");
            }
        }
    };
    let (sent_away, ()) = join(herd, inside).await;
    assert_eq!(bob.balance().await, 100_010);

    for answer in &sent_away {
        assert_eq!(answer.summary(), "503 overloaded");
        assert_eq!(answer.body["temporary"], true, "{answer:?}");
        let pause = answer.header("retry-after").and_then(|text| text.parse().ok());
        assert!(
            pause.is_some_and(|pause: u32| (5..=10).contains(&pause)),
            "{answer:?}"
        );
    }
    let overload = overload_of(&world).await;
    assert!(
        overload["handshakes_refused"].as_f64() >= Some(f64::from(u32::try_from(sent_away.len()).unwrap())),
        "{overload}"
    );
    for counted in [
        "handshakes_delayed",
        "perceptions_of_last_tick",
        "ticks_stretched",
    ] {
        assert!(overload[counted].as_f64() > Some(0.0), "{counted}: {overload}");
    }
    // Who comes back gets in.
    until("a place in the line", async || {
        (come(&world).await.status == 101).then_some(())
    })
    .await;
    socket
        .rpc("ping", json!({}))
        .await
        .expect("the socket is still open");
}
