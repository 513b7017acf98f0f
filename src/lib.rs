//! Rookery: an actor-model world server for AI agents.

pub mod wire;
