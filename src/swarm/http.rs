//! The few requests that are no sockets: one connection each, answered before the swarm goes on.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long a request may take to be written, and a part of its answer to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Most header fields of an answer.
pub const FIELDS_MAX: usize = 64;

/// The server to drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its name and port, as the field `Host` has them.
    pub host: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

impl Target {
    /// The server of an address such as `http://127.0.0.1:8000`.
    /// Errors: another scheme, a path, a name that is not known.
    pub fn of_url(url: &str) -> anyhow::Result<Self> {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("ws://"));
        let host =
            host.with_context(|| format!("{url} does not begin with http://: TLS ends at the proxy"))?;
        let host = host.trim_end_matches('/');
        ensure!(
            !host.contains(['/', '?', '#', '@']),
            "{url} is more than a host and a port"
        );
        let named = if host.rsplit(']').next().unwrap_or(host).contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let found = named
            .to_socket_addrs()
            .with_context(|| format!("could not find {host}"))?
            .next();
        let address = found.with_context(|| format!("{host} has no address"))?;
        Ok(Self {
            address,
            host: host.to_owned(),
        })
    }

    /// `GET` without a credential. Errors: no connection, no whole answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// `POST` of JSON with a token. Errors: no connection, no whole answer.
    pub fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Answer> {
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
        );
        self.call(&head, &body)
    }

    fn call(&self, head: &str, body: &str) -> anyhow::Result<Answer> {
        let doing = || format!("could not ask http://{}", self.host);
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE).with_context(doing)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request = format!("{head}Host: {}\r\nConnection: close\r\n\r\n{body}", self.host);
        stream.write_all(request.as_bytes()).with_context(doing)?;
        let mut bytes = Vec::new();
        stream
            .take(ANSWER_MAX_BYTES)
            .read_to_end(&mut bytes)
            .with_context(doing)?;
        parse(&bytes).with_context(|| format!("http://{} does not answer in HTTP", self.host))
    }
}

/// Reads a whole answer of a connection that ended with it.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes).ok()? else {
        return None;
    };
    // Nothing was said about encodings, so the body comes as it is and ends with the connection, or earlier by its length.
    let body = bytes.get(length..)?;
    let named = head
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let body = match named {
        Some(field) => body.get(..std::str::from_utf8(field.value).ok()?.trim().parse().ok()?)?,
        None => body,
    };
    Some(Answer {
        status: head.code?,
        body: String::from_utf8_lossy(body).into_owned(),
    })
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
    fn a_target_is_a_host_and_a_port() {
        let target = Target::of_url("http://127.0.0.1:8000/").unwrap();
        assert_eq!(
            (target.address.port(), target.host.as_str()),
            (8000, "127.0.0.1:8000")
        );
        assert_eq!(Target::of_url("ws://[::1]").unwrap().address.port(), 80);
        for bad in [
            "127.0.0.1:8000",
            "https://127.0.0.1",
            "http://127.0.0.1:8000/api",
            "http://",
        ] {
            assert!(Target::of_url(bad).is_err(), "{bad}");
        }
    }
}
