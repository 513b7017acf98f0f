//! `docs/METRICS.md`, made from the declarations.

use super::{DECLARED, Kind};

/// Returns the page that lists every metric.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Generated from `src/telemetry/metric.rs`; `ROOKERY_BLESS=1 cargo test --lib telemetry` writes it again.\n\
         `GET /metrics` answers them as Prometheus text. Labels come from closed sets, never from agents.\n\n\
         | Name | Kind | Unit | Labels | What it tells |\n|---|---|---|---|---|\n",
    );
    for metric in DECLARED {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row = [
            &format!("`{}`", metric.name),
            kind,
            metric.unit.as_str(),
            &labels.join(", "),
            metric.help,
        ];
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn metrics_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md");
        if std::env::var_os("ROOKERY_BLESS").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page(),
            "docs/METRICS.md is stale; run with ROOKERY_BLESS=1 to write it again"
        );
    }
}
