//! The handshake that turns a connection into a WebSocket, from the client's side.

use super::http::FIELDS_MAX;
use super::target::Target;
use crate::wire::Encoding;
use actix_http::ws::hash_key;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::time::Duration;

/// The path of the socket that speaks the Centrifuge protocol.
pub const PATH: &str = "/connection/websocket";
/// Longest head of an answer. Units: bytes.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// A handshake that is not answered yet.
#[derive(Debug)]
pub struct Handshake {
    key: String,
}

/// What the server answers to a handshake.
#[derive(Debug, PartialEq, Eq)]
pub enum Shaken {
    /// The socket is open; the answer took so many bytes, and what follows are frames.
    Opened(usize),
    /// The server refused to open a socket: the status, and how long to wait.
    Refused(u16, Option<Duration>),
}

impl Handshake {
    /// A handshake with a nonce that no other one has.
    pub fn new(nonce: [u8; 16]) -> Self {
        Self {
            key: STANDARD.encode(nonce),
        }
    }

    /// The request that asks for the socket.
    pub fn request(&self, target: &Target, path: &str, encoding: Encoding) -> String {
        let (host, key) = (&target.host, &self.key);
        let protocol = match encoding {
            Encoding::Json => "centrifuge-json",
            Encoding::Protobuf => "centrifuge-protobuf",
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        )
    }

    /// Reads the answer; none while it is not whole. Errors: no answer, or one to another handshake.
    pub fn answer(&self, bytes: &[u8]) -> io::Result<Option<Shaken>> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(bytes).map_err(io::Error::other)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if bytes.len() > HEAD_MAX_BYTES => {
                return Err(io::Error::other("the answer to the handshake has no end"));
            }
            httparse::Status::Partial => return Ok(None),
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
            return Ok(Some(Shaken::Refused(status, seconds.map(Duration::from_secs))));
        }
        if field("sec-websocket-accept").map(str::as_bytes) != Some(&hash_key(self.key.as_bytes())) {
            return Err(io::Error::other("the handshake was answered for somebody else"));
        }
        Ok(Some(Shaken::Opened(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455, section 1.3.
    const NONCE: &[u8; 16] = b"the sample nonce";
    const ACCEPTED: &str =
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    #[test]
    fn an_answer_is_read_when_it_is_whole_and_ours() {
        let handshake = Handshake::new(*NONCE);
        let (head, _end) = ACCEPTED.split_at(20);
        assert_eq!(handshake.answer(head.as_bytes()).unwrap(), None);
        let followed = format!("{ACCEPTED}frames");
        assert_eq!(
            handshake.answer(followed.as_bytes()).unwrap(),
            Some(Shaken::Opened(ACCEPTED.len()))
        );
        assert!(Handshake::new([7; 16]).answer(ACCEPTED.as_bytes()).is_err());
        assert!(handshake.answer(b"SSH-2.0-OpenSSH\r\n").is_err());
        let endless = format!(
            "HTTP/1.1 101 Switching Protocols\r\nX: {}",
            "x".repeat(HEAD_MAX_BYTES)
        );
        assert!(handshake.answer(endless.as_bytes()).is_err());
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n";
        assert_eq!(
            Handshake::new(*NONCE).answer(answer).unwrap(),
            Some(Shaken::Refused(503, Some(Duration::from_secs(7))))
        );
    }
}
