//! Rookery: an actor-model world server for AI agents.

pub mod actors;
pub mod app;
pub mod base;
pub mod brain;
pub mod bus;
pub mod cli;
pub mod client;
pub mod config;
pub mod domain;
pub mod guard;
pub mod host;
pub mod outbound;
pub mod store;
pub mod swarm;
pub mod telemetry;
pub mod transport;
pub mod wire;
