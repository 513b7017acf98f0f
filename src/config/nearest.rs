//! The known name that a mistyped one is most like.

/// Longest name that is compared; the rest is ignored.
const NAME_MAX_CHARS: usize = 64;

/// Returns the candidate with the fewest edits, when it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(2);
    let scored = candidates
        .into_iter()
        .map(|candidate| (edits(name, candidate), candidate));
    scored
        .filter(|(edits, _)| *edits <= most)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, case ignored.
fn edits(one: &str, two: &str) -> usize {
    let two: Vec<char> = two
        .chars()
        .take(NAME_MAX_CHARS)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (line, left) in one
        .chars()
        .take(NAME_MAX_CHARS)
        .map(|c| c.to_ascii_lowercase())
        .enumerate()
    {
        let mut next = Vec::with_capacity(row.len());
        let mut before = line + 1;
        next.push(before);
        for (pair, right) in row.windows(2).zip(&two) {
            let &[diagonal, above] = pair else { break };
            before = (diagonal + usize::from(left != *right))
                .min(above + 1)
                .min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("Tick", "tick"), 0);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("tickms", ["seed", "tick_ms", "demo"]), Some("tick_ms"));
        assert_eq!(nearest("colour", ["seed", "tick_ms", "demo"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
