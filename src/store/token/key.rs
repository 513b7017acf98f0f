//! Signing keys.

use crate::base::time::Timestamp;
use crate::store::connection::on_conn;
use crate::store::schema::signing_key;
use crate::store::{Reader, Result, Store};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; columns of table signing_key")]
pub struct SigningKeyRow {
    pub kid: String,
    pub alg: String,
    pub public: Vec<u8>,
    pub private: Vec<u8>,
    pub state: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The private half is not for logs.
        f.debug_struct("SigningKeyRow")
            .field("kid", &self.kid)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Adds a signing key; one with the same `kid` stays as it is. Gives whether it was added.
    pub fn add_signing_key(&mut self, key: &SigningKeyRow) -> Result<bool> {
        use signing_key::dsl as k;
        let row = || {
            (
                (
                    k::kid.eq(&key.kid),
                    k::alg.eq(&key.alg),
                    k::public.eq(&key.public),
                    k::private.eq(&key.private),
                ),
                (
                    k::state.eq(&key.state),
                    k::not_before.eq(key.not_before.0),
                    k::not_after.eq(key.not_after.0),
                ),
            )
        };
        self.write("add a signing key", |conn| {
            let insert = || {
                diesel::insert_into(k::signing_key)
                    .values(row())
                    .on_conflict(k::kid)
                    .do_nothing()
            };
            Ok(on_conn!(conn, |c| insert().execute(c))? == 1)
        })
    }

    /// Changes the state of a signing key. Gives whether there is such a key.
    pub fn set_signing_key_state(&mut self, kid: &str, state: &str) -> Result<bool> {
        use signing_key::dsl as k;
        self.write("change a signing key", |conn| {
            let update = || diesel::update(k::signing_key.find(kid)).set(k::state.eq(state));
            Ok(on_conn!(conn, |c| update().execute(c))? == 1)
        })
    }
}

impl Reader {
    /// All signing keys.
    pub fn signing_keys(&mut self) -> Result<Vec<SigningKeyRow>> {
        use signing_key::dsl as k;
        self.read("read the signing keys", |conn| {
            type Row = (String, String, Vec<u8>, Vec<u8>, String, i64, i64);
            let rows: Vec<Row> = on_conn!(conn, |c| k::signing_key.order(k::not_before).load(c))?;
            let key = |(kid, alg, public, private, state, not_before, not_after): Row| SigningKeyRow {
                kid,
                alg,
                public,
                private,
                state,
                not_before: Timestamp(not_before),
                not_after: Timestamp(not_after),
            };
            Ok(rows.into_iter().map(key).collect())
        })
    }
}
