//! What is published on channels, over a socket that is opened again whenever it is lost.

use std::time::Duration;

use anyhow::anyhow;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;

use super::failure::{Exit, Failure};
use super::hearing::Event;
use super::listening::{Listening, Lost};
use super::session::{Session, variable};
use crate::base::backoff::Backoff;
use crate::base::limit::{CHANNEL_NAME_MAX_BYTES, CHANNELS_PER_CONNECTION_MAX};
use crate::client::target::check_url;
use crate::client::{OpenError, Socket, Target, handshake};
use crate::host::entropy::Entropy;

/// How long opening a socket may take.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait that a server's `Retry-After` is followed for.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How long to wait before the next try, as the official clients of the protocol do.
const BACKOFF: Backoff = Backoff::new(500, 20_000);
/// Events that wait for the one who takes them; the next waits in the connection.
const WAITING_MAX: usize = 64;

/// What a feed tells.
#[derive(Debug)]
pub enum Heard {
    /// Somebody published something.
    Event(Event),
    /// Something about the feed itself, for people.
    Note(String),
    /// The same, for those who want to know more.
    Detail(String),
}

/// Where the socket is, and who opens it.
#[derive(Clone, Debug)]
pub struct Door {
    url: String,
    path: String,
    token: Option<String>,
}

impl Door {
    /// The door of a session. Errors: an address that is none.
    pub fn of(session: &Session) -> Result<Self, Failure> {
        let ws = variable("ROOKERY_WS").or_else(|| {
            let is_given = session.given_server.is_some() || variable("ROOKERY_SERVER").is_some();
            // The kept socket is the kept server's.
            session.settings.ws.clone().filter(|_| !is_given)
        });
        let door = match ws {
            Some(ws) => Self::of_ws(&ws)?,
            None => Self {
                url: session.server.clone(),
                path: handshake::PATH.to_owned(),
                token: None,
            },
        };
        Ok(Self {
            token: session.token.clone(),
            ..door
        })
    }

    /// The door at the address of a socket, such as `wss://rookery.example/connection/websocket`.
    /// Errors: an address that is none.
    pub fn of_ws(ws: &str) -> Result<Self, Failure> {
        let start = ws.find("://").map_or(0, |at| at.saturating_add(3));
        let cut = ws
            .char_indices()
            .find(|(at, letter)| *at >= start && *letter == '/')
            .map(|(at, _)| at);
        let (url, path) = cut.and_then(|at| ws.split_at_checked(at)).unwrap_or((ws, ""));
        let is_path = path.bytes().all(|byte| byte.is_ascii_graphic());
        let checked = check_url(url).map_err(|error| Failure::usage(format!("{error:#}")));
        checked.and_then(|()| {
            let path = if matches!(path, "" | "/") {
                handshake::PATH
            } else {
                path
            };
            is_path
                .then(|| Self {
                    url: url.to_owned(),
                    path: path.to_owned(),
                    token: None,
                })
                .ok_or_else(|| Failure::usage(format!("{ws} is no address of a socket")))
        })
    }
}

