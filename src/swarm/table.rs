//! The report as a table for people.

use super::report::{FloorReport, Report, Round, Server};
use super::tally::{Counts, Percentiles, to_f64};
use std::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let setup = &self.setup;
        writeln!(
            out,
            "{} on {} ({}), seed {}",
            setup.load, setup.url, setup.encoding, setup.seed
        )?;
        for (index, round) in self.rounds.iter().enumerate() {
            if self.rounds.len() > 1 {
                writeln!(out, "round {}", index + 1)?;
            }
            write_round(out, round)?;
        }
        self.floor
            .as_ref()
            .map_or(Ok(()), |floor| write_floor(out, floor))
    }
}

fn write_round(out: &mut Formatter<'_>, round: &Round) -> fmt::Result {
    let (members, deliveries, frames) = (&round.members, &round.deliveries, &round.frames);
    let row = |out: &mut Formatter<'_>, name: &str, text: String| writeln!(out, "  {name:<12} {text}");
    let dropped: u64 = members.dropped.values().sum();
    row(
        out,
        "members",
        format!(
            "{} joined, {dropped} dropped, measured {:.1} s",
            members.joined, round.seconds
        ),
    )?;
    for (name, counts) in [
        ("gave up", &members.failed),
        ("join again", &members.join_refused),
        ("dropped", &members.dropped),
        ("refused", &round.refused),
    ] {
        if !counts.is_empty() {
            row(out, name, words(counts))?;
        }
    }
    for (name, timing) in [
        ("join", &round.join),
        ("answer", &round.answer),
        ("staleness", &round.staleness),
        ("speech", &round.speech),
    ] {
        if timing.count > 0 {
            row(out, name, times(timing))?;
        }
    }
    if round.unanswered > 0 {
        row(out, "unanswered", round.unanswered.to_string())?;
    }
    if deliveries.expected > 0 {
        let text = format!(
            "{} of {} expected, {} missing ({} superseded); {:.0}/s, {:.0} bytes each",
            deliveries.received,
            deliveries.expected,
            deliveries.missing,
            deliveries.superseded,
            deliveries.per_s,
            deliveries.bytes_per_delivery
        );
        row(out, "deliveries", text)?;
    }
    let text = format!(
        "{:.0}/s with news of {:.0} bytes, {:.0}/s with answers of {:.0} bytes; {:.2} deliveries a frame",
        frames.news_per_s,
        frames.news_mean_bytes,
        frames.answers_per_s,
        frames.answers_mean_bytes,
        frames.deliveries_per_news
    );
    row(out, "frames", text)?;
    if let Some(server) = &round.server {
        row(out, "server", server_words(server))?;
    }
    if let Some(ticks) = &round.ticks {
        let bound =
            |within: Option<f64>| within.map_or("beyond".to_owned(), |ms| format!("within {ms:.1} ms"));
        let stretch = ticks
            .stretch
            .map_or(String::new(), |stretch| format!(", stretched {stretch:.2} times"));
        let text = format!(
            "mean {:.2} ms, p99 {}, all {}{stretch}",
            ticks.mean_ms,
            bound(ticks.p99_within_ms),
            bound(ticks.max_within_ms)
        );
        row(out, "ticks", text)?;
    }
    for (name, grown) in &round.alarms {
        row(out, "alarm", format!("{name} grew by {grown}"))?;
    }
    let client = &round.client;
    let text = format!(
        "{:.2} cores, late by p99 {:.1} ms, {} actions left out",
        client.cores, client.lag.p99_ms, client.skipped
    );
    row(out, "this client", text)
}

fn server_words(server: &Server) -> String {
    let each = server
        .cpu_s_per_million_deliveries
        .map(|each| format!("{each:.2} CPU-s per million deliveries, "));
    format!(
        "{:.2} cores, {}{:.0} us a socket and second; RSS {:.0} MiB, {:.1} KiB a socket",
        server.cores,
        each.unwrap_or_default(),
        server.cpu_us_per_socket_s,
        to_f64(server.rss_loaded_bytes) / 1_048_576.0,
        server.rss_per_socket_bytes / 1_024.0
    )
}

fn write_floor(out: &mut Formatter<'_>, floor: &FloorReport) -> fmt::Result {
    for round in &floor.rounds {
        writeln!(
            out,
            "  floor        {:.2} cores, {:.2} CPU-s per million deliveries; {:.0}/s of {:.0} bytes, {:.0} answers/s",
            round.cores,
            round.cpu_s_per_million_deliveries,
            round.news_per_s,
            round.news_mean_bytes,
            round.answers_per_s
        )?;
    }
    writeln!(
        out,
        "  medians      server {:.2}, floor {:.2} CPU-s per million deliveries: {:.2} times the floor",
        floor.server_median, floor.floor_median, floor.ratio
    )
}

fn times(of: &Percentiles) -> String {
    format!(
        "p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, max {:.1} ms of {}",
        of.p50_ms, of.p95_ms, of.p99_ms, of.max_ms, of.count
    )
}

fn words(counts: &Counts) -> String {
    let words: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} x {name}"))
        .collect();
    words.join(", ")
}
