//! CE-5 to CE-8 and CE-10: what an owner decides on one node counts for those who listen on another.

use super::{Place, done};
use crate::channels::{Cast, Somebody};
use crate::sdk::driver::Driver;
use crate::world::until;
use serde_json::{Value, json};

on_one_node_and_on_two!(
    a_lock_ends_what_strangers_hear,
    a_grant_lets_in_and_a_revoke_ends_it,
    an_unlock_lets_everybody_in_again,
);

/// The code by which the server ends a subscription for good: SDKs do not ask again.
const ENDED: u64 = 2000;
const DENIED: u32 = 103;

async fn decide(owner: &Somebody<'_>, path: &str, target: &Somebody<'_>, channel: &str) {
    done(owner, path, json!({"channel": channel, "target": target.name})).await;
}

async fn publish(owner: &Somebody<'_>, channel: &str, payload: &str) {
    done(
        owner,
        "/api/publish",
        json!({"channel": channel, "payload": payload}),
    )
    .await;
}

/// Waits until somebody is let in, who was refused until now.
async fn is_let_in(sdk: &mut Driver, who: &Somebody<'_>, channel: &str) {
    until(&format!("{} is let in", who.name), async || {
        let refused = sdk.subscribe(who, channel).await.err();
        assert!(refused.as_ref().is_none_or(|it| it.code == DENIED), "{refused:?}");
        refused.is_none().then_some(())
    })
    .await;
}

/// Waits until a subscription is ended by the server, for good.
async fn is_put_off(sdk: &mut Driver, who: &Somebody<'_>, channel: &str) {
    let ended = sdk
        .hears(&format!("the end of {channel} for {}", who.name), |told| {
            told["heard"] == "unsubscribed"
                && told["who"] == json!(who.name)
                && told["channel"] == json!(channel)
                && told["code"] != json!(DENIED)
        })
        .await;
    assert_eq!(ended["code"], json!(ENDED), "{:?}", sdk.sdk);
}

/// Somebody is not subscribed, the SDK does not try to, and of what was published nothing came.
async fn hears_no_more(sdk: &mut Driver, who: &Somebody<'_>, channel: &str, by: &Somebody<'_>) {
    sdk.settle(who, by).await;
    assert!(
        !sdk.has_heard(who, channel, "publication"),
        "{:?} {}",
        sdk.sdk,
        who.name
    );
    assert_eq!(sdk.state(who, channel).await, "unsubscribed");
}

async fn a_lock_ends_what_strangers_hear(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = cast.name("agent.OWNER.news");
    // Before there is a lock, which is allowed.
    decide(&cast.owner, "/api/grant", &cast.granted, &channel).await;
    let (staying, going) = (
        [&cast.owner, &cast.granted],
        [&cast.stranger, &cast.nobody, &cast.app],
    );
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        for who in staying.iter().chain(&going) {
            sdk.connect(who).await.expect("all are let in");
            sdk.subscribe(who, &channel).await.expect("it is open");
        }
    }
    publish(&cast.owner, &channel, "open").await;
    for sdk in &mut sdks {
        for who in staying.iter().chain(&going) {
            assert_eq!(sdk.payload(who, &channel).await, "open");
        }
    }
    done(&cast.owner, "/api/lock", json!({"channel": channel})).await;
    for sdk in &mut sdks {
        for who in going {
            is_put_off(sdk, who, &channel).await;
        }
    }
    publish(&cast.owner, &channel, "locked").await;
    for sdk in &mut sdks {
        for who in staying {
            assert_eq!(sdk.payload(who, &channel).await, "locked");
        }
        for who in going {
            hears_no_more(sdk, who, &channel, &cast.owner).await;
            let refused = sdk.subscribe(who, &channel).await.expect_err("it is locked");
            assert_eq!(
                (refused.code, refused.temporary),
                (DENIED, false),
                "{:?}",
                sdk.sdk
            );
        }
    }
}

async fn a_grant_lets_in_and_a_revoke_ends_it(place: Place) {
    let cast = Cast::of(place.here).await;
    for (owner, pattern) in [(&cast.owner, "agent.OWNER.news"), (&cast.app, "app.APP.news")] {
        let channel = cast.name(pattern);
        done(owner, "/api/lock", json!({"channel": channel})).await;
        let mut sdks = place.sdks();
        for sdk in &mut sdks {
            for who in [&cast.granted, &cast.stranger] {
                sdk.connect(who).await.expect("all are let in");
                let refused = sdk.subscribe(who, &channel).await.expect_err("it is locked");
                assert_eq!(refused.code, DENIED);
            }
        }
        for who in [&cast.granted, &cast.stranger] {
            decide(owner, "/api/grant", who, &channel).await;
        }
        for sdk in &mut sdks {
            for who in [&cast.granted, &cast.stranger] {
                is_let_in(sdk, who, &channel).await;
            }
        }
        publish(owner, &channel, "granted").await;
        for sdk in &mut sdks {
            for who in [&cast.granted, &cast.stranger] {
                assert_eq!(sdk.payload(who, &channel).await, "granted");
            }
        }
        decide(owner, "/api/revoke", &cast.stranger, &channel).await;
        for sdk in &mut sdks {
            is_put_off(sdk, &cast.stranger, &channel).await;
        }
        publish(owner, &channel, "revoked").await;
        for sdk in &mut sdks {
            assert_eq!(sdk.payload(&cast.granted, &channel).await, "revoked");
            hears_no_more(sdk, &cast.stranger, &channel, &cast.owner).await;
        }
    }
}

async fn an_unlock_lets_everybody_in_again(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = cast.name("agent.OWNER.news");
    let on = json!({"channel": channel});
    done(&cast.owner, "/api/lock", on.clone()).await;
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        for who in [&cast.stranger, &cast.nobody] {
            sdk.connect(who).await.expect("all are let in");
            sdk.subscribe(who, &channel).await.expect_err("it is locked");
        }
    }
    done(&cast.owner, "/api/unlock", on).await;
    for sdk in &mut sdks {
        for who in [&cast.stranger, &cast.nobody] {
            is_let_in(sdk, who, &channel).await;
        }
    }
    publish(&cast.owner, &channel, "open").await;
    let mut heard: Vec<Value> = Vec::new();
    for sdk in &mut sdks {
        for who in [&cast.stranger, &cast.nobody] {
            heard.push(sdk.payload(who, &channel).await);
        }
    }
    assert_eq!(heard, vec![json!("open"); 4]);
}
