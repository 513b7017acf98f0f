//! `subexec`: a command for each event, or for some together.

use super::{Running, User};
use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{TestWorld, unique, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A channel, somebody who publishes there, and somebody whose commands write into a file.
struct Bench {
    channel: String,
    socket: Socket,
    _alice: Agent,
    user: User,
}

impl Bench {
    async fn new() -> Self {
        let world = TestWorld::shared();
        let alice = world.agent("pub").await;
        Self {
            channel: format!("public.run-{}", unique()),
            socket: alice.connect().await,
            _alice: alice,
            user: User::of(&world.url("http", "")),
        }
    }

    fn out(&self) -> PathBuf {
        self.user.home().join("out")
    }

    /// Runs a script of `sh` for what is published; the event is its `$1`.
    async fn start(&self, options: &[&str], script: &str) -> Running {
        let order = [
            &["subexec", "-v"],
            options,
            &[&self.channel, "--", "sh", "-c", script, "sh"],
        ]
        .concat();
        let running = self.user.start(&order);
        running.subscribed(1).await;
        running
    }

    async fn publish(&mut self, payload: Value) {
        self.socket.publish(&self.channel, &payload).await.unwrap();
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.out()).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    async fn wrote(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} lines"), async || {
            Some(self.lines()).filter(|lines| lines.len() >= count)
        })
        .await
    }
}

/// Writes the event.
const WRITE: &str = "printf '%s\\n' \"$1\" >> out";

#[tokio::test]
async fn a_command_runs_for_each_event_in_order_and_may_fail() {
    let mut bench = Bench::new().await;
    let running = bench.start(&[], &format!("{WRITE}; exit 3")).await;
    for number in 0..5 {
        bench
            .publish(json!({"n": number, "text": "it's \"quoted\" $HOME"}))
            .await;
    }
    let lines = bench.wrote(5).await;
    let numbers: Vec<i64> = lines
        .iter()
        .filter_map(|line| line["payload"]["n"].as_i64())
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(lines[0]["payload"]["text"], "it's \"quoted\" $HOME");
    running.says("exit status: 3", 5).await;
}

#[tokio::test]
async fn a_buffer_hands_over_together_and_the_timeout_what_is_left() {
    let mut bench = Bench::new().await;
    let _running = bench.start(&["--buffer", "2", "--timeout", "1"], WRITE).await;
    bench.publish(json!(1)).await;
    let first = &bench.wrote(1).await[0];
    assert_eq!((&first["batch"], &first["count"]), (&json!(true), &json!(1)));
    assert_eq!(first["messages"][0]["payload"], 1);
    let mut bench = Bench::new().await;
    let running = bench.start(&["-b", "2"], WRITE).await;
    for number in 1..=3 {
        bench.publish(json!(number)).await;
    }
    assert_eq!(bench.wrote(1).await[0]["count"], 2);
    // The third waits for a fourth; the end hands it over.
    running.signal(Signal::SIGTERM);
    let lines = bench.wrote(2).await;
    assert_eq!(
        (&lines[1]["count"], &lines[1]["messages"][0]["payload"]),
        (&json!(1), &json!(3))
    );
}

#[tokio::test]
async fn on_sigterm_what_waits_is_handed_over_and_on_sigint_it_is_not() {
    for (signal, handed_over) in [(Signal::SIGTERM, 3), (Signal::SIGINT, 1)] {
        let mut bench = Bench::new().await;
        // The command lasts until there is a file `go`.
        let script = format!("{WRITE}; while [ ! -e go ]; do sleep 0.02; done");
        let mut running = bench.start(&["-v"], &script).await;
        for number in 0..3 {
            bench.publish(json!(number)).await;
        }
        bench.wrote(1).await;
        running.says("an event came", 3).await;
        running.signal(signal);
        running.says("ending", 1).await;
        std::fs::write(bench.user.home().join("go"), "").unwrap();
        assert_eq!(running.ended().await.code(), Some(0));
        assert_eq!(bench.lines().len(), handed_over, "{signal}: {:?}", bench.lines());
        let has_left = running.stderr().contains("2 events were not handed over");
        assert_eq!(has_left, signal == Signal::SIGINT, "{}", running.stderr());
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_command_too() {
    let mut bench = Bench::new().await;
    let script = format!("{WRITE}; exec sleep 600");
    let mut running = bench.start(&[], &script).await;
    bench.publish(json!(1)).await;
    bench.wrote(1).await;
    running.signal(Signal::SIGTERM);
    running.says("ending", 1).await;
    running.signal(Signal::SIGTERM);
    assert_eq!(running.ended().await.code(), Some(0));
}

#[tokio::test]
async fn what_is_too_long_for_an_argument_comes_by_the_input() {
    let mut bench = Bench::new().await;
    let _running = bench
        .start(&["-b", "10"], "printf '\"%s\"\\n' \"$1\" >> out; cat >> out")
        .await;
    for _ in 0..10 {
        bench.publish(json!("x".repeat(14_000))).await;
    }
    let lines = bench.wrote(2).await;
    assert_eq!((&lines[0], &lines[1]["count"]), (&json!("-"), &json!(10)));
    let mut bench = Bench::new().await;
    let _running = bench
        .start(&["--stdin"], "printf '%s\\n' \"$#\" >> out; cat >> out")
        .await;
    bench.publish(json!("short")).await;
    let lines = bench.wrote(2).await;
    assert_eq!((&lines[0], &lines[1]["payload"]), (&json!(0), &json!("short")));
}

#[tokio::test]
async fn a_command_that_is_not_there_ends_it() {
    let mut bench = Bench::new().await;
    let mut running = bench
        .user
        .start(&["subexec", "-v", &bench.channel, "--", "no-such-program"]);
    running.subscribed(1).await;
    bench.publish(json!(1)).await;
    assert_eq!(running.ended().await.code(), Some(1));
    assert!(running.stderr().contains("could not start no-such-program"));
}
