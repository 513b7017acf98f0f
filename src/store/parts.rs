//! Lists of rows in parts of fixed lengths, for statements that SQLite prepares once. Diesel prepares a statement whose length
//! varies anew each time; in such parts the same few texts come again and stay prepared. Measured: preparing was a quarter of a
//! commit.

/// The lengths of parts, longest first. Few, because each is a statement that is kept; the last is one, so that every list can
/// be parted.
const LENGTHS: [usize; 4] = [128, 32, 8, 1];

/// Rows in parts of the fixed lengths.
pub(crate) fn parts<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rest.len())?;
        let (part, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole_list_in_order_and_of_fixed_lengths() {
        for length in [0, 1, 7, 8, 250, 1_000] {
            let rows: Vec<usize> = (0..length).collect();
            let all: Vec<&[usize]> = parts(&rows).collect();
            assert_eq!(all.concat(), rows);
            assert!(all.iter().all(|part| LENGTHS.contains(&part.len())));
        }
    }
}
