//! Which floor may import which.

use super::{Breach, File};
use crate::source::{Path, Source};

/// Every floor with the floors it may import beside itself; `main` and `lib` only put the others together.
const FLOORS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &[]),
    ("host", &["base"]),
    ("config", &["base"]),
    ("telemetry", &["base"]),
    ("domain", &["base"]),
    ("store", DOOR),
    ("bus", DOOR),
    ("brain", DOOR),
    ("outbound", DOOR),
    ("guard", DOOR),
    ("actors", ACTORS),
    ("transport", TRANSPORT),
    ("client", DIALOGUE),
    ("swarm", CLIENT),
    ("cli", EVERYTHING),
    ("app", EVERYTHING),
    ("main", EVERYTHING),
    ("lib", EVERYTHING),
];

/// How clients talk to the server: they know the protocol, and nothing of what is behind it.
const DIALOGUE: &[&str] = &["base", "wire", "host", "config"];
const CLIENT: &[&str] = &["base", "wire", "host", "config", "client"];
const DOOR: &[&str] = &["base", "host", "config", "telemetry", "domain"];
#[rustfmt::skip]
const ACTORS: &[&str] =
    &["base", "wire", "host", "config", "telemetry", "domain", "store", "bus", "brain", "outbound", "guard"];
#[rustfmt::skip]
const TRANSPORT: &[&str] =
    &["base", "wire", "host", "config", "telemetry", "domain", "store", "bus", "brain", "outbound", "guard", "actors"];
const EVERYTHING: &[&str] = &["*"];

/// A floor imports only floors below it.
pub fn floors(file: &File) -> Vec<Breach> {
    let Some(floor) = file.floor().filter(|_| file.is_rust()) else {
        return Vec::new();
    };
    let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        return vec![file.breach(
            0,
            format!("`{floor}` is no floor: give it a place in docs/ARCHITECTURE.md and here"),
        )];
    };
    let is_floor = |name: &str| FLOORS.iter().any(|(known, _)| *known == name);
    let may_import = |name: &str| name == floor || *allowed == EVERYTHING || allowed.contains(&name);
    let paths = Source::parse(&file.text).paths();
    let imports = paths
        .iter()
        .filter_map(|path| Some((path.line, from_root(path, file.depth())?)));
    imports
        .filter(|(_, name)| (is_floor(name) && !may_import(name)) || (*name == "*" && *allowed != EVERYTHING))
        .map(|(line, name)| file.breach(line, format!("`{floor}` may not import `{name}` (floors)")))
        .collect()
}

/// The first segment below the crate's root, when the path starts there.
fn from_root(path: &Path, depth: usize) -> Option<&str> {
    let climbs = path
        .segments
        .iter()
        .skip_while(|word| *word == "self")
        .take_while(|word| *word == "super")
        .count();
    let selfs = path.segments.iter().take_while(|word| *word == "self").count();
    match path.segments.first()?.as_str() {
        "crate" => path.segments.get(1).map(String::as_str),
        _ if climbs > 0 && climbs >= depth => path.segments.get(selfs + climbs).map(String::as_str),
        _ => None,
    }
}
