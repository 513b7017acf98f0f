//! The rows that a batch writes, one struct a table.

use crate::store::schema;
use crate::store::sql_types::{Doc, DocRef, Id};
use diesel::Insertable;

// Rows with `Insertable` go through Diesel; `treat_none_as_default_value = false` matters there: without it Diesel sends one
// statement a row to SQLite. The others are those of most batches: see `many`.

pub(super) struct EventRow<'a> {
    pub created_at: i64,
    pub shard_id: i32,
    pub seq: i64,
    pub epoch: i64,
    pub event_id: Id,
    pub event_type: &'a str,
    pub source_agent: Option<&'a str>,
    pub target_agent: Option<&'a str>,
    pub region: &'a str,
    pub content: DocRef<'a>,
    pub location: Option<Doc>,
    pub hearers: String,
    pub is_public: bool,
    pub world_tick: i64,
    pub deltas: Option<&'a Doc>,
}

pub(super) struct TransferRow<'a> {
    pub id: Id,
    pub shard_id: Option<i32>,
    pub seq: Option<i64>,
    pub agent_id: Id,
    pub command_id: String,
    pub body_hash: &'a [u8],
    pub debit: Id,
    pub credit: Id,
    pub amount: i64,
    pub currency: i16,
    pub code: i16,
    pub note: Option<&'a str>,
    pub debit_balance: i64,
    pub debit_version: i64,
    pub credit_balance: i64,
    pub credit_version: i64,
    pub debit_previous: Option<Id>,
    pub credit_previous: Option<Id>,
    pub tick: i64,
    pub created_at: i64,
}

pub(super) struct AccountRow {
    pub id: Id,
    /// The version that was read: the row changes from no other.
    pub read_version: i64,
    pub balance: i64,
    pub version: i64,
    pub last_transfer: Option<Id>,
}

pub(super) struct PlaceRow<'a> {
    pub id: Id,
    pub region: &'a str,
    pub shard_id: i32,
    pub x: f64,
    pub y: f64,
    pub z: f64,
    pub hop: i64,
    pub is_in_world: bool,
    pub carried: Option<&'a str>,
    pub updated_at: i64,
}

pub(super) struct InboxRow {
    pub agent_id: Id,
    pub offset: i64,
    pub shard_id: i32,
    pub seq: i64,
    pub tick: i64,
    pub created_at: i64,
}

pub(super) struct InboxHeadRow {
    pub agent_id: Id,
    pub top: i64,
}

pub(super) struct CommandRow<'a> {
    pub agent_id: Id,
    pub command_id: &'a str,
    pub body_hash: &'a [u8],
    pub action: &'a str,
    pub status: &'a str,
    pub result: DocRef<'a>,
    pub shard_id: i32,
    pub seq: i64,
    pub region: &'a str,
    pub tick: i64,
    pub created_at: i64,
}

pub(super) struct ChatRow<'a> {
    pub id: Id,
    pub sender_id: Id,
    pub sender_agent: &'a str,
    pub sender_name: &'a str,
    pub recipient_id: Option<Id>,
    pub recipient_agent: Option<&'a str>,
    pub region: &'a str,
    pub message: &'a str,
    pub volume: &'a str,
    pub shard_id: i32,
    pub seq: i64,
    pub created_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = schema::item, treat_none_as_default_value = false)]
pub(super) struct ItemRow<'a> {
    pub id: Id,
    pub holder_id: Id,
    pub kind: &'a str,
    pub quantity: i32,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = schema::conversation, treat_none_as_default_value = false)]
pub(super) struct ConversationRow<'a> {
    pub id: Id,
    pub shard_id: i32,
    pub region: &'a str,
    pub phase: &'a str,
    pub body: Doc,
    pub opened_at: i64,
    pub last_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = schema::conversation_line, treat_none_as_default_value = false)]
pub(super) struct LineRow<'a> {
    pub conversation_id: Id,
    pub number: i64,
    pub speaker_id: Id,
    pub speaker: &'a str,
    pub addressed_to: Doc,
    pub message: &'a str,
    pub tick: i64,
    pub created_at: i64,
}
