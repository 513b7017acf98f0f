//! Plants a breach of every rule and sees it caught: a check that cannot fail is worth nothing.

use crate::rules::{self, Breach, File};

/// Checks the lines that a rule reports for one file.
fn check(rule: fn(&File) -> Vec<Breach>, path: &str, text: &str, lines: &[usize]) {
    let breaches = rule(&File::new(path, text));
    let found: Vec<usize> = breaches.iter().map(|breach| breach.line).collect();
    assert_eq!(found, lines, "{path}: {breaches:?}");
}

#[test]
fn a_higher_or_sibling_floor_is_caught_however_it_is_written() {
    check(rules::floors, "src/base/id.rs", "use crate::domain::Event;", &[1]);
    check(
        rules::floors,
        "src/store/mod.rs",
        "use crate::{\n    base,\n    bus::{Topic},\n};",
        &[3],
    );
    check(
        rules::floors,
        "src/store/fence.rs",
        "fn f() { super::super::bus::publish(); }",
        &[1],
    );
    check(rules::floors, "src/bus/mod.rs", "use super::brain;", &[1]);
    check(
        rules::floors,
        "src/domain/act.rs",
        "fn f(_: &crate::host::clock::Clock) {}",
        &[1],
    );
    check(
        rules::floors,
        "src/actors/hub.rs",
        "\nuse crate::transport::ws;",
        &[2],
    );
    check(
        rules::floors,
        "src/transport/ws/pipe.rs",
        "use crate::app::App;",
        &[1],
    );
    check(rules::floors, "src/wire/codec.rs", "use crate::base::id;", &[1]);
    check(
        rules::floors,
        "src/config/mod.rs",
        "use crate::domain::Event;",
        &[1],
    );
    check(rules::floors, "src/domain/act.rs", "use crate::*;", &[1]);
    check(
        rules::floors,
        "src/domain/act.rs",
        "macro_rules! m { () => { $crate::bus::x() } }",
        &[1],
    );
    check(rules::floors, "src/attic/mod.rs", "", &[0]);
}

#[test]
fn lower_floors_and_own_modules_are_free() {
    check(
        rules::floors,
        "src/store/fence.rs",
        "use crate::{base::id, domain::Event, host, store::Conn};",
        &[],
    );
    check(
        rules::floors,
        "src/actors/mod.rs",
        "use crate::{bus, store, wire, brain, outbound};",
        &[],
    );
    check(
        rules::floors,
        "src/transport/http/mod.rs",
        "use crate::actors::hub; use super::ws;",
        &[],
    );
    check(
        rules::floors,
        "src/app.rs",
        "use crate::{actors, transport, cli};",
        &[],
    );
    check(rules::floors, "src/store/note/mod.rs", "use super::bus;", &[]);
    check(
        rules::floors,
        "src/base/id.rs",
        "// crate::domain\nconst TEXT: &str = \"crate::domain::x\";",
        &[],
    );
    check(rules::floors, "tests/it/main.rs", "use crate::services;", &[]);
}

#[test]
fn a_crate_outside_its_room_is_caught() {
    check(
        rules::rooms,
        "src/actors/hub.rs",
        "use diesel::prelude::*;\nuse diesel_async::x;",
        &[1, 2],
    );
    check(
        rules::rooms,
        "src/actors/hub.rs",
        "#[derive(diesel::Queryable)]\nstruct Row;",
        &[1],
    );
    check(
        rules::rooms,
        "src/store/mod.rs",
        "use {redis::Client, bb8};",
        &[1, 1],
    );
    check(
        rules::rooms,
        "src/transport/session/mod.rs",
        "use actix_web_actors as ws;",
        &[1],
    );
    check(
        rules::rooms,
        "src/bus/mod.rs",
        "fn f() { actix::System::new(); }",
        &[1],
    );
    check(
        rules::rooms,
        "src/main.rs",
        "#[actix::main]\nasync fn main() {}",
        &[1],
    );
}

#[test]
fn a_crate_in_its_room_and_namesakes_are_free() {
    check(
        rules::rooms,
        "src/store/commit.rs",
        "use diesel::prelude::*;",
        &[],
    );
    check(
        rules::rooms,
        "src/bus/redis.rs",
        "use redis::Client; use bb8_redis::bb8;",
        &[],
    );
    check(
        rules::rooms,
        "src/transport/ws/pipe.rs",
        "use actix_web_actors::ws;",
        &[],
    );
    check(rules::rooms, "src/cli/serve.rs", "use actix::System;", &[]);
    check(
        rules::rooms,
        "src/config/mod.rs",
        "mod redis;\npub use redis::Redis;",
        &[],
    );
    check(
        rules::rooms,
        "src/app.rs",
        "use crate::bus::{local, redis::Bus}; use crate::bus::redis;",
        &[],
    );
    check(
        rules::rooms,
        "src/transport/http.rs",
        "use actix_web::web; // diesel::x",
        &[],
    );
}

