//! Rookery: an actor-model world server for AI agents.

pub mod base;
pub mod domain;
pub mod guard;
