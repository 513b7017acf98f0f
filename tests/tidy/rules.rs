//! The rules, each a function from text to breaches, so that a planted breach can show that the rule still bites.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Path, Source};

/// One file of the tree: its path from the root with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Where a rule is broken, and which.
#[derive(Debug)]
pub struct Breach {
    pub path: String,
    /// Counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    pub rule: String,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn breach(&self, line: usize, rule: impl Into<String>) -> Breach {
        Breach {
            path: self.path.clone(),
            line,
            rule: rule.into(),
        }
    }

    /// The top-level module: `store` for `src/store/commit.rs`, `app` for `src/app.rs`; none outside `src`.
    fn floor(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        Some(inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs"))
    }

    /// How many modules deep the file is: 1 for `src/app.rs` and `src/store/mod.rs`, 2 for `src/store/commit.rs`.
    fn depth(&self) -> usize {
        let inner = self.path.trim_start_matches("src/");
        inner.split('/').count() - usize::from(inner.ends_with("/mod.rs"))
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_product(&self) -> bool {
        self.is_rust() && self.path.starts_with("src/")
    }
}

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
    ("cli", EVERYTHING),
    ("app", EVERYTHING),
    ("main", EVERYTHING),
    ("lib", EVERYTHING),
];
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
        is_named: |root| root == "actix_web_actors",
        places: &["src/transport/ws.rs"],
        rule: "actix_web_actors only in transport/ws.rs",
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

/// The most lines of a file in `src`, its tests module apart.
const MAX_LINES: usize = 500;
/// What half of the files stay within, once there are enough files to speak of a half.
const MAX_MEDIAN_LINES: usize = 150;
const MIN_FILES_FOR_MEDIAN: usize = 20;

/// No file is long, and most are short.
pub fn length(files: &[File]) -> Vec<Breach> {
    let sized: Vec<(&File, usize)> = files
        .iter()
        .filter(|file| file.is_product())
        .map(|file| (file, lines_without_tests(file)))
        .collect();
    let too_long = sized.iter().filter(|(_, lines)| *lines > MAX_LINES);
    let mut breaches: Vec<Breach> = too_long
        .map(|(file, lines)| file.breach(*lines, format!("longer than {MAX_LINES} lines without tests")))
        .collect();
    let mut lines: Vec<usize> = sized.iter().map(|(_, lines)| *lines).collect();
    lines.sort_unstable();
    let median = lines.get(lines.len() / 2).copied().unwrap_or_default();
    if lines.len() >= MIN_FILES_FOR_MEDIAN && median > MAX_MEDIAN_LINES {
        let rule = format!("the median file has {median} lines; aim at 120, at most {MAX_MEDIAN_LINES}");
        breaches.push(Breach {
            path: "src".to_owned(),
            line: 0,
            rule,
        });
    }
    breaches
}

/// The lines before the tests module; a `#[cfg(test)]` on anything but a module does not end the count.
fn lines_without_tests(file: &File) -> usize {
    if file.path.ends_with("/tests.rs") {
        return 0;
    }
    let code = Source::parse(&file.text).code;
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let is_tests = |index: usize| {
        let item = lines[index + 1..]
            .iter()
            .find(|line| !line.is_empty() && !line.starts_with("#["));
        lines[index] == "#[cfg(test)]"
            && item.is_some_and(|line| line.starts_with("mod ") || line.starts_with("pub"))
    };
    (0..lines.len())
        .find(|index| is_tests(*index))
        .unwrap_or(lines.len())
}

const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "data"];

/// No file and no module has a name that says nothing.
pub fn names(file: &File) -> Vec<Breach> {
    if !file.is_rust() {
        return Vec::new();
    }
    let rule = |name: &str| format!("`{name}` says nothing: name the domain noun");
    let parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let mut breaches: Vec<Breach> = parts
        .filter(|part| EMPTY_NAMES.contains(part))
        .map(|part| file.breach(0, rule(part)))
        .collect();
    for (index, line) in Source::parse(&file.text).code.lines().enumerate() {
        let words: Vec<&str> = line
            .split(|char: char| !char.is_alphanumeric() && char != '_')
            .collect();
        let modules = words
            .windows(2)
            .filter(|pair| pair[0] == "mod" && EMPTY_NAMES.contains(&pair[1]));
        breaches.extend(modules.map(|pair| file.breach(index + 1, rule(pair[1]))));
    }
    breaches
}

/// Lints are not silenced and tests not skipped.
pub fn silenced(file: &File) -> Vec<Breach> {
    if !file.is_rust() {
        return Vec::new();
    }
    let code = Source::parse(&file.text).code;
    let mut breaches = Vec::new();
    for (start, _) in code.match_indices('#') {
        let inner = code.split_at(start + 1).1.trim_start_matches('!').trim_start();
        let Some(attribute) = inner.strip_prefix('[') else {
            continue;
        };
        let attribute: String = attribute
            .chars()
            .take_while(|char| *char != ']')
            .filter(|char| !char.is_whitespace())
            .collect();
        let line = code.split_at(start).0.matches('\n').count() + 1;
        if attribute.starts_with("allow(")
            || (attribute.starts_with("cfg_attr(") && attribute.contains(",allow("))
        {
            breaches.push(file.breach(line, "expect(lint, reason = ..) instead of allow"));
        }
        let is_skipped = |text: &str| text == "ignore" || text.starts_with("ignore=");
        if is_skipped(&attribute)
            || attribute
                .strip_prefix("cfg_attr(")
                .is_some_and(|rest| rest.contains(",ignore"))
        {
            breaches.push(file.breach(line, "a test is not skipped: make it pass or take it out"));
        }
    }
    breaches
}

