//! CE-32 over the SDKs: so many publications of a user, whichever SDK and node they come by.

use super::driver::{Driver, Encoding, Sdk, publication};
use crate::channels::Somebody;
use crate::world::{Nodes, Settings, TestWorld};
use serde_json::json;

/// Publications of a user at once; at one a second their window outlasts the test.
const BURST: usize = 60;
/// Too many requests; an SDK's user may try again.
const TOO_MANY: u32 = 111;

fn limits() -> Vec<(&'static str, String)> {
    let limit = |name, value: usize| (name, value.to_string());
    vec![
        limit("ROOKERY_LIMITS__PUBLISHES_PER_S", 1),
        limit("ROOKERY_LIMITS__PUBLISHES_BURST", BURST),
        limit("ROOKERY_LIMITS__SOCKET_MESSAGES_PER_MIN", 10_000),
        limit("ROOKERY_LIMITS__SOCKET_MESSAGES_BURST", 10_000),
        ("ROOKERY_STORE__LEASE_TTL_MS", "6000".to_owned()),
    ]
}

/// Publishes as much as may come at once by each of two; gives how much of it passed.
async fn passed(who: &Somebody<'_>, mut drivers: [Driver; 2]) -> usize {
    let mut orders = [Vec::new(), Vec::new()];
    for sdk in &mut drivers {
        sdk.connect(who).await.expect("it is let in");
    }
    for number in 0..BURST {
        for (sdk, orders) in drivers.iter_mut().zip(&mut orders) {
            let order = publication(who, "public.it", &json!(number));
            orders.push(sdk.order(order).await);
        }
    }
    let mut count = 0;
    for (sdk, orders) in drivers.iter_mut().zip(orders) {
        for order in orders {
            match sdk.answer(order).await {
                Ok(_) => count += 1,
                Err(refused) => assert_eq!(
                    (refused.code, refused.temporary),
                    (TOO_MANY, true),
                    "{:?} {refused:?}",
                    sdk.sdk
                ),
            }
        }
    }
    count
}

/// What the clients of the languages themselves are told when it is too much.
async fn is_told(who: &Somebody<'_>, world: &TestWorld) {
    for sdk in [Sdk::Python, Sdk::Npm] {
        let mut driver = Driver::start(sdk, world, Encoding::Json);
        let (url, body) = (world.url("http", "/api/publish"), json!({"channel": "public.it"}));
        // On a node that is alone a new one passes each second.
        let (status, told) = loop {
            let answer = driver.http("POST", &url, who.token.as_deref(), Some(&body)).await;
            if answer.0 != 200 {
                break answer;
            }
        };
        assert_eq!((status, &told["code"]), (429, &json!("rate_limited")), "{told}");
        let error = told["error"].as_str().expect("a text");
        assert!(error.starts_with("rate limit exceeded"), "{told}");
        let is_number = |name: &str| told[name].as_i64().is_some_and(|number| number > 0);
        assert!(is_number("retry_after") && is_number("retry_timestamp"), "{told}");
    }
}

#[tokio::test]
async fn a_user_publishes_so_much_by_all_sdks_together() {
    let world = TestWorld::start(Settings {
        is_limited: true,
        variables: limits(),
        ..Settings::default()
    });
    let who = Somebody::agent(&world, "alice").await;
    let drivers = [Sdk::Python, Sdk::Npm].map(|sdk| Driver::start(sdk, &world, Encoding::Json));
    let count = passed(&who, drivers).await;
    // A few more where that takes some seconds.
    assert!((BURST..2 * BURST).contains(&count), "{count}");
    is_told(&who, &world).await;
}

#[tokio::test]
async fn a_user_publishes_as_much_by_two_nodes_as_by_one() {
    let world = Nodes::start_with(2, &limits()).await;
    world.until_even().await;
    let who = Somebody::agent(&world.nodes[0], "alice").await;
    let drivers = [
        Driver::start(Sdk::Python, &world.nodes[0], Encoding::Json),
        Driver::start(Sdk::Npm, &world.nodes[1], Encoding::Json),
    ];
    assert_eq!(passed(&who, drivers).await, BURST);
    is_told(&who, &world.nodes[1]).await;
}
