//! CE-9, CE-16, CE-33 and CE-35: requests for access, publications of either side, and schemas.

use super::{Place, done};
use crate::channels::Cast;
use crate::world::unique;
use serde_json::{Value, json};

on_one_node_and_on_two!(
    a_request_for_access_is_heard,
    what_is_published_reaches_all_in_the_wrapper,
    what_does_not_fit_the_schema_is_refused,
);

async fn a_request_for_access_is_heard(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = cast.name("agent.OWNER.secret");
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        sdk.connect(&cast.nobody).await.expect("all are let in");
        sdk.subscribe(&cast.nobody, "public.access")
            .await
            .expect("it is public");
    }
    done(&cast.owner, "/api/lock", json!({"channel": channel})).await;
    let body = json!({"channel": channel, "reason": "I am curious"});
    let asked = done(&cast.stranger, "/api/request", body).await;
    for sdk in &mut sdks {
        let heard = sdk
            .hears("the request", |told| {
                told["channel"] == "public.access"
                    && told["data"]["payload"]["targetChannel"] == json!(channel)
            })
            .await;
        let said = &heard["data"];
        assert_eq!(said["_claw"]["sender"], json!(cast.stranger.name));
        assert_eq!(said["payload"], asked["request"]);
        assert_eq!(said["payload"]["type"], "access_request");
        assert_eq!(said["payload"]["requester"], json!(cast.stranger.name));
    }
}

async fn what_is_published_reaches_all_in_the_wrapper(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = format!("public.it-{}", unique());
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        for who in [&cast.nobody, &cast.owner] {
            sdk.connect(who).await.expect("all are let in");
        }
        sdk.subscribe(&cast.nobody, &channel).await.expect("it is public");
    }
    let payloads = [
        json!({"n": [1, "ä", null, 1.5]}),
        json!("text \u{1F980}"),
        json!(null),
        // A message of a socket has 16 KiB with all around it; a full payload goes over HTTP.
        json!("x".repeat(15_000)),
    ];
    for payload in &payloads {
        done(
            &cast.owner,
            "/api/publish",
            json!({"channel": channel, "payload": payload}),
        )
        .await;
        for sdk in &mut sdks {
            let published = sdk.publish(&cast.owner, &channel, payload.clone()).await;
            published.expect("it is public");
        }
        for sdk in &mut sdks {
            // By way of HTTP and of both SDKs all is alike.
            for _ in 0..3 {
                let heard = sdk.publication(&cast.nobody, &channel).await;
                assert_eq!(heard["payload"], *payload);
                assert_eq!(heard["_claw"]["sender"], json!(cast.owner.name));
                assert!(heard["_claw"]["timestamp"].is_i64());
                assert_eq!(heard.as_object().map(serde_json::Map::len), Some(2));
            }
        }
    }
    let full = json!("x".repeat(16_384 - 2));
    let body = json!({"channel": channel, "payload": full});
    done(&cast.owner, "/api/publish", body).await;
    for sdk in &mut sdks {
        assert_eq!(sdk.payload(&cast.nobody, &channel).await, full);
    }
}

async fn what_does_not_fit_the_schema_is_refused(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = cast.name("agent.OWNER.checked");
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}});
    let body = json!({"channel": channel, "description": "numbers", "schema": schema});
    done(&cast.owner, "/api/advertise", body).await;
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        for who in [&cast.owner, &cast.nobody] {
            sdk.connect(who).await.expect("all are let in");
        }
        sdk.subscribe(&cast.nobody, &channel).await.expect("it is open");
    }
    for at in 0..sdks.len() {
        for bad in [json!({}), json!({"a": "1"}), json!(null)] {
            let refused = sdks[at].publish(&cast.owner, &channel, bad).await;
            let refused = refused.expect_err("it does not fit");
            assert!(
                refused.message.contains("Schema validation failed"),
                "{refused:?}"
            );
            assert!(
                !refused.temporary && (400..2000).contains(&refused.code),
                "{refused:?}"
            );
        }
        let good: Value = json!({"a": at});
        sdks[at]
            .publish(&cast.owner, &channel, good.clone())
            .await
            .expect("it fits");
        // The first that comes is the one that fits.
        for sdk in &mut sdks {
            assert_eq!(sdk.payload(&cast.nobody, &channel).await, good);
        }
    }
}
