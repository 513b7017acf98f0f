//! The client's side of a WebSocket to the server or to the bare loop.

use super::pipe::{Filled, Pipe, Reader};
use crate::client::Target;
use crate::client::handshake::{self, Handshake, Shaken};
use crate::wire::{self, Command, Encoding};
use actix_http::ws::{Codec, Frame, Message};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use mio::net::TcpStream;
use mio::{Registry, Token};
use std::io;
use std::time::Duration;
use tokio_util::codec::Encoder;

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
    /// Until it is answered.
    handshake: Option<Handshake>,
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
        let handshake = Handshake::new(nonce);
        let request = handshake.request(target, handshake::PATH, encoding);
        pipe.send(request.as_bytes())?;
        Ok(Self {
            pipe,
            encoding,
            handshake: Some(handshake),
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
        if self.handshake.is_some() && !self.shake(reader, found)? {
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
        let Some(handshake) = &self.handshake else {
            return Ok(true);
        };
        match handshake.answer(&reader.bytes)? {
            None => Ok(false),
            Some(Shaken::Refused(status, wait)) => {
                found.push(Incoming::Refused(status, wait));
                Ok(false)
            }
            Some(Shaken::Opened(length)) => {
                self.handshake = None;
                let _ = reader.bytes.split_to(length);
                found.push(Incoming::Opened);
                Ok(true)
            }
        }
    }
}