const CODE_ENDINGS: &[&str] = &[
    "rs",
    "ts",
    "js",
    "mjs",
    "py",
    "sh",
    "sql",
    "toml",
    "html",
    "css",
    "yaml",
    "yml",
    "Makefile",
    "Dockerfile",
    "run",
];

/// What is left to do is an issue, and its number stands beside the mark.
pub fn unfinished(file: &File) -> Vec<Breach> {
    let ending = file.path.rsplit(['.', '/']).next().unwrap_or_default();
    if !CODE_ENDINGS.contains(&ending) {
        return Vec::new();
    }
    // Marks in Rust strings are data; other languages are read as they stand.
    let text = if file.is_rust() {
        Source::parse(&file.text).comments
    } else {
        file.text.clone()
    };
    let is_mark = |word: &str| matches!(word, "TODO" | "FIXME" | "XXX");
    let has_issue = |line: &str| {
        line.match_indices('#').any(|(at, _)| {
            line.split_at(at + 1)
                .1
                .starts_with(|char: char| char.is_ascii_digit())
        })
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| line.split(|char: char| !char.is_alphanumeric()).any(is_mark) && !has_issue(line))
        .map(|(index, _)| file.breach(index + 1, "unfinished without an issue number (#12)"))
        .collect()
}

/// Both databases have the same migrations, each with a way up and a way down.
pub fn migration_pairs(files: &[File]) -> Vec<Breach> {
    const BACKENDS: [&str; 2] = ["postgres", "sqlite"];
    const STEPS: [&str; 2] = ["up.sql", "down.sql"];
    let mut texts: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for file in files {
        let Some(inner) = file.path.strip_prefix("migrations/") else {
            continue;
        };
        match inner.split('/').collect::<Vec<_>>()[..] {
            [backend, name, step] if BACKENDS.contains(&backend) && STEPS.contains(&step) => {
                texts.insert((backend, name, step), &file.text);
            }
            _ => breaches.push(file.breach(0, "not migrations/{postgres,sqlite}/NNNN_name/{up,down}.sql")),
        }
    }
    let names: BTreeSet<&str> = texts.keys().map(|(_, name, _)| *name).collect();
    for name in &names {
        let is_numbered = name.len() > 5
            && name.bytes().take(4).all(|byte| byte.is_ascii_digit())
            && name.as_bytes().get(4) == Some(&b'_');
        if !is_numbered {
            let path = format!("migrations/*/{name}");
            breaches.push(Breach {
                path,
                line: 0,
                rule: "a migration is named NNNN_name".to_owned(),
            });
        }
        for (backend, step) in BACKENDS
            .iter()
            .flat_map(|backend| STEPS.map(|step| (*backend, step)))
        {
            if texts
                .get(&(backend, name, step))
                .is_none_or(|text| text.trim().is_empty())
            {
                let path = format!("migrations/{backend}/{name}/{step}");
                breaches.push(Breach {
                    path,
                    line: 0,
                    rule: "missing or empty (migration pairs)".to_owned(),
                });
            }
        }
    }
    if names.is_empty() && files.iter().any(|file| file.path.starts_with("src/store/")) {
        let rule = "the store has no migrations".to_owned();
        breaches.push(Breach {
            path: "migrations".to_owned(),
            line: 0,
            rule,
        });
    }
    breaches
}

/// Nothing in the tree depends on where one machine keeps its files.
pub fn machine_paths(file: &File) -> Vec<Breach> {
    // Written in two parts, so that this file obeys its own rule.
    let needles = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
    ];
    let is_path = |line: &str, needle: &str| {
        let before = |at: usize| line.split_at(at).0.chars().next_back();
        let starts =
            |char: Option<char>| !char.is_some_and(|char| char.is_alphanumeric() || "._-}~".contains(char));
        line.match_indices(needle).any(|(at, _)| starts(before(at)))
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| needles.iter().any(|needle| is_path(line, needle)))
        .map(|(index, _)| file.breach(index + 1, "a path of one machine"))
        .collect()
}

/// Lock files name the public registries, and nothing else names any.
pub fn registry_hosts(file: &File) -> Vec<Breach> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_foreign = |line: &str| {
        let line = line.trim();
        match name {
            "Cargo.lock" => {
                line.starts_with("source = ")
                    && !line.starts_with("source = \"registry+https://github.com/rust-lang/crates.io-index\"")
            }
            "package-lock.json" => {
                line.starts_with("\"resolved\": \"http")
                    && !line.starts_with("\"resolved\": \"https://registry.npmjs.org/")
            }
            _ => {
                let dense: String = line
                    .chars()
                    .filter(|char| !char.is_whitespace() && *char != '"')
                    .collect();
                let settings = [
                    "registry=http",
                    "registry:http",
                    "index=sparse+",
                    "index-url",
                    "replace-with=",
                    "GOPROXY=",
                ];
                !file.is_rust() && settings.iter().any(|setting| dense.contains(setting))
            }
        }
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| is_foreign(line))
        .map(|(index, _)| {
            file.breach(
                index + 1,
                "a registry host: the machine's own settings say where packages come from",
            )
        })
        .collect()
}
