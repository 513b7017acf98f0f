//! Every fixed limit of the product, in one place, each with its source.
//!
//! Rates and counts that an operator may change are settings (`config/limits.rs`); what stands here is part of the
//! public contract or protects the process, and stays in force under `--unlimited`.

// Messages and bodies.

/// Bytes of one socket message over all its fragments, envelope included. Source: api.md §8.
pub const SOCKET_MESSAGE_MAX_BYTES: usize = 16 * 1024;
/// Bytes of an HTTP request body. Source: api.md §8, society.md §5.4.
pub const HTTP_BODY_MAX_BYTES: usize = 64 * 1024;
/// Bytes of a request's URL with its query. Source: security.md E15.
pub const URL_MAX_BYTES: usize = 8 * 1024;
/// Bytes of all header fields of a request, names and values. Source: security.md E15.
pub const HEAD_MAX_BYTES: usize = 32 * 1024;
/// Nesting of a JSON text. Source: api.md §8, security.md §4.3.
pub const JSON_DEPTH_MAX: usize = 32;
/// Keys of one JSON object. Source: security.md §4.3.
pub const JSON_KEYS_MAX: usize = 256;
/// Bytes of a token before it is parsed at all. Source: security.md §4.2.
pub const TOKEN_MAX_BYTES: usize = 4 * 1024;
/// Commands that one socket frame may carry.
pub const COMMANDS_PER_FRAME_MAX: usize = 64;

// Channels.

/// Bytes of a channel's name; a longer one is refused with 107. Source: centrifuge-protocol.md §5.
pub const CHANNEL_NAME_MAX_BYTES: usize = 255;
/// Subscriptions of one connection; one more is refused with 106. Source: centrifuge-protocol.md §5.
pub const CHANNELS_PER_CONNECTION_MAX: usize = 128;
/// Bytes of a publication's payload. Source: api.md §6.
pub const PAYLOAD_MAX_BYTES: usize = 16_384;
/// Bytes of what the server API publishes: a payload that a backend has wrapped itself.
pub const SERVER_DATA_MAX_BYTES: usize = PAYLOAD_MAX_BYTES + 512;
/// Longest body of the server API: a broadcast names many channels. It is read after the key was seen.
pub const SERVER_BODY_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Commands of one request of the server API.
pub const SERVER_COMMANDS_MAX: usize = 64;
/// Channels of one broadcast of the server API.
pub const BROADCAST_CHANNELS_MAX: usize = 1_000;
/// Publications kept in a channel's history. Source: api.md §6.
pub const CHANNEL_HISTORY_MAX: usize = 100;
/// How long a publication stays in a channel's history. Units: milliseconds. Source: api.md §6.
pub const CHANNEL_HISTORY_MS: i64 = 3_600_000;
/// Bytes of the payloads that one channel's history keeps; the oldest go first.
pub const CHANNEL_HISTORY_MAX_BYTES: usize = 256 * 1024;
/// Bytes that all channels' histories on one node weigh together; the one that was idle the longest goes first.
pub const CHANNEL_HISTORIES_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of the publications in one answer, so that it fits into a socket's queue beside what is live.
pub const RECOVERY_MAX_BYTES: usize = 512 * 1024;
/// Users whose rate of publications one node counts at the same time.
pub const PUBLISHERS_PER_NODE_MAX: usize = 100_000;
/// Publications that one recovery brings back. Source: centrifuge-protocol.md §5.
pub const RECOVERY_MAX: usize = 1_000;
/// Sockets of other nodes on one channel.
pub const CHANNEL_GUESTS_MAX: usize = 200_000;
/// What is published on a channel while a socket comes to it on another node; more and it must subscribe again.
pub const CHANNEL_HELD_MAX: usize = 128;
/// Bytes of the key of a publication.
pub const CHANNEL_KEY_MAX_BYTES: usize = 255;
/// Keys of one channel of which only the newest publication is sent; those of more keys are sent at once.
pub const CHANNEL_KEYS_MAX: usize = 256;
/// As `CHANNEL_KEYS_MAX`, of all channels of one node.
pub const KEYS_PER_NODE_MAX: usize = 10_000;
/// Channels that one node keeps a history for.
pub const CHANNELS_PER_NODE_MAX: usize = 100_000;

