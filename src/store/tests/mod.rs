//! Conformance: the same bodies on SQLite and PostgreSQL.

mod agents;
mod channel_backup;
mod channels;
mod commits;
mod faults;
mod log_ins;
mod money;
mod reads;
mod replay;
mod schema;
mod shards;
mod sharing;
mod together;
mod tokens;
mod verification;
pub(super) mod world;

use world::*;