#[test]
fn io_clocks_and_chance_in_pure_code_are_caught() {
    let base = "use std::{collections::BTreeMap,\n fs};\nuse std::net::IpAddr;\nfn f() { std::time::Instant::now(); }";
    check(rules::purity, "src/base/time.rs", base, &[2, 3, 4]);
    let domain =
        "use tokio::sync;\nuse tracing::info;\nuse rand::Rng;\nfn f() { SystemTime::now(); Uuid::now_v7(); }";
    check(rules::purity, "src/domain/act.rs", domain, &[1, 2, 3, 4, 4]);
    check(
        rules::purity,
        "src/wire/frame.rs",
        "use actix_web::web;\nuse diesel_async::x;\nuse redis;",
        &[1, 2, 3],
    );
}

#[test]
fn plain_values_in_pure_code_are_free() {
    let text = "use std::time::Duration; use crate::base::rand; // Instant::now()\nfn f(now: Instant) { now.elapsed(); }";
    check(rules::purity, "src/base/time.rs", text, &[]);
    check(
        rules::purity,
        "src/host/clock.rs",
        "fn f() { std::time::Instant::now(); }",
        &[],
    );
}

#[test]
fn a_long_file_is_caught_and_its_tests_do_not_count() {
    let file = |lines: usize, rest: &str| File::new("src/base/id.rs", &("fn f() {}\n".repeat(lines) + rest));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(600));
    assert_eq!(rules::length(&[file(501, "")]).len(), 1);
    assert_eq!(rules::length(&[file(500, &tests)]).len(), 0);
    assert_eq!(
        rules::length(&[file(0, "#[cfg(test)]\nuse x::y;\n"), file(501, "")]).len(),
        1
    );
    assert_eq!(
        rules::length(&[file(0, &format!("#[cfg(test)]\nuse x::y;\n{}", "\n".repeat(501)))]).len(),
        1
    );
    assert_eq!(
        rules::length(&[File::new("tests/tidy/main.rs", &"\n".repeat(501))]).len(),
        0
    );
}

#[test]
fn a_high_median_is_caught_from_twenty_files_on() {
    let files = |count: usize, lines: usize| -> Vec<File> {
        (0..count)
            .map(|_| File::new("src/base/id.rs", &"fn f() {}\n".repeat(lines)))
            .collect()
    };
    assert_eq!(rules::length(&files(20, 151)).len(), 1);
    assert_eq!(rules::length(&files(20, 150)).len(), 0);
    assert_eq!(rules::length(&files(19, 151)).len(), 0);
}

#[test]
fn names_that_say_nothing_are_caught() {
    check(rules::names, "src/utils.rs", "", &[0]);
    check(rules::names, "src/store/helpers/mod.rs", "", &[0]);
    check(rules::names, "tests/it/common.rs", "", &[0]);
    check(
        rules::names,
        "src/lib.rs",
        "pub mod base;\npub(crate) mod manager;\nmod data { }",
        &[2, 3],
    );
    check(
        rules::names,
        "src/domain/data_age.rs",
        "// mod utils;\nmod database;\nlet data = common();",
        &[],
    );
}

#[test]
fn silenced_lints_and_skipped_tests_are_caught() {
    let text = "#![allow(dead_code)]\n#[ allow (x)]\n#[cfg_attr(test, allow(x))]\n#[test]\n#[ignore]\n#[ignore = \"slow\"]";
    check(rules::silenced, "src/lib.rs", text, &[1, 2, 3, 5, 6]);
    let fine = "// #[allow(x)]\n#[expect(x, reason = \"y\")]\nlet s = \"#[ignore]\"; fn allow() {} #[cfg(feature = \"ignore\")]";
    check(rules::silenced, "tests/it/main.rs", fine, &[]);
}

#[test]
fn work_left_without_an_issue_is_caught() {
    check(
        rules::unfinished,
        "src/lib.rs",
        "// TODO: later\n/* FIXME */\n// TODO(#12): later",
        &[1, 2],
    );
    check(
        rules::unfinished,
        "scripts/test.sh",
        "# TODO later\necho # TODO #7",
        &[1],
    );
    check(rules::unfinished, "Makefile", "# FIXME", &[1]);
    check(
        rules::unfinished,
        "src/lib.rs",
        "const MARK: &str = \"TODO\"; // TODOS and ATODO",
        &[],
    );
    check(rules::unfinished, "docs/CONVENTIONS.md", "Never leave TODO", &[]);
}

