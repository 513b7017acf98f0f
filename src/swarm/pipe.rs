//! A non-blocking connection that carries WebSocket frames, for the swarm and for the bare loop that it is compared with.
//!
//! A connection at rest holds a descriptor and some hundred bytes: bytes are read into one buffer that all share, and only
//! the beginning of a frame that is not whole yet, or what the kernel did not take, stays with the connection.

use actix_http::ws::{Codec, Frame};
use bytes::{Buf, BytesMut};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read, Write};
use tokio_util::codec::Decoder;

/// What is read at a time. Units: bytes.
const READ_BYTES: usize = 64 * 1024;
/// Longest frame: a server's queue holds no more. Units: bytes.
pub const FRAME_MAX_BYTES: usize = 2 * 1024 * 1024;
/// Most bytes that wait for a peer that does not read.
const WAITING_MAX_BYTES: usize = 2 * 1024 * 1024;

/// The buffers that all connections of a thread read through.
pub struct Reader {
    buffer: Box<[u8]>,
    /// What was received and is not understood yet.
    pub bytes: BytesMut,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            bytes: BytesMut::with_capacity(READ_BYTES),
        }
    }
}

/// A connection.
pub struct Pipe {
    stream: TcpStream,
    codec: Codec,
    partial: Vec<u8>,
    waiting: BytesMut,
}

/// What a read brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filled {
    /// How many bytes.
    pub count: usize,
    /// Whether more may wait in the kernel.
    pub is_more: bool,
    /// Whether the peer sends no more.
    pub is_end: bool,
}

impl Pipe {
    /// A connection whose readiness is told under a number.
    /// Errors: the system refuses to watch it.
    pub fn new(mut stream: TcpStream, codec: Codec, registry: &Registry, token: Token) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        // Of no effect before a connection is made on some systems; then only its latency suffers.
        let _ = stream.set_nodelay(true);
        Ok(Self {
            stream,
            codec: codec.max_size(FRAME_MAX_BYTES),
            partial: Vec::new(),
            waiting: BytesMut::new(),
        })
    }

    /// Reads once. The bytes in the reader begin with what was left of the last time.
    /// Errors: the connection broke.
    pub fn fill(&mut self, reader: &mut Reader) -> io::Result<Filled> {
        reader.bytes.clear();
        reader.bytes.extend_from_slice(&self.partial);
        self.partial.clear();
        loop {
            match self.stream.read(&mut reader.buffer) {
                Ok(count) => {
                    reader
                        .bytes
                        .extend_from_slice(reader.buffer.get(..count).unwrap_or_default());
                    // A read that did not fill the buffer emptied the kernel's: the next news comes as an event.
                    return Ok(Filled {
                        count,
                        is_more: count == READ_BYTES,
                        is_end: count == 0,
                    });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Filled::default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next whole frame out of what was read. Errors: no WebSocket frame, or too long a one.
    pub fn frame(&mut self, reader: &mut Reader) -> io::Result<Option<Frame>> {
        self.codec.decode(&mut reader.bytes).map_err(io::Error::other)
    }

    /// Keeps what was read and is not whole yet until the next time.
    pub fn keep(&mut self, reader: &Reader) {
        self.partial.extend_from_slice(&reader.bytes);
        if self.partial.is_empty() && self.partial.capacity() > 0 {
            self.partial = Vec::new();
        }
    }

    /// Sends bytes, at once as far as the kernel takes them.
    /// Errors: the connection broke; the peer does not read.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        let sent = if self.waiting.is_empty() {
            self.write(bytes)?
        } else {
            0
        };
        let rest = bytes.get(sent..).unwrap_or_default();
        if self.waiting.len().saturating_add(rest.len()) > WAITING_MAX_BYTES {
            return Err(io::Error::new(ErrorKind::TimedOut, "the peer does not read"));
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// Sends what the kernel did not take before. Errors: the connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let (stream, waiting) = (&mut self.stream, &self.waiting);
            match write(stream, waiting)? {
                0 => break,
                sent => self.waiting.advance(sent),
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(&mut self.stream, bytes)
    }
}

/// Writes once; 0 when the kernel takes nothing now.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            // A connection that is still being made takes nothing yet.
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
