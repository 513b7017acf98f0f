//! What the other benches left: criterion's estimates, and the payments.

use crate::figure::{Figure, Row, short, whole};
use crate::server::RESULTS;
use serde_json::Value;
use std::path::Path;

/// What criterion measured, as its benches are called, with the most that is wanted. Units: microseconds.
const PARTS: [(&str, &str, Option<f64>); 5] = [
    (
        "tick of a region with 300 agents",
        "everybody sets out: steps and all frames",
        None,
    ),
    ("agents within 20 m among 300", "the grid's query", None),
    (
        "frame of 30 changed agents in JSON",
        "the frame of a cell and its publication",
        Some(10.0),
    ),
    ("frame of 30 changed agents in protobuf", "the same", Some(10.0)),
    ("group commit of 100 payments", "SQLite in memory", None),
];

fn read(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run the benches `world` and `payments` before",
            file.display()
        )
    });
    serde_json::from_str(&text).expect("a result is JSON")
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{pointer} is missing in {value}"))
}

/// What the parts take in process, one at a time: medians.
pub fn parts() -> Vec<Row> {
    let criterion = Path::new(RESULTS).with_file_name("criterion");
    let row = |(name, note, bound): (&str, &str, Option<f64>)| {
        let estimates = read(&criterion.join(name).join("new/estimates.json"));
        let us = |pointer: &str| number(&estimates, pointer) / 1_000.0;
        let median = us("/median/point_estimate");
        let range = format!(
            "{} to {}",
            short(us("/median/confidence_interval/lower_bound")),
            short(us("/median/confidence_interval/upper_bound"))
        );
        let figure = match bound {
            Some(bound) => Figure::at_most(note, median, bound, "us"),
            None => Figure::plain(note, format!("{} us", short(median))),
        };
        Row {
            load: name.to_owned(),
            figures: vec![figure.because(&range)],
        }
    };
    PARTS.into_iter().map(row).collect()
}

/// A run of the payments on one database.
struct Payments {
    title: String,
    found: Value,
}

fn payments() -> [Payments; 2] {
    [
        ("sqlite", "SQLite", "`synchronous=FULL`"),
        ("postgres", "PostgreSQL", "`fsync` and `synchronous_commit` on"),
    ]
    .map(|(name, title, promise)| {
        let found = read(&Path::new(RESULTS).join(format!("payments-{name}.json")));
        let title = format!("{title}, {promise}");
        Payments { title, found }
    })
}

/// Payments through the actors into a database on disk.
pub fn payment_rows() -> Vec<Row> {
    let row = |Payments { title, found }: Payments| Row {
        load: format!("{} payers, {title}", whole(number(&found, "/payers"))),
        figures: vec![
            Figure::plain("payments a second", whole(number(&found, "/per_s"))),
            Figure::plain(
                "answers",
                format!(
                    "p50 {} ms, p99 {} ms",
                    short(number(&found, "/p50_ms")),
                    short(number(&found, "/p99_ms"))
                ),
            ),
        ],
    };
    payments().into_iter().map(row).collect()
}

/// The databases' versions.
pub fn databases() -> String {
    payments()
        .map(|Payments { title, found }| {
            let name = title.split(',').next().unwrap_or_default();
            let version = found["version"].as_str().unwrap_or_default();
            format!("{name} {version}")
        })
        .join(", ")
}
