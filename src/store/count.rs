//! How much there is.

use super::connection::on_conn;
use super::schema::NAMES;
use super::{Reader, Result};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use std::collections::BTreeMap;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    row_count: i64,
}

impl Reader {
    /// The number of rows of each table, by its name. It reads whole tables: for tests and the operator, not for requests.
    pub fn row_counts(&mut self) -> Result<BTreeMap<String, i64>> {
        let count = |name: &&str| format!("SELECT '{name}' AS name, count(*) AS row_count FROM \"{name}\"");
        let sql = NAMES.iter().map(count).collect::<Vec<_>>().join(" UNION ALL ");
        let rows: Vec<Count> = self.read("count rows", |conn| on_conn!(conn, |c| sql_query(&sql).load(c)))?;
        Ok(rows.into_iter().map(|row| (row.name, row.row_count)).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Reader;
    use crate::store::test_database::on_both;

    #[test]
    fn every_table_is_counted() {
        on_both(|target| {
            let counts = Reader::open(target).unwrap().row_counts().unwrap();
            assert_eq!(counts.len(), super::NAMES.len());
            // The mint and the market are there from the first migration on.
            assert!(counts["account"] > 0 && counts["agents"] == 0, "{counts:?}");
        });
    }
}