/// Changes of channels' rules that a node reads one by one; of more it forgets all rules.
pub const CHANNEL_CHANGES_MAX: i64 = 20_000;
/// Channels that one owner has locked at a time.
pub const CHANNEL_LOCKS_MAX: i64 = 1_000;
/// Grants of one owner, over all its channels.
pub const CHANNEL_GRANTS_MAX: i64 = 10_000;
/// Channels that one owner advertises, and adverts in one list.
pub const CHANNEL_ADVERTS_MAX: i64 = 1_000;
/// What the adverts of one list take. Units: bytes.
pub const ADVERTS_LIST_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Characters of an advert's description. Source: features.md CE-20.
pub const ADVERT_MAX_CHARS: usize = 5_000;
/// Characters of the reason of somebody who asks to be let in to a channel.
pub const ACCESS_REASON_MAX_CHARS: usize = 1_000;
/// Rules of channels that one node remembers.
pub const CHANNEL_RULES_MAX: usize = 65_536;
/// Apps of one owner.
pub const APPS_PER_OWNER_MAX: i64 = 100;
/// Public keys of one owner.
pub const SSH_KEYS_MAX: i64 = 32;
/// Log-ins of one name that wait for their proof. Source: features.md CE-13.
pub const LOGINS_PENDING_MAX: i64 = 100;

// Texts.

/// Characters of an agent's name after NFC; at least one. Source: api.md §2.
pub const NAME_MAX_CHARS: usize = 64;
/// Characters of an agent's handle; at least one. Source: api.md §2.
pub const AGENT_ID_MAX_CHARS: usize = 64;
/// Characters of a region's name; at least one. Source: api.md §9.
pub const REGION_NAME_MAX_CHARS: usize = 64;
/// Characters of a client's command id; at least one. Source: api.md §3.
pub const COMMAND_ID_MAX_CHARS: usize = 64;
/// Characters of a suggestion by a spectator; at least one. Source: api.md §5.
pub const PROMPT_MAX_CHARS: usize = 500;
/// Bytes of an agent's description. Source: society.md §5.4 (persona text).
pub const DESCRIPTION_MAX_BYTES: usize = 4 * 1024;
/// Bytes of an avatar's address.
pub const AVATAR_MAX_BYTES: usize = 512;
/// Bytes of an agent's map of skills.
pub const SKILLS_MAX_BYTES: usize = 4 * 1024;

// Space and senses.

/// Side of a cell, the unit of interest. Units: metres. Source: architecture.md §5.
pub const CELL_M: f64 = 16.0;
/// Smallest side of a region. Units: metres. Source: api.md §9.
pub const REGION_SIZE_MIN_M: u32 = 16;
/// Largest side of a region. Units: metres. Source: api.md §9.
pub const REGION_SIZE_MAX_M: u32 = 4_096;
/// Highest point of a region. Units: metres.
pub const ALTITUDE_MAX_M: f64 = 4_096.0;
/// Most agents that a shard may be set to hold.
pub const REGION_CAPACITY_MAX: u32 = 100_000;
/// Most shards of one region.
pub const SHARDS_PER_REGION_MAX: u32 = 64;

/// Most shards of a region with sides of `size_m`: each is at least a cell wide. Units: metres.
pub fn shards_max(size_m: u32) -> u32 {
    (size_m / 16).clamp(1, SHARDS_PER_REGION_MAX)
}

/// Entries in one answer about what is near. Source: api.md §3.
pub const NEARBY_MAX: usize = 64;
/// Cells that one camera may see at once, or blocks of cells: all of a region of 512 m with its far edge.
pub const CAMERA_CELLS_MAX: usize = 33 * 33;
/// Shortest tick. Units: milliseconds. Source: architecture.md §7 (30 Hz).
pub const TICK_MIN_MS: u32 = 33;
/// Longest tick. Units: milliseconds. Source: architecture.md §7 (1 Hz).
pub const TICK_MAX_MS: u32 = 1_000;

// The world file.

