//! Subscriptions on one connection after the other: what is asked, and what becomes of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;
use tokio::time::{sleep, timeout};

use super::failure::{Exit, Failure};
use super::feed::Heard;
use super::hearing::Event;
use crate::client::{Incoming, Socket};
use crate::host::clock::Clock;
use crate::wire::push::{Publication, Push, PushBody};
use crate::wire::reply::{ConnectResult, Error, ReplyBody};
use crate::wire::request::{Command, ConnectRequest, Request};
use crate::wire::subscription::{SubscribeRequest, SubscribeResult};
use crate::wire::{self, ClientError, Disconnect, Encoding, UnsubscribeCode};

/// How long an answer to a command may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(5);
/// How much later than promised a ping may come.
const PING_PATIENCE: Duration = Duration::from_secs(10);
/// How long a subscription rests that the server ended for a while.
const REST: Duration = Duration::from_millis(500);
/// Most replies of one frame: what a server's queue holds.
const REPLIES_MAX: usize = 4_096;
/// The id of the command that opens the session; subscriptions have those behind it.
const CONNECT_ID: u32 = 1;

/// How a connection ended.
#[derive(Debug)]
pub enum Lost {
    /// It is of no use to try again.
    ForGood(Failure),
    /// It may be better next time, at least after this long.
    ForAWhile(String, Duration),
}

/// What is listened to.
pub struct Listening {
    clock: Clock,
    channels: Vec<Channel>,
    next_id: u32,
    /// Channels by the commands that subscribe to them.
    pending: BTreeMap<u32, String>,
    is_connecting: bool,
    /// When subscriptions that rest are asked for again, by the clock's monotonic time.
    wake_at: Option<Duration>,
    ping: Duration,
    answers_pings: bool,
    /// Whether the server took the last connection.
    pub is_open: bool,
}

struct Channel {
    name: String,
    /// Where in the stream we are, in a channel that has one.
    position: Option<Position>,
    is_resting: bool,
}

#[derive(Clone)]
struct Position {
    epoch: String,
    offset: u64,
}

impl Listening {
    /// Listening to these channels, not begun.
    pub fn new(names: Vec<String>, clock: Clock) -> Self {
        let channel = |name| Channel {
            name,
            position: None,
            is_resting: false,
        };
        Self {
            clock,
            channels: names.into_iter().map(channel).collect(),
            next_id: CONNECT_ID,
            pending: BTreeMap::new(),
            is_connecting: false,
            wake_at: None,
            ping: Duration::ZERO,
            answers_pings: false,
            is_open: false,
        }
    }

    /// Listens on a socket until it ends.
    pub async fn run(
        &mut self,
        socket: &mut Socket,
        token: Option<String>,
        sender: &Sender<Result<Heard, Failure>>,
    ) -> Lost {
        let Err(lost) = self.listen(socket, token, sender).await;
        lost
    }

    async fn listen(
        &mut self,
        socket: &mut Socket,
        token: Option<String>,
        sender: &Sender<Result<Heard, Failure>>,
    ) -> Result<std::convert::Infallible, Lost> {
        let commands = self.begin(token);
        socket.send(&commands).await.map_err(broken)?;
        let mut told = Vec::new();
        loop {
            let patience = self.patience();
            let rest = self.wake_at.map(|at| at.saturating_sub(self.clock.monotonic()));
            let incoming = tokio::select! {
                incoming = timeout(patience, socket.next()) => incoming,
                () = sleep(rest.unwrap_or_default()), if rest.is_some() => {
                    let commands = self.wake();
                    socket.send(&commands).await.map_err(broken)?;
                    continue;
                }
                () = sender.closed() => return Err(Lost::ForAWhile("nobody listens".to_owned(), Duration::ZERO)),
            };
            let Ok(incoming) = incoming else {
                return Err(Lost::ForAWhile("the server is silent".to_owned(), Duration::ZERO));
            };
            match incoming.map_err(broken)? {
                Incoming::Closed(code, reason) => return Err(closed(code, &reason)),
                Incoming::Message(bytes) => {
                    let answer = self.hear(&bytes, &mut told);
                    // What came before the end is told before it.
                    for heard in told.drain(..) {
                        // The next look sees that nobody listens.
                        let _ = sender.send(Ok(heard)).await;
                    }
                    let commands = answer?;
                    if !commands.is_empty() {
                        socket.send(&commands).await.map_err(broken)?;
                    }
                }
            }
        }
    }

