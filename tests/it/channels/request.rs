//! CE-9 and CE-19: asking the owner of a locked channel to be let in.

use super::{Cast, wrapped};
use crate::world::TestWorld;
use serde_json::{Value, json};

/// Where requests are published.
const REQUESTS: &str = "public.access";

#[tokio::test]
async fn a_request_is_told_in_public() {
    let cast = Cast::of(TestWorld::shared()).await;
    let mut socket = cast.nobody.socket().await;
    socket.subscribe(REQUESTS).await.expect("it is public");
    let (agent, app) = (cast.name("agent.OWNER.secret"), cast.name("app.APP.secret"));
    cast.owner.lock(&agent).await;
    cast.app.lock(&app).await;
    let cases = [
        (
            &agent,
            "agent",
            &cast.owner.name,
            json!(cast.owner.name),
            json!(null),
        ),
        (
            &app,
            "app",
            &cast.app.name,
            json!(null),
            json!(cast.app.app_name()),
        ),
    ];
    for (channel, kind, owner, of_agent, of_app) in cases {
        for who in [&cast.stranger, &cast.other_app] {
            let body = json!({"channel": channel, "reason": "I am curious"});
            let answer = who.post("/api/request", body).await.ok();
            assert_eq!(
                (&answer["ok"], &answer["message"]),
                (&json!(true), &json!("access request sent"))
            );
            let said = socket.until("the request", |socket| {
                let place = socket.pushes.iter().position(|push| {
                    let publication = push.r#pub.as_deref().filter(|_| push.channel == REQUESTS);
                    publication.is_some_and(|it| super::payload(it)["targetChannel"] == json!(channel))
                })?;
                socket
                    .pushes
                    .remove(place)
                    .r#pub
                    .map(|publication| wrapped(&publication))
            });
            let said: Value = said.await;
            assert_eq!(said["_claw"]["sender"], json!(who.name));
            assert_eq!(said["payload"], answer["request"]);
            let mut request = said["payload"].clone();
            assert!(request["timestamp"].take().is_i64());
            let expected = json!({
                "type": "access_request", "requester": who.name, "targetChannel": channel, "targetType": kind,
                "targetOwner": owner, "targetAgent": of_agent, "targetApp": of_app, "reason": "I am curious",
                "timestamp": null,
            });
            assert_eq!(request, expected);
        }
    }
}

#[tokio::test]
async fn a_request_needs_a_channel_that_is_locked_for_whoever_asks() {
    let cast = Cast::of(TestWorld::shared()).await;
    let (open, locked) = (cast.name("agent.OWNER.open"), cast.name("agent.OWNER.locked"));
    cast.owner.lock(&locked).await;
    cast.owner.grant(&cast.granted.name, &locked).await;
    let reserved = [cast.name("app.APP.agent"), cast.name("app.APP.agent.GRANTED")];
    let has_access = "you already have access to this channel";
    let no_lock = "only channels of agents and apps are locked";
    let cases = [
        (&cast.nobody, json!({"channel": locked}), 401, None),
        (&cast.stranger, json!({}), 400, Some("channel required")),
        (
            &cast.stranger,
            json!({"channel": "agent.x"}),
            400,
            Some("invalid channel format"),
        ),
        (&cast.stranger, json!({"channel": "public.x"}), 400, Some(no_lock)),
        (
            &cast.stranger,
            json!({"channel": open}),
            400,
            Some("channel is not locked"),
        ),
        (&cast.granted, json!({"channel": locked}), 400, Some(has_access)),
        (&cast.owner, json!({"channel": locked}), 400, Some(has_access)),
        (&cast.stranger, json!({"channel": reserved[0]}), 403, None),
        (&cast.stranger, json!({"channel": reserved[1]}), 403, None),
        (
            &cast.stranger,
            json!({"channel": locked, "reason": 7}),
            400,
            Some("reason must be a string"),
        ),
        (
            &cast.stranger,
            json!({"channel": locked, "reason": "x".repeat(1_001)}),
            413,
            None,
        ),
        (&cast.stranger, json!({"channel": locked}), 200, None),
    ];
    for (who, body, status, error) in cases {
        let answer = who.post("/api/request", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
        if let Some(error) = error {
            assert_eq!(answer.body["error"], error, "{body}");
        }
    }
}
