//! What the swarm asks of the server outside its sockets: regions for its groups, and how the server says it fares.

use super::layout::{REGION_CAPACITY, REGION_SIZE_M};
use crate::client::{Answer, Target};
use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the metrics of ticks begin with.
const TICKS: &str = "rookery_tick_seconds";
/// Counters that stand still while all is well; what they grow by is part of the report.
const COUNTERS: [&str; 7] = [
    "rookery_dropped_frames_total",
    "rookery_slow_clients_closed_total",
    "rookery_mailbox_full_total",
    "rookery_actor_restarts_total",
    "rookery_commit_retries_total",
    "rookery_overloads_total",
    "rookery_ticks_stretched_total",
];

/// Makes the regions that there are not yet. Errors: the server refuses, or does not answer.
pub fn make_regions(target: &Target, admin_token: &str, names: &[String]) -> anyhow::Result<()> {
    for name in names {
        let body = json!({
            "name": name, "display_name": name, "description": "Made for a load test.",
            "size_m": REGION_SIZE_M, "capacity": REGION_CAPACITY,
        });
        let answer = target.post("/api/v1/admin/regions", admin_token, &body)?;
        let code = code_of(&answer);
        let is_there = answer.status == 201 || code == "already_exists";
        ensure!(
            is_there,
            "could not make the region {name}: {} {code}",
            answer.status
        );
    }
    Ok(())
}

fn code_of(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let code = body.get("code").and_then(Value::as_str);
    code.unwrap_or_default().to_owned()
}

/// How the server says it fares, so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    counters: BTreeMap<String, f64>,
    /// Ticks that took at most so many seconds, by that bound.
    ticks: Vec<(f64, f64)>,
    tick_s: f64,
    tick_count: f64,
}

/// What the server's ticks were like in a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ticks {
    /// Ticks of all regions.
    pub count: f64,
    /// How long the work of one took on average. Units: milliseconds.
    pub mean_ms: f64,
    /// A bound that 99 of 100 stay within. Units: milliseconds.
    pub p99_within_ms: Option<f64>,
    /// A bound that all stay within; none beyond the largest that is told apart. Units: milliseconds.
    pub max_within_ms: Option<f64>,
    /// How much longer than it should be a tick was on average: 1 when all came in time.
    pub stretch: Option<f64>,
}

/// How the server fares now. Nothing when it does not show its metrics here.
/// Errors: the server does not answer.
pub fn health(target: &Target) -> anyhow::Result<Health> {
    let answer = target.get("/metrics").context("could not read the metrics")?;
    Ok(if answer.status == 200 {
        Health::parse(&answer.body)
    } else {
        Health::default()
    })
}

/// How many shards tick. Errors: the server does not answer.
pub fn shard_count(target: &Target) -> anyhow::Result<u32> {
    let answer = target
        .get("/health/full")
        .context("could not read the server's health")?;
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    Ok(body
        .get("shards_running")
        .and_then(Value::as_u64)
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0))
}

impl Health {
    /// Sums over labels.
    fn parse(text: &str) -> Self {
        let mut health = Self::default();
        for line in text.lines() {
            let Some((sample, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let Ok(value) = value.parse::<f64>() else { continue };
            if COUNTERS.contains(&name) {
                *health.counters.entry(name.to_owned()).or_insert(0.0) += value;
            }
            match name.strip_prefix(TICKS) {
                Some("_sum") => health.tick_s = value,
                Some("_count") => health.tick_count = value,
                Some("_bucket") => {
                    let bound = labels
                        .split_once("le=\"")
                        .and_then(|(_, rest)| rest.split('"').next());
                    let bound = bound.and_then(|bound| bound.parse().ok());
                    health.ticks.extend(bound.map(|bound: f64| (bound, value)));
                }
                _ => {}
            }
        }
        health
    }

    /// What the counters grew by since then; what stood still is left out.
    pub fn growth(&self, since: &Self) -> BTreeMap<String, f64> {
        let old = |name: &str| since.counters.get(name).copied().unwrap_or(0.0);
        let grown = self
            .counters
            .iter()
            .map(|(name, value)| (name.clone(), value - old(name)));
        grown.filter(|(_, value)| *value > 0.0).collect()
    }

    /// The ticks since then: `shards` should have ticked each `tick` of the time. None when none was counted.
    pub fn ticks(&self, since: &Self, time: Duration, tick: Duration, shards: u32) -> Option<Ticks> {
        let count = self.tick_count - since.tick_count;
        if count <= 0.0 {
            return None;
        }
        let old = |bound: f64| {
            since
                .ticks
                .iter()
                .find(|row| row.0.total_cmp(&bound).is_eq())
                .map_or(0.0, |row| row.1)
        };
        let grown: Vec<(f64, f64)> = self
            .ticks
            .iter()
            .map(|(bound, value)| (*bound, value - old(*bound)))
            .collect();
        let within = |part: f64| {
            let found = grown
                .iter()
                .find(|(bound, value)| bound.is_finite() && *value >= count * part)?;
            Some(found.0 * 1_000.0)
        };
        let due = time.as_secs_f64() / tick.as_secs_f64() * f64::from(shards);
        Some(Ticks {
            count,
            mean_ms: (self.tick_s - since.tick_s) / count * 1_000.0,
            p99_within_ms: within(0.99),
            max_within_ms: within(1.0),
            stretch: (shards > 0).then(|| due / count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_over_labels_and_only_growth_is_kept() {
        let before =
            Health::parse("rookery_mailbox_full_total{actor=\"a\"} 1\nrookery_dropped_frames_total 4\n");
        let text = "# HELP rookery_mailbox_full_total x\nrookery_mailbox_full_total{actor=\"a\"} 2\n\
                    rookery_mailbox_full_total{actor=\"b\"} 2\nrookery_dropped_frames_total 4\nrookery_agents_online 9\n";
        let grown: Vec<(String, f64)> = Health::parse(text).growth(&before).into_iter().collect();
        assert_eq!(grown, [("rookery_mailbox_full_total".to_owned(), 3.0)]);
    }

    #[test]
    fn ticks_are_those_of_the_time_between() {
        let of = |small: u32, all: u32, sum: f64| {
            Health::parse(&format!(
                "rookery_tick_seconds_bucket{{le=\"0.01\"}} {small}\nrookery_tick_seconds_bucket{{le=\"0.1\"}} {all}\n\
                 rookery_tick_seconds_bucket{{le=\"+Inf\"}} {all}\nrookery_tick_seconds_sum {sum}\nrookery_tick_seconds_count {all}\n"
            ))
        };
        let (second, tick) = (Duration::from_secs(10), Duration::from_millis(100));
        let ticks = of(298, 300, 2.0)
            .ticks(&of(100, 100, 1.0), second, tick, 4)
            .unwrap();
        assert!((ticks.mean_ms - 5.0).abs() < 1e-9 && (ticks.count - 200.0).abs() < 1e-9);
        assert_eq!(
            (ticks.p99_within_ms, ticks.max_within_ms),
            (Some(10.0), Some(100.0))
        );
        assert_eq!(ticks.stretch, Some(2.0), "4 shards owe 400 ticks in 10 s");
        assert_eq!(of(1, 1, 1.0).ticks(&of(1, 1, 1.0), second, tick, 4), None);
    }
}
