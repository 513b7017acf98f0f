//! Between what actors pass on and what goes over the bus.

use super::message::{self, HubNews, HubTick, Refused};
use crate::actors::hub::{Frames, HubMessage, Interest, TickFrames, Whom};
use crate::actors::publication::{Publication, Publisher};
use crate::actors::request::Receipt;
use crate::config::Bucket;
use crate::domain::refusal::{Code, Rate, Refusal};
use crate::domain::space::Cell;
use crate::wire::Disconnect;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// A refusal as it goes over the bus.
pub(super) fn refused(refusal: &Refusal) -> Refused {
    Refused {
        code: refusal.code.name().to_owned(),
        detail: refusal.detail.clone().into_owned(),
        retry_after_ms: refusal.retry_after_ms,
        rate: refusal
            .rate
            .map(|rate| (rate.bucket.to_owned(), rate.limit, rate.window_s, rate.reset_s)),
    }
}

/// A refusal from the bus; one that this version does not know is a fault of ours.
pub(super) fn refusal(refused: Refused) -> Refusal {
    let code = Code::from_name(&refused.code).unwrap_or(Code::Internal);
    let rate = refused.rate.and_then(|(bucket, limit, window_s, reset_s)| {
        let bucket = Bucket::ALL.iter().find(|known| known.name() == bucket)?.name();
        Some(Rate {
            bucket,
            limit,
            window_s,
            reset_s,
        })
    });
    let mut refusal = Refusal::new(code, refused.detail);
    (refusal.retry_after_ms, refusal.rate) = (refused.retry_after_ms, rate);
    refusal
}

/// A receipt from the bus. Errors: `internal` for what cannot be read.
pub fn read_receipt(bytes: &Bytes) -> Result<Receipt, Refusal> {
    serde_json::from_slice(bytes).map_err(|_other_version| Refusal::internal())
}

/// Payloads of one tick, each once.
#[derive(Default)]
struct Pieces {
    all: Vec<Bytes>,
    known: HashMap<*const Publication, usize>,
    channel: Option<Arc<str>>,
}

impl Pieces {
    fn number(&mut self, publication: &Arc<Publication>) -> usize {
        if self.channel.is_none() {
            self.channel = Some(Arc::clone(&publication.channel));
        }
        let all = &mut self.all;
        *self.known.entry(Arc::as_ptr(publication)).or_insert_with(|| {
            all.push(Bytes::clone(&publication.data));
            all.len().saturating_sub(1)
        })
    }

    fn numbers(&mut self, cells: Vec<(Cell, Option<Arc<Publication>>)>) -> Vec<(Cell, Option<usize>)> {
        let number =
            |(cell, piece): (Cell, Option<Arc<Publication>>)| (cell, piece.map(|piece| self.number(&piece)));
        cells.into_iter().map(number).collect()
    }
}

/// A shard's tick as it goes over the bus: each payload once.
pub fn gather(tick: TickFrames) -> HubTick {
    let mut pieces = Pieces::default();
    let frames = tick
        .frames
        .iter()
        .map(|(cell, publication)| (*cell, pieces.number(publication)))
        .collect();
    let interests = tick
        .interests
        .into_iter()
        .map(|interest| message::Interest {
            session: interest.session,
            add: pieces.numbers(interest.add),
            drop: pieces.numbers(interest.drop),
            overview: interest.overview.map(|overview| pieces.number(&overview)),
        })
        .collect();
    HubTick {
        shard: tick.shard,
        channel: pieces.channel.unwrap_or_else(|| "".into()),
        pieces: pieces.all,
        frames,
        interests,
    }
}

/// A shard's tick from the bus: the frames for all hubs, and the interests.
fn spread(tick: HubTick) -> (Frames, Vec<Interest>) {
    let pieces: Vec<Arc<Publication>> = tick
        .pieces
        .into_iter()
        .map(|data| Publication::new(Arc::clone(&tick.channel), data))
        .collect();
    let piece = |number: usize| pieces.get(number).cloned();
    let cells = |cells: Vec<(Cell, Option<usize>)>| {
        cells
            .into_iter()
            .map(|(cell, number)| (cell, number.and_then(piece)))
            .collect()
    };
    let frames = tick
        .frames
        .iter()
        .filter_map(|(cell, number)| Some((*cell, piece(*number)?)))
        .collect();
    let interests = tick
        .interests
        .into_iter()
        .map(|interest| Interest {
            session: interest.session,
            add: cells(interest.add),
            drop: cells(interest.drop),
            overview: interest.overview.and_then(piece),
        })
        .collect();
    (frames, interests)
}

/// What another node's actors have for sockets of this one. Each hub takes what is its own.
pub(super) fn hub_messages(news: HubNews) -> Box<dyn Fn() -> HubMessage> {
    match news {
        HubNews::Tick(tick) => {
            let shard = tick.shard;
            let (frames, interests) = spread(tick);
            Box::new(move || {
                HubMessage::Tick(TickFrames {
                    shard,
                    frames: Arc::clone(&frames),
                    interests: interests.clone(),
                })
            })
        }
        HubNews::Heard {
            channel,
            data,
            hearers,
            seen_at,
        } => {
            let (publication, hearers) = (Publication::new(channel, data), Arc::from(hearers));
            Box::new(move || HubMessage::Heard {
                publication: Arc::clone(&publication),
                hearers: Arc::clone(&hearers),
                shard: None,
                seen_at,
            })
        }
        HubNews::Inbox {
            agent,
            channel,
            data,
            offset,
        } => {
            let publication = Publication::with_offset(channel, data, offset, None);
            Box::new(move || HubMessage::Inbox {
                agent,
                publication: Arc::clone(&publication),
            })
        }
        HubNews::Followed(channel, data) => {
            let publication = Publication::new(channel, data);
            Box::new(move || HubMessage::Channel(Arc::clone(&publication)))
        }
        HubNews::Channel {
            channel,
            data,
            offset,
            publisher,
        } => {
            let publisher = publisher.map(Publisher::from);
            let publication = Publication::with_offset(channel, data, offset, publisher);
            Box::new(move || HubMessage::Channel(Arc::clone(&publication)))
        }
        HubNews::Presence {
            channel,
            json,
            protobuf,
        } => Box::new(move || HubMessage::Presence {
            channel: Arc::clone(&channel),
            json: json.clone(),
            protobuf: protobuf.clone(),
        }),
        HubNews::Region(session, from, to) => Box::new(move || HubMessage::Region {
            session,
            from: from.clone(),
            to: to.clone(),
        }),
        HubNews::CloseSession(session, code) => {
            Box::new(move || HubMessage::Close(Whom::Session(session), disconnect(code)))
        }
    }
}

/// Why a client is closed, by its number.
fn disconnect(code: u16) -> Disconnect {
    Disconnect::from_code(code).unwrap_or(Disconnect::FORCE_RECONNECT)
}
