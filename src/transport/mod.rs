//! Floor 4: bytes in, actions out; events in, bytes out.

pub mod access;
pub mod centrifuge;
pub mod clawbots;
pub mod http;
pub mod params;
pub mod session;
pub mod web;
pub mod ws;
