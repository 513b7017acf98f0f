//! CE-5 to CE-8, CE-10, CE-17 and CE-18: what an owner decides counts at once, also for who is there already.

use super::{Cast, Somebody, has_heard, payload, put_off, settle};
use crate::world::TestWorld;
use serde_json::json;

/// The code by which the server ends a subscription for good.
const UNSUBSCRIBED: u32 = 2000;

#[tokio::test]
async fn a_lock_puts_off_whoever_may_hear_no_more_and_nobody_else() {
    let cast = Cast::of(TestWorld::shared()).await;
    let channel = cast.name("agent.OWNER.news");
    cast.owner.grant(&cast.granted.name, &channel).await;
    let mut staying = [cast.owner.socket().await, cast.granted.socket().await];
    let mut going = [
        cast.stranger.socket().await,
        cast.nobody.socket().await,
        cast.app.socket().await,
    ];
    for socket in staying.iter_mut().chain(&mut going) {
        socket.subscribe(&channel).await.expect("it is open");
    }
    cast.owner.publish(&channel, json!("open")).await.ok();
    for socket in staying.iter_mut().chain(&mut going) {
        assert_eq!(payload(&socket.publication(&channel).await), json!("open"));
    }
    cast.owner.lock(&channel).await;
    for socket in &mut going {
        assert_eq!(put_off(socket, &channel).await, UNSUBSCRIBED);
        assert_eq!(socket.subscribe(&channel).await.expect_err("locked").code, 103);
    }
    cast.owner.publish(&channel, json!("locked")).await.ok();
    for socket in &mut staying {
        assert_eq!(payload(&socket.publication(&channel).await), json!("locked"));
    }
    for socket in &mut going {
        settle(socket, &cast.owner).await;
        assert!(!has_heard(socket, &channel));
    }
}

#[tokio::test]
async fn a_revoke_puts_off_the_one_and_a_grant_lets_in_again() {
    let cast = Cast::of(TestWorld::shared()).await;
    for (owner, pattern) in [(&cast.owner, "agent.OWNER.news"), (&cast.app, "app.APP.news")] {
        let channel = cast.name(pattern);
        owner.lock(&channel).await;
        let whom = [&cast.granted, &cast.other_app];
        for who in whom {
            owner.grant(&who.name, &channel).await;
        }
        let mut granted = cast.granted.socket().await;
        let mut other = cast.other_app.socket().await;
        for socket in [&mut granted, &mut other] {
            socket.subscribe(&channel).await.expect("it was granted");
        }
        owner.revoke(&cast.granted.name, &channel).await;
        assert_eq!(put_off(&mut granted, &channel).await, UNSUBSCRIBED);
        owner.publish(&channel, json!(1)).await.ok();
        assert_eq!(payload(&other.publication(&channel).await), json!(1));
        settle(&mut granted, &cast.stranger).await;
        assert!(!has_heard(&granted, &channel));
        assert_eq!(granted.subscribe(&channel).await.expect_err("revoked").code, 103);
        // Whoever was granted again comes in again, as soon as this node has heard of it.
        owner.grant(&cast.granted.name, &channel).await;
        crate::world::until("it may subscribe", async || {
            granted.subscribe(&channel).await.ok()
        })
        .await;
        owner.revoke(&cast.other_app.name, &channel).await;
        assert_eq!(put_off(&mut other, &channel).await, UNSUBSCRIBED);
    }
}

