//! Checks the rules of `docs/ARCHITECTURE.md` that need no compiler: one test a rule, over the files that git would commit.

#[cfg(test)]
mod planted;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod source;

#[cfg(test)]
mod tree {
    use std::path::Path;
    use std::process::Command;

    use crate::rules::{self, Breach, File};

    /// Reads every text file that is tracked, or new and not ignored.
    fn files() -> Vec<File> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // A checkout may belong to another user than the one who tests it.
        let listing = Command::new("git")
            .args([
                "-c",
                "safe.directory=*",
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .expect("git lists the files: apt-get install git");
        assert!(
            listing.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listing.stderr)
        );
        let listing = String::from_utf8(listing.stdout).expect("file names are UTF-8");
        let paths = listing.split_terminator('\0');
        // A file that is gone from the folder but not yet from the index, and a binary file, have no text to check.
        let read = |path: &str| {
            Some(File {
                text: std::fs::read_to_string(root.join(path)).ok()?,
                path: path.to_owned(),
            })
        };
        let files: Vec<File> = paths.filter_map(read).collect();
        assert!(
            files.iter().any(|file| file.path == "src/lib.rs"),
            "the listing misses src/lib.rs"
        );
        files
    }

    fn check(breaches: &[Breach]) {
        let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
        assert!(
            lines.is_empty(),
            "{} breaches:\n{}",
            lines.len(),
            lines.join("\n")
        );
    }

    fn check_each(rule: fn(&File) -> Vec<Breach>) {
        check(&files().iter().flat_map(rule).collect::<Vec<_>>());
    }

    #[test]
    fn floors_import_only_lower_floors() {
        check_each(rules::floors);
    }

    #[test]
    fn crates_stay_in_their_rooms() {
        check_each(rules::rooms);
    }

    #[test]
    fn base_wire_and_domain_are_pure() {
        check_each(rules::purity);
    }

    #[test]
    fn files_are_short() {
        check(&rules::length(&files()));
    }

    #[test]
    fn names_say_something() {
        check_each(rules::names);
    }

    #[test]
    fn no_lint_is_silenced_and_no_test_skipped() {
        check_each(rules::silenced);
    }

    #[test]
    fn unfinished_work_has_an_issue() {
        check_each(rules::unfinished);
    }

    #[test]
    fn every_setting_is_read() {
        check(&rules::settings_are_read(&files()));
    }

    #[test]
    fn migrations_come_in_pairs() {
        check(&rules::migration_pairs(&files()));
    }

    #[test]
    fn no_path_of_one_machine_is_in_the_tree() {
        check_each(rules::machine_paths);
    }

    #[test]
    fn no_registry_host_is_in_the_tree() {
        check_each(rules::registry_hosts);
    }
}
