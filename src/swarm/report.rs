//! The report of a run: a value that is JSON, and a table for people.

use super::crowd::Outcome;
use super::tally::{Counts, Percentiles, Timing, to_f64};
use super::world::Ticks;
use serde::Serialize;
use std::collections::BTreeMap;

/// A million.
const MILLION: f64 = 1_000_000.0;

/// What was found. Rounds of the server in order, each followed by one of the floor when that was asked for.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// What was run, as the command line said it.
    pub setup: Setup,
    /// One entry a round.
    pub rounds: Vec<Round>,
    /// The reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<FloorReport>,
}

/// What was run.
#[derive(Clone, Debug, Serialize)]
pub struct Setup {
    /// The server.
    pub url: String,
    /// Sockets.
    pub sockets: usize,
    /// Sockets that hear of the same things.
    pub group: usize,
    /// What they do, in words.
    pub load: String,
    /// `json` or `protobuf`.
    pub encoding: &'static str,
    /// How long was measured.
    pub seconds: f64,
    /// How long was acted before.
    pub warm_up_s: f64,
    /// What chance began with.
    pub seed: u64,
}

/// One round.
#[derive(Debug, Serialize)]
pub struct Round {
    /// How long was measured.
    pub seconds: f64,
    /// Who took part.
    pub members: Members,
    /// From opening a socket to the first snapshot; without a token to the answer to `connect` or `subscribe`.
    pub join: Percentiles,
    /// From sending an action to its answer, all actions.
    pub answer: Percentiles,
    /// The same by action.
    pub answer_by_action: BTreeMap<&'static str, Percentiles>,
    /// Actions that were refused, by action and code.
    pub refused: Counts,
    /// Actions without an answer.
    pub unanswered: u64,
    /// From sending `move_to` (or a publication) to each neighbour's first receipt of that trajectory.
    pub staleness: Percentiles,
    /// From sending `say` to each neighbour's hearing of it, which is after its commit.
    pub speech: Percentiles,
    /// Deliveries: one a `move_to` or `say` and neighbour, or a publication and subscriber.
    pub deliveries: Deliveries,
    /// Frames that the clients received.
    pub frames: Frames,
    /// What the server took; with `--pid` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// What this program took.
    pub client: Client,
    /// The server's ticks in the measured time, as its metrics tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticks: Option<Ticks>,
    /// Counters of the server's metrics that grew and should not.
    pub alarms: BTreeMap<String, f64>,
}

/// Who took part.
#[derive(Debug, Serialize)]
pub struct Members {
    /// How many joined.
    pub joined: usize,
    /// How many gave up joining, by the last refusal.
    pub failed: Counts,
    /// What the server refused to those who joined; they tried again.
    pub join_refused: Counts,
    /// How many lost their socket after they had joined, by the reason.
    pub dropped: Counts,
}

/// Deliveries.
#[derive(Debug, Serialize)]
pub struct Deliveries {
    /// Things sent in the measured time that others must receive.
    pub sent: u64,
    /// Deliveries of them that had to happen.
    pub expected: u64,
    /// Deliveries of them that did.
    pub received: u64,
    /// Deliveries of them that did not.
    pub missing: u64,
    /// Those of the missing in whose place something later of the same sender came: two walks within one tick are told as one.
    pub superseded: u64,
    /// Things sent that did not reach everybody.
    pub incomplete: u64,
    /// First receipts in the measured time, of whatever was sent.
    pub in_window: u64,
    /// The same a second.
    pub per_s: f64,
    /// All bytes received in the measured time, for each of them.
    pub bytes_per_delivery: f64,
}

/// Frames that the clients received in the measured time.
#[derive(Debug, Serialize)]
pub struct Frames {
    /// With news, a second.
    pub news_per_s: f64,
    /// Length of one with news on average. Units: bytes.
    pub news_mean_bytes: f64,
    /// With nothing but answers, a second.
    pub answers_per_s: f64,
    /// Length of one with nothing but answers on average. Units: bytes.
    pub answers_mean_bytes: f64,
    /// First receipts, for each frame with news.
    pub deliveries_per_news: f64,
}

/// What a server's process took.
#[derive(Debug, Serialize)]
pub struct Server {
    /// Processor time in the measured time. Units: seconds.
    pub cpu_s: f64,
    /// The same a second.
    pub cores: f64,
    /// The same for a million deliveries, when there were any.
    pub cpu_s_per_million_deliveries: Option<f64>,
    /// The same for one socket and second. Units: microseconds.
    pub cpu_us_per_socket_s: f64,
    /// Memory before the first socket was opened. Units: bytes.
    pub rss_before_bytes: u64,
    /// Memory at the end of the measured time. Units: bytes.
    pub rss_loaded_bytes: u64,
    /// What came to it, for each socket. Units: bytes.
    pub rss_per_socket_bytes: f64,
}

/// What this program took: figures of a client that is itself too slow say little of the server.
#[derive(Debug, Serialize)]
pub struct Client {
    /// Processor time a second of the measured time.
    pub cores: f64,
    /// How late actions were sent.
    pub lag: Percentiles,
    /// Actions left out because earlier ones waited.
    pub skipped: u64,
}

/// The reference beside the server.
#[derive(Debug, Serialize)]
pub struct FloorReport {
    /// One entry a round.
    pub rounds: Vec<FloorRound>,
    /// The server's median. Units: CPU seconds for a million deliveries.
    pub server_median: f64,
    /// The floor's median. Units: the same.
    pub floor_median: f64,
    /// The server's by the floor's.
    pub ratio: f64,
}