#[tokio::test]
async fn grants_outlive_an_unlock_without_effect() {
    let cast = Cast::of(TestWorld::shared()).await;
    let channel = cast.name("agent.OWNER.news");
    let locks = format!("/api/locks/{}", cast.owner.name);
    // Before there is a lock, twice, and for somebody that nobody knows.
    for target in [cast.granted.name.as_str(), &cast.granted.name, "not-there-yet"] {
        let answer = cast
            .owner
            .post("/api/grant", json!({"target": target, "channel": channel}));
        let expected = json!({"ok": true, "granted": true, "target": target, "channel": channel});
        assert_eq!(answer.await.ok(), expected);
    }
    for is_locked in [true, false, true] {
        let (path, field) = if is_locked {
            ("/api/lock", "locked")
        } else {
            ("/api/unlock", "unlocked")
        };
        // The second says the same.
        for _ in 0..2 {
            let answer = cast.owner.post(path, json!({"channel": channel})).await.ok();
            assert_eq!(answer, json!({"ok": true, field: true, "channel": channel}));
        }
        let listed = cast.nobody.get(&locks).await.ok();
        let channels = if is_locked { json!([channel]) } else { json!([]) };
        let count = usize::from(is_locked);
        let expected =
            json!({"ok": true, "agent": cast.owner.name, "lockedChannels": channels, "count": count});
        assert_eq!(listed, expected);
        let mut granted = cast.granted.socket().await;
        crate::world::until("the grant counts", async || {
            granted.subscribe(&channel).await.ok()
        })
        .await;
        let mut stranger = cast.stranger.socket().await;
        crate::world::until("the stranger is judged", async || {
            let code = stranger
                .subscribe(&channel)
                .await
                .err()
                .map_or(0, |error| error.code);
            // 105: on it since an earlier look.
            let is_as_it_should = if is_locked {
                code == 103
            } else {
                code == 0 || code == 105
            };
            is_as_it_should.then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn only_an_owner_decides() {
    let world = TestWorld::shared();
    let cast = Cast::of(world).await;
    let own = cast.name("agent.OWNER.news");
    let routes = [
        ("/api/lock", "can only lock your own channels"),
        ("/api/unlock", "can only unlock your own channels"),
        ("/api/grant", "can only grant access to your own channels"),
        ("/api/revoke", "can only revoke access to your own channels"),
    ];
    let refused = async |who: &Somebody<'_>, path: &str, channel: &str| {
        let body = json!({"target": "bob", "channel": channel});
        let answer = who.post(path, body).await;
        (
            answer.status,
            answer.body["error"].as_str().unwrap_or_default().to_owned(),
        )
    };
    for (path, not_own) in routes {
        assert_eq!(refused(&cast.nobody, path, &own).await.0, 401);
        for who in [&cast.granted, &cast.stranger, &cast.app, &cast.other_app] {
            assert_eq!(refused(who, path, &own).await, (403, not_own.to_owned()));
        }
        let app = cast.name("app.APP.news");
        for who in [&cast.owner, &cast.other_app] {
            assert_eq!(refused(who, path, &app).await, (403, not_own.to_owned()));
        }
        // What is between an app and agents has rules of its own, and what is everybody's has none.
        for channel in [
            "app.APP.agent",
            "app.APP.agent.GRANTED",
            "public.x",
            "system.timer.second",
        ] {
            let channel = cast.name(channel);
            assert_eq!(
                refused(&cast.app, path, &channel).await,
                (403, not_own.to_owned())
            );
        }
        for odd in ["agent", "agent.x", "nowhere.x", "public.a b", "app.APP.agent.b.c"] {
            let malformed = (400, "invalid channel format".to_owned());
            assert_eq!(
                refused(&cast.owner, path, &cast.name(odd)).await,
                malformed,
                "{odd}"
            );
        }
        let missing = match path {
            "/api/lock" | "/api/unlock" => "channel required",
            _ => "target and channel required",
        };
        for body in [
            json!({}),
            json!({"channel": 1, "target": "bob"}),
            json!({"target": "bob"}),
        ] {
            let answer = cast.owner.post(path, body).await;
            assert_eq!(answer.refused("malformed")["error"], missing);
        }
    }
    for odd in ["Bob", "app:x", "a b"] {
        let answer = cast
            .owner
            .post("/api/grant", json!({"target": odd, "channel": own}))
            .await;
        answer.refused("malformed");
    }
}
