//! Breaches of form: long files, empty names, what was left undone.

use super::*;

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
