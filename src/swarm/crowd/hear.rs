//! Hearing: answers find their commands, entries and publications find what was sent.

use super::super::layout::Point;
use super::super::tally::count;
use super::Crowd;
use super::act::{SENTENCE, is_spoken, spoken};
use super::join::Retry;
use super::member::{Asked, Phase, Role};
use crate::wire::push::Push;
use crate::wire::reply::{Error, ReplyBody};
use crate::wire::{self, Command};
use bytes::Bytes;
use serde::Deserialize;
use std::borrow::Cow;
use std::time::Duration;

/// Most replies of one frame: what a server's queue holds, and what a whole view is joined of.
const REPLIES_MAX: usize = 4_096;

/// What a cell's publication tells of those in it. Everything else in it is skipped.
#[derive(Deserialize)]
struct CellFrame<'a> {
    #[serde(default)]
    snapshot: bool,
    #[serde(borrow, default)]
    agents: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    events: Vec<Occurrence<'a>>,
}

/// What happened; only who said what is looked at.
#[derive(Deserialize)]
struct Occurrence<'a> {
    source: Option<&'a str>,
    #[serde(borrow, default)]
    content: Content<'a>,
}

#[derive(Default, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: &'a str,
    x: Option<f64>,
    y: Option<f64>,
    to: Option<Spot>,
}

#[derive(Deserialize)]
struct Spot {
    x: f64,
    y: f64,
}

/// A publication of the channel, with its sender as the server tells it.
#[derive(Deserialize)]
struct Published<'a> {
    #[serde(borrow)]
    _claw: Claw<'a>,
    payload: Numbered,
}

#[derive(Deserialize)]
struct Claw<'a> {
    sender: &'a str,
}

#[derive(Deserialize)]
struct Numbered {
    n: u64,
}

/// What the answer to `connect` says of the world.
#[derive(Deserialize)]
struct WorldData {
    tick_ms: u64,
}

/// What a message consists of.
#[derive(Clone, Copy, Default)]
struct Found {
    /// Publications and the like.
    has_news: bool,
    /// Answers and pings, which are for one member.
    has_more: bool,
}

