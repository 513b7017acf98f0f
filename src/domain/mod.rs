//! Floor 1: actions, events, rules and state. Pure: no IO, no clock, no chance, no actor.

pub mod action;
pub mod agent;
pub mod channel;
pub mod chat;
pub mod conversation;
pub mod event;
pub mod ledger;
pub mod object;
pub mod output;
pub mod refusal;
pub mod region;
pub mod replay;
pub mod scene;
pub mod space;
pub mod spectate;
#[cfg(test)]
pub(crate) mod test_scene;
pub mod text;
pub mod timer;
pub mod write;
