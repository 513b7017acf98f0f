//! A setting that nobody reads is a promise that nobody keeps.

use super::{Breach, File};
use crate::source::Source;

/// Each field of a `section!` is read outside `src/config`, or by a method of its own file other than the check of its range.
pub fn settings_are_read(files: &[File]) -> Vec<Breach> {
    let is_config = |file: &File| file.path.starts_with("src/config/");
    let readers: Vec<String> = files
        .iter()
        .filter(|file| file.is_product() && !is_config(file))
        .map(|file| Source::parse(&file.text).code)
        .collect();
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| file.is_product() && is_config(file)) {
        let code = Source::parse(&file.text).code;
        let own = without_check(&code);
        for (line, field) in fields(&code) {
            let is_read = |text: &String| reads(text, field);
            if !reads(&own, field) && !readers.iter().any(is_read) {
                breaches.push(file.breach(
                    line,
                    format!("the setting `{field}` is read nowhere: use it or take it out"),
                ));
            }
        }
    }
    breaches
}

/// The fields of all sections of a file, each with its line.
fn fields(code: &str) -> Vec<(usize, &str)> {
    let mut fields = Vec::new();
    let mut is_inside = false;
    for (index, line) in code.lines().enumerate() {
        if line.starts_with("section! {") {
            is_inside = true;
        } else if line.starts_with('}') {
            is_inside = false;
        } else if is_inside
            && line.contains('=')
            && let Some((name, _)) = line.split_once(':')
            && !name.trim().is_empty()
            && name.trim().chars().all(is_of_word)
        {
            fields.push((index + 1, name.trim()));
        }
    }
    fields
}

/// The code of a section's file without `fn check`, which looks at every field, and without its tests.
fn without_check(code: &str) -> String {
    let product = code.split("#[cfg(test)]").next().unwrap_or_default();
    let Some((before, check)) = product.split_once("fn check(") else {
        return product.to_owned();
    };
    let mut depth = 0_usize;
    let end = check.char_indices().find_map(|(at, char)| {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => return None,
        }
        (depth == 0).then_some(at)
    });
    let after = end.map_or("", |at| check.split_at(at).1);
    format!("{before}{after}")
}

fn reads(code: &str, field: &str) -> bool {
    let wanted = format!(".{field}");
    code.match_indices(&wanted)
        .any(|(at, _)| !code.split_at(at + wanted.len()).1.starts_with(is_of_word))
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}
