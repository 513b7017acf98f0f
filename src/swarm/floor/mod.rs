//! The floor: what the same frames cost when nothing but a bare loop writes them. One thread, non-blocking sockets, as many
//! frames as the server wrote, each as long as its frames were on average.

mod child;
mod serve;

pub use child::Child;
pub use serve::serve;

use super::crowd::Outcome;
use super::plan::{Load, Plan};
use super::tally::to_f64;
use crate::wire::Encoding;
use crate::wire::reply::{Reply, ReplyBody, RpcResult};
use crate::wire::{encode_publication, encode_reply};
use bytes::Bytes;
use clap::Args;
use std::time::Duration;

/// What the bare loop does: the shape of a server's traffic.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct Shape {
    /// Sockets that are written to at the same moment.
    #[arg(long)]
    pub group: usize,
    /// Time between two looks at a group. Units: microseconds.
    #[arg(long)]
    pub tick_us: u64,
    /// Frames a second to each socket.
    #[arg(long)]
    pub frames_per_s: f64,
    /// Commands that a client joins with, each of which is answered.
    #[arg(long)]
    pub greetings: u32,
    /// Length of a frame's payload. Units: bytes.
    #[arg(long)]
    pub frame_bytes: usize,
    /// Frames that answer, for each command that comes.
    #[arg(long)]
    pub answers_per_command: f64,
    /// Length of an answer's payload. Units: bytes.
    #[arg(long)]
    pub answer_bytes: usize,
    /// Whether the frames are protobuf, not JSON.
    #[arg(long)]
    pub protobuf: bool,
}

impl Shape {
    /// The shape of what a server sent under a plan. `burst` is the time between two bursts to an audience.
    pub fn of(outcome: &Outcome, plan: &Plan, burst: Duration) -> Self {
        let (news, answers) = (outcome.tally.news, outcome.tally.answers_alone);
        let sockets = to_f64(u64::try_from(outcome.joined).unwrap_or(u64::MAX)).max(1.0);
        let seconds = outcome.measured.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            group: plan.audience(),
            tick_us: u64::try_from(burst.as_micros()).unwrap_or(u64::MAX),
            frames_per_s: to_f64(news.count) / sockets / seconds,
            // `connect`, and `subscribe` of those who only listen; the one publisher has its first publication answered for it.
            greetings: match plan.load {
                Load::Channel(_) => 2,
                Load::Agents(_) | Load::Anonymous(_) => 1,
            },
            frame_bytes: whole(news.mean_bytes()),
            answers_per_command: to_f64(answers.count) / to_f64(outcome.tally.commands.max(1)),
            answer_bytes: whole(answers.mean_bytes()),
            protobuf: plan.encoding == Encoding::Protobuf,
        }
    }

    fn encoding(&self) -> Encoding {
        if self.protobuf {
            Encoding::Protobuf
        } else {
            Encoding::Json
        }
    }

    /// The payload of a frame with news, which a client reads as any other.
    fn news(&self) -> Bytes {
        padded(self.frame_bytes, |pad| {
            let data = format!(r#"{{"tick":1,"cell":[0,0],"agents":[],"floor":"{pad}"}}"#);
            encode_publication(self.encoding(), "region:floor", data.as_bytes(), None, None)
        })
    }

    /// The payload of a frame with an answer.
    fn answer(&self) -> Bytes {
        padded(self.answer_bytes, |pad| {
            let data = Bytes::from(format!(r#"{{"floor":"{pad}"}}"#));
            encode_reply(
                self.encoding(),
                &Reply::of(1_u32, ReplyBody::Rpc(RpcResult { data })),
            )
        })
    }
}

#[expect(
    clippy::as_conversions,
    reason = "f64 to usize saturates, and frames are short"
)]
fn whole(bytes: f64) -> usize {
    bytes.round() as usize
}

/// A message padded to a length, or the shortest there is. Lengths within a protobuf take more bytes when they grow, so the
/// pad is corrected a few times.
fn padded(bytes: usize, make: impl Fn(&str) -> Bytes) -> Bytes {
    let mut pad = 0_usize;
    let mut made = make("");
    for _ in 0..4 {
        if made.len() == bytes {
            break;
        }
        pad = pad.saturating_add(bytes).saturating_sub(made.len());
        made = make(&"x".repeat(pad));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode_replies;

    #[test]
    fn frames_have_the_length_asked_for_and_are_read_as_any_other() {
        for (protobuf, slack) in [(false, 0), (true, 1)] {
            for bytes in [150, 300, 1_000, 20_000] {
                let shape = Shape {
                    group: 30,
                    tick_us: 100_000,
                    frames_per_s: 10.0,
                    greetings: 1,
                    frame_bytes: bytes,
                    answers_per_command: 1.0,
                    answer_bytes: bytes,
                    protobuf,
                };
                for frame in [shape.news(), shape.answer()] {
                    assert!(
                        frame.len().abs_diff(bytes) <= slack,
                        "{} for {bytes}",
                        frame.len()
                    );
                    assert_eq!(decode_replies(shape.encoding(), &frame, 1).unwrap().len(), 1);
                }
            }
        }
    }
}
