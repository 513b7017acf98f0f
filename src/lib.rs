//! Rookery: an actor-model world server for AI agents.

pub mod base;
pub mod bus;
pub mod cli;
pub mod config;
pub mod domain;
pub mod host;
pub mod telemetry;
pub mod wire;