/// Begins to listen; what comes is received until it ends with a failure.
/// `is_patient` also waits for a server that was never there. Errors: no channels, or too many, or too long names.
pub fn listen(
    session: &Session,
    channels: &[String],
    is_patient: bool,
) -> Result<Receiver<Result<Heard, Failure>>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for name in channels {
        if name.is_empty() || name.len() > CHANNEL_NAME_MAX_BYTES {
            return Err(Failure::usage(format!(
                "a channel's name has 1 to {CHANNEL_NAME_MAX_BYTES} bytes"
            )));
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.len() > CHANNELS_PER_CONNECTION_MAX {
        return Err(Failure::usage(format!(
            "at most {CHANNELS_PER_CONNECTION_MAX} channels at a time"
        )));
    }
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let feed = Feed {
        door: Door::of(session)?,
        listening: Listening::new(names, session.clock.clone()),
        entropy: Entropy::system(),
        attempt: 0,
        was_open: is_patient,
        sender,
    };
    tokio::spawn(feed.run());
    Ok(receiver)
}

struct Feed {
    door: Door,
    listening: Listening,
    entropy: Entropy,
    /// Tries since the last connection that was good.
    attempt: u32,
    /// Whether the server was ever reached.
    was_open: bool,
    sender: Sender<Result<Heard, Failure>>,
}

impl Feed {
    async fn run(mut self) {
        while !self.sender.is_closed() {
            let lost = self.connection().await;
            if self.listening.is_open {
                self.attempt = 0;
                self.was_open = true;
            }
            let (why, wait) = match lost {
                Lost::ForGood(failure) => {
                    // Whoever does not listen any more needs no reason.
                    let _ = self.sender.send(Err(failure)).await;
                    return;
                }
                Lost::ForAWhile(why, wait) => (why, wait),
            };
            if self.attempt == 0 {
                let note = format!("{why}; trying again");
                let _ = self.sender.send(Ok(Heard::Note(note))).await;
            }
            let delay = Duration::from_millis(BACKOFF.delay_ms(self.attempt, self.entropy.u64()));
            self.attempt = self.attempt.saturating_add(1);
            let until_closed = self.sender.closed();
            // Whoever stops listening meanwhile ends the wait.
            let _ = timeout(delay.max(wait.min(WAIT_MAX)), until_closed).await;
        }
    }

    /// One connection, from its beginning to its end.
    async fn connection(&mut self) -> Lost {
        self.listening.is_open = false;
        match self.open().await {
            Ok(mut socket) => {
                self.was_open = true;
                self.listening
                    .run(&mut socket, self.door.token.clone(), &self.sender)
                    .await
            }
            Err(error) => self.unopened(error),
        }
    }

    async fn open(&self) -> Result<Socket, OpenError> {
        let url = self.door.url.clone();
        let unreachable = |source| OpenError::Unreachable {
            host: self.door.url.clone(),
            source,
        };
        // Asking for a name blocks, and names move while a server is away.
        let found = tokio::task::spawn_blocking(move || Target::of_url(&url)).await;
        let target = found
            .map_err(|error| unreachable(error.into()))?
            .map_err(unreachable)?;
        let opening = Socket::open(&target, &self.door.path, self.entropy.bytes());
        match timeout(OPEN_PATIENCE, opening).await {
            Ok(opened) => opened,
            Err(_elapsed) => Err(unreachable(anyhow!(
                "no answer within {} s",
                OPEN_PATIENCE.as_secs()
            ))),
        }
    }

    fn unopened(&self, error: OpenError) -> Lost {
        match &error {
            OpenError::Unreachable { .. } if !self.was_open => {
                let failure = Failure::unreachable(&self.door.url, &anyhow::Error::from(error));
                Lost::ForGood(failure.fix("wait for it: --wait"))
            }
            OpenError::Unreachable { .. } => {
                Lost::ForAWhile(format!("{:#}", anyhow::Error::from(error)), Duration::ZERO)
            }
            OpenError::Refused { status, wait, .. } => {
                let exit = match status {
                    408 | 425 | 429 | 500..=599 => {
                        return Lost::ForAWhile(error.to_string(), wait.unwrap_or_default());
                    }
                    401 => Exit::Unauthenticated,
                    403 => Exit::Denied,
                    _ => Exit::Failed,
                };
                Lost::ForGood(
                    Failure::new(exit, error.to_string()).fix("see whether Rookery is at that address"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_socket_has_a_path_or_gets_the_usual_one() {
        let parts = |ws: &str| Door::of_ws(ws).map(|door| (door.url, door.path));
        let both = |url: &str, path: &str| Ok((url.to_owned(), path.to_owned()));
        assert_eq!(parts("ws://a:1"), both("ws://a:1", "/connection/websocket"));
        assert_eq!(parts("wss://a/"), both("wss://a", "/connection/websocket"));
        assert_eq!(parts("wss://a/x/y?z=1"), both("wss://a", "/x/y?z=1"));
        for bad in ["a/x", "ftp://a/x", "ws:///x", "ws://a/x y"] {
            assert_eq!(
                parts(bad).map_err(|failure| failure.exit),
                Err(Exit::Usage),
                "{bad}"
            );
        }
    }
}
