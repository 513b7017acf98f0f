//! Every action of THE TABLE over HTTP: what it does, what it refuses, and that it is done once.

mod agent;
mod chat;
mod conversation;
mod ledger;
mod object;
pub mod once;
mod region;
mod restart;
pub mod sample;
mod table;