impl Crowd<'_> {
    /// A message of the server: several answers and news in one.
    pub(super) fn hear(&mut self, number: usize, payload: &Bytes, now: Duration) {
        let (audience, seat) = self.seat(number);
        let is_ready = self
            .members
            .get(number)
            .is_some_and(|member| member.phase == Phase::Ready);
        let mut memo = self
            .audiences
            .get_mut(audience)
            .map(|audience| std::mem::take(&mut audience.memo))
            .unwrap_or_default();
        let is_news = if let Some(receipts) = memo.recall(payload).filter(|_| is_ready) {
            receipts
                .iter()
                .for_each(|(sender, key)| self.delivered(*sender, *key, seat, now));
            true
        } else {
            self.heard.clear();
            let found = self.understand(number, payload, now);
            if found.has_news && !found.has_more {
                memo.keep(payload, &self.heard);
            }
            found.has_news
        };
        if let Some(audience) = self.audiences.get_mut(audience) {
            audience.memo = memo;
        }
        if self.is_measuring {
            let frames = if is_news {
                &mut self.tally.news
            } else {
                &mut self.tally.answers_alone
            };
            frames.add(payload.len());
        }
    }

    /// Takes a message apart.
    fn understand(&mut self, number: usize, payload: &Bytes, now: Duration) -> Found {
        let mut found = Found::default();
        let replies = match wire::decode_replies(self.plan.encoding, payload, REPLIES_MAX) {
            Ok(replies) => replies,
            Err(error) => {
                self.lost(number, &error.to_string(), Retry::Soon, now);
                return found;
            }
        };
        for reply in replies {
            let id = reply.id;
            let body = reply.into_body();
            if let Some(ReplyBody::Push(push)) = &body {
                found.has_news = true;
                self.news(number, push, now);
                continue;
            }
            found.has_more = true;
            match body {
                Some(ReplyBody::Error(error)) => self.answered(number, id, Err(error), now),
                Some(body) => self.answered(number, id, Ok(body), now),
                None => self.answer_ping(number, now),
            }
        }
        found
    }

    fn answer_ping(&mut self, number: usize, now: Duration) {
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        let Some(socket) = &mut member.socket else {
            return;
        };
        if let Err(error) = socket.send(&Command::default(), &mut self.frame) {
            self.lost(number, &error.kind().to_string(), Retry::Soon, now);
        }
    }

    fn answered(&mut self, number: usize, id: u32, answer: Result<ReplyBody, Error>, now: Duration) {
        let is_numbered = !self.is_floor();
        let pending = self
            .members
            .get_mut(number)
            .and_then(|member| member.take_pending(id, is_numbered));
        let Some(pending) = pending else { return };
        match (pending.asked, answer) {
            (Asked::Connect, Ok(ReplyBody::Connect(result))) => {
                if let Ok(WorldData { tick_ms }) = serde_json::from_slice(&result.data) {
                    self.tick = Duration::from_millis(tick_ms.max(1));
                }
                self.greeted(number, now);
            }
            (Asked::Connect, Ok(_)) if self.is_floor() => self.greeted(number, now),
            (Asked::Subscribe, Ok(_)) => self.joined(number, now),
            (Asked::Connect | Asked::Teleport, Ok(_)) => {}
            (asked @ (Asked::Connect | Asked::Teleport | Asked::Subscribe), Err(error)) => {
                self.join_refused(number, asked, &error, now);
            }
            (asked @ (Asked::Act(..) | Asked::Publish(_)), Ok(_)) => {
                if pending.is_measured {
                    let timing = self.tally.answers.entry(asked.name()).or_default();
                    timing.record(now.saturating_sub(pending.at));
                }
            }
            (asked @ (Asked::Act(..) | Asked::Publish(_)), Err(error)) => {
                if pending.is_measured {
                    count(
                        &mut self.tally.refused,
                        &format!("{}: {}", asked.name(), code_of(&error)),
                    );
                }
                if let Some(key) = asked.key() {
                    self.ledger.refused(number, key);
                }
            }
        }
    }

    fn news(&mut self, number: usize, push: &Push, now: Duration) {
        let Some(publication) = &push.r#pub else { return };
        if let Some(region) = push.channel.strip_prefix("region:") {
            if let Ok(frame) = serde_json::from_slice::<CellFrame<'_>>(&publication.data) {
                self.see(number, region, &frame, now);
            }
        } else if let Ok(published) = serde_json::from_slice::<Published<'_>>(&publication.data) {
            self.receive(number, published._claw.sender, published.payload.n, now);
        }
    }

    fn see(&mut self, number: usize, region: &str, frame: &CellFrame<'_>, now: Duration) {
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        let is_agent = matches!(member.role, Role::Agent(_));
        if is_agent && member.phase == Phase::Entering && frame.snapshot && !member.has_seen {
            member.has_seen = true;
            self.tally.join.record(now.saturating_sub(member.opened_at));
        }
        let is_joining = matches!(member.phase, Phase::Entering | Phase::Placing);
        for entry in &frame.agents {
            // A walk of less than a tick is over when it is told: then its end is where the agent stands.
            let at = entry.x.zip(entry.y).map(|(x, y)| Point::of_metres(x, y));
            let to = entry.to.as_ref().map(|to| Point::of_metres(to.x, to.y));
            if let Some(point) = to.or(at) {
                self.receive(number, entry.id, point.key(), now);
            }
            let is_itself = || {
                self.members
                    .get(number)
                    .is_some_and(|member| member.handle() == entry.id)
            };
            if let Some(at) = at.filter(|_| is_joining)
                && is_itself()
            {
                self.saw_itself(number, region, at, now);
            }
        }
        for event in &frame.events {
            let message = event.content.message.as_deref();
            let said = message.and_then(|message| message.strip_prefix(SENTENCE)?.parse().ok());
            if let Some((source, said)) = event.source.zip(said) {
                self.receive(number, source, spoken(said), now);
            }
        }
    }

    /// A member received what somebody of its audience sent.
    fn receive(&mut self, number: usize, sender: &str, key: u64, now: Duration) {
        let Some(sender) = self.by_handle.get(sender).copied() else {
            return;
        };
        let ((audience, seat), (of_sender, _)) = (self.seat(number), self.seat(sender));
        if audience == of_sender {
            self.heard.push((sender, key));
            self.delivered(sender, key, seat, now);
        }
    }

    /// Something came to a seat. Only the first time counts, and only for those it was meant for.
    fn delivered(&mut self, sender: usize, key: u64, seat: usize, now: Duration) {
        let Some(delivery) = self.ledger.received(sender, key, seat) else {
            return;
        };
        if self.is_measuring {
            self.tally.deliveries = self.tally.deliveries.saturating_add(1);
        }
        if delivery.is_measured && is_spoken(key) {
            self.tally.speech.record(now.saturating_sub(delivery.sent_at));
        } else if delivery.is_measured {
            self.tally.staleness.record(now.saturating_sub(delivery.sent_at));
        }
    }
}

/// The server's name of a refusal: its messages are `code: detail`.
pub(super) fn code_of(error: &Error) -> &str {
    error.message.split(':').next().unwrap_or_default()
}
