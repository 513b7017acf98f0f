//! What only Redis can do: reach other processes, go away and come back.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_tools_may_publish_plain_json() {
    let server = Server::start().await;
    let bus = server.bus(1);
    for topic in every_topic() {
        let mut subscription = bus.subscribe(topic.clone());
        server.heard_by(&topic, 1).await;
        let _: u64 = server
            .ask(&["PUBLISH", &topic.name("rookery:"), "{\"a\":1}"])
            .await;
        assert_eq!(next(&mut subscription).await, message(&topic, "{\"a\":1}"));
        drop(subscription);
        server.heard_by(&topic, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_degrades_and_redis_restarted_is_heard_again() {
    let mut server = Server::start().await;
    let (one, two) = (server.bus(1), server.bus(2));
    let topic = Topic::Channel("public.chat".into());
    let (mut at_one, mut at_two) = (one.subscribe(topic.clone()), two.subscribe(topic.clone()));
    server.heard_by(&topic, 2).await;
    // Only a link that once stood can be lost: Redis may know a subscription before its link is up.
    for bus in [&one, &two] {
        well(bus).await;
        assert_eq!(bus.status().last_error_at, None);
    }

    server.stop();
    for bus in [&one, &two] {
        degraded(bus).await;
        assert!(bus.status().last_error_at.is_some());
    }
    assert_eq!(one.publish(topic.clone(), "alone".into()), Ok(()));
    assert_eq!(at_one.recv().now_or_never(), Some(Some(message(&topic, "alone"))));

    server.start_again().await;
    server.heard_by(&topic, 2).await;
    well(&one).await;
    well(&two).await;
    for listener in [&mut at_one, &mut at_two] {
        assert_eq!(next(listener).await, Heard::Gap { missed: None });
    }
    assert_eq!(one.publish(topic.clone(), "together".into()), Ok(()));
    assert_eq!(
        at_one.recv().now_or_never(),
        Some(Some(message(&topic, "together")))
    );
    // What was said while Redis was away may come late or not at all.
    while next(&mut at_two).await != message(&topic, "together") {}
    assert_eq!(at_two.recv().now_or_never(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_away_at_start_is_found_when_it_comes() {
    let mut server = Server::start().await;
    server.stop();
    let bus = server.bus(1);
    let mut subscription = bus.subscribe(Topic::Broadcast);
    until(async || bus.status().last_error_at.is_some()).await;
    assert!(bus.status().is_degraded);
    server.start_again().await;
    well(&bus).await;
    server.heard_by(&Topic::Broadcast, 1).await;
    let _: u64 = server.ask(&["PUBLISH", "rookery:system:broadcast", "{}"]).await;
    assert_eq!(next(&mut subscription).await, message(&Topic::Broadcast, "{}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_redis_blocks_nobody_and_a_full_queue_refuses() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mut subscription = bus.subscribe(Topic::Control);
    server.heard_by(&Topic::Control, 1).await;
    well(&bus).await;
    server.freeze();
    let clock = Clock::system();
    let mut slowest_ms = 0;
    let mut refused = 0;
    for number in 0..OUTGOING_MAX * 2 {
        let before_ms = clock.monotonic_ms();
        let outcome = bus.publish(Topic::Control, number.to_string().into());
        slowest_ms = slowest_ms.max(clock.monotonic_ms() - before_ms);
        refused += usize::from(outcome == Err(BusError::Full));
        let heard = subscription.recv().now_or_never();
        assert_eq!(heard, Some(Some(message(&Topic::Control, number.to_string()))));
    }
    assert!(slowest_ms < PAUSE_MS, "a publication took {slowest_ms} ms");
    assert!(refused > OUTGOING_MAX / 2, "only {refused} were refused");
    degraded(&bus).await;
    server.thaw();
    well(&bus).await;
    let other = server.bus(2);
    let mut at_other = other.subscribe(Topic::Control);
    server.heard_by(&Topic::Control, 2).await;
    until(async || bus.publish(Topic::Control, "thawed".into()).is_ok()).await;
    while next(&mut at_other).await != message(&Topic::Control, "thawed") {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_costs_redis_one_command() {
    let server = Server::start().await;
    let bus = server.bus(1);
    well(&bus).await;
    let mut subscription = bus.subscribe(Topic::Control);
    server.heard_by(&Topic::Control, 1).await;
    let calls = async |command: &str| -> usize {
        let stats: String = server.ask(&["INFO", "commandstats"]).await;
        let line = stats.split(&format!("cmdstat_{command}:calls=")).nth(1);
        line.and_then(|rest| rest.split(',').next()?.parse().ok())
            .unwrap_or_default()
    };
    let pings = calls("ping").await;
    let other = server.bus(2);
    for number in 0..100 {
        assert_eq!(other.publish(Topic::Control, number.to_string().into()), Ok(()));
        // One pipeline each: the next begins when this one was heard.
        assert_eq!(
            next(&mut subscription).await,
            message(&Topic::Control, number.to_string())
        );
    }
    assert_eq!(calls("publish").await, 100);
    // The links of both nodes ask now and then whether they live.
    let asked = calls("ping").await - pings;
    assert!(asked < 50, "{asked} PINGs for 100 publications");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_awaited_as_long_as_the_settings_say() {
    let server = Server::start().await;
    let patient = |node| {
        start(&BusConfig {
            command_timeout: PATIENCE,
            ..server.config(node)
        })
    };
    let (one, two) = (patient(1), patient(2));
    let mut subscription = two.subscribe(Topic::Control);
    server.heard_by(&Topic::Control, 1).await;
    for bus in [&one, &two] {
        well(bus).await;
    }
    // A connection is there before it is needed: to make one must not take so long.
    assert_eq!(one.publish(Topic::Control, "first".into()), Ok(()));
    assert_eq!(next(&mut subscription).await, message(&Topic::Control, "first"));
    // Longer than the client of Redis waits by itself.
    let _: String = server.ask(&["CLIENT", "PAUSE", "1500", "ALL"]).await;
    assert_eq!(one.publish(Topic::Control, "late".into()), Ok(()));
    assert_eq!(next(&mut subscription).await, message(&Topic::Control, "late"));
    for bus in [&one, &two] {
        assert_eq!(bus.status().last_error_at, None);
    }
}

#[test]
fn empty_prefix_gives_the_plain_names() {
    let names = every_topic().map(|topic| topic.name(""));
    let expected = [
        "channel:public.chat",
        "events:main",
        "positions:main",
        "spectator:alice",
        "system:broadcast",
        "control",
    ];
    assert_eq!(names, expected);
    assert_eq!(Topic::Broadcast.name("rookery:"), "rookery:system:broadcast");
}
