//! The load generator against a real world: what it counts, and what it says when it cannot.

use crate::world::{Settings, TestWorld};
use serde_json::Value;
use std::path::PathBuf;

/// A world with agents for a swarm.
struct Range {
    world: TestWorld,
}

impl Range {
    fn new(agents: u32) -> Self {
        let world = TestWorld::start(Settings::default());
        let range = Self { world };
        let minted = range
            .world
            .run(&["token", "mint", "--agents", &agents.to_string()]);
        std::fs::write(range.file("agents"), minted).expect("the folder can be written");
        std::fs::write(range.file("admin"), range.world.admin_token()).expect("the folder can be written");
        range
    }

    fn file(&self, name: &str) -> PathBuf {
        self.world.data().join(name)
    }

    /// Runs a swarm and reads its report.
    fn swarm(&self, arguments: &[&str]) -> Value {
        let (url, pid) = (self.world.url("http", ""), self.world.pid().to_string());
        let fixed = [
            "swarm",
            "--url",
            &url,
            "--pid",
            &pid,
            "--warm-up",
            "1",
            "--report",
            "-",
        ];
        let text = self.world.run(&[&fixed, arguments].concat());
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// Runs a swarm of agents.
    fn agents(&self, arguments: &[&str]) -> Value {
        let (tokens, admin) = (self.file("agents"), self.file("admin"));
        let tokens = tokens.to_str().expect("a path of the test");
        let admin = admin.to_str().expect("a path of the test");
        let fixed = ["--tokens", tokens, "--admin-token-file", admin];
        self.swarm(&[&fixed, arguments].concat())
    }
}

fn is_empty(counts: &Value) -> bool {
    counts.as_object().is_some_and(serde_json::Map::is_empty)
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// A round in which nobody was lost and nothing refused.
#[track_caller]
fn is_whole(round: &Value, joined: u32) {
    let members = &round["members"];
    assert_eq!(members["joined"], joined, "{round:#}");
    assert!(
        is_empty(&members["failed"]) && is_empty(&members["dropped"]),
        "{members:#}"
    );
    assert!(is_empty(&round["refused"]), "{round:#}");
    assert_eq!(round["unanswered"], 0, "{round:#}");
    assert_eq!(round["deliveries"]["missing"], 0, "{round:#}");
    assert_eq!(round["deliveries"]["incomplete"], 0, "{round:#}");
    assert_eq!(round["deliveries"]["superseded"], 0, "{round:#}");
    assert_eq!(round["join"]["count"], joined);
}

#[tokio::test]
async fn every_walk_and_word_of_a_group_reaches_all_its_others() {
    let range = Range::new(60);
    let arguments = [
        "--agents",
        "60",
        "--group",
        "30",
        // Two walks that reach the server within one of its ticks are told as one: far enough apart, each must arrive.
        "--rate",
        "1",
        "--seconds",
        "4",
        "--action-mix",
        "move_to=70,say=10,pay=5,emote=5,perception=10",
    ];
    for spread in ["12", "28"] {
        let report = range.agents(&[&arguments[..], &["--spread", spread]].concat());
        let round = &report["rounds"][0];
        is_whole(round, 60);
        let count = |action: &str| round["answer_by_action"][action]["count"].as_u64();
        let (walks, words) = (count("move_to").expect("a count"), count("say").expect("a count"));
        assert!(walks > 0 && words > 0, "{round:#}");
        let deliveries = &round["deliveries"];
        assert_eq!(deliveries["sent"], walks + words);
        assert_eq!(
            deliveries["expected"],
            (walks + words) * 29,
            "everybody else of a group of 30"
        );
        assert_eq!(deliveries["received"], (walks + words) * 29);
        assert_eq!(round["staleness"]["count"], walks * 29);
        assert_eq!(round["speech"]["count"], words * 29);
        assert!(number(&deliveries["bytes_per_delivery"]) > 0.0);
        assert!(number(&round["server"]["cpu_s_per_million_deliveries"]) >= 0.0);
        assert!(number(&round["server"]["rss_loaded_bytes"]) > 1e6);
        assert!(number(&round["ticks"]["count"]) > 0.0 && number(&round["ticks"]["stretch"]) > 0.0);
        assert_eq!(report["setup"]["sockets"], 60);
        assert!(report.get("floor").is_none());
    }
}

#[tokio::test]
async fn a_channel_is_measured_beside_its_floor() {
    let range = Range::new(1);
    let tokens = range.file("agents");
    let report = range.swarm(&[
        "--tokens",
        tokens.to_str().expect("a path of the test"),
        "--channel",
        "public.swarm",
        "--subscribers",
        "40",
        "--rate",
        "20",
        "--payload",
        "128",
        "--seconds",
        "2",
        "--encoding",
        "protobuf",
        "--floor",
        "--rounds",
        "1",
    ]);
    let round = &report["rounds"][0];
    is_whole(round, 41);
    assert_eq!(report["floor"]["rounds"][0]["joined"], 41);
    let sent = round["deliveries"]["sent"].as_u64().expect("a count");
    assert!(sent > 0);
    assert_eq!(round["deliveries"]["received"], sent * 40);
    let floor = &report["floor"]["rounds"][0];
    assert!(
        number(&floor["news_per_s"]) > 0.0 && number(&floor["answers_per_s"]) > 0.0,
        "{floor:#}"
    );
    let (mine, floors) = (
        number(&round["frames"]["news_mean_bytes"]),
        number(&floor["news_mean_bytes"]),
    );
    assert!(
        (mine - floors).abs() <= 2.0,
        "frames of the server {mine}, of the floor {floors}"
    );
}

#[tokio::test]
async fn walkers_are_measured_beside_their_floor() {
    let range = Range::new(20);
    let report = range.agents(&[
        "--agents",
        "20",
        "--group",
        "10",
        "--rate",
        "2",
        "--action-mix",
        "move_to",
        "--seconds",
        "2",
        "--floor",
        "--rounds",
        "1",
    ]);
    is_whole(&report["rounds"][0], 20);
    let floor = &report["floor"]["rounds"][0];
    assert_eq!(floor["joined"], 20);
    assert!(
        number(&floor["news_per_s"]) > 0.0 && number(&floor["answers_per_s"]) > 0.0,
        "{floor:#}"
    );
}

#[tokio::test]
async fn sockets_that_do_nothing_are_only_held() {
    let range = Range::new(10);
    let idle = range.agents(&["--agents", "10", "--group", "5", "--idle", "--seconds", "1"]);
    is_whole(&idle["rounds"][0], 10);
    assert_eq!(idle["rounds"][0]["answer"]["count"], 0);
    let anonymous = range.swarm(&["--anonymous", "20", "--seconds", "1", "--encoding", "protobuf"]);
    is_whole(&anonymous["rounds"][0], 20);
    assert_eq!(anonymous["rounds"][0]["deliveries"]["expected"], 0);
}

#[tokio::test]
async fn a_swarm_that_cannot_join_says_why() {
    let range = Range::new(2);
    let tokens = range.file("agents");
    let tokens = tokens.to_str().expect("a path of the test");
    let url = range.world.url("http", "");
    let fixed = [
        "swarm",
        "--url",
        &url,
        "--tokens",
        tokens,
        "--agents",
        "2",
        "--region-prefix",
        "nowhere",
    ];
    let refusal = range.world.refused(&fixed);
    assert!(refusal.contains("region_not_found"), "{refusal}");
    std::fs::write(tokens, "{\"agent_id\":\"a\",\"token\":\"bad\"}\n".repeat(2)).expect("it can be written");
    let refusal = range.world.refused(&fixed);
    assert!(refusal.contains("closed 3500"), "{refusal}");
    let refusal = range
        .world
        .refused(&["swarm", "--url", &url, "--tokens", tokens, "--agents", "3"]);
    assert!(refusal.contains("2 agents, and 3 are needed"), "{refusal}");
}