    /// The commands that a connection begins with.
    fn begin(&mut self, token: Option<String>) -> Vec<Command> {
        self.pending.clear();
        self.next_id = CONNECT_ID;
        self.is_connecting = true;
        self.ping = Duration::ZERO;
        let request = ConnectRequest {
            token: token.unwrap_or_default(),
            name: "rookery".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ConnectRequest::default()
        };
        let connect = Command::of(CONNECT_ID, Request::Connect(Box::new(request)));
        self.channels
            .iter_mut()
            .for_each(|channel| channel.is_resting = true);
        std::iter::once(connect).chain(self.wake()).collect()
    }

    /// Subscribes to all that rests.
    fn wake(&mut self) -> Vec<Command> {
        self.wake_at = None;
        let mut commands = Vec::new();
        for channel in self.channels.iter_mut().filter(|channel| channel.is_resting) {
            channel.is_resting = false;
            self.next_id = self.next_id.saturating_add(1);
            let mut request = SubscribeRequest {
                channel: channel.name.clone(),
                recoverable: true,
                ..SubscribeRequest::default()
            };
            if let Some(position) = &channel.position {
                request.recover = true;
                request.epoch.clone_from(&position.epoch);
                request.offset = position.offset;
            }
            self.pending.insert(self.next_id, channel.name.clone());
            commands.push(Command::of(self.next_id, Request::Subscribe(Box::new(request))));
        }
        commands
    }

    /// How long the server may be silent.
    fn patience(&self) -> Duration {
        if self.is_connecting || !self.pending.is_empty() {
            COMMAND_PATIENCE
        } else if self.ping.is_zero() {
            Duration::MAX
        } else {
            self.ping.saturating_add(PING_PATIENCE)
        }
    }

    /// Understands a message; gives what is to be answered. Errors: the connection is of no use any more.
    fn hear(&mut self, bytes: &Bytes, told: &mut Vec<Heard>) -> Result<Vec<Command>, Lost> {
        let replies = wire::decode_replies(Encoding::Json, bytes, REPLIES_MAX)
            .map_err(|error| Lost::ForAWhile(error.to_string(), Duration::ZERO))?;
        let mut commands = Vec::new();
        for reply in replies {
            if reply.is_ping() {
                if self.answers_pings {
                    commands.push(Command::default());
                }
                continue;
            }
            let id = reply.id;
            match reply.into_body() {
                Some(ReplyBody::Push(push)) => self.push(*push, told)?,
                Some(ReplyBody::Connect(result)) if id == CONNECT_ID => self.connected(&result),
                Some(ReplyBody::Error(error)) if id == CONNECT_ID => return Err(not_connected(&error)),
                Some(ReplyBody::Subscribe(result)) => self.subscribed(id, *result, told),
                Some(ReplyBody::Error(error)) => self.not_subscribed(id, &error, told)?,
                _ => {}
            }
        }
        Ok(commands)
    }

    fn connected(&mut self, result: &ConnectResult) {
        self.is_connecting = false;
        self.is_open = true;
        self.ping = Duration::from_secs(u64::from(result.ping));
        self.answers_pings = result.pong;
    }

    fn subscribed(&mut self, id: u32, result: SubscribeResult, told: &mut Vec<Heard>) {
        let Some(name) = self.pending.remove(&id) else {
            return;
        };
        let now_ms = self.clock.now_ms();
        let Some(channel) = self.channels.iter_mut().find(|channel| channel.name == name) else {
            return;
        };
        told.push(Heard::Detail(format!("{name}: subscribed")));
        if result.was_recovering && !result.recovered {
            told.push(Heard::Note(format!(
                "{name}: what was published meanwhile may be missing"
            )));
        }
        if !result.recovered {
            // What is in the answer of a fresh subscription lies before its position.
            channel.position = None;
        }
        for publication in &result.publications {
            told.extend(channel.publication(publication, now_ms));
        }
        if !result.recovered && result.recoverable {
            channel.position = Some(Position {
                epoch: result.epoch,
                offset: result.offset,
            });
        }
    }

