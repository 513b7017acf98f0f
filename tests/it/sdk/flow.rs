//! CE-36, CE-39 and CE-64 on a node that stays: timers, the newest of a key, and what a client missed while it was away.

use super::{Place, done};
use crate::channels::Cast;
use crate::sdk::driver::publication;
use crate::world::unique;
use serde_json::{Value, json};

on_one_node_and_on_two!(
    each_tick_of_a_timer_is_heard_once,
    the_first_and_the_newest_of_a_key_are_heard,
    who_comes_back_hears_what_it_missed,
);

/// Far more than there are intervals while they are published.
const MANY: u64 = 60;

async fn each_tick_of_a_timer_is_heard_once(place: Place) {
    let nobody = crate::channels::Somebody::nobody(place.here);
    let name = "system.timer.second";
    let mut sdks = place.sdks();
    for sdk in &mut sdks {
        sdk.connect(&nobody).await.expect("all are let in");
        sdk.subscribe(&nobody, name).await.expect("it is for all");
    }
    for sdk in &mut sdks {
        let mut heard = Vec::new();
        for _ in 0..3 {
            let tick = sdk.publication(&nobody, name).await;
            assert_eq!(tick["_claw"]["sender"], "system", "{tick}");
            assert_eq!(tick["payload"]["event"], "second", "{tick}");
            heard.push(tick["payload"]["unix"].as_i64().expect("a time"));
        }
        // Each second once, whichever node tells it.
        assert!(heard.iter().all(|unix| unix % 1_000 == 0), "{heard:?}");
        assert!(
            heard.is_sorted_by(|one, next| one < next),
            "{:?} {heard:?}",
            sdk.sdk
        );
    }
}

async fn the_first_and_the_newest_of_a_key_are_heard(place: Place) {
    let cast = Cast::of(place.here).await;
    for (at, sdk) in place.sdks().iter_mut().enumerate() {
        let channel = cast.name(&format!("app.APP.news-{at}"));
        for who in [&cast.app, &cast.nobody] {
            sdk.connect(who).await.expect("all are let in");
        }
        let joined = sdk.subscribe(&cast.nobody, &channel).await.expect("it is open");
        // Who is told the newest only cannot miss anything.
        assert_eq!(joined["recoverable"], false);
        let mut orders = Vec::new();
        for number in 1..=MANY {
            orders.push(sdk.order(publication(&cast.app, &channel, &json!(number))).await);
        }
        for order in orders {
            sdk.answer(order).await.expect("it is its own");
        }
        let mut heard = Vec::new();
        while heard.last() != Some(&MANY) {
            heard.push(
                sdk.payload(&cast.nobody, &channel)
                    .await
                    .as_u64()
                    .expect("a number"),
            );
        }
        assert_eq!(heard.first(), Some(&1), "{:?} {heard:?}", sdk.sdk);
        assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
        assert!(heard.len() < 30, "{heard:?}");
    }
}

async fn who_comes_back_hears_what_it_missed(place: Place) {
    let cast = Cast::of(place.here).await;
    let channel = format!("public.it-{}", unique());
    let publish = async |number: u32| {
        done(
            &cast.owner,
            "/api/publish",
            json!({"channel": channel, "payload": number}),
        )
        .await;
    };
    let mut sdks = place.sdks();
    publish(0).await;
    for sdk in &mut sdks {
        sdk.connect(&cast.stranger).await.expect("all are let in");
        let joined = sdk
            .subscribe(&cast.stranger, &channel)
            .await
            .expect("it is public");
        // What was before is not told, unless somebody asks for it.
        assert_eq!(
            (&joined["recoverable"], &joined["recovered"]),
            (&json!(true), &json!(false))
        );
    }
    publish(1).await;
    for sdk in &mut sdks {
        assert_eq!(sdk.payload(&cast.stranger, &channel).await, 1);
        sdk.event(&cast.stranger, &channel, "subscribed").await;
        sdk.disconnect(&cast.stranger).await;
    }
    for number in 2..5 {
        publish(number).await;
    }
    for sdk in &mut sdks {
        sdk.connect(&cast.stranger).await.expect("it comes back");
        let joined = sdk.event(&cast.stranger, &channel, "subscribed").await;
        assert_eq!(joined["recovered"], true, "{:?}", sdk.sdk);
    }
    publish(5).await;
    for sdk in &mut sdks {
        let mut heard: Vec<Value> = Vec::new();
        for _ in 2..=5 {
            heard.push(sdk.payload(&cast.stranger, &channel).await);
        }
        assert_eq!(heard, [2, 3, 4, 5].map(|number| json!(number)), "{:?}", sdk.sdk);
        sdk.settle(&cast.stranger, &cast.owner).await;
        assert!(!sdk.has_heard(&cast.stranger, &channel, "publication"));
    }
}
