//! A batch's statements on PostgreSQL: rows travel as one array a column, so the text of a statement never changes with the
//! size of the batch, and the server parses and plans it once a connection instead of once a batch.

use crate::store::sql_types::{Id, Uid};
use diesel::dsl::AsExprOf;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Text};
use diesel::{IntoSql, QueryResult, RunQueryDsl};
use std::marker::PhantomData;

/// `head $1, $2, .. tail`, the tail in two parts. `ST` is the SQL type of the answer's rows.
pub(super) struct Unnest<B, ST = ()> {
    head: &'static str,
    columns: B,
    tail: (&'static str, &'static str),
    answer: PhantomData<ST>,
}

impl<B, ST> Unnest<B, ST> {
    /// A statement over columns of equal length. `head` ends before the first of them.
    pub(super) fn new(head: &'static str, columns: B, tail: (&'static str, &'static str)) -> Self {
        Self {
            head,
            columns,
            tail,
            answer: PhantomData,
        }
    }
}

impl<B, ST> QueryId for Unnest<B, ST> {
    type QueryId = ();
    // Known by its text: two statements may have columns of the same types.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B, ST> Query for Unnest<B, ST> {
    type SqlType = ST;
}

impl<B, ST, C> RunQueryDsl<C> for Unnest<B, ST> {}

impl<B: QueryFragment<Pg>, ST> QueryFragment<Pg> for Unnest<B, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.head);
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(self.tail.0);
        out.push_sql(self.tail.1);
        Ok(())
    }
}

/// The columns of keys of commands.
type Keys = (AsExprOf<Vec<Id>, Array<Uid>>, AsExprOf<Vec<String>, Array<Text>>);

/// A select that joins the keys of commands.
pub(super) fn keys<ST>(
    head: &'static str,
    keys: &[(Id, &str)],
    tail: (&'static str, &'static str),
) -> Unnest<Keys, ST> {
    let agents: Vec<Id> = keys.iter().map(|key| key.0).collect();
    let commands: Vec<String> = keys.iter().map(|key| key.1.to_owned()).collect();
    let columns = (
        agents.into_sql::<Array<Uid>>(),
        commands.into_sql::<Array<Text>>(),
    );
    Unnest::new(head, columns, tail)
}
