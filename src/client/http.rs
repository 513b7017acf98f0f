//! Requests that are no sockets: one connection each, answered before the client goes on.

use super::target::Target;
use super::tls;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a request may take to be written, and a part of its answer to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Most header fields of an answer.
pub const FIELDS_MAX: usize = 64;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// Its body.
    pub body: String,
}

impl Target {
    /// `GET` without a credential. Errors: no connection, no whole answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call("GET", path, None, None)
    }

    /// `POST` of JSON with a token. Errors: no connection, no whole answer.
    pub fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call("POST", path, Some(token), Some(body))
    }

    /// Any request, with JSON or without.
    /// Errors: no connection, no whole answer, a path or a token that no request can hold.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let is_field = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(is_field(path), "{path:?} cannot be asked for");
        ensure!(token.is_none_or(is_field), "the token is not a token");
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.host
        );
        if let Some(token) = token {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        let body = body.map(Value::to_string);
        if let Some(body) = &body {
            request.push_str("Content-Type: application/json\r\nContent-Length: ");
            request.push_str(&format!("{}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(&body.unwrap_or_default());
        let bytes = self
            .exchange(request.as_bytes())
            .with_context(|| format!("could not ask {}", self.host))?;
        parse(&bytes).with_context(|| format!("{} does not answer in HTTP", self.host))
    }

    fn exchange(&self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        if self.is_tls {
            Ok(read_answer(tls::blocking(stream, self.name())?, request)?)
        } else {
            Ok(read_answer(stream, request)?)
        }
    }
}

fn read_answer(mut stream: impl Read + Write, request: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(request)?;
    stream.flush()?;
    let mut bytes = Vec::new();
    match stream.take(ANSWER_MAX_BYTES).read_to_end(&mut bytes) {
        // Many servers end a connection over TLS without a word. Whether the answer is whole, its length tells.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(bytes),
        Err(error) => Err(error),
        Ok(_) => Ok(bytes),
    }
}

/// Reads a whole answer of a connection that ended with it.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes).ok()? else {
        return None;
    };
    // Nothing was said about encodings, so the body comes as it is: in chunks, by its length, or until the end.
    let body = bytes.get(length..)?;
    let field = |name: &str| {
        let mut named = head
            .headers
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name));
        std::str::from_utf8(named.next()?.value).ok().map(str::trim)
    };
    let body = match (field("transfer-encoding"), field("content-length")) {
        (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => unchunk(body)?,
        (Some(_), _) => return None,
        (None, Some(length)) => body.get(..length.parse().ok()?)?.to_vec(),
        (None, None) => body.to_vec(),
    };
    let wait_s = field("retry-after").and_then(|text| text.parse().ok());
    Some(Answer {
        status: head.code?,
        retry_after: wait_s.map(Duration::from_secs),
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Joins the chunks of a body.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(rest).ok()? else {
            return None;
        };
        if size == 0 {
            return Some(body);
        }
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_cut_at_its_length_and_a_short_one_is_none() {
        let answer = parse(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{} ").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (409, "{}"));
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}").is_none());
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\nall").unwrap().body, "all");
        assert!(parse(b"SSH-2.0-OpenSSH\r\n").is_none() && parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }

    #[test]
    fn chunks_are_joined_and_missing_ones_are_missed() {
        let head = "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\nRetry-After: 3\r\n\r\n";
        let answer = parse(format!("{head}3\r\n{{\"a\r\n4;x=y\r\n\":1}}\r\n0\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(answer.body, "{\"a\":1}");
        assert_eq!(answer.retry_after, Some(Duration::from_secs(3)));
        for short in ["", "3\r\nab", "3\r\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n", "zz\r\n"] {
            assert!(parse(format!("{head}{short}").as_bytes()).is_none(), "{short:?}");
        }
    }

    #[test]
    fn what_would_break_out_of_a_request_is_refused() {
        let target = Target::of_url("http://127.0.0.1:1").unwrap();
        let refusal = target.call("GET", "/a b", None, None).unwrap_err();
        assert!(refusal.to_string().contains("cannot be asked for"));
        let refusal = target.call("GET", "/", Some("a\r\nX: y"), None).unwrap_err();
        assert_eq!(refusal.to_string(), "the token is not a token");
    }
}
