//! WebSockets: handshake, frames to messages, queued pieces to one frame. The only room that knows the WebSocket crates.
//!
//! After the handshake the connection leaves the HTTP server: a [`Pipe`] reads and writes the socket itself, with no buffer
//! of its own while nothing is half done. The session is an ordinary actor that reads from it; whatever is pushed for many
//! sockets at once is written by the thread's [`Flusher`], one write a socket, without waking a task for each.

mod accept;
mod answers;
mod berth;
mod connections;
mod flusher;
mod frames;
mod pipe;
mod reader;
mod upgrade;

pub use accept::{Opening, accept, encoding_of, is_upgrade};
pub use answers::Answers;
pub use berth::{Berth, Berths};
pub use connections::{Connections, Counted};
pub use flusher::Flusher;
pub use pipe::Pipe;
pub use reader::{Incoming, Reader};
pub use upgrade::upgrade;

use crate::actors::hub::SharedTable;
use actix_rt::net::TcpStream;
use actix_web::dev::Extensions;
use nix::sys::socket::{setsockopt, sockopt};
use std::cell::RefCell;
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// What the kernel holds for a peer that does not read, at the most. Units: bytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
/// After this time without an acknowledgement by the peer's kernel the connection is dead. Units: milliseconds.
const USER_TIMEOUT_MS: u32 = 30_000;

/// A shard thread's part of the socket transports.
pub struct Worker {
    /// The sockets of this thread.
    pub table: SharedTable,
    /// The index of this thread's hub in the directory.
    pub hub: usize,
    /// Writes what the sockets of this thread have queued.
    pub flusher: Rc<Flusher>,
    /// What its sockets are read into.
    inbound: pipe::ReadBuffer,
    /// The connections whose sessions are looked after; none before the first one.
    pub watched: RefCell<Option<Vec<Weak<Pipe>>>>,
}

/// Prepares and counts a new connection; called by the HTTP server for each.
pub fn on_connect(stream: &TcpStream, connections: &Arc<Connections>, extensions: &mut Extensions) {
    // Without these options a stalled peer costs megabytes of kernel memory, but the server works.
    let _ = setsockopt(&stream.as_fd(), sockopt::SndBuf, &SEND_BUFFER_BYTES);
    let _ = setsockopt(&stream.as_fd(), sockopt::TcpUserTimeout, &USER_TIMEOUT_MS);
    let _ = stream.set_nodelay(true);
    extensions.insert(Arc::new(connections.count()));
}
