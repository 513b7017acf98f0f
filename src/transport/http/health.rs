//! Probes: is the process alive, is it ready, and how is everything.

use crate::actors::directory::ShardSeats;
use crate::actors::mailbox::answer;
use crate::actors::region::RegionMessage;
use crate::base::id::ShardId;
use crate::base::time::Tick;
use crate::domain::refusal::Refusal;
use crate::store::lease::Claiming;
use crate::transport::web::Web;
use actix_web::{HttpResponse, web};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a part may take to answer a probe.
const DEADLINE: Duration = Duration::from_secs(2);
/// Most agents that are counted by region.
const COUNTED_MAX: usize = 1_000_000;

/// Adds the probes.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/health")
            .route(web::get().to(health))
            .route(web::head().to(health)),
    )
    .service(
        web::resource("/health/live")
            .route(web::get().to(live))
            .route(web::head().to(live)),
    )
    .service(
        web::resource("/health/ready")
            .route(web::get().to(ready))
            .route(web::head().to(ready)),
    );
}

/// Adds the operator's page.
pub fn configure_admin(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/health/full").route(web::get().to(full)));
}

/// The process answers.
async fn health(web: web::Data<Web>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "ok": true, "status": "ok", "version": env!("CARGO_PKG_VERSION"), "uptime_s": web.gateway.node.clock.monotonic().as_secs(),
    }))
}

/// 200 while every shard of this node takes messages, else 503.
async fn live(web: web::Data<Web>) -> HttpResponse {
    let ticks = ticks(&web).await;
    let stuck: Vec<ShardId> = ticks
        .iter()
        .filter(|(_, tick)| tick.is_none())
        .map(|(shard, _)| *shard)
        .collect();
    if stuck.is_empty() {
        HttpResponse::Ok().json(json!({"status": "alive", "shards": ticks.len()}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "stuck", "stuck_shards": stuck}))
    }
}

/// The tick in which each shard answered; none when it did not.
async fn ticks(web: &Web) -> Vec<(ShardId, Option<Tick>)> {
    let ask = |(shard, seats): (ShardId, ShardSeats)| async move {
        let look =
            |reply| RegionMessage::Look(Box::new(move |_, tick| answer(reply, Ok::<Tick, Refusal>(tick))));
        (shard, seats.region.ask(DEADLINE, look).await.ok())
    };
    join_all(web.gateway.node.directory.shards().into_iter().map(ask)).await
}

/// What readiness depends on.
struct Readiness {
    database: &'static str,
    redis: &'static str,
    shards: usize,
    running: usize,
    /// How many should run here: all of them, or this node's share.
    expected: usize,
    is_proven: bool,
    is_draining: bool,
}

impl Readiness {
    async fn of(web: &Web) -> Self {
        let node = &web.gateway.node;
        let ping = tokio::time::timeout(DEADLINE, node.database.read(|reader| reader.ping())).await;
        let is_database_up = matches!(ping, Ok(Ok(())));
        let world = node.directory.world();
        let running = world.shards.iter().filter(|shard| {
            node.directory
                .shard(shard.id)
                .is_some_and(|seats| seats.region.is_open())
        });
        let shards = world.shards.len();
        Self {
            database: if is_database_up { "ok" } else { "down" },
            redis: redis(web),
            shards,
            running: running.count(),
            expected: match node.leases.how() {
                Claiming::Shared => node.leases.held_count(),
                Claiming::Alone | Claiming::None => shards,
            },
            is_draining: node.leases.is_draining(),
            is_proven: node.leases.are_proven(node.clock.monotonic_ms()),
        }
    }

    fn is_ready(&self) -> bool {
        let is_whole = self.shards > 0 && self.running >= self.expected;
        self.database == "ok" && self.is_proven && !self.is_draining && is_whole
    }

    fn status(&self) -> &'static str {
        match (self.is_ready(), self.database, self.running) {
            (true, ..) => "ready",
            (false, ..) if self.is_draining => "draining",
            (false, "ok", 0) if self.expected > 0 => "standby",
            (false, ..) => "not_ready",
        }
    }

    fn page(&self) -> Value {
        json!({
            "status": self.status(), "db": self.database, "redis": self.redis, "shards": self.shards, "shards_running": self.running,
        })
    }
}

fn redis(web: &Web) -> &'static str {
    let bus = web.gateway.node.bus.status();
    match (bus.kind, bus.is_degraded) {
        ("local", _) => "off",
        (_, true) => "degraded",
        (_, false) => "ok",
    }
}

