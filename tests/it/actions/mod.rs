//! Every action of THE TABLE over HTTP: what it does, what it refuses, and that it is done once.

mod agent;
mod chat;
mod ledger;
mod object;
mod once;
mod region;
mod restart;
mod sample;
mod table;
