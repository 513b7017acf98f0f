//! Figures out of a swarm's report. What it lacks is not a number, which is never what is wanted.

use crate::figure::{Figure, short, whole};
use serde_json::Value;

/// What a delivery costs beside the bare loop.
pub fn to_floor(found: &Value, bound: f64) -> Figure {
    let floor = |name: &str| {
        let number = found.pointer(&format!("/floor/{name}")).and_then(Value::as_f64);
        number.unwrap_or(f64::NAN)
    };
    let (mine, bare) = (floor("server_median"), floor("floor_median"));
    Figure::at_most(
        "processor time a delivery",
        floor("ratio"),
        bound,
        "times the floor",
    )
    .because(&format!("{mine:.2} CPU-s a million against {bare:.2}"))
}

/// Memory for each socket, in thousands of bytes.
pub fn memory(what: &str, found: &Value, bound_kb: f64) -> Figure {
    Figure::at_most(
        what,
        median(found, "/server/rss_per_socket_bytes") / 1_000.0,
        bound_kb,
        "KB",
    )
}

/// How long answers took.
pub fn answers(found: &Value) -> String {
    let ms = |name: &str| short(median(found, &format!("/answer/{name}_ms")));
    format!("p50 {} ms, p99 {} ms", ms("p50"), ms("p99"))
}

/// Deliveries that did not come. Two walks within one tick are told as one, which is no loss.
pub fn missing(found: &Value) -> String {
    let of = |name: &str| each(found, &format!("/deliveries/{name}")).iter().sum::<f64>();
    let count = |count: f64| {
        if count <= 0.0 {
            "none".to_owned()
        } else {
            whole(count)
        }
    };
    let (lost, superseded) = (of("missing") - of("superseded"), of("superseded"));
    let text = format!("{} of {}", count(lost), whole(of("expected")));
    if superseded > 0.0 {
        format!("{text}; {} told with a later one", whole(superseded))
    } else {
        text
    }
}

/// How often something happened to members of the first round, whatever its name.
pub fn counts(found: &Value, what: &str) -> f64 {
    let counts = found
        .pointer(&format!("/rounds/0/members/{what}"))
        .and_then(Value::as_object);
    let counts = counts.unwrap_or_else(|| panic!("{what} is missing in {found}"));
    counts.values().filter_map(Value::as_f64).sum()
}

/// A number of each round; not a number where there is none.
pub fn each(found: &Value, pointer: &str) -> Vec<f64> {
    let rounds = found["rounds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |round: &Value| round.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    rounds.iter().map(number).collect()
}

/// The middle one of all rounds.
pub fn median(found: &Value, pointer: &str) -> f64 {
    let mut values = each(found, pointer);
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}