/// 200 when the database answers and every shard runs that this node should run, unless it gives them away; else 503. Redis being
/// away is no reason.
async fn ready(web: web::Data<Web>) -> HttpResponse {
    let readiness = Readiness::of(&web).await;
    let mut response = if readiness.is_ready() {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.json(readiness.page())
}

/// Everything that helps the operator, and no secret.
async fn full(web: web::Data<Web>) -> HttpResponse {
    let node = &web.gateway.node;
    let (readiness, ticks) = futures_util::future::join(Readiness::of(&web), ticks(&web)).await;
    let metrics = web.recorder.render();
    let mut agents: BTreeMap<String, usize> = BTreeMap::new();
    for (_, online) in node.directory.all_online(COUNTED_MAX) {
        *agents.entry(online.region.to_string()).or_default() += 1;
    }
    let world = node.directory.world();
    let regions: Vec<Value> = world
        .regions
        .iter()
        .map(|region| {
            let shards: Vec<Value> = world
                .shards
                .iter()
                .filter(|shard| shard.region == region.name)
                .map(|shard| {
                    let tick = ticks
                        .iter()
                        .find(|(id, _)| *id == shard.id)
                        .and_then(|(_, tick)| *tick);
                    json!({"shard": shard.id, "ticks": tick.is_some(), "tick": tick})
                })
                .collect();
            let count = agents.get(&region.name).copied().unwrap_or_default();
            json!({"name": region.name, "capacity": region.capacity, "agents": count, "shards": shards})
        })
        .collect();
    let bus = node.bus.status();
    let mut page = readiness.page();
    if let Some(fields) = page.as_object_mut() {
        fields.extend([
            ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
            ("node".to_owned(), json!(web.config.server.node)),
            ("uptime_s".to_owned(), json!(node.clock.monotonic().as_secs())),
            ("tick".to_owned(), json!(node.tick())),
            ("agents_online".to_owned(), json!(node.directory.online_count())),
            ("agent_actors".to_owned(), json!(node.directory.agent_count())),
            (
                "sockets".to_owned(),
                json!(sum(&metrics, "rookery_websocket_connections")),
            ),
            (
                "spectators".to_owned(),
                json!(sum(&metrics, "rookery_spectators_active")),
            ),
            (
                "actor_restarts".to_owned(),
                json!(sum(&metrics, "rookery_actor_restarts_total")),
            ),
            (
                "mailbox_full".to_owned(),
                json!(sum(&metrics, "rookery_mailbox_full_total")),
            ),
            (
                "quarantined".to_owned(),
                json!(sum(&metrics, "rookery_quarantined_total")),
            ),
            (
                "slow_clients_closed".to_owned(),
                json!(sum(&metrics, "rookery_slow_clients_closed_total")),
            ),
            (
                "commit_retries".to_owned(),
                json!(sum(&metrics, "rookery_commit_retries_total")),
            ),
            (
                "bus".to_owned(),
                json!({"kind": bus.kind, "degraded": bus.is_degraded, "last_error_at": bus.last_error_at}),
            ),
            (
                "overloaded".to_owned(),
                json!(node.overload.is_on(node.clock.monotonic_ms())),
            ),
            ("overload".to_owned(), overload(&metrics)),
            ("revocations_stale".to_owned(), json!(web.access.is_stale())),
            (
                "hash_places_free".to_owned(),
                json!(web.access.free_hash_places()),
            ),
            ("unlimited".to_owned(), json!(web.config.limits.unlimited)),
            ("dev".to_owned(), json!(web.config.server.dev)),
            ("regions".to_owned(), Value::Array(regions)),
        ]);
    }
    HttpResponse::Ok().json(page)
}

/// What was done so far because the node fell behind.
fn overload(metrics: &str) -> Value {
    json!({
        "times": sum(metrics, "rookery_overloads_total"),
        "ticks_stretched": sum(metrics, "rookery_ticks_stretched_total"),
        "perceptions_of_last_tick": sum(metrics, "rookery_perceptions_of_last_tick_total"),
        "news_delayed": sum(metrics, "rookery_news_delayed_total"),
        "handshakes_delayed": sum(metrics, "rookery_handshakes_delayed_total"),
        "handshakes_refused": sum(metrics, "rookery_handshakes_refused_total"),
    })
}

/// The sum of a counter or gauge over its labels, from the text of `/metrics`.
fn sum(metrics: &str, name: &str) -> f64 {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with([' ', '{']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    };
    // Begins at zero: the sum of no floats is minus zero.
    metrics
        .lines()
        .filter_map(value)
        .fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_summed_over_its_labels_only() {
        let text = "# TYPE a counter\na{actor=\"x y\"} 2\na{actor=\"z\"} 3\nab 7\na_b 9\n";
        assert!((sum(text, "a") - 5.0).abs() < f64::EPSILON);
        assert!((sum("a 4\n", "a") - 4.0).abs() < f64::EPSILON);
        assert!(sum("", "a").abs() < f64::EPSILON);
    }
}
