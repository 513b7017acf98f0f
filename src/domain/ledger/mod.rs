//! Money: integers, double entry, the sum of a currency always zero. Balances belong to the database.

pub mod balance;
pub mod pay;
pub mod statement;

use crate::domain::agent::Handle;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// The one currency so far: credits, 100 minor units each.
pub const CREDIT: i16 = 1;

/// What a new agent receives from the mint, once. Units: minor.
pub const GENESIS_GRANT_MINOR: i64 = 100_000;

/// The largest amount: JavaScript holds integers exactly up to here.
pub const AMOUNT_MAX_MINOR: i64 = 9_007_199_254_740_991;

/// A positive amount of money in minor units, 1 to 2^53 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// Checks and wraps an amount. Errors: a sentence, when it is out of range.
    pub fn new(minor: i64) -> Result<Self, String> {
        if (1..=AMOUNT_MAX_MINOR).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err("amount must be an integer from 1 to 9007199254740991 minor units".to_owned())
        }
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": AMOUNT_MAX_MINOR})
    }
}

/// Who receives a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// An agent's wallet.
    Agent(Handle),
    /// The account that market stalls sell from.
    Market,
}

/// Why money moved. The numbers are those of table `transfer`. Source: society.md §5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferCode {
    /// The grant to a new agent.
    Genesis,
    /// From agent to agent.
    Payment,
    /// For goods.
    Purchase,
}

impl TransferCode {
    /// The number in the table.
    pub fn number(self) -> i16 {
        match self {
            TransferCode::Genesis => 1,
            TransferCode::Payment => 10,
            TransferCode::Purchase => 20,
        }
    }
}

/// What kind of account. The numbers are those of table `account`. Source: society.md §5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// An agent's money.
    Wallet,
    /// What stalls took.
    Market,
    /// Where money comes from; the only one that may be negative.
    Mint,
}

impl AccountKind {
    /// The number in the table.
    pub fn number(self) -> i16 {
        match self {
            AccountKind::Wallet => 1000,
            AccountKind::Market => 2200,
            AccountKind::Mint => 9000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_whole_number_that_javascript_can_hold() {
        for bad in [
            "0",
            "-1",
            "1.0",
            "1e3",
            "\"5\"",
            "null",
            "9007199254740992",
            "9223372036854775808",
            "18446744073709551616",
            "true",
        ] {
            assert!(serde_json::from_str::<Amount>(bad).is_err(), "{bad}");
        }
        assert_eq!(
            serde_json::from_str::<Amount>("9007199254740991")
                .unwrap()
                .minor(),
            AMOUNT_MAX_MINOR
        );
    }
}
