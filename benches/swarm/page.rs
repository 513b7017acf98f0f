//! `docs/BENCHMARKS.md`: the text is in `page.md`, the results come from the benches.

use crate::figure::{Row, table};
use crate::machine::Machine;
use crate::others;

/// The page, with what others took meanwhile.
pub fn page(machine: &Machine, meanwhile: &str, swarm: &[Row]) -> String {
    let slots = [
        ("date", machine.date.clone()),
        ("hardware", machine.hardware.clone()),
        ("meanwhile", meanwhile.to_owned()),
        ("commit", machine.commit.clone()),
        ("rustc", machine.rustc.clone()),
        ("databases", others::databases()),
        ("swarm", table(swarm)),
        ("parts", table(&others::parts())),
        ("payments", table(&others::payment_rows())),
    ];
    let mut text = include_str!("page.md").to_owned();
    for (name, value) in slots {
        let slot = format!("{{{name}}}");
        assert!(text.contains(&slot), "page.md has no {slot}");
        text = text.replace(&slot, value.trim_end());
    }
    text
}
