//! Joining: so many sockets a second, so many at one time, and again after a refusal.

use super::super::identity::Identity;
use super::super::layout::Point;
use super::super::plan::Load;
use super::super::socket::{Incoming, Socket};
use super::super::tally::count;
use super::hear::code_of;
use super::member::{Asked, Pending, Phase, Role};
use super::timer::Timer;
use super::{Crowd, Peer};
use crate::base::backoff::Backoff;
use crate::wire::reply::Error;
use crate::wire::request::{Command, ConnectRequest, Request, RpcRequest};
use crate::wire::subscription::SubscribeRequest;
use bytes::Bytes;
use mio::Token;
use serde_json::json;
use std::time::Duration;

/// How often a member tries before it gives up.
const ATTEMPTS_MAX: u32 = 10;
/// How long it waits between two tries.
const BACKOFF: Backoff = Backoff::new(250, 10_000);
/// Longest pause that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// How long one try may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a member waits that could not be put to its place.
const PLACE_AGAIN: Duration = Duration::from_millis(500);

/// Whether a member that lost its socket may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// After a pause of its own choice.
    Soon,
    /// Not before this time is over: the server said so.
    After(Duration),
    /// It would hear the same.
    Never,
}

impl Crowd<'_> {
    /// Whether one more may join as soon as it is time.
    pub(super) fn may_admit(&self) -> bool {
        !self.waiting.is_empty() && self.joining < self.plan.join_concurrency
    }

    /// Opens the sockets whose time has come.
    pub(super) fn admit(&mut self, now: Duration) {
        let interval = Duration::from_secs(1) / self.plan.join_rate.max(1);
        while self.may_admit() && self.next_join_at <= now {
            // Time that nobody could use is lost, not saved up for a rush.
            self.next_join_at = self
                .next_join_at
                .max(now.saturating_sub(interval))
                .saturating_add(interval);
            if let Some(number) = self.waiting.pop_front() {
                self.open(number, now);
            }
        }
    }

    fn open(&mut self, number: usize, now: Duration) {
        let nonce = self.entropy.bytes();
        let (Peer::Server(target) | Peer::Floor(target)) = &self.peer;
        let opened = Socket::open(
            target,
            self.plan.encoding,
            self.poll.registry(),
            Token(number),
            nonce,
        );
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        member.attempt = member.attempt.saturating_add(1);
        (member.phase, member.opened_at) = (Phase::Opening, now);
        self.joining = self.joining.saturating_add(1);
        let attempt = member.attempt;
        match opened {
            Ok(socket) => {
                member.socket = Some(socket);
                self.timers
                    .set(now.saturating_add(DEADLINE), Timer::Deadline { number, attempt });
            }
            Err(error) => self.lost(number, &error.kind().to_string(), Retry::Soon, now),
        }
    }

    /// What came over a member's socket.
    pub(super) fn take(&mut self, number: usize, incoming: Incoming, now: Duration) {
        match incoming {
            Incoming::Opened => self.opened(number, now),
            Incoming::Refused(status, pause) => {
                self.lost(
                    number,
                    &format!("http {status}"),
                    pause.map_or(Retry::Soon, Retry::After),
                    now,
                );
            }
            Incoming::Message(payload) => self.hear(number, &payload, now),
            Incoming::Closed(code) => {
                // Centrifuge's clients do not come back after these.
                let is_final = matches!(code, 3500..=3999 | 4500..=4999);
                let retry = if is_final { Retry::Never } else { Retry::Soon };
                self.lost(number, &format!("closed {code}"), retry, now);
            }
        }
    }

    fn opened(&mut self, number: usize, now: Duration) {
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        member.phase = Phase::Greeting;
        let token = member
            .identity
            .as_ref()
            .map(|Identity { token, .. }| token.clone());
        let request = ConnectRequest {
            token: token.unwrap_or_default(),
            ..ConnectRequest::default()
        };
        self.send(number, Request::Connect(Box::new(request)), Asked::Connect, now);
    }

    /// The server let it in.
    pub(super) fn greeted(&mut self, number: usize, now: Duration) {
        let is_floor = self.is_floor();
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        match (&member.role, &self.plan.load) {
            // The floor has no places.
            (Role::Agent(_), _) if !is_floor => member.phase = Phase::Entering,
            (Role::Subscriber, Load::Channel(channel)) => {
                member.phase = Phase::Subscribing;
                let request = SubscribeRequest {
                    channel: channel.name.clone(),
                    ..SubscribeRequest::default()
                };
                self.send(
                    number,
                    Request::Subscribe(Box::new(request)),
                    Asked::Subscribe,
                    now,
                );
            }
            _ => self.joined(number, now),
        }
    }

    /// An agent that is joining saw itself in a region: there it is, or it must go to its place.
    pub(super) fn saw_itself(&mut self, number: usize, region: &str, at: Point, now: Duration) {
        let Some(member) = self.members.get(number) else {
            return;
        };
        let Role::Agent(place) = &member.role else {
            return;
        };
        if place.region == region && place.square.contains(at) {
            self.joined(number, now);
        } else if member.phase == Phase::Entering {
            let attempt = member.attempt;
            self.place(number, attempt, now);
        }
    }

    /// Goes to its place, unless it lost its socket meanwhile.
    pub(super) fn place(&mut self, number: usize, attempt: u32, now: Duration) {
        let random = self.entropy.u64();
        let Some(member) = self
            .members
            .get_mut(number)
            .filter(|member| member.attempt == attempt)
        else {
            return;
        };
        let (Phase::Entering | Phase::Placing, Role::Agent(place)) = (member.phase, &member.role) else {
            return;
        };
        let (x, y) = place.square.draw(random).metres();
        let params = json!({"region": place.region, "x": x, "y": y}).to_string();
        member.phase = Phase::Placing;
        let request = RpcRequest {
            data: Bytes::from(params),
            method: "teleport".to_owned(),
        };
        self.send(number, Request::Rpc(request), Asked::Teleport, now);
    }

    /// The server did not do what a joining member asked for.
    pub(super) fn join_refused(&mut self, number: usize, asked: Asked, error: &Error, now: Duration) {
        let code = code_of(error);
        let why = format!("{}: {code}", asked.name());
        // A region empties while others go on to their places.
        let may_pass = error.temporary || code == "region_full";
        let retry = if may_pass { Retry::Soon } else { Retry::Never };
        let member = self.members.get(number);
        match member.filter(|member| member.phase == Phase::Placing && retry == Retry::Soon) {
            Some(member) => {
                count(&mut self.tally.join_refused, &why);
                let attempt = member.attempt;
                self.timers
                    .set(now.saturating_add(PLACE_AGAIN), Timer::Place { number, attempt });
            }
            None => self.lost(number, &why, retry, now),
        }
    }

    /// A member takes part.
    pub(super) fn joined(&mut self, number: usize, now: Duration) {
        let (audience, seat) = self.seat(number);
        let Some(member) = self
            .members
            .get_mut(number)
            .filter(|member| member.phase.is_joining())
        else {
            return;
        };
        member.phase = Phase::Ready;
        if !matches!(member.role, Role::Agent(_)) || matches!(self.peer, Peer::Floor(_)) {
            self.tally.join.record(now.saturating_sub(member.opened_at));
        }
        self.joining = self.joining.saturating_sub(1);
        self.ready = self.ready.saturating_add(1);
        // Publishers do not listen.
        if matches!(member.role, Role::Agent(_) | Role::Subscriber)
            && let Some(audience) = self.audiences.get_mut(audience)
        {
            audience.present.insert(seat);
        }
    }

    /// A try to join took too long.
    pub(super) fn give_up_waiting(&mut self, number: usize, attempt: u32, now: Duration) {
        let member = self
            .members
            .get(number)
            .filter(|member| member.attempt == attempt);
        if member.is_some_and(|member| member.phase.is_joining()) {
            self.lost(number, "took too long", Retry::Soon, now);
        }
    }

    /// A member's socket is gone: it tries again if it was joining, else it is out.
    pub(super) fn lost(&mut self, number: usize, why: &str, retry: Retry, now: Duration) {
        let random = self.entropy.u64();
        let (audience, seat) = self.seat(number);
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        let (phase, attempt) = (member.phase, member.attempt);
        let pending = member.part();
        if phase.is_joining() {
            self.joining = self.joining.saturating_sub(1);
            count(&mut self.tally.join_refused, why);
            if attempt >= ATTEMPTS_MAX || retry == Retry::Never {
                member.phase = Phase::Gone;
                return count(&mut self.tally.failed, why);
            }
            member.phase = Phase::Waiting;
            let backoff = Duration::from_millis(BACKOFF.delay_ms(attempt.saturating_sub(1), random));
            let pause = match retry {
                Retry::After(pause) => pause.min(RETRY_AFTER_MAX).max(backoff),
                Retry::Soon | Retry::Never => backoff,
            };
            self.timers.set(now.saturating_add(pause), Timer::Join(number));
        } else if phase == Phase::Ready {
            member.phase = Phase::Gone;
            count(&mut self.tally.dropped, why);
            self.leave(number, audience, seat, &pending);
        }
    }

    /// Nothing is expected of a member any more, nor for it.
    fn leave(&mut self, number: usize, audience: usize, seat: usize, pending: &[Pending]) {
        if let Some(audience) = self.audiences.get_mut(audience) {
            audience.present.remove(seat);
        }
        let first = number.saturating_sub(seat);
        self.ledger
            .gone(first..first.saturating_add(self.plan.audience()), seat);
        // Whether the server took these is not known.
        for key in pending.iter().filter_map(|pending| pending.asked.key()) {
            self.ledger.refused(number, key);
        }
    }

    /// Sends a command and notes that an answer is due.
    pub(super) fn send(&mut self, number: usize, request: Request, asked: Asked, now: Duration) {
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        let id = member.next_id();
        let Some(socket) = &mut member.socket else {
            return;
        };
        let sent = socket.send(&Command::of(id, request), &mut self.frame);
        member.pending.push_back(Pending {
            id,
            asked,
            at: now,
            is_measured: self.is_measuring,
        });
        if let Err(error) = sent {
            self.lost(number, &error.kind().to_string(), Retry::Soon, now);
        }
    }
}