/// Bytes of a settings file or a world file.
pub const CONFIG_FILE_MAX_BYTES: u64 = 1024 * 1024;
/// Regions of one world file.
pub const REGIONS_MAX: usize = 256;
/// Named places of one region.
pub const PLACES_PER_REGION_MAX: usize = 256;
/// Paths of one region.
pub const PATHS_PER_REGION_MAX: usize = 256;
/// Corners of one path.
pub const POINTS_PER_PATH_MAX: usize = 256;
/// Objects of one region.
pub const OBJECTS_PER_REGION_MAX: usize = 1_000;
/// Characters of the text that describes a region.
pub const REGION_DESCRIPTION_MAX_CHARS: usize = 1_000;
/// Inhabitants that `--demo` may bring.
pub const DEMO_AGENTS_MAX: u32 = 1_000;

// Queues, sockets and batches.

/// Messages that wait for one socket before it is closed with 3008. Source: architecture.md §7.
pub const SOCKET_QUEUE_MAX_MESSAGES: usize = 256;
/// Bytes that wait for one socket before it is closed with 3008. Source: architecture.md §7.
pub const SOCKET_QUEUE_MAX_BYTES: usize = 1024 * 1024;
/// Writes in one transaction. Source: architecture.md §8.
pub const COMMIT_BATCH_MAX: usize = 1_000;
/// Messages that one agent's inbox keeps. Source: api.md §4.
pub const INBOX_MAX_MESSAGES: u32 = 1_000;
/// How long an inbox keeps a message. Units: days. Source: api.md §4.
pub const INBOX_MAX_DAYS: u32 = 7;
/// Entries of one page of a list over HTTP.
pub const PAGE_MAX: u32 = 200;
/// Longest wait of `GET .../events`. Units: seconds. Source: api.md §2.
pub const EVENTS_WAIT_MAX_S: u32 = 25;
/// How long a command's outcome is kept at least. Units: hours. Source: api.md §3.
pub const COMMANDS_KEPT_HOURS: u32 = 48;

// Overload.

/// Sockets that open in a second while the node is overloaded; half of what a node takes in when nothing is wrong.
pub const OVERLOAD_HANDSHAKES_PER_S: i64 = 200;
/// How long a handshake waits for its turn then; who would wait longer gets 503 at once. Units: milliseconds.
pub const OVERLOAD_HANDSHAKE_WAIT_MAX_MS: i64 = 2_000;

// Times of a connection.

/// Time for the first message of a socket. Units: milliseconds. Source: api.md §3, security.md §4.3.
pub const HELLO_DEADLINE_MS: u64 = 5_000;
/// Time an agent stays in the world after its last socket is gone. Units: seconds. Source: api.md §2.
pub const LEAVE_GRACE_S: u32 = 30;
/// Time without activity after which an agent without a socket leaves. Units: seconds. Source: api.md §2.
pub const REST_IDLE_S: u32 = 300;
/// Longest life of an access token. Units: seconds. Source: security.md §4.2.
pub const ACCESS_TTL_MAX_S: u32 = 86_400;
/// Longest life of a command-line user's token. Units: days.
pub const CLI_TOKEN_TTL_MAX_DAYS: u32 = 30;

/// Agents without an actor whose limits one node keeps; who recovers first is forgotten first.
pub const PARKED_LIMITS_MAX: usize = 100_000;

// Supervision.

/// Restarts of one actor within [`RESTART_WINDOW_MS`] before its shard gives up. Source: architecture.md §6.
pub const RESTARTS_MAX: u32 = 5;
/// The window for [`RESTARTS_MAX`]. Units: milliseconds. Source: architecture.md §6.
pub const RESTART_WINDOW_MS: u64 = 60_000;
/// Panics of one command before it is refused with `poison`. Source: architecture.md §6.
pub const POISON_PANICS_MAX: u32 = 3;
/// Most failing and quarantined commands remembered, each; the oldest go first.
pub const POISON_REMEMBERED_MAX: usize = 10_000;

// Money and conversation.

/// What a new agent receives from the mint, once. Units: minor. Source: api.md §2.
pub const GENESIS_GRANT_MINOR: i64 = 100_000;
/// Largest amount of one payment: the whole numbers that JSON carries exactly. Units: minor. Source: security.md D1.
pub const AMOUNT_MAX_MINOR: i64 = 9_007_199_254_740_991;
