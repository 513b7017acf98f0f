//! CE-2, CE-3 and CE-31: who may subscribe, over a socket and as a Centrifugo asks.

use super::{Cast, Somebody};
use crate::world::{TestWorld, unique};
use rookery::wire::reply::ReplyBody;
use rookery::wire::request::{HistoryRequest, PresenceRequest, Request};
use serde_json::json;

/// A channel, and the letters of those in the cast that may hear it.
pub const TABLE: [(&str, &str); 11] = [
    ("public.NUMBER", "ogsnax"),
    ("system.timer.second", "ogsnax"),
    ("agent.OWNER.open", "ogsnax"),
    ("agent.OWNER.granted-but-open", "ogsnax"),
    ("agent.OWNER.locked.deep", "ogx"),
    ("agent.OWNER.locked", "o"),
    ("app.APP.open", "ogsnax"),
    ("app.APP.locked", "ga"),
    ("app.APP.agent", "ogsa"),
    ("app.APP.agent.GRANTED", "ga"),
    ("app.APP.agent.GRANTED.deeper", ""),
];

/// Those channels, locked and granted as the table says.
pub async fn staged(world: &'static TestWorld) -> Cast<'static> {
    let cast = Cast::of(world).await;
    let name = |pattern: &str| cast.name(pattern);
    let deep = name("agent.OWNER.locked.deep");
    for target in [&cast.granted.name, &cast.other_app.name] {
        cast.owner.grant(target, &deep).await;
    }
    cast.owner
        .grant(&cast.granted.name, &name("agent.OWNER.granted-but-open"))
        .await;
    for locked in ["agent.OWNER.locked.deep", "agent.OWNER.locked"] {
        cast.owner.lock(&name(locked)).await;
    }
    cast.app.lock(&name("app.APP.locked")).await;
    cast.app.grant(&cast.granted.name, &name("app.APP.locked")).await;
    cast
}

#[tokio::test]
async fn who_may_subscribe_over_a_socket() {
    let cast = staged(TestWorld::shared()).await;
    for (letter, who) in cast.all() {
        let mut socket = who.socket().await;
        for (pattern, may) in TABLE {
            let channel = cast.name(pattern).replace("NUMBER", &format!("it-{}", unique()));
            let subscribed = socket.subscribe(&channel).await;
            let code = subscribed.err().map_or(0, |error| error.code);
            let expected = match may {
                "" => 107,
                may if may.contains(letter) => 0,
                _ => 103,
            };
            assert_eq!(code, expected, "{letter} {channel}");
        }
    }
}

#[tokio::test]
async fn who_may_subscribe_as_a_centrifugo_asks() {
    let world = TestWorld::shared();
    let cast = staged(world).await;
    let denied = json!({"error": {"code": 403, "message": "permission denied"}});
    for (letter, who) in cast.all() {
        for (pattern, may) in TABLE {
            let channel = cast.name(pattern);
            let asked = world.post("/proxy/subscribe", json!({"channel": channel, "user": who.name}));
            let expected = if may.contains(letter) {
                json!({"result": {}})
            } else {
                denied.clone()
            };
            let answer = asked.await;
            assert_eq!(
                (answer.status, answer.body),
                (200, expected),
                "{letter} {channel}"
            );
        }
    }
    for body in [
        json!({}),
        json!({"user": cast.owner.name}),
        json!({"channel": 7, "user": cast.owner.name}),
        json!({"channel": "nowhere.x", "user": cast.owner.name}),
    ] {
        for path in ["/proxy/subscribe", "/proxy/publish"] {
            let answer = world.post(path, body.clone()).await;
            assert_eq!((answer.status, &answer.body), (200, &denied), "{path} {body}");
        }
    }
}

#[tokio::test]
async fn presence_and_history_ask_for_the_same_right() {
    let cast = staged(TestWorld::shared()).await;
    let channel = cast.name("agent.OWNER.locked.deep");
    for (who, code) in [(&cast.owner, 108), (&cast.granted, 108), (&cast.stranger, 103)] {
        let mut socket = who.socket().await;
        let presence = Request::Presence(PresenceRequest {
            channel: channel.clone(),
        });
        let history = Request::History(Box::new(HistoryRequest {
            channel: channel.clone(),
            ..HistoryRequest::default()
        }));
        for request in [presence, history] {
            let refused = socket.ask(request).await.expect_err("there is none");
            assert_eq!(refused.code, code, "{}", who.name);
        }
    }
}

#[tokio::test]
async fn an_app_and_an_agent_talk_where_nobody_else_hears() {
    let cast = Cast::of(TestWorld::shared()).await;
    let between = cast.name("app.APP.agent.GRANTED");
    let mut sockets = [cast.app.socket().await, cast.granted.socket().await];
    for socket in &mut sockets {
        socket.subscribe(&between).await.expect("it is theirs");
    }
    for from in [&cast.app, &cast.granted] {
        from.publish(&between, json!({"from": from.name})).await.ok();
        for socket in &mut sockets {
            let heard = super::wrapped(&socket.publication(&between).await);
            assert_eq!(heard["_claw"]["sender"], json!(from.name));
            assert_eq!(heard["payload"], json!({"from": from.name}));
        }
    }
    // The app's own socket publishes as the app.
    let published = sockets[0].publish(&between, &json!("by socket")).await;
    assert!(matches!(published, Ok(ReplyBody::Publish(_))));
    let heard = super::wrapped(&sockets[1].publication(&between).await);
    assert_eq!(heard["_claw"]["sender"], json!(cast.app.name));
    let impostor = Somebody::agent(TestWorld::shared(), cast.app.app_name().to_lowercase().as_str()).await;
    let refused = impostor.publish(&between, json!(1)).await;
    refused.refused("not_owner");
}
