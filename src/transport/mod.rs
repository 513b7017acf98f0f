//! Floor 4: bytes in, actions out; events in, bytes out.

pub mod access;
pub mod http;
pub mod web;
