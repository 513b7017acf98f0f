//! Floor 3: the owners of memory, order and time.

pub mod agent;
pub mod channels;
pub mod committer;
pub mod conversation;
pub mod database;
pub mod decided;
pub mod directory;
pub mod fanout;
pub mod gateway;
pub mod homes;
pub mod hub;
pub mod inhabitant;
pub mod inhabitants;
pub mod invariants;
pub mod lease;
pub mod mailbox;
pub mod node;
pub mod outbox;
pub mod overload;
pub mod peer;
pub mod publication;
pub mod quarantine;
pub mod region;
pub mod request;
pub mod rights;
pub mod roster;
pub mod shard;
pub mod spectator;
pub mod survey;
#[cfg(test)]
pub mod test_node;
pub mod users;
pub mod visitors;
pub mod watch;
