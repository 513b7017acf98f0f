//! Breaches that are seen over several files or in any: settings, migrations, traces of one machine.

use super::*;

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
