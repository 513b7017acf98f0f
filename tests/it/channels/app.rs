//! CE-26: apps, whose keys are shown once.

use super::{Cast, Somebody, put_off};
use crate::world::{TestWorld, unique};
use reqwest::Method;
use rookery::wire::Encoding;
use rookery::wire::request::ConnectRequest;
use serde_json::json;

#[tokio::test]
async fn an_app_is_made_shown_rotated_and_deleted() {
    let world = TestWorld::shared();
    let owner = Somebody::agent(world, "owner").await;
    let name = format!("Bot_{}", unique());
    let made = owner.post("/api/apps", json!({"name": name})).await.ok();
    let first = made["key"].as_str().expect("a key").to_owned();
    let app = json!({"name": name, "owner": owner.name, "createdAt": made["app"]["createdAt"]});
    assert!(made["app"]["createdAt"].is_i64() && made["hint"].is_string());
    assert_eq!((&made["ok"], &made["app"]), (&json!(true), &app));
    let one = format!("/api/apps/{name}");
    assert_eq!(
        owner.get("/api/apps").await.ok(),
        json!({"ok": true, "count": 1, "apps": [app]})
    );
    for path in [one.clone(), one.to_lowercase()] {
        assert_eq!(
            owner.get(&path).await.ok(),
            json!({"ok": true, "app": app}),
            "no key"
        );
    }
    let before = Somebody::with(world, &format!("app:{name}"), &first);
    let mut socket = before.socket().await;
    before.publish("public.it", json!(1)).await.ok();
    let rotated = owner.post(&format!("{one}/rotate"), json!({})).await.ok();
    let second = rotated["key"].as_str().expect("a key");
    assert_ne!(second, first);
    assert_eq!(rotated["app"], app);
    // The key before ends at once, and so do sockets that were opened with it.
    before
        .publish("public.it", json!(1))
        .await
        .refused("unauthenticated");
    assert_eq!(socket.closed().await, 3500);
    let mut late = rookery_socket(world).await;
    let hello = ConnectRequest {
        token: first,
        ..ConnectRequest::default()
    };
    let id = late
        .start(rookery::wire::request::Request::Connect(Box::new(hello)))
        .await;
    assert!(id > 0);
    assert_eq!(late.closed().await, 3500);
    let now = Somebody::with(world, &format!("app:{name}"), second);
    now.publish("public.it", json!(1)).await.ok();
    let mut socket = now.socket().await;
    let deleted = owner.call(Method::DELETE, &one, None).await.ok();
    assert_eq!(deleted, json!({"ok": true, "deleted": true, "appName": name}));
    assert_eq!(socket.closed().await, 3500);
    now.publish("public.it", json!(1))
        .await
        .refused("unauthenticated");
    owner.get(&one).await.refused("not_found");
    owner.call(Method::DELETE, &one, None).await.refused("not_found");
    owner
        .post(&format!("{one}/rotate"), json!({}))
        .await
        .refused("not_found");
}

async fn rookery_socket(world: &TestWorld) -> crate::client::Socket {
    crate::client::Socket::open(&world.url("ws", "/connection/websocket"), Encoding::Json).await
}

#[tokio::test]
async fn an_app_is_its_owners_alone() {
    let cast = Cast::of(TestWorld::shared()).await;
    let one = format!("/api/apps/{}", cast.app.app_name());
    let rotate = format!("{one}/rotate");
    for (method, path) in [
        (Method::GET, "/api/apps"),
        (Method::POST, "/api/apps"),
        (Method::GET, one.as_str()),
        (Method::DELETE, one.as_str()),
        (Method::POST, rotate.as_str()),
    ] {
        let body = json!({"name": "Somebody"});
        let ask = async |who: &Somebody<'_>| who.call(method.clone(), path, Some(&body)).await;
        ask(&cast.nobody).await.refused("unauthenticated");
        // An app has no apps.
        ask(&cast.app).await.refused("permission_missing");
        if path.starts_with(one.as_str()) {
            ask(&cast.stranger).await.refused("not_owner");
        }
    }
    for odd in ["ab", "has space", "has-dash", "ä-app", &"x".repeat(33)] {
        let answer = cast.owner.post("/api/apps", json!({"name": odd})).await;
        answer.refused("malformed");
    }
    for missing in [json!({}), json!({"name": ""}), json!({"name": 7})] {
        let answer = cast.owner.post("/api/apps", missing).await;
        assert_eq!(answer.refused("malformed")["error"], "name required");
    }
}

#[tokio::test]
async fn with_an_app_go_its_locks_adverts_and_grants() {
    let cast = Cast::of(TestWorld::shared()).await;
    let (locked, secret) = (cast.name("app.APP.locked"), cast.name("agent.OWNER.secret"));
    cast.app.lock(&locked).await;
    cast.app
        .grant(&cast.granted.name, &cast.name("app.APP.later"))
        .await;
    cast.app
        .post("/api/advertise", json!({"channel": locked}))
        .await
        .ok();
    cast.owner.lock(&secret).await;
    cast.owner.grant(&cast.app.name, &secret).await;
    let mut socket = cast.app.socket().await;
    socket.subscribe(&secret).await.expect("it was granted");
    let name = cast.app.app_name().to_owned();
    cast.owner
        .call(Method::DELETE, &format!("/api/apps/{name}"), None)
        .await
        .ok();
    let locks = cast
        .nobody
        .get(&format!("/api/locks/{}", cast.app.name))
        .await
        .ok();
    let adverts = cast
        .nobody
        .get(&format!("/api/advertise/{}", cast.app.name))
        .await
        .ok();
    assert_eq!(
        (&locks["count"], &adverts["advertisements"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(socket.closed().await, 3500);
    // Somebody else may take the name, but nothing that went with it.
    let made = cast.stranger.post("/api/apps", json!({"name": name})).await.ok();
    let next = Somebody::with(
        TestWorld::shared(),
        &cast.app.name,
        made["key"].as_str().expect("a key"),
    );
    let mut socket = next.socket().await;
    assert_eq!(
        socket.subscribe(&secret).await.expect_err("not granted").code,
        103
    );
    let later = cast.name("app.APP.later");
    next.lock(&later).await;
    let mut granted = cast.granted.socket().await;
    crate::world::until("it is locked", async || {
        let subscribed = granted.subscribe(&later).await;
        if subscribed.is_ok() {
            put_off(&mut granted, &later).await;
        }
        subscribed.err().filter(|error| error.code == 103)
    })
    .await;
}
