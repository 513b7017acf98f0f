//! Which room may use which crate, and what pure code must not touch.

use super::{Breach, File};
use crate::source::{Path, Source};

/// A crate, and the places that may name it.
struct Confined {
    is_named: fn(&str) -> bool,
    places: &'static [&'static str],
    rule: &'static str,
}

const CONFINED: &[Confined] = &[
    Confined {
        is_named: |root| root.starts_with("diesel"),
        places: &["src/store/"],
        rule: "diesel only in store/",
    },
    Confined {
        is_named: |root| matches!(root, "redis" | "bb8" | "bb8_redis"),
        places: &["src/bus/"],
        rule: "redis and bb8 only in bus/",
    },
    Confined {
        is_named: |root| root == "reqwest",
        places: &["src/outbound/"],
        rule: "reqwest only in outbound/",
    },
    Confined {
        is_named: |root| root == "actix_web_actors",
        places: &["src/transport/ws/"],
        rule: "actix_web_actors only in transport/ws/",
    },
    Confined {
        is_named: |root| root == "actix",
        places: &[
            "src/actors/",
            "src/transport/",
            "src/app.rs",
            "src/cli/",
            "src/cli.rs",
        ],
        rule: "actix only in actors/, transport/, app.rs and cli/",
    },
];

/// A crate is named only in its room.
pub fn rooms(file: &File) -> Vec<Breach> {
    if !file.is_product() {
        return Vec::new();
    }
    let source = Source::parse(&file.text);
    let paths = source.paths();
    let mut breaches = Vec::new();
    for confined in CONFINED
        .iter()
        .filter(|confined| !confined.places.iter().any(|place| file.path.starts_with(place)))
    {
        let named = paths
            .iter()
            .filter(|path| is_outside_crate(path, &source) && (confined.is_named)(&path.segments[0]));
        breaches.extend(named.map(|path| file.breach(path.line, confined.rule)));
    }
    breaches
}

/// Whether a path may start at a crate: a module of the same name declared in the file hides the crate.
fn is_outside_crate(path: &Path, source: &Source) -> bool {
    !matches!(path.segments[0].as_str(), "crate" | "self" | "super")
        && !source.code.contains(&format!("mod {};", path.segments[0]))
}

/// `base`, `wire` and `domain` do no IO, read no clock and draw no chance.
pub fn purity(file: &File) -> Vec<Breach> {
    if !file.is_rust() || !matches!(file.floor(), Some("base" | "wire" | "domain")) {
        return Vec::new();
    }
    let source = Source::parse(&file.text);
    let impure = |path: &Path| {
        let root = path.segments[0].as_str();
        let is_machine = matches!(root, "tokio" | "redis" | "rand" | "getrandom" | "nix")
            || ["actix", "diesel", "bb8", "tracing", "rand_"]
                .iter()
                .any(|start| root.starts_with(start));
        let places: &[&[&str]] = &[
            &["std", "fs"],
            &["std", "net"],
            &["SystemTime", "now"],
            &["Instant", "now"],
            &["Utc", "now"],
            &["Local", "now"],
            &["Uuid", "now_v7"],
            &["Uuid", "new_v4"],
        ];
        (is_machine && is_outside_crate(path, &source)) || places.iter().any(|place| path.has(place))
    };
    let paths = source.paths();
    let named = paths.iter().filter(|path| impure(path));
    named
        .map(|path| {
            file.breach(
                path.line,
                format!("`{}` has no place in pure code", path.segments.join("::")),
            )
        })
        .collect()
}
