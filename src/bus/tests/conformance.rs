//! What every bus does.

use super::authority::Authority;
use super::setup::Setup;
use super::*;
use std::sync::Arc;

/// What every bus does.
async fn conforms(bus: Bus) {
    heard_at_once_in_order(&bus);
    lagging_subscriber_loses_the_oldest_and_is_told(&bus);
    topics_come_and_go(&bus);
    too_large_is_refused(&bus);
    let mut subscription = bus.subscribe(Topic::Control);
    let clone = bus.clone();
    drop(bus);
    assert_eq!(clone.publish(Topic::Control, "last".into()), Ok(()));
    drop(clone);
    assert_eq!(next(&mut subscription).await, message(&Topic::Control, "last"));
    assert_eq!(timeout(PATIENCE, subscription.recv()).await, Ok(None));
}

fn heard_at_once_in_order(bus: &Bus) {
    for topic in every_topic() {
        let mut subscription = bus.subscribe(topic.clone());
        let mut other = bus.subscribe(topic.clone());
        for number in 0..100 {
            assert_eq!(bus.publish(topic.clone(), number.to_string().into()), Ok(()));
        }
        for listener in [&mut subscription, &mut other] {
            for number in 0..100 {
                let expected = message(&topic, number.to_string());
                assert_eq!(listener.recv().now_or_never(), Some(Some(expected)));
            }
            assert_eq!(listener.recv().now_or_never(), None);
        }
    }
}

fn lagging_subscriber_loses_the_oldest_and_is_told(bus: &Bus) {
    let mut subscription = bus.subscribe(Topic::Broadcast);
    for number in 0..WAITING_MAX + 10 {
        assert_eq!(bus.publish(Topic::Broadcast, number.to_string().into()), Ok(()));
    }
    let gap = Heard::Gap { missed: Some(10) };
    assert_eq!(subscription.recv().now_or_never(), Some(Some(gap)));
    for number in 10..WAITING_MAX + 10 {
        let expected = message(&Topic::Broadcast, number.to_string());
        assert_eq!(subscription.recv().now_or_never(), Some(Some(expected)));
    }
    assert_eq!(subscription.recv().now_or_never(), None);
}

fn topics_come_and_go(bus: &Bus) {
    let [first, second, ..] = every_topic();
    let mut subscription = bus.subscribe(first.clone());
    assert_eq!(subscription.add(second.clone()), Ok(()));
    assert_eq!(subscription.add(second.clone()), Ok(()));
    assert_eq!(bus.publish(second.clone(), "once".into()), Ok(()));
    subscription.remove(&first);
    assert_eq!(bus.publish(first, "unheard".into()), Ok(()));
    assert_eq!(
        subscription.recv().now_or_never(),
        Some(Some(message(&second, "once")))
    );
    assert_eq!(subscription.recv().now_or_never(), None);
}

fn too_large_is_refused(bus: &Bus) {
    let mut subscription = bus.subscribe(Topic::Control);
    let long = Bytes::from(vec![b'x'; PAYLOAD_MAX_BYTES + 1]);
    assert_eq!(bus.publish(Topic::Control, long), Err(BusError::TooLarge));
    let name = "x".repeat(TOPIC_MAX_BYTES + 1);
    assert_eq!(
        bus.publish(Topic::Channel(name), "x".into()),
        Err(BusError::TooLarge)
    );
    assert_eq!(subscription.recv().now_or_never(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_bus_conforms() {
    let bus = start(&BusConfig::default());
    assert_eq!((bus.status().kind, bus.status().is_degraded), ("local", false));
    conforms(bus).await;
}

/// What every bus does that others hear through Redis.
async fn reaches_others(setup: Setup) {
    let bus = setup.bus(1);
    well(&bus).await;
    assert_eq!(bus.status().kind, "redis");
    conforms(bus).await;
    each_node_hears_each_publication_once_and_in_order(&setup).await;
}

async fn each_node_hears_each_publication_once_and_in_order(setup: &Setup) {
    let (one, two) = (setup.bus(1), setup.bus(2));
    for topic in every_topic() {
        let mut at_one = one.subscribe(topic.clone());
        let mut at_two = two.subscribe(topic.clone());
        setup.heard_by(&topic, 2).await;
        for number in 0..500 {
            assert_eq!(
                one.publish(topic.clone(), format!("{{\"n\":{number}}}").into()),
                Ok(())
            );
        }
        for number in 0..500 {
            let expected = message(&topic, format!("{{\"n\":{number}}}"));
            assert_eq!(next(&mut at_one).await, expected);
            assert_eq!(next(&mut at_two).await, expected);
        }
        // Redis hands out in one order, so an echo would come before the answer.
        assert_eq!(two.publish(topic.clone(), "answer".into()), Ok(()));
        assert_eq!(next(&mut at_one).await, message(&topic, "answer"));
        assert_eq!(next(&mut at_two).await, message(&topic, "answer"));
        assert_eq!(one.publish(topic.clone(), "end".into()), Ok(()));
        assert_eq!(next(&mut at_two).await, message(&topic, "end"));
        drop((at_one, at_two));
        setup.heard_by(&topic, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_conforms() {
    reaches_others(Setup::single().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_over_tls_conforms() {
    reaches_others(Setup::single_tls().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_through_sentinel_conforms() {
    reaches_others(Setup::sentinel(None).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_through_sentinel_over_tls_conforms() {
    reaches_others(Setup::sentinel(Some(Arc::new(Authority::new()))).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_on_a_cluster_conforms() {
    reaches_others(Setup::cluster(None, false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_on_a_cluster_over_tls_conforms() {
    reaches_others(Setup::cluster(Some(Arc::new(Authority::new())), false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_conforms_while_redis_is_away() {
    let mut server = Server::start().await;
    server.stop();
    conforms(server.bus(1)).await;
}
