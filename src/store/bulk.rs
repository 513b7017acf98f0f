//! Statements over a list of rows, of which Diesel's query builder has none: keyed selects and updates.

use super::sql_types::{DocRef, Id, Json, Uid};
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Bool, Double, HasSqlType, Integer, Nullable, SmallInt, Text};
use std::marker::PhantomData;

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Id(Id),
    NullableId(Option<Id>),
    Text(&'a str),
    NullableText(Option<&'a str>),
    Bytes(&'a [u8]),
    Small(i16),
    Integer(i32),
    NullableInteger(Option<i32>),
    Big(i64),
    NullableBig(Option<i64>),
    Double(f64),
    Bool(bool),
    Doc(DocRef<'a>),
    NullableDoc(Option<DocRef<'a>>),
}

/// `head (..), (..) tail`, in one statement. `ST` is the SQL type of the answer's rows.
#[derive(Debug)]
pub(crate) struct Bulk<'a, ST = ()> {
    head: &'static str,
    tail: &'static str,
    rows: &'a [Vec<Cell<'a>>],
    is_kept: bool,
    answer: PhantomData<ST>,
}

impl<'a, ST> Bulk<'a, ST> {
    /// A statement over rows of equal length; not for an empty list. `head` ends before the first row's parenthesis.
    pub(crate) fn new(head: &'static str, rows: &'a [Vec<Cell<'a>>], tail: &'static str) -> Self {
        Self {
            head,
            tail,
            rows,
            is_kept: false,
            answer: PhantomData,
        }
    }

    /// The same, and it stays prepared: for lists of a few fixed lengths, see `parts`.
    pub(crate) fn kept(self) -> Self {
        Self {
            is_kept: true,
            ..self
        }
    }
}

impl<ST: 'static> QueryId for Bulk<'_, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Bulk<'_, ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Bulk<'_, ST> {}

impl<ST, DB> QueryFragment<DB> for Bulk<'_, ST>
where
    DB: Backend + HasSqlType<Uid> + HasSqlType<Bool> + HasSqlType<Json>,
    Id: ToSql<Uid, DB>,
    Option<Id>: ToSql<Nullable<Uid>, DB>,
    for<'b> &'b str: ToSql<Text, DB>,
    for<'b> Option<&'b str>: ToSql<Nullable<Text>, DB>,
    for<'b> &'b [u8]: ToSql<Binary, DB>,
    i16: ToSql<SmallInt, DB>,
    i32: ToSql<Integer, DB>,
    Option<i32>: ToSql<Nullable<Integer>, DB>,
    i64: ToSql<BigInt, DB>,
    f64: ToSql<Double, DB>,
    bool: ToSql<Bool, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    for<'b> DocRef<'b>: ToSql<Json, DB>,
    for<'b> Option<DocRef<'b>>: ToSql<Nullable<Json>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.is_kept {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(self.head);
        for (number, row) in self.rows.iter().enumerate() {
            out.push_sql(if number == 0 { "(" } else { ", (" });
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    out.push_sql(", ");
                }
                match cell {
                    Cell::Id(value) => out.push_bind_param::<Uid, Id>(value)?,
                    Cell::NullableId(value) => out.push_bind_param::<Nullable<Uid>, Option<Id>>(value)?,
                    Cell::Text(value) => out.push_bind_param::<Text, &'b str>(value)?,
                    Cell::NullableText(value) => {
                        out.push_bind_param::<Nullable<Text>, Option<&'b str>>(value)?
                    }
                    Cell::Bytes(value) => out.push_bind_param::<Binary, &'b [u8]>(value)?,
                    Cell::Small(value) => out.push_bind_param::<SmallInt, i16>(value)?,
                    Cell::NullableInteger(value) => {
                        out.push_bind_param::<Nullable<Integer>, Option<i32>>(value)?
                    }
                    Cell::Integer(value) => out.push_bind_param::<Integer, i32>(value)?,
                    Cell::Big(value) => out.push_bind_param::<BigInt, i64>(value)?,
                    Cell::NullableBig(value) => {
                        out.push_bind_param::<Nullable<BigInt>, Option<i64>>(value)?
                    }
                    Cell::Double(value) => out.push_bind_param::<Double, f64>(value)?,
                    Cell::Bool(value) => out.push_bind_param::<Bool, bool>(value)?,
                    Cell::Doc(value) => out.push_bind_param::<Json, DocRef<'b>>(value)?,
                    Cell::NullableDoc(value) => {
                        out.push_bind_param::<Nullable<Json>, Option<DocRef<'b>>>(value)?
                    }
                }
            }
            out.push_sql(")");
        }
        out.push_sql(self.tail);
        Ok(())
    }
}
