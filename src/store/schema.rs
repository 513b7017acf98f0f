//! The tables, by hand: the same for both databases. The SQL is in `migrations/`.

macro_rules! tables {
    ($($name:ident ($($key:ident),+) { $($column:ident -> $kind:ty,)* })*) => {$(
        diesel::table! {
            use diesel::sql_types::*;
            use crate::store::sql_types::{Json, Uid};
            $name ($($key),+) { $($column -> $kind,)* }
        }
    )*
        /// The names of all tables.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

tables! {
    world (id) { id -> Uid, epoch -> BigInt, tick_ms -> BigInt, seed -> BigInt, created_at -> BigInt, }
    bus_key (id) { id -> Integer, secret -> Text, }
    region (name) { name -> Text, number -> Integer, plan -> Json, created_at -> BigInt, }
    node (id) { id -> Uid, name -> Text, addr -> Text, version -> Text, state -> Text, seen_at -> BigInt, }
    shard (id) {
        id -> Integer, region -> Text, x0 -> Integer, y0 -> Integer, x1 -> Integer, y1 -> Integer,
        owner -> Nullable<Uid>, epoch -> BigInt, lease_until -> BigInt, last_seq -> BigInt, last_at -> BigInt, floor_seq -> BigInt,
        state -> Text, desired_owner -> Nullable<Uid>, agents -> Integer, replay_from -> BigInt,
    }
    shard_claim_log (shard_id, epoch) { shard_id -> Integer, epoch -> BigInt, owner -> Uid, at -> BigInt, reason -> Text, }
    agents (id) {
        id -> Uid, agent_id -> Text, name -> Text, name_skeleton -> Text, owner_id -> Nullable<Text>, description -> Nullable<Text>,
        avatar -> Json, brain_config -> Nullable<Json>, skills_map -> Json, permissions -> Json, default_region -> Text,
        region -> Nullable<Text>, shard_id -> Nullable<Integer>, x -> Nullable<Double>, y -> Nullable<Double>, z -> Nullable<Double>,
        hop -> BigInt, is_in_world -> Bool, is_public -> Bool, accepts_prompts -> Bool, inbox_epoch -> Text,
        total_online_seconds -> BigInt, message_count -> BigInt, action_count -> BigInt, last_seen -> Nullable<BigInt>,
        key_id -> Nullable<Text>, key_hash -> Nullable<Text>, created_at -> BigInt, updated_at -> BigInt,
        carried -> Nullable<Text>,
    }
    sessions (id) {
        id -> Uid, agent_id -> Uid, token -> Text, region -> Text, x -> Double, y -> Double, z -> Double, status -> Text,
        connected_at -> BigInt, last_heartbeat -> BigInt, disconnected_at -> Nullable<BigInt>, metadata -> Json, node -> Nullable<Uid>,
    }
    spectator_sessions (id) {
        id -> Uid, human_id -> Nullable<Text>, agent_id -> Nullable<Text>, camera_mode -> Text, settings -> Json,
        prompts_sent -> BigInt, connected_at -> BigInt, last_activity -> BigInt, disconnected_at -> Nullable<BigInt>,
        node -> Nullable<Uid>,
    }
    events (created_at, shard_id, seq) {
        created_at -> BigInt, shard_id -> Integer, seq -> BigInt, epoch -> BigInt, event_id -> Uid, event_type -> Text,
        source_agent -> Nullable<Text>, target_agent -> Nullable<Text>, region -> Text, content -> Json, location -> Nullable<Json>,
        hearers -> Text, is_public -> Bool, world_tick -> BigInt, deltas -> Nullable<Json>,
    }
    chat_messages (id) {
        id -> Uid, sender_id -> Uid, sender_agent -> Text, sender_name -> Text, recipient_id -> Nullable<Uid>,
        recipient_agent -> Nullable<Text>, region -> Text, message -> Text, volume -> Text, shard_id -> Integer, seq -> BigInt,
        created_at -> BigInt,
    }
    account (id) {
        id -> Uid, owner_id -> Nullable<Uid>, kind -> SmallInt, currency -> SmallInt, balance -> BigInt, version -> BigInt,
        allow_negative -> Bool, frozen -> Bool, created_at -> BigInt, last_transfer -> Nullable<Uid>,
    }
    transfer (id) {
        id -> Uid, shard_id -> Nullable<Integer>, seq -> Nullable<BigInt>, agent_id -> Uid, command_id -> Text, body_hash -> Binary,
        debit -> Uid, credit -> Uid, amount -> BigInt, currency -> SmallInt, code -> SmallInt, note -> Nullable<Text>,
        debit_balance -> BigInt, debit_version -> BigInt, credit_balance -> BigInt, credit_version -> BigInt,
        tick -> BigInt, created_at -> BigInt, debit_previous -> Nullable<Uid>, credit_previous -> Nullable<Uid>,
    }
    inbox (agent_id, offset) {
        agent_id -> Uid, offset -> BigInt, shard_id -> Integer, seq -> BigInt, tick -> BigInt, created_at -> BigInt,
    }
    inbox_head (agent_id) { agent_id -> Uid, epoch -> Text, top -> BigInt, floor -> BigInt, }
    command (agent_id, command_id) {
        agent_id -> Uid, command_id -> Text, body_hash -> Binary, action -> Text, status -> Text, result -> Json,
        shard_id -> Integer, seq -> BigInt, region -> Text, tick -> BigInt, created_at -> BigInt,
    }
    checkpoint (shard_id) { shard_id -> Integer, epoch -> BigInt, tick -> BigInt, body -> Binary, created_at -> BigInt, }
    shard_snapshot (shard_id, seq) {
        shard_id -> Integer, seq -> BigInt, epoch -> BigInt, at -> BigInt, body -> Binary, checksum -> Binary,
    }
    object (id) {
        id -> Text, region -> Text, name -> Text, kind -> Text, x -> Double, y -> Double, z -> Double, state -> Json,
        version -> BigInt, updated_at -> BigInt,
    }
    item (id) { id -> Uid, holder_id -> Uid, kind -> Text, quantity -> Integer, created_at -> BigInt, updated_at -> BigInt, }
    conversation (id) {
        id -> Uid, shard_id -> Integer, region -> Text, phase -> Text, body -> Json, opened_at -> BigInt, last_at -> BigInt,
    }
    conversation_line (conversation_id, number) {
        conversation_id -> Uid, number -> BigInt, speaker_id -> Uid, speaker -> Text, addressed_to -> Json, message -> Text,
        tick -> BigInt, created_at -> BigInt,
    }
    signing_key (kid) {
        kid -> Text, alg -> Text, public -> Binary, private -> Binary, state -> Text, not_before -> BigInt, not_after -> BigInt,
    }
    refresh_token (hash) {
        hash -> Binary, family -> Uid, agent_id -> Uid, fingerprint -> Binary, expires_at -> BigInt, absolute_until -> BigInt,
        consumed_at -> Nullable<BigInt>, revoked_at -> Nullable<BigInt>, successor -> Nullable<Text>, created_at -> BigInt,
    }
    revocation (kind, id) { kind -> Text, id -> Text, until -> BigInt, version -> BigInt, created_at -> BigInt, }
    revocation_head (id) { id -> Integer, version -> BigInt, }
    agent_head (id) { id -> Integer, version -> BigInt, }
    handle (name) { name -> Text, kind -> Text, created_at -> BigInt, }
    channel_head (id) { id -> Integer, version -> BigInt, }
    channel_change (version) { version -> BigInt, channel -> Text, changed_at -> BigInt, }
    channel_lock (channel) { channel -> Text, owner -> Text, locked_at -> BigInt, }
    channel_grant (channel, target) { channel -> Text, target -> Text, granted_at -> BigInt, owner -> Text, }
    channel_advert (channel) {
        channel -> Text, owner -> Text, description -> Nullable<Text>, schema -> Nullable<Text>, updated_at -> BigInt,
    }
    app (name) { name -> Text, shown -> Text, owner -> Text, key_hash -> Binary, created_at -> BigInt, rotated_at -> BigInt, }
    ssh_key (owner, name) { owner -> Text, name -> Text, public_key -> Text, created_at -> BigInt, }
    login_challenge (id) { id -> Text, username -> Text, key_name -> Text, text -> Text, expires_at -> BigInt, }
    rate_bucket (key) { key -> Text, hits -> Json, expires_at -> BigInt, }
}

diesel::allow_tables_to_appear_in_same_query!(
    agents,
    account,
    inbox,
    events,
    transfer,
    shard,
    shard_snapshot,
    inbox_head,
    object,
    item,
    checkpoint,
    conversation
);
