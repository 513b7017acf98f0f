//! The runs, each on a server of its own, and what is wanted of them.

use crate::figure::{Figure, Row, short, whole};
use crate::limiter::limiter;
use crate::report::{answers, counts, each, median, memory, missing, to_floor};
use crate::server::Server;
use serde_json::Value;

/// How long all clients act before anything is measured. Units: seconds.
const WARM_UP: &str = "--warm-up 3";
/// A run: measures for so many seconds, or for its own time.
type Run = fn(Option<u32>) -> Vec<Row>;

/// All runs, by name.
pub const RUNS: [(&str, Run); 6] = [
    ("walks", walks),
    ("many", many),
    ("channel", channel),
    ("sockets", sockets),
    ("region", region),
    ("limiter", limiter),
];

/// The names of all runs.
pub fn names() -> String {
    RUNS.map(|(name, _)| name).join(", ")
}

/// Thousands who walk, in sight of 29 others each.
fn walks(seconds: Option<u32>) -> Vec<Row> {
    let seconds = seconds.unwrap_or(12);
    let found = Server::start(3_000, None).swarm(&format!(
        "--agents 3000 --group 30 --rate 2 --action-mix move_to --floor --seconds {seconds} {WARM_UP}"
    ));
    let ms = |name: &str| median(&found, &format!("/{name}_ms"));
    vec![Row {
        load: "3,000 agents in groups of 30, 2 `move_to`/s each; three rounds, medians".to_owned(),
        figures: vec![
            Figure::at_most("staleness p99", ms("staleness/p99"), 250.0, "ms"),
            Figure::plain("staleness p50", format!("{} ms", short(ms("staleness/p50")))),
            Figure::none(
                "missing deliveries",
                each(&found, "/deliveries/missing").iter().sum(),
            ),
            to_floor(&found, 1.5),
            Figure::plain("deliveries a second", whole(median(&found, "/deliveries/per_s"))),
            Figure::plain("answers", answers(&found)),
            Figure::plain(
                "server",
                format!("{} cores", short(median(&found, "/server/cores"))),
            ),
        ],
    }]
}

/// Ten thousand with all kinds of actions, and what each costs beside one of a few.
fn many(seconds: Option<u32>) -> Vec<Row> {
    let seconds = seconds.unwrap_or(60);
    let run = |agents: u32| {
        let words = format!("--agents {agents} --group 30 --rate 1 --seconds {seconds} {WARM_UP}");
        Server::start(agents, None).swarm(&words)
    };
    let (few, found) = (run(300), run(10_000));
    let of = |pointer: &str| median(&found, pointer);
    let stretched = found.pointer("/rounds/0/alarms/rookery_ticks_stretched_total");
    let stretched = stretched.and_then(Value::as_f64).unwrap_or(0.0) / of("/ticks/count");
    // A stretched period may pass without a tick's work, so a few more may be counted than ticks.
    let stretched = stretched.min(1.0) * 100.0;
    // By what was answered, one action an agent and second: those who wait in vain cost little.
    let cost = |report: &Value| median(report, "/server/cpu_s") * 1e6 / median(report, "/answer/count");
    vec![
        Row {
            load:
                "10,000 agents in groups of 30, 1 action/s each (30 % `move_to`, 10 % `say`, 60 % perception)"
                    .to_owned(),
            figures: vec![
                Figure::none(
                    "gave up joining or dropped",
                    counts(&found, "failed") + counts(&found, "dropped"),
                ),
                Figure::at_most("join p99", of("/join/p99_ms"), 2_000.0, "ms"),
                Figure::at_most("answers p99", of("/answer/p99_ms"), 100.0, "ms"),
                Figure::plain("answers p50", format!("{} ms", short(of("/answer/p50_ms")))),
                Figure::plain(
                    "ticks stretched",
                    format!("{stretched:.0} % of {}", whole(of("/ticks/count"))),
                ),
                memory("resident memory an agent", &found, 20.0),
                Figure::plain("missing deliveries", missing(&found)),
                Figure::plain("server", format!("{} cores", short(of("/server/cores")))),
            ],
        },
        Row {
            load: "one agent of these 10,000, beside one of 300 with the same load".to_owned(),
            figures: vec![
                Figure::at_most(
                    "processor time an answered action",
                    cost(&found) / cost(&few),
                    1.2,
                    "times",
                )
                .because(&format!(
                    "{} us against {}",
                    short(cost(&found)),
                    short(cost(&few))
                )),
                Figure::plain("answers to the 300", answers(&few)),
            ],
        },
    ]
}

/// One that publishes to many.
fn channel(seconds: Option<u32>) -> Vec<Row> {
    let seconds = seconds.unwrap_or(12);
    let found = Server::start(1, None).swarm(&format!(
        "--channel public.bench --subscribers 1000 --rate 50 --payload 256 --floor --seconds {seconds} {WARM_UP}"
    ));
    vec![Row {
        load: "one publisher, 1,000 subscribers, 50/s of 256 bytes; three rounds, medians".to_owned(),
        figures: vec![
            to_floor(&found, 1.3),
            Figure::none(
                "missing deliveries",
                each(&found, "/deliveries/missing").iter().sum(),
            ),
            Figure::plain(
                "staleness p99",
                format!("{} ms", short(median(&found, "/staleness/p99_ms"))),
            ),
        ],
    }]
}

/// Sockets that do nothing.
fn sockets(seconds: Option<u32>) -> Vec<Row> {
    let seconds = seconds.unwrap_or(20);
    let found = Server::start(1, None).swarm(&format!("--anonymous 5000 --seconds {seconds} {WARM_UP}"));
    vec![Row {
        load: "5,000 idle connections without a token".to_owned(),
        figures: vec![
            memory("resident memory a connection", &found, 10.0),
            Figure::none(
                "gave up or dropped",
                counts(&found, "failed") + counts(&found, "dropped"),
            ),
            Figure::plain(
                "server",
                format!("{} cores", short(median(&found, "/server/cores"))),
            ),
        ],
    }]
}

/// The world has one region only: idle ones tick as well, and would make the tick look faster than it is.
const ONE_REGION: &str = "[[region]]\nname = \"swarm-0\"\nsize_m = 256\ncapacity = 2000\n";

/// A region full of agents that all see each other.
fn region(seconds: Option<u32>) -> Vec<Row> {
    let seconds = seconds.unwrap_or(60);
    let found = Server::start(300, Some(ONE_REGION)).swarm(&format!(
        "--agents 300 --group 300 --rate 1 --seconds {seconds} {WARM_UP}"
    ));
    let ticks = |name: &str| median(&found, &format!("/ticks/{name}_ms"));
    vec![Row {
        load: "300 agents in sight of each other, the only region, 1 action/s each".to_owned(),
        figures: vec![
            // The server counts ticks by bounds; this is the least bound that holds.
            Figure::at_most("a tick, p99 within", ticks("p99_within"), 1.0, "ms"),
            Figure::plain("a tick, mean", format!("{} ms", short(ticks("mean")))),
            Figure::plain(
                "staleness p99",
                format!("{} ms", short(median(&found, "/staleness/p99_ms"))),
            ),
            Figure::plain("missing deliveries", missing(&found)),
            Figure::plain("answers", answers(&found)),
        ],
    }]
}