/// One round of the floor.
#[derive(Debug, Serialize)]
pub struct FloorRound {
    /// Members that joined.
    pub joined: usize,
    /// Frames with news, a second.
    pub news_per_s: f64,
    /// Their length. Units: bytes.
    pub news_mean_bytes: f64,
    /// Answers, a second.
    pub answers_per_s: f64,
    /// Processor time a second.
    pub cores: f64,
    /// Processor time for as many frames as carried a million deliveries of the server's round before. Units: seconds.
    pub cpu_s_per_million_deliveries: f64,
}

impl Round {
    /// The round of a server of so many shards.
    pub fn of(outcome: &Outcome, shards: u32) -> Self {
        let (tally, seconds) = (&outcome.tally, outcome.measured.as_secs_f64());
        let mut answer = Timing::default();
        tally.answers.values().for_each(|timing| answer.add(timing));
        let deliveries = to_f64(tally.deliveries);
        Self {
            seconds,
            members: Members {
                joined: outcome.joined,
                failed: tally.failed.clone(),
                join_refused: tally.join_refused.clone(),
                dropped: tally.dropped.clone(),
            },
            join: tally.join.percentiles(),
            answer: answer.percentiles(),
            answer_by_action: tally
                .answers
                .iter()
                .map(|(name, timing)| (*name, timing.percentiles()))
                .collect(),
            refused: tally.refused.clone(),
            unanswered: outcome.unanswered,
            staleness: tally.staleness.percentiles(),
            speech: tally.speech.percentiles(),
            deliveries: Deliveries {
                sent: outcome.totals.sent,
                expected: outcome.totals.expected,
                received: outcome.totals.received,
                missing: outcome.totals.missing(),
                superseded: outcome.totals.superseded,
                incomplete: outcome.totals.incomplete,
                in_window: tally.deliveries,
                per_s: deliveries / seconds,
                bytes_per_delivery: to_f64(tally.bytes) / deliveries.max(1.0),
            },
            frames: Frames {
                news_per_s: to_f64(tally.news.count) / seconds,
                news_mean_bytes: tally.news.mean_bytes(),
                answers_per_s: to_f64(tally.answers_alone.count) / seconds,
                answers_mean_bytes: tally.answers_alone.mean_bytes(),
                deliveries_per_news: deliveries / to_f64(tally.news.count.max(1)),
            },
            server: server(outcome),
            client: Client {
                cores: outcome.client_cpu.as_secs_f64() / seconds,
                lag: tally.lag.percentiles(),
                skipped: tally.skipped,
            },
            ticks: outcome
                .health
                .as_ref()
                .and_then(|([begin, end], time)| end.ticks(begin, *time, outcome.tick, shards)),
            alarms: outcome
                .health
                .as_ref()
                .map(|([begin, end], _)| end.growth(begin))
                .unwrap_or_default(),
        }
    }
}

fn server(outcome: &Outcome) -> Option<Server> {
    let [before, begin, end] = outcome.server?;
    let cpu_s = end.cpu.saturating_sub(begin.cpu).as_secs_f64();
    let (seconds, deliveries) = (outcome.measured.as_secs_f64(), outcome.tally.deliveries);
    let sockets = to_f64(u64::try_from(outcome.joined).unwrap_or(u64::MAX)).max(1.0);
    Some(Server {
        cpu_s,
        cores: cpu_s / seconds,
        cpu_s_per_million_deliveries: (deliveries > 0).then(|| cpu_s * MILLION / to_f64(deliveries)),
        cpu_us_per_socket_s: cpu_s * MILLION / sockets / seconds,
        rss_before_bytes: before.resident_bytes,
        rss_loaded_bytes: end.resident_bytes,
        rss_per_socket_bytes: (to_f64(end.resident_bytes) - to_f64(before.resident_bytes)) / sockets,
    })
}

impl FloorRound {
    /// The round of the floor in the shape of a server's round before it.
    pub fn of(outcome: &Outcome, server: &Round) -> Self {
        let seconds = outcome.measured.as_secs_f64();
        let cpu = outcome
            .server
            .map(|[_, begin, end]| end.cpu.saturating_sub(begin.cpu));
        let cpu_s = cpu.unwrap_or_default().as_secs_f64();
        let news = to_f64(outcome.tally.news.count);
        let deliveries = news * server.frames.deliveries_per_news;
        Self {
            joined: outcome.joined,
            news_per_s: news / seconds,
            news_mean_bytes: outcome.tally.news.mean_bytes(),
            answers_per_s: to_f64(outcome.tally.answers_alone.count) / seconds,
            cores: cpu_s / seconds,
            cpu_s_per_million_deliveries: cpu_s * MILLION / deliveries.max(1.0),
        }
    }
}

impl FloorReport {
    /// The medians of both.
    pub fn of(rounds: Vec<FloorRound>, server: &[Round]) -> Self {
        let of_server = server.iter().filter_map(|round| round.server.as_ref());
        let server_median = median(
            of_server
                .filter_map(|server| server.cpu_s_per_million_deliveries)
                .collect(),
        );
        let floor_median = median(
            rounds
                .iter()
                .map(|round| round.cpu_s_per_million_deliveries)
                .collect(),
        );
        Self {
            rounds,
            server_median,
            floor_median,
            ratio: server_median / floor_median,
        }
    }
}

/// The middle one; of an even number the lower of the two. Not a number when there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_not_moved_by_one_odd_round() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
