//! Statements over many rows that SQLite prepares once. Diesel prepares a statement whose length varies anew each time; here
//! rows go in parts of a few fixed lengths, so that the same few texts come again and stay prepared. Measured: preparing was
//! a quarter of a commit.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

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

/// A statement whose text is one of few: it stays prepared, known by its text.
pub(crate) struct Cached<Q>(pub(crate) Q);

impl<Q> QueryId for Cached<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Cached<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Cached<Q> {}

impl<Q, DB> QueryFragment<DB> for Cached<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    // The parts' lengths are fixed, so the cache holds a few statements a table.
    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
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
