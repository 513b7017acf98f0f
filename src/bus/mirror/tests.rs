//! The mirror against a real Redis.

mod channels;

use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::bus::tests::{PAUSE_MS, Server, Setup, until};
use crate::bus::{Heard, Topic};
use crate::host::clock::Clock;

fn at(agent_id: &str, x: f64, y: f64) -> MirrorPosition {
    MirrorPosition {
        agent_id: agent_id.to_owned(),
        x,
        y,
        z: 25.0,
        activity_ms: 1_700_000_000_123,
    }
}

fn batch() -> MirrorBatch {
    MirrorBatch {
        region: "main".to_owned(),
        tick: 90_210,
        time: json!({"hour": 12, "minute": 30, "day_night": "day"}),
        weather: json!({"type": "rain", "temp": 12}),
        positions: vec![
            at("a1", 128.0, 128.0),
            at("a2", 131.0, 132.0),
            at("b1", 500.0, 500.0),
            at("b2", 505.0, 500.0),
            at("c1", 4_096.0, 4_096.0),
            at("c2", 4_096.0, 4_091.0),
        ],
        sessions: vec![MirrorSession {
            agent_id: "a1".to_owned(),
            token_id: "jti-1".to_owned(),
            position: [128.0, 128.0, 25.0],
            status: "idle".to_owned(),
            connected_at_ms: 1_700_000_000_000,
        }],
        rates: vec![MirrorRate {
            agent_id: "a1".to_owned(),
            action: "say".to_owned(),
            count: 3,
        }],
        ..MirrorBatch::default()
    }
}

fn event(number: usize, watchers: &[&str]) -> MirrorEvent {
    let payload = json!({"type": "speech", "source": "a1", "content": {}, "tick": number});
    MirrorEvent {
        payload: payload.to_string(),
        watchers: watchers.iter().map(|&watcher| watcher.to_owned()).collect(),
    }
}

async fn exists(server: &Server, key: &str) {
    until(async || server.ask::<bool>(&["EXISTS", key]).await).await;
}