    fn not_subscribed(&mut self, id: u32, error: &Error, told: &mut Vec<Heard>) -> Result<(), Lost> {
        let Some(name) = self.pending.remove(&id) else {
            return Ok(());
        };
        // The token subscribed us, and what is published comes.
        if error.code == ClientError::ALREADY_SUBSCRIBED.code {
            told.push(Heard::Detail(format!("{name}: subscribed by the token")));
            return Ok(());
        }
        if error.temporary {
            self.rest(&name);
            return Ok(());
        }
        Err(Lost::ForGood(refused(
            &format!("{name}: {}", error.message),
            error.code,
        )))
    }

    fn push(&mut self, push: Push, told: &mut Vec<Heard>) -> Result<(), Lost> {
        let name = push.channel.clone();
        let now_ms = self.clock.now_ms();
        let found = self.channels.iter_mut().find(|channel| channel.name == name);
        match (push.into_body(), found) {
            (Some(PushBody::Publication(publication)), Some(channel)) => {
                told.extend(channel.publication(&publication, now_ms));
            }
            (Some(PushBody::Unsubscribe(end)), Some(channel)) => {
                let is_void = end.code == UnsubscribeCode::STATE_INVALIDATED.code;
                if is_void {
                    channel.position = None;
                }
                if end.code >= UnsubscribeCode::INSUFFICIENT_STATE.code {
                    self.rest(&name);
                    return Ok(());
                }
                let note = format!(
                    "{name}: the server ended the subscription: {} ({})",
                    end.reason, end.code
                );
                self.channels.retain(|channel| channel.name != name);
                if self.channels.is_empty() {
                    let failure =
                        Failure::new(Exit::Denied, note).fix(format!("rookery channel request {name}"));
                    return Err(Lost::ForGood(failure));
                }
                told.push(Heard::Note(note));
            }
            (Some(PushBody::Disconnect(end)), _) => {
                return Err(closed(u16::try_from(end.code).unwrap_or_default(), &end.reason));
            }
            _ => {}
        }
        Ok(())
    }

    fn rest(&mut self, name: &str) {
        let resting = self.channels.iter_mut().find(|channel| channel.name == name);
        if let Some(channel) = resting {
            channel.is_resting = true;
            let at = self.clock.monotonic().saturating_add(REST);
            self.wake_at = Some(self.wake_at.unwrap_or(at));
        }
    }
}

impl Channel {
    /// A publication that was not heard before.
    fn publication(&mut self, publication: &Publication, now_ms: i64) -> Option<Heard> {
        if let (Some(position), true) = (&mut self.position, publication.offset > 0) {
            if publication.offset <= position.offset {
                return None;
            }
            position.offset = publication.offset;
        }
        let event = Event::of(&self.name, publication, now_ms);
        Some(event.map_or_else(
            || Heard::Note(format!("{}: a publication that is no JSON", self.name)),
            Heard::Event,
        ))
    }
}

fn broken(error: std::io::Error) -> Lost {
    Lost::ForAWhile(format!("the connection is lost: {error}"), Duration::ZERO)
}

fn not_connected(error: &Error) -> Lost {
    if error.temporary {
        return Lost::ForAWhile(error.message.clone(), Duration::ZERO);
    }
    Lost::ForGood(refused(&error.message, error.code))
}

/// What an error means that stays.
fn refused(text: &str, code: u32) -> Failure {
    let is = |known: ClientError| known.code == code;
    if is(ClientError::UNAUTHORIZED) || is(ClientError::TOKEN_EXPIRED) || is(ClientError::EXPIRED) {
        Failure::new(Exit::Unauthenticated, text).log_in()
    } else if is(ClientError::PERMISSION_DENIED) {
        Failure::new(Exit::Denied, text).fix("ask its owner for access: rookery channel request CHANNEL")
    } else {
        Failure::new(Exit::Failed, format!("{text} ({code})"))
    }
}

/// What the end of a connection means.
fn closed(code: u16, reason: &str) -> Lost {
    let text = if reason.is_empty() {
        format!("the server closed the connection ({code})")
    } else {
        format!("the server closed the connection: {reason} ({code})")
    };
    if !matches!(code, 1009 | 3500..=3999 | 4500..=4999) {
        return Lost::ForAWhile(text, Duration::ZERO);
    }
    let is = |known: Disconnect| known.code == code;
    Lost::ForGood(if is(Disconnect::INVALID_TOKEN) {
        Failure::new(Exit::Unauthenticated, text).log_in()
    } else if is(Disconnect::PERMISSION_DENIED) {
        Failure::new(Exit::Denied, text)
    } else {
        Failure::new(Exit::Failed, text)
    })
}

#[cfg(test)]
mod tests;