#[test]
fn a_setting_that_nobody_reads_is_caught() {
    let section = "section! {
    /// Rooms.
    pub struct Rooms in \"rooms\" {
        /// Read by the floor above.
        size_m: u32 = 1,
        /// Read by nobody but its check and a test.
        size: u32 = 2,
        /// Read by a method.
        doors: Option<String> = None; example \"two\",
    }
}

impl Rooms {
    pub fn has_doors(&self) -> bool {
        self.doors.is_some()
    }

    pub(super) fn check(&self) -> Result<(), ()> {
        if self.size > 3 { return Err(()); }
        within(self.size_m, self.doors)
    }
}

#[cfg(test)]
mod tests { fn f() { rooms.size; } }
";
    let config = || File::new("src/config/rooms.rs", section);
    let reader = |text: &str| File::new("src/actors/room.rs", text);
    let lines = |files: &[File]| -> Vec<usize> {
        rules::settings_are_read(files)
            .iter()
            .map(|breach| breach.line)
            .collect()
    };
    let half = reader("fn f() { config.rooms.size_m; } // config.rooms.size");
    assert_eq!(lines(&[config(), half]), [7]);
    assert_eq!(lines(&[config(), reader("fn f() {}")]), [5, 7]);
    let elsewhere = File::new(
        "tests/it/room.rs",
        "fn f() { config.rooms.size_m + config.rooms.size }",
    );
    assert_eq!(lines(&[config(), elsewhere]), [5, 7]);
    let whole = reader("fn f() { config.rooms.size_m + config.rooms.size }");
    assert_eq!(lines(&[config(), whole]), [0; 0]);
}

#[test]
fn a_migration_without_its_twin_is_caught() {
    let pair = |backend: &str, name: &str| {
        ["up", "down"].map(|step| File::new(&format!("migrations/{backend}/{name}/{step}.sql"), "select 1;"))
    };
    let broken = |files: &[File]| -> Vec<String> {
        rules::migration_pairs(files)
            .iter()
            .map(|breach| breach.path.clone())
            .collect()
    };
    let whole: Vec<File> = ["postgres", "sqlite"]
        .iter()
        .flat_map(|backend| pair(backend, "0001_world"))
        .collect();
    assert_eq!(broken(&whole), [""; 0]);
    assert_eq!(
        broken(&pair("postgres", "0001_world")),
        [
            "migrations/sqlite/0001_world/up.sql",
            "migrations/sqlite/0001_world/down.sql"
        ]
    );
    let mut empty = whole;
    empty[3].text = " \n".to_owned();
    assert_eq!(broken(&empty), ["migrations/sqlite/0001_world/down.sql"]);
    let unnumbered: Vec<File> = ["postgres", "sqlite"]
        .iter()
        .flat_map(|backend| pair(backend, "world"))
        .collect();
    assert_eq!(broken(&unnumbered), ["migrations/*/world"]);
    let twice: Vec<File> = ["0001_world", "0002_poison", "0002_border"]
        .iter()
        .flat_map(|name| ["postgres", "sqlite"].map(|backend| pair(backend, name)))
        .flatten()
        .collect();
    assert_eq!(broken(&twice), ["migrations/*/0002_poison"]);
    assert_eq!(
        broken(&[File::new("migrations/postgres/0001_world.sql", "x")]),
        ["migrations/postgres/0001_world.sql"]
    );
    assert_eq!(broken(&[File::new("src/store/mod.rs", "")]), ["migrations"]);
}

#[test]
fn paths_of_one_machine_are_caught() {
    let text = format!("a\ncd {}me/me/rookery\nx=\"{}rk/main\"", "/ho", "/wo");
    check(rules::machine_paths, "scripts/run.sh", &text, &[2, 3]);
    check(
        rules::machine_paths,
        "README.md",
        &format!("see `{}ot/x`", "/ro"),
        &[1],
    );
    check(
        rules::machine_paths,
        "README.md",
        &format!("https://example.org{}me/ and /homes/ and /data/", "/ho"),
        &[],
    );
}

#[test]
fn registries_of_one_machine_are_caught() {
    let crates = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"registry+https://mirror/x\"";
    check(rules::registry_hosts, "Cargo.lock", crates, &[2]);
    let npm =
        "\"resolved\": \"https://registry.npmjs.org/a.tgz\",\n  \"resolved\": \"https://mirror/a.tgz\",";
    check(rules::registry_hosts, "static/package-lock.json", npm, &[2]);
    check(
        rules::registry_hosts,
        "static/.npmrc",
        "registry = http://mirror/npm",
        &[1],
    );
    check(
        rules::registry_hosts,
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"mirror\"",
        &[2],
    );
    check(
        rules::registry_hosts,
        "scripts/test.sh",
        "pip install --index-url http://mirror x",
        &[1],
    );
    check(rules::registry_hosts, "README.md", "npm ci", &[]);
}
