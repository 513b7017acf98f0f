//! All metrics of a node, declared once: the functions, their help texts and `docs/METRICS.md` come from one list.
//!
//! Labels come from closed sets only, never from ids or names of agents. A handle that is used often may be kept.

use std::sync::OnceLock;

use metrics::{SharedString, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

mod page;

pub use page::page;

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One declared metric.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The name in Prometheus.
    pub name: &'static str,
    /// What it does over time.
    pub kind: Kind,
    /// What its values are.
    pub unit: Unit,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

macro_rules! declare {
    ($( #[doc = $help:literal] $kind:ident $function:ident($($label:ident = $label_name:literal),*) = $name:literal, $unit:ident; )+) => {
        /// Every metric, in the order of the page.
        pub const DECLARED: &[Declared] = &[$(
            Declared {
                name: $name,
                kind: declare!(@kind $kind),
                unit: Unit::$unit,
                labels: &[$($label_name),*],
                help: $help.trim_ascii(),
            }
        ),+];

        $(
            #[doc = $help]
            pub fn $function($($label: impl Into<SharedString>),*) -> declare!(@handle $kind) {
                declare!(@make $kind $name $($label_name => $label),*)
            }
        )+
    };
    (@kind counter) => { Kind::Counter };
    (@kind gauge) => { Kind::Gauge };
    (@kind histogram) => { Kind::Histogram };
    (@handle counter) => { metrics::Counter };
    (@handle gauge) => { metrics::Gauge };
    (@handle histogram) => { metrics::Histogram };
    (@make counter $name:literal $($label_name:literal => $label:ident),*) => {
        metrics::counter!($name $(, $label_name => $label.into())*)
    };
    (@make gauge $name:literal $($label_name:literal => $label:ident),*) => {
        metrics::gauge!($name $(, $label_name => $label.into())*)
    };
    (@make histogram $name:literal $($label_name:literal => $label:ident),*) => {
        metrics::histogram!($name $(, $label_name => $label.into())*)
    };
}

declare! {
    /// Agents in the world on this node.
    gauge agents_online(region = "region") = "rookery_agents_online", Count;
    /// Events of the world; its rate is the number of events a second.
    counter events(event_type = "type") = "rookery_events_total", Count;
    /// Chat messages that were said.
    counter messages(region = "region") = "rookery_messages_total", Count;
    /// Spectators that watch now.
    gauge spectators_active() = "rookery_spectators_active", Count;
    /// Time from the arrival of a request to its answer.
    histogram api_latency(endpoint = "endpoint") = "rookery_api_latency_seconds", Seconds;
    /// Time of a database statement or transaction.
    histogram db_query_duration(query = "query") = "rookery_db_query_duration_seconds", Seconds;
    /// Commands sent to Redis; its rate is the number of operations a second.
    counter redis_ops() = "rookery_redis_ops_total", Count;
    /// Whether Redis answers: 1 or 0; 0 too when none is configured.
    gauge redis_up() = "rookery_redis_up", Count;
    /// Messages that the bus dropped.
    counter bus_dropped(reason = "reason") = "rookery_bus_dropped_total", Count;
    /// Times that the connection for hearing of other nodes was made again.
    counter bus_reconnects() = "rookery_bus_reconnects_total", Count;
    /// Batches sent to other nodes.
    counter peer_batches() = "rookery_peer_batches_total", Count;
    /// Batches to other nodes that the bus did not take.
    counter peer_batches_lost() = "rookery_peer_batches_lost_total", Count;
    /// Times that a batch of another node was missing.
    counter peer_gaps() = "rookery_peer_gaps_total", Count;
    /// Sightings of a neighbouring shard that were missed, after which everything was asked for.
    counter neighbour_gaps() = "rookery_neighbour_gaps_total", Count;
    /// Neighbouring shards that said nothing for so long that their agents are not seen over the border any more.
    counter neighbours_silent() = "rookery_neighbours_silent_total", Count;
    /// Open sockets.
    gauge websocket_connections() = "rookery_websocket_connections", Count;
    /// Requests and actions that were refused or failed, by code.
    counter errors(error_type = "type", endpoint = "endpoint") = "rookery_errors_total", Count;
    /// Calls that a rate limit refused.
    counter rate_limits_hit(action = "action") = "rookery_rate_limits_hit_total", Count;
    /// What all channels' histories weigh together.
    gauge channel_history_bytes() = "rookery_channel_history_bytes", Bytes;
    /// Histories of channels that were forgotten because all together weighed too much.
    counter channel_histories_evicted() = "rookery_channel_histories_evicted_total", Count;
    /// Subscriptions that clients had to ask for again: the channel's home moved, or something of it got lost.
    counter channel_subscriptions_lost() = "rookery_channel_subscriptions_lost_total", Count;
    /// Messages published on channels, counted where the channel is at home.
    counter channel_messages(namespace = "namespace") = "rookery_channel_messages_total", Count;
    /// Messages to channels that were refused because their publisher was too fast.
    counter channel_rate_limit_hits(namespace = "namespace") = "rookery_channel_rate_limit_hits_total", Count;
    /// Times that somebody was not let do something with a channel.
    counter channel_denials(namespace = "namespace", verb = "verb") = "rookery_channel_denials_total", Count;
    /// Messages to channels that were left out because a newer one of their key took their place.
    counter channel_messages_replaced(namespace = "namespace") = "rookery_channel_messages_replaced_total", Count;
    /// Time that it takes to count a message over all nodes.
    histogram channel_limiter() = "rookery_channel_limiter_seconds", Seconds;
    /// Daily backups of what owners decided about channels.
    counter channel_backups(outcome = "outcome") = "rookery_channel_backups_total", Count;
    /// Tokens, keys and signatures that proved nothing.
    counter authentication_failures(form = "form") = "rookery_authentication_failures_total", Count;
    /// Limits of absent agents that were forgotten before they had recovered.
    counter parked_limits_evicted() = "rookery_parked_limits_evicted_total", Count;
    /// Restarts of an actor after a panic.
    counter actor_restarts(actor = "actor") = "rookery_actor_restarts_total", Count;
    /// Messages refused because the mailbox was full.
    counter mailbox_full(actor = "actor") = "rookery_mailbox_full_total", Count;
    /// Commands refused for good because they panicked three times.
    counter quarantined() = "rookery_quarantined_total", Count;
    /// Invariants that were found not to hold; any is an alarm.
    counter invariant_violations(name = "name") = "rookery_invariant_violations_total", Count;
    /// Sockets closed because they did not read fast enough.
    counter slow_clients_closed() = "rookery_slow_clients_closed_total", Count;
    /// Writes in one transaction.
    histogram commit_batch_size() = "rookery_commit_batch_size", Count;
    /// Time of one transaction of the committer.
    histogram commit_duration() = "rookery_commit_seconds", Seconds;
    /// Transactions that were tried again.
    counter commit_retries() = "rookery_commit_retries_total", Count;
    /// Time that a shard needs for one tick, until its frames are ready to be handed to the hubs.
    histogram tick_duration() = "rookery_tick_seconds", Seconds;
    /// Time from the first call of a thread's sockets that have something to send to the last one's write; one turn a thread in 50 ms is looked at.
    histogram socket_turn() = "rookery_socket_turn_seconds", Seconds;
    /// Times that this node began to fall behind, so that ticks were stretched.
    counter overloads() = "rookery_overloads_total", Count;
    /// Ticks after which the next one came later than the world's period, because the node fell behind.
    counter ticks_stretched() = "rookery_ticks_stretched_total", Count;
    /// Writes of news that waited for more because the node fell behind.
    counter news_delayed() = "rookery_news_delayed_total", Count;
    /// Handshakes that waited for their turn because the node fell behind.
    counter handshakes_delayed() = "rookery_handshakes_delayed_total", Count;
    /// Handshakes refused because the node fell behind and too many waited already.
    counter handshakes_refused() = "rookery_handshakes_refused_total", Count;
    /// Questions about what is around that were answered as of the last tick because the node fell behind.
    counter perceptions_of_last_tick() = "rookery_perceptions_of_last_tick_total", Count;
    /// Frames written to sockets.
    counter frames() = "rookery_frames_total", Count;
    /// Bytes of frames written to sockets.
    counter frame_bytes() = "rookery_frame_bytes_total", Bytes;
    /// Position frames left out because a newer one took their place.
    counter dropped_frames() = "rookery_dropped_frames_total", Count;
    /// Connections refused because the process holds as many as it may.
    counter connections_refused() = "rookery_connections_refused_total", Count;
}

/// Bounds for times. Units: seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Bounds for ticks, close to one another around a millisecond: a tick is to stay below it. Units: seconds.
const TICK_SECONDS: [f64; 20] = [
    0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0008, 0.001, 0.00125, 0.0015, 0.002, 0.003, 0.005,
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
];
/// Bounds for batches.
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// What `/metrics` answers from.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// All metrics as Prometheus text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds recent values of histograms in; call it every few seconds, else they pile up.
    pub fn run_upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Starts recording for the whole process; a second call returns the same recorder.
///
/// Errors: something else in the process records already.
pub fn install() -> Result<Recorder, BuildError> {
    static INSTALLED: OnceLock<Recorder> = OnceLock::new();
    if let Some(recorder) = INSTALLED.get() {
        return Ok(recorder.clone());
    }
    let built = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES)?
        // A whole name goes before an ending.
        .set_buckets_for_metric(Matcher::Full("rookery_tick_seconds".to_owned()), &TICK_SECONDS)?
        .install_recorder();
    let handle = match (built, INSTALLED.get()) {
        // Two threads may come here at once; the one that lost takes what the other one made.
        (Err(_), Some(recorder)) => return Ok(recorder.clone()),
        (built, _) => built?,
    };
    describe();
    Ok(INSTALLED.get_or_init(|| Recorder(handle)).clone())
}

/// Gives the help texts, and brings metrics without labels into sight before their first use.
fn describe() {
    for &Declared {
        name,
        kind,
        unit,
        labels,
        help,
    } in DECLARED
    {
        let has_labels = !labels.is_empty();
        match kind {
            Kind::Counter => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram => metrics::describe_histogram!(name, unit, help),
        }
        match kind {
            Kind::Counter if !has_labels => metrics::counter!(name).absolute(0),
            Kind::Gauge if !has_labels => metrics::gauge!(name).set(0.0),
            Kind::Counter | Kind::Gauge | Kind::Histogram => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_conventions() {
        let names: BTreeSet<&str> = DECLARED.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), DECLARED.len());
        for metric in DECLARED {
            assert!(metric.name.starts_with("rookery_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            assert_eq!(
                metric.name.ends_with("_seconds"),
                metric.unit == Unit::Seconds,
                "{}",
                metric.name
            );
            assert!(
                metric.help.ends_with('.') && !metric.help.starts_with(' '),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn recorded_values_are_rendered_with_help_and_labels() {
        let recorder = install().unwrap();
        events("speech").increment(2);
        api_latency("/api/v1/world").record(0.004);
        commit_batch_size().record(7.0);
        tick_duration().record(0.0007);
        agents_online(String::from("plaza")).set(3.0);
        let text = install().unwrap().render();
        for expected in [
            "# HELP rookery_events_total Events of the world",
            "# TYPE rookery_events_total counter",
            "rookery_agents_online{region=\"plaza\"} 3",
            "rookery_api_latency_seconds_bucket{endpoint=\"/api/v1/world\",le=\"0.005\"} 1",
            "rookery_commit_batch_size_bucket{le=\"10\"} 1",
            "rookery_tick_seconds_bucket{le=\"0.0008\"}",
            "rookery_slow_clients_closed_total 0",
            "rookery_spectators_active 0",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
        recorder.run_upkeep();
    }
}
