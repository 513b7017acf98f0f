//! What comes to an inhabitant's ears: speech by an outbox, as to a socket, and entries of its inbox.

use crate::actors::hub::Listener;
use crate::actors::node::Node;
use crate::actors::outbox::{Outbox, SharedOutbox};
use crate::actors::publication::{Dialect, Publication};
use crate::base::time::Tick;
use crate::brain::{Heard, HeardKind, Neighbour};
use crate::domain::agent::Handle;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// Most inbox entries and most utterances that are taken in at once; more are missed.
const EARS_MAX: usize = 64;

/// What came for an inhabitant.
pub(super) struct Ears {
    /// Where the hub puts speech.
    pub(super) outbox: SharedOutbox,
    inbox: RefCell<VecDeque<Bytes>>,
}

impl Listener for Ears {
    fn inbox(&self, publication: &Arc<Publication>) {
        let mut inbox = self.inbox.borrow_mut();
        if inbox.len() < EARS_MAX {
            inbox.push_back(publication.data.clone());
        }
    }
}

impl Ears {
    /// Open ears, on the thread of whoever listens.
    pub(super) fn new() -> Rc<Self> {
        let outbox = Rc::new(RefCell::new(Outbox::new(Dialect::ClawBots)));
        Rc::new(Self {
            outbox,
            inbox: RefCell::default(),
        })
    }

    /// Takes what came since the last time, and whether the ears were shut meanwhile: too much at once, or the agent was
    /// thrown out of the world.
    pub(super) fn take(&self, node: &Node, me: &Handle, agents: &[Neighbour]) -> (Vec<Heard>, bool) {
        let mut heard = Vec::new();
        let mut pieces = Vec::new();
        let is_shut = {
            let mut outbox = self.outbox.borrow_mut();
            outbox.take(&mut pieces);
            outbox.end_reason().is_some()
        };
        for piece in pieces.iter().take(EARS_MAX) {
            if let Ok(frame) = serde_json::from_slice::<Framed>(piece) {
                heard.extend(heard_in(frame.payload, node, me, agents));
            }
        }
        for data in self.inbox.take() {
            if let Ok(payload) = serde_json::from_slice::<Payload>(&data) {
                heard.extend(heard_in(payload, node, me, agents));
            }
        }
        (heard, is_shut)
    }
}

fn heard_in(payload: Payload, node: &Node, me: &Handle, agents: &[Neighbour]) -> Vec<Heard> {
    let said_at = payload.tick.map(|tick| node.rate.start_of(tick));
    let ago_ms = said_at.map_or(0, |at| node.now().since_ms(at));
    let heard = payload.events.into_iter().filter_map(|event| {
        let text = |key: &str| event.content.get(key).and_then(Value::as_str).map(str::to_owned);
        let kind = match event.kind.as_str() {
            "speech" => HeardKind::Speech(text("message")?),
            "whisper" => HeardKind::Whisper(text("message")?),
            "prompt" => HeardKind::Prompt(text("text").or_else(|| text("message"))?),
            "payment" => {
                let amount_minor = event.content.get("amount").and_then(Value::as_i64)?;
                HeardKind::Payment {
                    amount_minor,
                    note: text("note").unwrap_or_default(),
                }
            }
            _ => return None,
        };
        Some(Heard {
            from_name: name_of(event.source.as_ref(), node, agents),
            from: event.source,
            kind,
            ago_ms,
        })
    });
    heard.filter(|heard| heard.from.as_ref() != Some(me)).collect()
}

fn name_of(handle: Option<&Handle>, node: &Node, agents: &[Neighbour]) -> String {
    let Some(handle) = handle else {
        return String::new();
    };
    let near = agents
        .iter()
        .find(|other| other.handle == *handle)
        .map(|other| other.name.clone());
    let online = || node.directory.online(handle).map(|online| online.name);
    near.or_else(online).unwrap_or_else(|| handle.to_string())
}

#[derive(Deserialize)]
struct Framed {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    tick: Option<Tick>,
    #[serde(default)]
    events: Vec<Happening>,
}

#[derive(Deserialize)]
struct Happening {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    source: Option<Handle>,
    #[serde(default)]
    content: Value,
}
