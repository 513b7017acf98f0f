//! The client's side of a WebSocket to the server or to the bare loop.

use super::http::{FIELDS_MAX, Target};
use super::pipe::{Filled, Pipe, Reader};
use crate::wire::{self, Command, Encoding};
use actix_http::ws::{Codec, Frame, Message, hash_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use mio::net::TcpStream;
use mio::{Registry, Token};
use std::io;
use std::time::Duration;
use tokio_util::codec::Encoder;

/// Longest head of an answer to the handshake. Units: bytes.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// What came over a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The handshake is done.
    Opened,
    /// The server refused to open a socket: the status, and how long to wait.
    Refused(u16, Option<Duration>),
    /// A whole message.
    Message(Bytes),
    /// The server closes, with this code.
    Closed(u16),
}

/// An open socket, or one that is being opened.
pub struct Socket {
    pipe: Pipe,
    encoding: Encoding,
    /// The key of the handshake, until it is answered.
    key: Option<String>,
}

impl Socket {
    /// Begins to open a socket. Errors: no descriptor, no port.
    pub fn open(
        target: &Target,
        encoding: Encoding,
        registry: &Registry,
        token: Token,
        nonce: [u8; 16],
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(target.address)?;
        let mut pipe = Pipe::new(stream, Codec::new().client_mode(), registry, token)?;
        let key = STANDARD.encode(nonce);
        let protocol = match encoding {
            Encoding::Json => "centrifuge-json",
            Encoding::Protobuf => "centrifuge-protobuf",
        };
        let request = format!(
            "GET /connection/websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n",
            target.host
        );
        pipe.send(request.as_bytes())?;
        Ok(Self {
            pipe,
            encoding,
            key: Some(key),
        })
    }

    /// Writes what waits. Errors: the connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }

    /// Sends a command; `frame` is a buffer to make it in. Errors: the connection broke; the server does not read.
    pub fn send(&mut self, command: &Command, frame: &mut BytesMut) -> io::Result<()> {
        let payload = wire::encode_command(self.encoding, command);
        let message = match self.encoding {
            Encoding::Json => Message::Text(ByteString::try_from(payload).map_err(io::Error::other)?),
            Encoding::Protobuf => Message::Binary(payload),
        };
        self.write(message, frame)
    }

    fn write(&mut self, message: Message, frame: &mut BytesMut) -> io::Result<()> {
        frame.clear();
        Codec::new()
            .client_mode()
            .encode(message, frame)
            .map_err(io::Error::other)?;
        self.pipe.send(frame)
    }

    /// Reads once and puts what came behind what was found before.
    /// Errors: the connection broke; what came is no WebSocket.
    pub fn read(&mut self, reader: &mut Reader, found: &mut Vec<Incoming>) -> io::Result<Filled> {
        let filled = self.pipe.fill(reader)?;
        if self.key.is_some() && !self.shake(reader, found)? {
            self.pipe.keep(reader);
            return Ok(filled);
        }
        while let Some(frame) = self.pipe.frame(reader)? {
            found.push(match frame {
                Frame::Text(bytes) | Frame::Binary(bytes) => Incoming::Message(bytes),
                Frame::Close(reason) => {
                    Incoming::Closed(reason.map_or(1005, |reason| u16::from(reason.code)))
                }
                // Rookery sends its messages whole, and its heartbeats as messages.
                Frame::Ping(_) | Frame::Pong(_) => continue,
                Frame::Continuation(_) => return Err(io::Error::other("a message in fragments")),
            });
        }
        self.pipe.keep(reader);
        Ok(filled)
    }

    /// Reads the answer to the handshake; whether the socket is open now.
    fn shake(&mut self, reader: &mut Reader, found: &mut Vec<Incoming>) -> io::Result<bool> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(&reader.bytes).map_err(io::Error::other)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if reader.bytes.len() > HEAD_MAX_BYTES => {
                return Err(io::Error::other("the answer to the handshake has no end"));
            }
            httparse::Status::Partial => return Ok(false),
        };
        let field = |name: &str| {
            let field = head
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(field.value).ok().map(str::trim)
        };
        let status = head.code.unwrap_or_default();
        if status != 101 {
            let seconds = field("retry-after").and_then(|text| text.parse().ok());
            found.push(Incoming::Refused(status, seconds.map(Duration::from_secs)));
            return Ok(false);
        }
        let key = self.key.take().unwrap_or_default();
        if field("sec-websocket-accept").map(str::as_bytes) != Some(&hash_key(key.as_bytes())) {
            return Err(io::Error::other("the handshake was answered for somebody else"));
        }
        let _ = reader.bytes.split_to(length);
        found.push(Incoming::Opened);
        Ok(true)
    }
}
