//! The bare loop.

use super::Shape;
use super::child::READY;
use crate::client::http::FIELDS_MAX;
use crate::host::clock::Clock;
use crate::swarm::pipe::{Pipe, Reader};
use crate::wire::Encoding;
use actix_http::ws::{Codec, Frame, Message, hash_key};
use anyhow::Context;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio_util::codec::Encoder;

/// The listener's number among the sockets.
const LISTENER: Token = Token(usize::MAX);
/// Sockets that are looked after before the ticks are looked at again.
const EVENTS_AT_ONCE: usize = 256;
/// Share of a period by which each group comes later than the one before: the golden ratio spreads any number evenly.
const STAGGER: f64 = 0.618_033_988_75;

/// A socket of the loop.
struct Connection {
    pipe: Pipe,
    is_open: bool,
    /// Answers to what it joins with that are left.
    greetings: u32,
    /// Frames that are due, counted in parts.
    frames: f64,
    /// Answers that are due, counted in parts.
    answers: f64,
}

/// The loop.
struct Floor {
    shape: Shape,
    poll: Poll,
    listener: TcpListener,
    clock: Clock,
    connections: Vec<Option<Connection>>,
    reader: Reader,
    news: Bytes,
    answer: Bytes,
    /// When which group is due.
    ticks: BinaryHeap<Reverse<(Duration, usize)>>,
}

/// Runs the loop until the standard input ends.
/// Errors: no port, nothing to watch sockets with.
pub fn serve(shape: Shape) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        // Whoever started the loop holds the other end; nothing is ever written to it.
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut floor = Floor::new(shape).context("could not start the loop")?;
    println!("{READY}{}", floor.listener.local_addr()?);
    let mut events = Events::with_capacity(EVENTS_AT_ONCE);
    loop {
        floor.turn(&mut events)?;
    }
}

impl Floor {
    fn new(shape: Shape) -> io::Result<Self> {
        let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            news: framed(shape.news(), shape.encoding())?,
            answer: framed(shape.answer(), shape.encoding())?,
            shape,
            poll,
            listener,
            clock: Clock::system(),
            connections: Vec::new(),
            reader: Reader::default(),
            ticks: BinaryHeap::new(),
        })
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        let period = Duration::from_micros(self.shape.tick_us.max(1));
        while let Some(Reverse((due, group))) =
            self.ticks.peek().copied().filter(|tick| tick.0.0 <= self.now())
        {
            self.ticks.pop();
            self.ticks.push(Reverse((due.saturating_add(period), group)));
            self.tick(group, period);
        }
        let next = self
            .ticks
            .peek()
            .map(|Reverse((due, _))| due.saturating_sub(self.now()));
        match self.poll.poll(events, next) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                self.accept(period)?;
            } else if self.attend(event.token().0).is_err()
                && let Some(connection) = self.connections.get_mut(event.token().0)
            {
                *connection = None;
            }
        }
        Ok(())
    }

    fn accept(&mut self, period: Duration) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let number = self.connections.len();
            let pipe = Pipe::new(stream, Codec::new(), self.poll.registry(), Token(number))?;
            self.connections.push(Some(Connection {
                pipe,
                is_open: false,
                greetings: self.shape.greetings,
                frames: 0.0,
                answers: 0.0,
            }));
            let size = self.shape.group.max(1);
            if number.is_multiple_of(size) {
                let group = number / size;
                let turns = f64::from(u32::try_from(group).unwrap_or(0)) * STAGGER;
                let phase = period.mul_f64(turns.fract());
                self.ticks
                    .push(Reverse((self.now().saturating_add(phase), group)));
            }
        }
    }

    /// Writes to every socket of a group the frames that are due.
    fn tick(&mut self, group: usize, period: Duration) {
        let due = self.shape.frames_per_s * period.as_secs_f64();
        let size = self.shape.group.max(1);
        let sockets = self
            .connections
            .iter_mut()
            .skip(group.saturating_mul(size))
            .take(size);
        for slot in sockets {
            let Some(connection) = slot.as_mut().filter(|connection| connection.is_open) else {
                continue;
            };
            connection.frames += due;
            let mut is_well = true;
            while connection.frames >= 1.0 && is_well {
                connection.frames -= 1.0;
                is_well = connection.pipe.send(&self.news).is_ok();
            }
            if !is_well {
                *slot = None;
            }
        }
    }

    /// Reads what came and answers it. Errors: the socket is of no more use.
    fn attend(&mut self, number: usize) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(number).and_then(Option::as_mut) else {
            return Ok(());
        };
        connection.pipe.flush()?;
        loop {
            let filled = connection.pipe.fill(&mut self.reader)?;
            if !connection.is_open {
                connection.is_open = shake(&mut connection.pipe, &mut self.reader.bytes)?;
            }
            while connection.is_open {
                let Some(frame) = connection.pipe.frame(&mut self.reader)? else {
                    break;
                };
                if matches!(frame, Frame::Close(_)) {
                    return Err(ErrorKind::ConnectionAborted.into());
                }
                if connection.greetings > 0 {
                    connection.greetings -= 1;
                    connection.pipe.send(&self.answer)?;
                    continue;
                }
                connection.answers += self.shape.answers_per_command;
                while connection.answers >= 1.0 {
                    connection.answers -= 1.0;
                    connection.pipe.send(&self.answer)?;
                }
            }
            connection.pipe.keep(&self.reader);
            if filled.is_end {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if !filled.is_more {
                return Ok(());
            }
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// A payload as it goes over the wire.
fn framed(payload: Bytes, encoding: Encoding) -> io::Result<Bytes> {
    let message = match encoding {
        Encoding::Json => Message::Text(ByteString::try_from(payload).map_err(io::Error::other)?),
        Encoding::Protobuf => Message::Binary(payload),
    };
    let mut frame = BytesMut::new();
    Codec::new()
        .encode(message, &mut frame)
        .map_err(io::Error::other)?;
    Ok(frame.freeze())
}

/// Answers the handshake once it is whole; whether it is.
fn shake(pipe: &mut Pipe, bytes: &mut BytesMut) -> io::Result<bool> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes).map_err(io::Error::other)? else {
        return Ok(false);
    };
    let key = head
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("sec-websocket-key"));
    let accept = hash_key(key.map_or(&[], |field| field.value));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        String::from_utf8_lossy(&accept)
    );
    let _ = bytes.split_to(length);
    pipe.send(answer.as_bytes())?;
    Ok(true)
}
