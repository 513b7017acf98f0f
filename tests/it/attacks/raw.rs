//! Bytes to a port and back: requests that no HTTP library would send.

use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, or what was left of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body; null when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// `status code`, and the origin that a browser would be told.
    pub fn summary(&self) -> String {
        let mut summary = self.status.to_string();
        if self.status >= 400 && self.header("content-type") == Some("application/problem+json") {
            assert_eq!(self.body["status"], self.status, "{self:?}");
            summary.extend([" ", self.body["code"].as_str().expect("a problem has a code")]);
        }
        if let Some(origin) = self.header("access-control-allow-origin") {
            summary.extend([" for ", origin]);
        }
        summary
    }

    /// Whether the answer is there to its last byte, as far as it says how long it is.
    fn is_whole(bytes: &[u8]) -> bool {
        let Some(answer) = Self::read(bytes) else {
            return false;
        };
        let length = answer
            .header("content-length")
            .and_then(|text| text.parse::<usize>().ok());
        let body = bytes
            .windows(4)
            .position(|part| part == b"\r\n\r\n")
            .map_or(0, |end| bytes.len() - end - 4);
        answer.status == 101 || length.is_some_and(|length| body >= length)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self {
            status,
            headers,
            body: serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null),
        })
    }
}

/// A request as it goes over the line. The connection ends with the answer.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: world.example\r\nConnection: close\r\n");
    if !body.is_empty() || method == "POST" {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    [text.as_bytes(), body].concat()
}

/// A POST of JSON.
pub fn post(path: &str, token: Option<&str>, body: impl AsRef<[u8]>) -> Vec<u8> {
    json("POST", path, token, body)
}

/// A request with JSON.
pub fn json(method: &str, path: &str, token: Option<&str>, body: impl AsRef<[u8]>) -> Vec<u8> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    request(method, path, &headers, body.as_ref())
}

/// A GET.
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer
        .as_deref()
        .map(|bearer| ("Authorization", bearer))
        .into_iter()
        .collect();
    request("GET", path, &headers, b"")
}

/// Sends bytes and reads one answer; none when the other side closed without one.
pub async fn exchange(port: u16, bytes: Vec<u8>) -> Option<Answer> {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the world listens");
    let (mut from, mut to) = stream.into_split();
    let mut received = Vec::new();
    // A server that refuses early stops reading: what it said before counts.
    let write = async {
        let _ = to.write_all(&bytes).await;
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut buffer = vec![0; 16 * 1024];
        while !Answer::is_whole(&received) {
            match from.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => received.extend_from_slice(&buffer[..length]),
            }
        }
    };
    let both = async {
        tokio::select! { () = write => {}, () = read => {} }
    };
    let waited = tokio::time::timeout(PATIENCE, both).await;
    assert!(
        waited.is_ok(),
        "neither answered nor closed: {}",
        String::from_utf8_lossy(&received)
    );
    Answer::read(&received)
}

/// Like `exchange`, told in one line.
pub async fn tell(port: u16, bytes: Vec<u8>) -> String {
    exchange(port, bytes)
        .await
        .map_or_else(|| "closed".to_owned(), |answer| answer.summary())
}