async fn near(server: &Server, x: f64, y: f64, radius_m: &str) -> Vec<String> {
    let (lon, lat) = (
        (x / METRES_PER_DEGREE).to_string(),
        (y / METRES_PER_DEGREE).to_string(),
    );
    let from = ["GEOSEARCH", "rookery:geo:main", "FROMLONLAT", &lon, &lat];
    let within = ["BYRADIUS", radius_m, "m", "ASC"];
    server.ask(&[from.as_slice(), within.as_slice()].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mirror_shows_the_world_and_every_key_expires_in_time() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    mirror.push(batch());
    exists(&server, "rookery:ratelimit:a1:say").await;

    let lives = [
        ("rookery:session:a1", 300),
        ("rookery:pos:main:a1", 30),
        ("rookery:region:main:agents", 300),
        ("rookery:geo:main", 300),
        ("rookery:ratelimit:a1:say", 60),
        ("rookery:world:tick", 300),
        ("rookery:world:time", 300),
        ("rookery:world:weather:main", 300),
    ];
    for (key, ttl_s) in lives {
        let left_s: i64 = server.ask(&["TTL", key]).await;
        assert!((ttl_s - 15..=ttl_s).contains(&left_s), "{key} lives {left_s} s");
    }
    let session: HashMap<String, String> = server.ask(&["HGETALL", "rookery:session:a1"]).await;
    assert_eq!(
        (session["token"].as_str(), session["region"].as_str()),
        ("jti-1", "main")
    );
    assert_eq!(
        (session["status"].as_str(), session["connected_at"].as_str()),
        ("idle", "1700000000000")
    );
    assert_eq!(session["position"], r#"{"x":128.0,"y":128.0,"z":25.0}"#);
    let position: Vec<f64> = server
        .ask(&["HMGET", "rookery:pos:main:a2", "x", "y", "z", "tick"])
        .await;
    assert_eq!(position, [131.0, 132.0, 25.0, 90_210.0]);
    let activity_ms: f64 = server.ask(&["ZSCORE", "rookery:region:main:agents", "a1"]).await;
    assert_eq!(activity_ms, 1_700_000_000_123.0);
    assert_eq!(server.ask::<i64>(&["GET", "rookery:world:tick"]).await, 90_210);
    let weather: String = server.ask(&["GET", "rookery:world:weather:main"]).await;
    assert_eq!(weather, r#"{"type":"rain","temp":12}"#);
    assert_eq!(server.ask::<u64>(&["GET", "rookery:ratelimit:a1:say"]).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn geosearch_speaks_in_the_regions_metres() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    mirror.push(batch());
    exists(&server, "rookery:geo:main").await;
    for (x, y, here, there) in [
        (128.0, 128.0, "a1", "a2"),
        (500.0, 500.0, "b1", "b2"),
        (4_096.0, 4_096.0, "c1", "c2"),
    ] {
        assert_eq!(near(&server, x, y, "10").await, [here, there]);
        assert_eq!(near(&server, x, y, "2").await, [here]);
        assert_eq!(near(&server, x, y, "5.6").await, [here, there]);
        assert_eq!(near(&server, x, y, "4.4").await, [here]);
    }
    let far: f64 = server
        .ask(&["GEODIST", "rookery:geo:main", "a1", "c1", "m"])
        .await;
    let expected = (4_096.0_f64 - 128.0).hypot(4_096.0 - 128.0);
    assert!((far - expected).abs() < 2.0, "{far} m for {expected} m");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_stay_short_and_spectators_see_only_their_agent() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    let last = async |number: usize| {
        let newest = ["XREVRANGE", "rookery:events:main", "+", "-", "COUNT", "1"];
        until(async || {
            let found: Vec<(String, Vec<String>)> = server.ask(&newest).await;
            found
                .first()
                .is_some_and(|(_, fields)| fields[1] == event(number, &[]).payload)
        })
        .await;
    };
    mirror.push(MirrorBatch {
        events: (0..800).map(|number| event(number, &[])).collect(),
        ..batch()
    });
    last(799).await;
    mirror.push(MirrorBatch {
        events: (800..1_499).map(|number| event(number, &[])).collect(),
        ..batch()
    });
    last(1_498).await;
    mirror.push(MirrorBatch {
        events: vec![event(1_499, &["s1"])],
        ..batch()
    });
    last(1_499).await;
    let length: usize = server.ask(&["XLEN", "rookery:events:main"]).await;
    assert!((1_000..=1_100).contains(&length), "{length} events");
    assert_eq!(
        server
            .ask::<usize>(&["XLEN", "rookery:spectator:s1:events"])
            .await,
        1
    );
    let left_s: i64 = server.ask(&["TTL", "rookery:spectator:s1:events"]).await;
    assert!((1..=300).contains(&left_s));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_positions_are_published_too() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mut heard = bus.subscribe(Topic::RegionEvents("main".into()));
    heard.add(Topic::RegionPositions("main".into())).unwrap();
    for name in ["rookery:events:main", "rookery:positions:main"] {
        until(async || server.ask::<(String, u64)>(&["PUBSUB", "NUMSUB", name]).await.1 == 1).await;
    }
    let mirror = Mirror::new(&bus, &server.config(1));
    let positions = vec![at("a1", 1.5, 2.0)];
    mirror.push(MirrorBatch {
        positions,
        events: vec![event(7, &[])],
        ..batch()
    });
    let position = r#"{"agent_id":"a1","x":1.5,"y":2.0,"z":25.0,"tick":90210}"#;
    let first = heard.recv().await;
    assert_eq!(
        first,
        Some(Heard::Message(
            Topic::RegionPositions("main".into()),
            position.into()
        ))
    );
    let second = heard.recv().await;
    assert_eq!(
        second,
        Some(Heard::Message(
            Topic::RegionEvents("main".into()),
            event(7, &[]).payload.into()
        ))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_is_taken_out_and_a_new_process_begins_anew() {
    let server = Server::start().await;
    let _: u64 = server
        .ask(&["ZADD", "rookery:region:main:agents", "1", "ghost"])
        .await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    mirror.push(batch());
    exists(&server, "rookery:ratelimit:a1:say").await;
    let ghost: Option<f64> = server
        .ask(&["ZSCORE", "rookery:region:main:agents", "ghost"])
        .await;
    assert_eq!(ghost, None);
    let left = vec!["a1".to_owned()];
    mirror.push(MirrorBatch {
        positions: Vec::new(),
        sessions: Vec::new(),
        left: left.clone(),
        ended: left,
        ..batch()
    });
    until(async || !server.ask::<bool>(&["EXISTS", "rookery:session:a1"]).await).await;
    assert!(!server.ask::<bool>(&["EXISTS", "rookery:pos:main:a1"]).await);
    assert_eq!(near(&server, 128.0, 128.0, "10").await, ["a2"]);
    assert_eq!(
        server.ask::<u64>(&["ZCARD", "rookery:region:main:agents"]).await,
        5
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emptied_redis_fills_up_at_the_next_batch() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    mirror.push(batch());
    exists(&server, "rookery:ratelimit:a1:say").await;
    let before: u64 = server.ask(&["DBSIZE"]).await;
    let _: String = server.ask(&["FLUSHALL"]).await;
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await, 0);
    mirror.push(batch());
    until(async || server.ask::<u64>(&["DBSIZE"]).await == before).await;
    assert_eq!(near(&server, 500.0, 500.0, "10").await, ["b1", "b2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_or_restarted_redis_never_blocks_a_push() {
    let mut server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    mirror.push(batch());
    exists(&server, "rookery:geo:main").await;
    server.freeze();
    let clock = Clock::system();
    let push_until_degraded = async || {
        until(async || {
            let before_ms = clock.monotonic_ms();
            mirror.push(MirrorBatch {
                events: vec![event(1, &[])],
                ..batch()
            });
            assert!(clock.monotonic_ms() - before_ms < PAUSE_MS);
            bus.status().is_degraded
        })
        .await;
    };
    push_until_degraded().await;
    server.thaw();
    until(async || !bus.status().is_degraded).await;
    server.stop();
    push_until_degraded().await;
    server.start_again().await;
    until(async || {
        mirror.push(batch());
        server.ask::<bool>(&["EXISTS", "rookery:geo:main"]).await
    })
    .await;
    until(async || !bus.status().is_degraded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mirror_is_off_when_told_so_or_local_and_leaves_out_impossible_places() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let off = BusConfig {
        is_mirror_on: false,
        ..server.config(1)
    };
    let silent = Mirror::new(&bus, &off);
    silent.push(MirrorBatch {
        region: "off".to_owned(),
        ..batch()
    });
    assert!(!silent.is_on());
    let mirror = Mirror::new(&bus, &server.config(1));
    let positions = vec![at("nan", f64::NAN, 1.0), at("far", 1.0, 1e9), at("ok", -1.0, 0.0)];
    mirror.push(MirrorBatch { positions, ..batch() });
    exists(&server, "rookery:ratelimit:a1:say").await;
    let members: Vec<String> = server
        .ask(&["ZRANGE", "rookery:region:main:agents", "0", "-1"])
        .await;
    assert_eq!(members, ["ok"]);
    assert!(!server.ask::<bool>(&["EXISTS", "rookery:world:weather:off"]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_gets_each_key_at_the_master_that_has_its_slot() {
    let setup = Setup::cluster(None, false).await;
    let all = async || {
        let mut keys: Vec<String> = Vec::new();
        for server in &setup.servers {
            keys.extend(server.ask::<Vec<String>>(&["KEYS", "*"]).await);
        }
        keys.sort();
        keys
    };
    let bus = setup.bus(1);
    let mut heard = bus.subscribe(Topic::RegionEvents("main".into()));
    setup.heard_by(&Topic::RegionEvents("main".into()), 1).await;
    let mirror = Mirror::new(&bus, &setup.config(1));
    let news = MirrorBatch {
        events: vec![event(7, &["s1"])],
        ..batch()
    };
    mirror.push(news.clone());
    let payload = event(7, &[]).payload;
    let expected = Heard::Message(Topic::RegionEvents("main".into()), payload.into());
    assert_eq!(heard.recv().await, Some(expected));
    // What is told last is written last only at one master.
    until(async || all().await.len() == 15).await;
    for server in &setup.servers {
        assert!(
            !server.ask::<Vec<String>>(&["KEYS", "*"]).await.is_empty(),
            "a master has no key"
        );
    }
    let written = all().await;
    mirror.push(MirrorBatch {
        positions: Vec::new(),
        left: news.positions.iter().map(|at| at.agent_id.clone()).collect(),
        ended: vec!["a1".to_owned()],
        sessions: Vec::new(),
        ..batch()
    });
    // Six places, the session, and the two sets of who is in the region.
    until(async || all().await.len() == 6).await;

    for server in &setup.servers {
        let _: String = server.ask(&["FLUSHALL"]).await;
    }
    refill(&setup.config(1), Clock::system(), vec![news], &[])
        .await
        .unwrap();
    assert_eq!(all().await, written);
    assert!(!bus.status().is_degraded);
}
