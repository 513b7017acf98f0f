//! CE-4, CE-16, CE-33 and CE-34: who may publish, what reaches subscribers, and in which order things are looked at.

use super::{Cast, Somebody, payload, wrapped};
use crate::world::{TestWorld, unique};
use serde_json::{Value, json};

/// A channel, and the letters of those in the cast that may publish there.
pub const TABLE: [(&str, &str); 7] = [
    ("public.it", "ogsax"),
    ("system.timer.second", ""),
    ("agent.OWNER.open", "o"),
    ("agent.OWNER.locked", "o"),
    ("app.APP.news", "a"),
    ("app.APP.agent", "a"),
    ("app.APP.agent.GRANTED", "ga"),
];

/// Those channels, locked and granted as their names say.
pub async fn staged(world: &'static TestWorld) -> Cast<'static> {
    let cast = Cast::of(world).await;
    let locked = cast.name("agent.OWNER.locked");
    cast.owner.lock(&locked).await;
    cast.owner.grant(&cast.granted.name, &locked).await;
    cast
}

#[tokio::test]
async fn who_may_publish_over_http() {
    let cast = staged(TestWorld::shared()).await;
    for (letter, who) in cast.all() {
        for (pattern, may) in TABLE {
            let channel = cast.name(pattern);
            let answer = who.publish(&channel, json!(1)).await;
            let expected = match may {
                _ if letter == 'n' => 401,
                may if may.contains(letter) => 200,
                _ => 403,
            };
            assert_eq!(answer.status, expected, "{letter} {channel}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn who_may_publish_over_a_socket_and_as_a_centrifugo_asks() {
    let world = TestWorld::shared();
    let cast = staged(TestWorld::shared()).await;
    for (letter, who) in cast.all() {
        let mut socket = who.socket().await;
        for (pattern, may) in TABLE {
            let channel = cast.name(pattern);
            let published = socket.publish(&channel, &json!(1)).await;
            let code = published.err().map_or(0, |error| error.code);
            let is_allowed = may.contains(letter);
            let expected = if is_allowed { 0 } else { 103 };
            assert_eq!(code, expected, "{letter} {channel}");
            let asked = world.post("/proxy/publish", json!({"channel": channel, "user": who.name}));
            let answer = asked.await.ok();
            assert_eq!(answer.get("result").is_some(), is_allowed, "{letter} {channel}");
        }
    }
}

#[tokio::test]
async fn what_is_published_over_http_reaches_sockets_in_the_wrapper() {
    let cast = Cast::of(TestWorld::shared()).await;
    let channel = format!("public.it-{}", unique());
    let mut socket = cast.nobody.socket().await;
    socket.subscribe(&channel).await.expect("it is public");
    for payload in [json!({"n": [1, "ä"]}), json!("text"), json!(null), json!(0)] {
        let answer = cast.owner.publish(&channel, payload.clone()).await.ok();
        assert_eq!(answer, json!({"ok": true, "result": {}}));
        let heard = wrapped(&socket.publication(&channel).await);
        assert_eq!(heard["payload"], payload);
        assert_eq!(heard["_claw"]["sender"], json!(cast.owner.name));
        assert!(heard["_claw"]["timestamp"].is_i64());
        assert_eq!(heard.as_object().map(serde_json::Map::len), Some(2));
    }
    cast.app
        .post("/api/publish", json!({"channel": channel}))
        .await
        .ok();
    let heard = wrapped(&socket.publication(&channel).await);
    assert_eq!(heard["payload"], Value::Null);
    assert_eq!(heard["_claw"]["sender"], json!(cast.app.name));
}

#[tokio::test]
async fn a_payload_has_16_kib_and_a_name_255_bytes() {
    let cast = Cast::of(TestWorld::shared()).await;
    let channel = format!("public.it-{}", unique());
    let mut socket = cast.owner.socket().await;
    socket.subscribe(&channel).await.expect("it is public");
    // As JSON it has two quotes around it.
    let most = "x".repeat(16_384 - 2);
    cast.owner.publish(&channel, json!(most)).await.ok();
    assert_eq!(payload(&socket.publication(&channel).await), json!(most));
    let refused = cast.owner.publish(&channel, json!(format!("{most}x"))).await;
    assert_eq!(
        refused.refused("too_large")["error"],
        "payload exceeds 16384 bytes"
    );
    for (length, status) in [(255, 200), (256, 400)] {
        let name = format!("public.{}", "n".repeat(length - "public.".len()));
        assert_eq!(
            cast.owner.publish(&name, json!(1)).await.status,
            status,
            "{length}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_order_of_claw_events() {
    let world = TestWorld::shared();
    let cast = Cast::of(world).await;
    let own = cast.name("agent.OWNER.checked");
    let schema = json!({"channel": own, "schema": {"type": "number"}});
    cast.owner.post("/api/advertise", schema).await.ok();
    let large = json!("x".repeat(20_000));
    let stranger = Somebody::agent(world, "other").await;
    let cases = [
        (&cast.nobody, json!({"payload": large}), 401, ""),
        (&cast.owner, json!({"payload": large}), 400, "channel required"),
        (&cast.owner, json!({"channel": 7}), 400, "channel required"),
        (&cast.owner, json!({"channel": ""}), 400, "channel required"),
        (
            &cast.owner,
            json!({"channel": "system.x", "payload": large}),
            403,
            "cannot publish to system channels",
        ),
        (
            &stranger,
            json!({"channel": own, "payload": large}),
            413,
            "payload exceeds 16384 bytes",
        ),
        (
            &cast.owner,
            json!({"channel": "agent.x", "payload": large}),
            413,
            "payload exceeds 16384 bytes",
        ),
        (
            &cast.owner,
            json!({"channel": "agent.x"}),
            400,
            "invalid channel format",
        ),
        (
            &cast.owner,
            json!({"channel": "nowhere.x"}),
            400,
            "invalid channel format",
        ),
        (
            &stranger,
            json!({"channel": own, "payload": "no number"}),
            403,
            "the channel belongs to somebody else",
        ),
        (
            &cast.owner,
            json!({"channel": own, "payload": "no number"}),
            400,
            "Schema validation failed",
        ),
        (&cast.owner, json!({"channel": own, "payload": 1}), 200, ""),
    ];
    for (who, body, status, error) in cases {
        let answer = who.post("/api/publish", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        if !error.is_empty() {
            assert_eq!(answer.body["error"], error, "{body}");
        }
    }
}
