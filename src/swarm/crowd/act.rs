//! Acting: each member at a rhythm of its own.

use super::super::layout::Square;
use super::super::mix::Deed;
use super::super::plan::Load;
use super::Crowd;
use super::member::{Asked, PENDING_MAX, Phase, Role};
use super::timer::Timer;
use crate::wire::request::{PublishRequest, Request, RpcRequest};
use bytes::Bytes;
use std::time::Duration;

/// The part of a period by which an action may come later than its beat: two of one agent are at least the rest of it apart.
const JITTER_PART: u32 = 5;
/// Draws of a target before one that is used already is taken all the same.
const DRAWS_MAX: usize = 16;

/// How wide a square may be for everybody in it to hear what is said aloud. Units: metres.
const HEARD_M: u32 = 14;
/// What agents say, with a number behind it.
pub(super) const SENTENCE: &str = "a fine day, is it not, ";

/// The key of a sentence: no point's key has this bit.
pub(super) fn spoken(number: u64) -> u64 {
    number | SPOKEN
}

/// Whether a key is a sentence's.
pub(super) fn is_spoken(key: u64) -> bool {
    key & SPOKEN != 0
}

const SPOKEN: u64 = 1 << 63;

impl Crowd<'_> {
    /// Gives everybody who does something a beat, spread evenly over a period.
    pub(super) fn begin_acting(&mut self) {
        self.is_acting = true;
        let Some(period) = self.period() else {
            return;
        };
        let begin = self.now();
        for number in 0..self.members.len() {
            let phase = period.mul_f64(fraction(self.entropy.u64()));
            let acts = self.members.get(number).is_some_and(|member| {
                member.phase == Phase::Ready && matches!(member.role, Role::Agent(_) | Role::Publisher)
            });
            if acts {
                let base = begin.saturating_add(phase);
                self.timers.set(
                    base,
                    Timer::Act {
                        number,
                        base,
                        due: base,
                    },
                );
            }
        }
    }

    /// The time between two actions of one member; none when nobody acts.
    fn period(&self) -> Option<Duration> {
        match &self.plan.load {
            Load::Agents(agents) => agents.acting.as_ref().map(|(period, _)| *period),
            Load::Channel(channel) => Some(channel.period),
            Load::Anonymous(_) => None,
        }
    }

    /// A member acts, and gets its next beat.
    pub(super) fn act(&mut self, number: usize, base: Duration, due: Duration, now: Duration) {
        let is_ready = self
            .members
            .get(number)
            .is_some_and(|member| member.phase == Phase::Ready);
        let Some(period) = self.period().filter(|_| self.is_acting && is_ready) else {
            return;
        };
        if self.is_measuring {
            self.tally.lag.record(now.saturating_sub(due));
        }
        // What came too late by whole beats is left out, so that no two actions of a member come together.
        let mut next = base.saturating_add(period);
        while next.saturating_add(period) < now {
            next = next.saturating_add(period);
            self.skip();
        }
        let jitter = match &self.plan.load {
            Load::Agents(_) => period.mul_f64(fraction(self.entropy.u64())) / JITTER_PART,
            Load::Channel(_) | Load::Anonymous(_) => Duration::ZERO,
        };
        let due = next.saturating_add(jitter);
        self.timers.set(
            due,
            Timer::Act {
                number,
                base: next,
                due,
            },
        );
        let pending = self.members.get(number).map_or(0, |member| member.pending.len());
        if pending >= PENDING_MAX {
            return self.skip();
        }
        self.do_something(number, now);
    }

    fn skip(&mut self) {
        if self.is_measuring {
            self.tally.skipped = self.tally.skipped.saturating_add(1);
        }
    }

    fn do_something(&mut self, number: usize, now: Duration) {
        if self.is_measuring {
            self.tally.commands = self.tally.commands.saturating_add(1);
        }
        match &self.plan.load {
            Load::Agents(agents) => {
                let Some((_, mix)) = &agents.acting else { return };
                let deed = mix.draw(self.entropy.u64());
                self.do_deed(number, deed, now);
            }
            Load::Channel(channel) => {
                let (name, bytes) = (channel.name.clone(), channel.payload_bytes);
                self.publish(number, name, bytes, now);
            }
            Load::Anonymous(_) => {}
        }
    }

    fn do_deed(&mut self, number: usize, deed: Deed, now: Duration) {
        let mut key = None;
        let params = match deed {
            Deed::MoveTo => {
                let Some((params, target)) = self.walk(number) else {
                    return;
                };
                key = Some(target);
                self.expect(number, target, now);
                params
            }
            Deed::Say => {
                let Some((params, sentence)) = self.sentence(number) else {
                    return;
                };
                key = Some(sentence);
                self.expect(number, sentence, now);
                params
            }
            Deed::Emote => r#"{"action":"wave"}"#.to_owned(),
            Deed::Pay => format!(r#"{{"to":"{}","amount":1}}"#, self.neighbour(number)),
            Deed::GetNearbyAgents | Deed::GetNearbyObjects => r#"{"radius":20}"#.to_owned(),
            Deed::Perception | Deed::GetLocation | Deed::GetRegionInfo | Deed::Ping => "{}".to_owned(),
        };
        let request = RpcRequest {
            data: Bytes::from(params),
            method: deed.name().to_owned(),
        };
        self.send(number, Request::Rpc(request), Asked::Act(deed, key), now);
    }

    /// A sentence that this agent did not say before, loud enough for its group, and its key.
    fn sentence(&mut self, number: usize) -> Option<(String, u64)> {
        let volume = match &self.plan.load {
            Load::Agents(agents) if agents.spread_m > HEARD_M => "shout",
            _ => "normal",
        };
        let member = self.members.get_mut(number)?;
        member.published = member.published.saturating_add(1);
        let said = member.published;
        let params = format!(r#"{{"message":"{SENTENCE}{said}","volume":"{volume}"}}"#);
        Some((params, spoken(said)))
    }

    /// A target within the group's square, which no other walk of this agent has: by it the others know what they see.
    fn walk(&mut self, number: usize) -> Option<(String, u64)> {
        let square: Square = match &self.members.get(number)?.role {
            Role::Agent(place) => place.square,
            Role::Publisher | Role::Subscriber | Role::Anonymous => return None,
        };
        let last = self.members.get(number)?.last;
        let is_used = |point| last == Some(point) || self.ledger.is_underway(number, point.key());
        let mut draws = std::iter::repeat_with(|| square.draw(self.entropy.u64())).take(DRAWS_MAX);
        let target = draws.find(|point| !is_used(*point))?;
        self.members.get_mut(number)?.last = Some(target);
        let (x, y) = target.metres();
        Some((format!(r#"{{"x":{x},"y":{y}}}"#), target.key()))
    }

    /// Notes that everybody else of the audience who is there must receive this.
    fn expect(&mut self, number: usize, key: u64, now: Duration) {
        let (audience, seat) = self.seat(number);
        let Some(audience) = self.audiences.get(audience) else {
            return;
        };
        let mut due = audience.present.clone();
        due.remove(seat);
        self.ledger.sent(number, key, now, due, self.is_measuring);
    }

    fn publish(&mut self, number: usize, channel: String, bytes: usize, now: Duration) {
        let Some(member) = self.members.get_mut(number) else {
            return;
        };
        member.published = member.published.saturating_add(1);
        let key = member.published;
        let head = format!(r#"{{"n":{key},"pad":""#);
        let pad = bytes.saturating_sub(head.len()).saturating_sub(2);
        let data = Bytes::from(format!("{head}{}\"}}", "x".repeat(pad)));
        self.expect(number, key, now);
        let request = PublishRequest {
            channel,
            data,
            ..PublishRequest::default()
        };
        self.send(
            number,
            Request::Publish(Box::new(request)),
            Asked::Publish(key),
            now,
        );
    }

    /// The next agent of the same group.
    fn neighbour(&self, number: usize) -> &str {
        let (_, seat) = self.seat(number);
        let first = number.saturating_sub(seat);
        let size = self.plan.audience().min(self.members.len().saturating_sub(first));
        let next = first.saturating_add(seat.saturating_add(1) % size.max(1));
        self.members.get(next).map_or("", |member| member.handle())
    }
}

/// A fraction of one, 0 included, by a random number.
fn fraction(random: u64) -> f64 {
    let part = u32::try_from(random >> 32).unwrap_or(0);
    f64::from(part) / (f64::from(u32::MAX) + 1.0)
}
