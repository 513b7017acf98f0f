//! The client's side of a WebSocket that is awaited.

use super::handshake::{Handshake, Shaken};
use super::target::Target;
use super::tls;
use crate::wire::{self, Command, Encoding};
use actix_http::ws::{Codec, Frame, Message};
use anyhow::Context;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Framed, FramedParts};

/// Longest message of a server. Units: bytes.
const MESSAGE_MAX_BYTES: usize = 2 * 1024 * 1024;

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// An open socket that speaks JSON.
pub struct Socket {
    frames: Framed<Box<dyn Connection>, Codec>,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers there, or nobody who speaks this protocol.
    #[error("could not reach {host}")]
    Unreachable {
        /// Who should have answered.
        host: String,
        /// Why.
        source: anyhow::Error,
    },
    /// The server answers and opens no socket.
    #[error("{host} opens no socket: it answers {status}")]
    Refused {
        /// Who answered.
        host: String,
        /// What.
        status: u16,
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
}

/// What came over a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole message.
    Message(Bytes),
    /// The server closes, with this code and reason.
    Closed(u16, String),
}

impl Socket {
    /// Opens a socket. Errors: see [`OpenError`].
    pub async fn open(target: &Target, path: &str, nonce: [u8; 16]) -> Result<Self, OpenError> {
        let host = &target.host;
        let unreachable = |source| OpenError::Unreachable {
            host: host.clone(),
            source,
        };
        let mut stream = connect(target).await.map_err(unreachable)?;
        let handshake = Handshake::new(nonce);
        let request = handshake.request(target, path, Encoding::Json);
        let (shaken, mut bytes) = shake(&mut stream, &handshake, &request)
            .await
            .map_err(unreachable)?;
        match shaken {
            Shaken::Refused(status, wait) => Err(OpenError::Refused {
                host: host.clone(),
                status,
                wait,
            }),
            Shaken::Opened(length) => {
                let codec = Codec::new().client_mode().max_size(MESSAGE_MAX_BYTES);
                let mut parts = FramedParts::new(stream, codec);
                parts.read_buf = bytes.split_off(length);
                Ok(Self {
                    frames: Framed::from_parts(parts),
                })
            }
        }
    }

    /// Sends commands in one frame. Errors: the connection broke.
    pub async fn send(&mut self, commands: &[Command]) -> io::Result<()> {
        let pieces: Vec<Bytes> = commands
            .iter()
            .map(|command| wire::encode_command(Encoding::Json, command))
            .collect();
        let mut frame = BytesMut::new();
        wire::join(Encoding::Json, &pieces, &mut frame);
        let text = ByteString::try_from(frame.freeze()).map_err(io::Error::other)?;
        self.frames
            .send(Message::Text(text))
            .await
            .map_err(io::Error::other)
    }

    /// Waits for what comes. May be dropped while it waits: nothing is lost.
    /// Errors: the connection broke or ended; what came is no WebSocket.
    pub async fn next(&mut self) -> io::Result<Incoming> {
        loop {
            let Some(frame) = self.frames.next().await else {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the connection ended",
                ));
            };
            match frame.map_err(io::Error::other)? {
                Frame::Text(bytes) | Frame::Binary(bytes) => return Ok(Incoming::Message(bytes)),
                Frame::Close(reason) => {
                    let (code, text) = reason.map_or((1005, None), |reason| {
                        (u16::from(reason.code), reason.description)
                    });
                    return Ok(Incoming::Closed(code, text.unwrap_or_default()));
                }
                Frame::Ping(bytes) => {
                    let sent = self.frames.send(Message::Pong(bytes)).await;
                    sent.map_err(io::Error::other)?;
                }
                Frame::Pong(_) => {}
                Frame::Continuation(_) => return Err(io::Error::other("a message in fragments")),
            }
        }
    }
}

async fn connect(target: &Target) -> anyhow::Result<Box<dyn Connection>> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    if target.is_tls {
        Ok(Box::new(tls::awaited(stream, target.name()).await?))
    } else {
        Ok(Box::new(stream))
    }
}

/// Sends the request and reads until the answer is whole.
async fn shake(
    stream: &mut Box<dyn Connection>,
    handshake: &Handshake,
    request: &str,
) -> anyhow::Result<(Shaken, BytesMut)> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut bytes = BytesMut::new();
    loop {
        let count = stream.read_buf(&mut bytes).await?;
        if let Some(shaken) = handshake.answer(&bytes)? {
            return Ok((shaken, bytes));
        }
        (count > 0)
            .then_some(())
            .context("the connection ended in the handshake")?;
    }
}
