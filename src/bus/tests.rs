//! The same bodies for the local bus and for Redis, then what only Redis can do: go away and come back.

use std::future::Future;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ::redis::FromRedisValue;
use bytes::Bytes;
use futures_util::FutureExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::Handle;
use tokio::time::{interval, timeout};
use uuid::Uuid;

use super::subscription::WAITING_MAX;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
/// Who waits for a frozen Redis waits at least for the timeout of a command.
pub(super) const PAUSE_MS: i64 = 450;

/// A throw-away Redis; gone when dropped.
pub(super) struct Server {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Another process may take the port between its choice and its use: then the next one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let mut child = spawn(port, &folder);
            if answers(port, &mut child).await {
                return Self { child, port, folder };
            }
        }
        panic!("redis-server does not start");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub async fn start_again(&mut self) {
        self.child = spawn(self.port, &self.folder);
        assert!(
            answers(self.port, &mut self.child).await,
            "redis-server does not start again"
        );
    }

    /// Stops the process without closing anything: it accepts, and never answers.
    pub fn freeze(&self) {
        kill(self.pid(), Signal::SIGSTOP).unwrap();
    }

    pub fn thaw(&self) {
        kill(self.pid(), Signal::SIGCONT).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    pub async fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let client = ::redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut request = ::redis::cmd(command[0]);
        for argument in &command[1..] {
            request.arg(argument);
        }
        request.query_async(&mut connection).await.unwrap()
    }

    pub fn bus(&self, node: u128) -> Bus {
        start(&self.config(node))
    }

    pub fn config(&self, node: u128) -> BusConfig {
        BusConfig {
            redis_url: Some(self.url()),
            node: Uuid::from_u128(node),
            ..BusConfig::default()
        }
    }

    /// Waits until as many connections listen to the topic.
    async fn heard_by(&self, topic: &Topic, listeners: u64) {
        let name = topic.name("rookery:");
        until(async || {
            let (_, found): (String, u64) = self.ask(&["PUBSUB", "NUMSUB", &name]).await;
            found == listeners
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already when a test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, folder: &tempfile::TempDir) -> Child {
    Command::new("redis-server")
        .args([
            "--save",
            "",
            "--appendonly",
            "no",
            "--bind",
            "127.0.0.1",
            "--port",
        ])
        .arg(port.to_string())
        .arg("--dir")
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the test needs redis-server: apt-get install redis-server")
}

async fn answers(port: u16, child: &mut Child) -> bool {
    let client = ::redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    let mut tick = interval(Duration::from_millis(20));
    let up = async {
        loop {
            tick.tick().await;
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if client.get_multiplexed_async_connection().await.is_ok() {
                return true;
            }
        }
    };
    timeout(PATIENCE, up).await.unwrap_or(false)
}

pub(super) async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let mut tick = interval(Duration::from_millis(20));
    let wait = async {
        while !is_so().await {
            tick.tick().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it never came to be");
}

fn start(config: &BusConfig) -> Bus {
    Bus::start(config, Clock::system(), Entropy::seeded(1), &Handle::current()).unwrap()
}

async fn well(bus: &Bus) {
    until(async || !bus.status().is_degraded).await;
}

async fn degraded(bus: &Bus) {
    until(async || bus.status().is_degraded).await;
}

async fn next(subscription: &mut Subscription) -> Heard {
    timeout(PATIENCE, subscription.recv())
        .await
        .expect("nothing is heard")
        .expect("the bus is gone")
}

fn message(topic: &Topic, payload: impl Into<Bytes>) -> Heard {
    Heard::Message(topic.clone(), payload.into())
}

fn every_topic() -> [Topic; 6] {
    [
        Topic::Channel("public.chat".into()),
        Topic::RegionEvents("main".into()),
        Topic::RegionPositions("main".into()),
        Topic::Spectator("alice".into()),
        Topic::Broadcast,
        Topic::Control,
    ]
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_conforms() {
    let server = Server::start().await;
    let bus = server.bus(1);
    well(&bus).await;
    assert_eq!(bus.status().kind, "redis");
    conforms(bus).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_bus_conforms_while_redis_is_away() {
    let mut server = Server::start().await;
    server.stop();
    conforms(server.bus(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_hears_each_publication_once_and_in_order() {
    let server = Server::start().await;
    let (one, two) = (server.bus(1), server.bus(2));
    for topic in every_topic() {
        let mut at_one = one.subscribe(topic.clone());
        let mut at_two = two.subscribe(topic.clone());
        server.heard_by(&topic, 2).await;
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
    }
}

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
    well(&one).await;
    assert_eq!(one.status().last_error_at, None);

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
async fn bad_address_is_refused_without_showing_it() {
    for url in ["http://x", "redis://:secret@", "nonsense"] {
        let config = BusConfig {
            redis_url: Some(url.to_owned()),
            ..BusConfig::default()
        };
        let error = Bus::start(&config, Clock::system(), Entropy::seeded(1), &Handle::current()).err();
        assert_eq!(error, Some(BusError::BadAddress), "{url}");
        assert!(!BusError::BadAddress.to_string().contains("secret"));
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
