//! CE-2, CE-3 and CE-4: who may subscribe, look and publish.

use super::Place;
use crate::channels::{Cast, hear, publish};
use crate::world::unique;
use serde_json::json;

on_one_node_and_on_two!(
    who_may_subscribe_and_look,
    who_may_publish,
    an_app_and_an_agent_talk_where_nobody_else_hears,
    who_shows_nonsense_is_not_let_in,
);

/// Not permitted, no such channel, nothing of the kind on this channel.
const DENIED: u32 = 103;
const BAD_NAME: u32 = 107;
const NOT_AVAILABLE: u32 = 108;

async fn who_may_subscribe_and_look(place: Place) {
    let cast = hear::staged(place.here).await;
    for sdk in &mut place.sdks() {
        for (letter, who) in cast.all() {
            sdk.connect(who).await.expect("all are let in");
            for (pattern, may) in hear::TABLE {
                let channel = cast.name(pattern).replace("NUMBER", &format!("it-{}", unique()));
                let code = sdk.subscribe(who, &channel).await.err().map_or(0, |it| it.code);
                let expected = match may {
                    "" => BAD_NAME,
                    may if may.contains(letter) => 0,
                    _ => DENIED,
                };
                assert_eq!(code, expected, "{:?} {letter} {channel}", sdk.sdk);
                let state = if code == 0 { "subscribed" } else { "unsubscribed" };
                assert_eq!(sdk.state(who, &channel).await, state);
                if !channel.contains(".locked") {
                    continue;
                }
                // Who may not hear it is not told who does, nor what was said; who may is told that it keeps nothing.
                let expected = if code == 0 { NOT_AVAILABLE } else { DENIED };
                let looks = [
                    sdk.presence(who, &channel).await,
                    sdk.history(who, &channel).await,
                ];
                let codes = looks.map(|look| look.expect_err("there is none").code);
                assert_eq!(codes, [expected; 2], "{:?} {letter} {channel}", sdk.sdk);
            }
        }
        // Where everybody may look there is something to see.
        let channel = format!("public.it-{}", unique());
        for who in [&cast.owner, &cast.nobody] {
            sdk.subscribe(who, &channel).await.expect("it is public");
        }
        sdk.publish(&cast.owner, &channel, json!("seen"))
            .await
            .expect("it is public");
        let history = sdk.history(&cast.nobody, &channel).await.expect("it is public");
        assert_eq!(history[0]["payload"], "seen", "{history}");
        let presence = sdk
            .presence(&cast.stranger, &channel)
            .await
            .expect("it is public");
        assert_eq!(presence, json!(["", cast.owner.name]));
    }
}

async fn who_may_publish(place: Place) {
    let cast = publish::staged(place.here).await;
    for sdk in &mut place.sdks() {
        for (letter, who) in cast.all() {
            sdk.connect(who).await.expect("all are let in");
            for (pattern, may) in publish::TABLE {
                let channel = cast.name(pattern);
                let published = sdk.publish(who, &channel, json!(1)).await;
                let code = published.err().map_or(0, |it| it.code);
                let expected = if may.contains(letter) { 0 } else { DENIED };
                assert_eq!(code, expected, "{:?} {letter} {channel}", sdk.sdk);
            }
        }
    }
}

async fn an_app_and_an_agent_talk_where_nobody_else_hears(place: Place) {
    let cast = Cast::of(place.here).await;
    let (between, to_all) = (cast.name("app.APP.agent.GRANTED"), cast.name("app.APP.agent"));
    let [python, npm] = &mut place.sdks();
    // The app's key is its token.
    python.connect(&cast.app).await.expect("its key counts");
    python
        .subscribe(&cast.app, &between)
        .await
        .expect("it is its own");
    npm.connect(&cast.granted).await.expect("it is let in");
    for channel in [&between, &to_all] {
        npm.subscribe(&cast.granted, channel)
            .await
            .expect("it is for agents");
    }
    python
        .publish(&cast.app, &between, json!("hello"))
        .await
        .expect("it may");
    npm.publish(&cast.granted, &between, json!("and hello"))
        .await
        .expect("it may");
    for (sender, said) in [(&cast.app, "hello"), (&cast.granted, "and hello")] {
        for (sdk, who) in [(&mut *python, &cast.app), (&mut *npm, &cast.granted)] {
            let heard = sdk
                .hears(&format!("{said} for {}", who.name), |told| {
                    told["who"] == json!(who.name) && told["data"]["payload"] == said
                })
                .await;
            assert_eq!(heard["channel"], json!(between));
            assert_eq!(heard["data"]["_claw"]["sender"], json!(sender.name));
        }
    }
    // What is for all agents is the app's to say.
    let refused = npm.publish(&cast.granted, &to_all, json!("no")).await;
    assert_eq!(refused.expect_err("it may not").code, DENIED);
    python
        .publish(&cast.app, &to_all, json!("to all"))
        .await
        .expect("it may");
    assert_eq!(npm.payload(&cast.granted, &to_all).await, "to all");
}

async fn who_shows_nonsense_is_not_let_in(place: Place) {
    let world = place.here;
    let cast = Cast::of(world).await;
    let token = cast.owner.token.clone().expect("it has one");
    let cut: String = token.chars().take(token.len() - 2).collect();
    for sdk in &mut place.sdks() {
        for (name, odd) in [("nonsense", "nonsense"), ("cut", cut.as_str())] {
            let who = crate::channels::Somebody::with(world, name, odd);
            let refused = sdk.connect(&who).await.expect_err("nobody knows it");
            assert_eq!(refused.code, 3500, "{:?} {refused:?}", sdk.sdk);
        }
    }
}
