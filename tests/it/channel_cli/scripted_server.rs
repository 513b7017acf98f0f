//! A server that answers what a test wants, one connection after the other, and keeps what it was asked.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub token: Option<String>,
    pub body: Value,
}

/// The server; its thread ends with the test process.
pub struct ScriptedServer {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ScriptedServer {
    /// Answers each request as `answer` says: a status and a body.
    pub fn start(mut answer: impl FnMut(&Asked) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let request = read(&mut stream);
                let (status, body) = answer(&request);
                kept.lock().expect("no test panicked here").push(request);
                let body = body.to_string();
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                // A client that does not wait for the answer is a test's affair.
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, asked }
    }

    /// Answers everything alike.
    pub fn always(status: u16, body: Value) -> Self {
        Self::start(move |_request| (status, body.clone()))
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panicked here").clone()
    }

    /// The only thing that it was asked.
    #[track_caller]
    pub fn one(&self) -> Asked {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }
}

fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("the client writes");
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            break (head.to_owned(), head.len() + 4);
        }
        assert!(count > 0, "half a request: {text}");
    };
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    let wanted = field("content-length").map_or(0, |text| text.parse::<usize>().expect("a length"));
    while bytes.len() < length + wanted {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("the client writes");
        assert!(count > 0, "half a body");
        bytes.extend_from_slice(&buffer[..count]);
    }
    let line = head.lines().next().unwrap_or_default();
    Asked {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        token: field("authorization").map(|text| text.trim_start_matches("Bearer ").to_owned()),
        body: serde_json::from_slice(&bytes[length..]).unwrap_or(Value::Null),
    }
}
