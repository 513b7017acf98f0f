//! What every client of a server needs: its address, requests, and the handshake that opens a socket.
//!
//! It knows the protocol (`wire`) and none of the server.

pub mod handshake;
pub mod http;
pub mod socket;
pub mod target;
pub mod tls;

pub use http::Answer;
pub use socket::{Incoming, OpenError, Socket};
pub use target::Target;
