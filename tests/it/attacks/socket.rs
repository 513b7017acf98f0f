//! WebSocket frames by hand.

use super::raw::PATIENCE;
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A frame of a client as it goes over the line.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The first byte: FIN, RSV and opcode.
    pub head: u8,
    /// Whether it is masked, as a client's must be.
    pub is_masked: bool,
    /// What it carries.
    pub payload: &'a [u8],
}

/// FIN and text.
pub const TEXT: u8 = 0x81;

impl Frame<'_> {
    /// Its bytes.
    pub fn bytes(self) -> Vec<u8> {
        let mask_bit = if self.is_masked { 0x80 } else { 0 };
        let mut bytes = vec![self.head];
        match self.payload.len() {
            short @ 0..=125 => bytes.push(mask_bit | u8::try_from(short).expect("short")),
            long => {
                let long = u16::try_from(long);
                match long {
                    Ok(long) => {
                        bytes.push(mask_bit | 126);
                        bytes.extend(long.to_be_bytes());
                    }
                    Err(_) => {
                        bytes.push(mask_bit | 127);
                        bytes.extend(u64::try_from(self.payload.len()).expect("a length").to_be_bytes());
                    }
                }
            }
        }
        if self.is_masked {
            let mask = [1, 2, 3, 4];
            bytes.extend(mask);
            bytes.extend(
                self.payload
                    .iter()
                    .zip(mask.iter().cycle())
                    .map(|(byte, mask)| byte ^ mask),
            );
        } else {
            bytes.extend(self.payload);
        }
        bytes
    }
}

/// A masked frame.
pub fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    Frame {
        head,
        is_masked: true,
        payload,
    }
    .bytes()
}

/// A frame from the server.
#[derive(Debug)]
pub enum Incoming {
    /// A text or a binary message.
    Message(Vec<u8>),
    /// The server closes with a code, 1005 for none.
    Close(u16),
    /// The line is cut.
    Cut,
}

/// A socket whose bytes are made by hand.
pub struct Line {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    bytes: VecDeque<u8>,
}

/// The request that asks for a socket.
pub fn upgrade(path: &str, headers: &[(String, String)]) -> Vec<u8> {
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: world.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    (text + "\r\n").into_bytes()
}

impl Line {
    /// Opens a socket.
    pub async fn open(port: u16, path: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("the world listens");
        stream.set_nodelay(true).expect("a socket takes options");
        let (from, to) = stream.into_split();
        let mut line = Self {
            from,
            to,
            bytes: VecDeque::new(),
        };
        line.send(&upgrade(path, &[])).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(line.byte().await.expect("the handshake is answered"));
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101 "),
            "{}",
            String::from_utf8_lossy(&head)
        );
        line
    }

    /// Sends bytes. A server that closes may not take them any more.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.to.write_all(bytes).await;
    }

    async fn byte(&mut self) -> Option<u8> {
        while self.bytes.is_empty() {
            let mut buffer = vec![0; 4_096];
            match self.from.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.bytes.extend(&buffer[..length]),
            }
        }
        self.bytes.pop_front()
    }

    async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut taken = Vec::with_capacity(length);
        while taken.len() < length {
            taken.push(self.byte().await?);
        }
        Some(taken)
    }

    async fn read(&mut self) -> Option<Incoming> {
        loop {
            let head = self.take(2).await?;
            let length = match head[1] {
                126 => usize::from(u16::from_be_bytes(self.take(2).await?.try_into().ok()?)),
                127 => usize::try_from(u64::from_be_bytes(self.take(8).await?.try_into().ok()?)).ok()?,
                short => usize::from(short),
            };
            let payload = self.take(length).await?;
            match head[0] & 0x0f {
                1 | 2 => return Some(Incoming::Message(payload)),
                8 => {
                    let code = payload
                        .first_chunk()
                        .map_or(1005, |code| u16::from_be_bytes(*code));
                    return Some(Incoming::Close(code));
                }
                _ => {}
            }
        }
    }

    /// What comes next.
    pub async fn next(&mut self) -> Incoming {
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        read.expect("the server neither speaks nor closes")
            .unwrap_or(Incoming::Cut)
    }

    /// Reads until the end: `close <code>`, or `cut`.
    pub async fn end(&mut self) -> String {
        loop {
            match self.next().await {
                Incoming::Message(_) => {}
                Incoming::Close(code) => return format!("close {code}"),
                Incoming::Cut => return "cut".to_owned(),
            }
        }
    }

    /// Sends a command of the Centrifuge protocol.
    pub async fn command(&mut self, command: &Value) {
        self.send(&frame(TEXT, command.to_string().as_bytes())).await;
    }

    /// Waits for the reply to a command: `ok`, `error <number>`, or how the socket ended.
    pub async fn reply(&mut self, id: u64) -> String {
        loop {
            let message = match self.next().await {
                Incoming::Message(message) => message,
                Incoming::Close(code) => return format!("close {code}"),
                Incoming::Cut => return "cut".to_owned(),
            };
            for text in message.split(|byte| *byte == b'\n') {
                let reply: Value = serde_json::from_slice(text).unwrap_or(Value::Null);
                if reply == json!({}) {
                    self.command(&json!({})).await;
                }
                if reply["id"] == id {
                    return match reply["error"]["code"].as_u64() {
                        Some(code) => format!("error {code}"),
                        None => "ok".to_owned(),
                    };
                }
            }
        }
    }

    /// Says who it is; without a token a spectator.
    pub async fn connect(&mut self, token: Option<&str>) -> String {
        let request = token.map_or_else(|| json!({}), |token| json!({"token": token}));
        self.command(&json!({"id": 1, "connect": request})).await;
        self.reply(1).await
    }
}
