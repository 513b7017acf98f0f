//! What a session looks after when its time has come: deadlines, pings, its token, and peers that do not read.

use super::sweep::LOOK_EVERY;
use super::{Phase, Session};
use crate::actors::node::Node;
use crate::actors::publication::Dialect;
use crate::base::limit::HELLO_DEADLINE_MS;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::clawbots;
use crate::wire::{self, Disconnect};
use actix::{ActorContext, Context};
use std::time::Duration;

/// Between two pings. Source: centrifuge-protocol.md §4.
pub const PING_INTERVAL: Duration = Duration::from_secs(25);
/// ClawBots pings every 30 s. Source: features.md CB-43.
const CLAWBOTS_PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a pong may take.
const PONG_DEADLINE: Duration = Duration::from_secs(10);
/// How long an expired token may stay, for the client to refresh it. Source: centrifuge-protocol.md §4.
const EXPIRY_GRACE_MS: i64 = 25_000;
/// How long the rest of a message may take.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(10);
/// How long a closing socket may take to write what is left.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A session's deadlines.
pub struct Watch {
    opened_at: Duration,
    ping_at: Duration,
    pinged_at: Option<Duration>,
    ended_at: Option<Duration>,
}

impl Watch {
    /// Deadlines of a socket that was just accepted. The first ping comes at a random time, so that not all come together.
    pub fn begin(node: &Node) -> Self {
        let now = node.clock.monotonic();
        let jitter = Duration::from_millis(node.entropy.u64() % 12_500);
        Self {
            opened_at: now,
            ping_at: now + PING_INTERVAL / 2 + jitter,
            pinged_at: None,
            ended_at: None,
        }
    }

    /// Takes a pong. Whether one was due.
    pub fn take_pong(&mut self) -> bool {
        self.pinged_at.take().is_some()
    }
}

impl Session {
    /// Looks after all that has a deadline, and says when it wants to look again.
    pub(super) fn look_after(&mut self, context: &mut Context<Self>) {
        let now = self.node().clock.monotonic();
        self.look(now, context);
        self.pipe.look_at(self.next_look(now));
    }

    /// Looks with the next turn of the thread's timer: what it depends on changed.
    pub(crate) fn look_soon(&self) {
        self.pipe.look_at(Duration::ZERO);
    }

    /// When there is something to look after at the earliest, beside what the pipe itself knows of.
    fn next_look(&self, now: Duration) -> Duration {
        match self.phase {
            Phase::Fresh => self.watch.opened_at + Duration::from_millis(HELLO_DEADLINE_MS),
            Phase::Opening => now + LOOK_EVERY,
            Phase::Open if self.inbox.borrow().is_waiting() => now + LOOK_EVERY,
            Phase::Open => {
                let due = self
                    .watch
                    .pinged_at
                    .map_or(self.watch.ping_at, |at| at + PONG_DEADLINE);
                let expires_at = self.verified.as_ref().and_then(|verified| verified.expires_at);
                let left = expires_at.map(|at| u64::try_from(at.since_ms(self.node().now())).unwrap_or(0));
                left.map_or(due, |left| due.min(now + Duration::from_millis(left)))
            }
        }
    }

    fn look(&mut self, now: Duration, context: &mut Context<Self>) {
        let (is_gone, end) = {
            let outbox = self.outbox.borrow();
            (outbox.is_gone(), outbox.end_reason())
        };
        if is_gone {
            return context.stop();
        }
        if end.is_some() {
            return self.look_after_end(now, context);
        }
        let waiting_since = self.pipe.waiting_since();
        if waiting_since.is_some_and(|since| now.saturating_sub(since) > MESSAGE_DEADLINE) {
            return self.close(Disconnect {
                code: 1002,
                name: "broken",
                reason: "message took too long",
            });
        }
        if self.phase != Phase::Open {
            if now.saturating_sub(self.watch.opened_at) > Duration::from_millis(HELLO_DEADLINE_MS)
                && self.phase == Phase::Fresh
            {
                self.close(Disconnect::STALE);
            }
            return;
        }
        if self.inbox.borrow_mut().is_stuck() {
            return self.close(Disconnect::INSUFFICIENT_STATE);
        }
        self.break_promises(now);
        self.check_token();
        self.keep_alive(now);
    }

    /// Who waited too long for an answer is told so; whether it was done, a repeat with the same command id tells.
    fn break_promises(&self, now: Duration) {
        let unanswered = self.outbox.borrow_mut().break_overdue(now);
        for command in unanswered {
            self.refuse(command, &Refusal::no_answer());
        }
    }

    /// A closing socket whose peer does not read is cut.
    fn look_after_end(&mut self, now: Duration, context: &mut Context<Self>) {
        let ended_at = *self.watch.ended_at.get_or_insert(now);
        if now.saturating_sub(ended_at) > CLOSE_DEADLINE {
            self.pipe.cut();
            context.stop();
        }
    }

    fn check_token(&mut self) {
        let Some(verified) = &self.verified else { return };
        let Err(refusal) = self.access().check(verified) else {
            return;
        };
        let now = self.node().now();
        let is_in_grace = verified
            .expires_at
            .is_some_and(|at| now.0 <= at.0.saturating_add(EXPIRY_GRACE_MS));
        match refusal.code {
            Code::TokenExpired if is_in_grace => {}
            Code::TokenExpired => self.close(Disconnect::EXPIRED),
            _ => self.close(Disconnect::INVALID_TOKEN),
        }
    }

    fn keep_alive(&mut self, now: Duration) {
        if let Some(pinged_at) = self.watch.pinged_at {
            if now.saturating_sub(pinged_at) > PONG_DEADLINE {
                self.close(Disconnect::NO_PONG);
            }
            return;
        }
        if now < self.watch.ping_at {
            return;
        }
        let (ping, interval) = match self.dialect {
            Dialect::Centrifuge(encoding) => (wire::ping(encoding), PING_INTERVAL),
            Dialect::ClawBots => (clawbots::ping(), CLAWBOTS_PING_INTERVAL),
        };
        self.watch.pinged_at = Some(now);
        self.watch.ping_at = now + interval;
        self.outbox.borrow_mut().push(ping);
    }
}
