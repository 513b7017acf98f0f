//! An inhabitant: perceives, lets its brain decide, and acts through the same gateway as everybody.

use super::agent::Joiner;
use super::gateway::{Caller, Gateway};
use super::hub::{Listener, SharedTable};
use super::outbox::{Outbox, SharedOutbox};
use super::publication::{Dialect, Publication};
use super::watch::{self, Role, Stage};
use crate::base::id::SessionId;
use crate::base::time::Timestamp;
use crate::brain::{Brain, Heard, HeardKind, Intent, Me, Neighbour, Perception, Persona, Sky};
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::weather::{time_at, weather_at};
use crate::domain::space::Vec3;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// Between two thoughts. Units: milliseconds. Source: features.md CB-64.
const CYCLE_MS: i64 = 2_700;
/// What chance adds to it. Units: milliseconds.
const JITTER_MS: u64 = 600;
/// The shortest time between two thoughts. Units: milliseconds.
const CYCLE_MIN_MS: i64 = 500;
/// How far an inhabitant looks around. Units: metres.
const SIGHT_M: f64 = 60.0;
/// Between two looks into the purse. Units: milliseconds.
const PURSE_MS: i64 = 60_000;
/// Most inbox entries and most utterances that are taken in at once; more are missed.
const EARS_MAX: usize = 64;
/// How long to wait when the world does not let one in. Units: milliseconds.
const OUTSIDE_MS: i64 = 5_000;

/// What an inhabitant is told.
pub enum InhabitantMessage {
    /// Act no more.
    Stop,
}

/// The actor of one inhabitant.
pub struct InhabitantActor {
    gateway: Gateway,
    table: SharedTable,
    caller: Caller,
    name: String,
    persona: Persona,
    brain: Option<Brain>,
    ears: Rc<Ears>,
    session: SessionId,
    purse: Option<(i64, Timestamp)>,
    is_inside: bool,
}

/// What came for an inhabitant: speech by the outbox, as for a socket, and inbox entries.
struct Ears {
    outbox: SharedOutbox,
    inbox: RefCell<VecDeque<Bytes>>,
}

impl Listener for Ears {
    fn inbox(&self, publication: &std::sync::Arc<Publication>) {
        let mut inbox = self.inbox.borrow_mut();
        if inbox.len() < EARS_MAX {
            inbox.push_back(publication.data.clone());
        }
    }

    fn region(&self, _: Option<&str>, _: Option<&str>) {}

    fn follow(&self, _: Option<&str>, _: Option<&str>) {}

    fn unsubscribe(&self, _: &str) {}
}

/// What an inhabitant sees, in its own words.
struct Seen {
    region: String,
    at: Vec3,
    agents: Vec<Neighbour>,
    balance_minor: Option<i64>,
}

impl InhabitantActor {
    /// An inhabitant that is about to begin; must be made on the thread of the table.
    pub fn new(gateway: Gateway, table: SharedTable, caller: Caller, name: String, persona: Persona) -> Self {
        let session = gateway.node.session_id();
        Self {
            gateway,
            table,
            caller,
            name,
            persona,
            brain: None,
            ears: new_ears(),
            session,
            purse: None,
            is_inside: false,
        }
    }

    fn attach(&mut self) {
        let mut table = self.table.borrow_mut();
        table.detach(self.session);
        self.ears = new_ears();
        let listener: Rc<dyn Listener> = self.ears.clone();
        table.attach(
            self.session,
            Some(self.caller.id),
            Rc::clone(&self.ears.outbox),
            listener,
        );
    }

    fn think_in(stage: &mut Stage<Self>, ms: i64) {
        watch::later(
            stage,
            Duration::from_millis(u64::try_from(ms).unwrap_or(0)),
            Self::cycle,
        );
    }

    fn jitter_ms(&self) -> i64 {
        i64::try_from(self.gateway.node.entropy.u64() % JITTER_MS).unwrap_or(0)
    }

    /// One turn: perceive first.
    fn cycle(&mut self, stage: &mut Stage<Self>) {
        let (gateway, caller, is_inside) = (self.gateway.clone(), self.caller.clone(), self.is_inside);
        let now = self.gateway.node.now();
        let needs_purse = self.purse.is_none_or(|(_, at)| now.since_ms(at) > PURSE_MS);
        let work = async move {
            if !is_inside {
                gateway.join(&caller.handle, Joiner::Rest, None).await?;
            }
            see(&gateway, &caller, needs_purse).await
        };
        watch::then(stage, work, |me, seen, stage| match seen {
            Ok(seen) => {
                me.is_inside = true;
                me.decide(seen, stage);
            }
            Err(refusal) => {
                me.is_inside &= !matches!(refusal.code, Code::NotInWorld);
                let wait_ms = if me.is_inside { CYCLE_MS } else { OUTSIDE_MS };
                Self::think_in(stage, wait_ms + me.jitter_ms());
            }
        });
    }

    /// The brain decides; the intents are done one after another.
    fn decide(&mut self, seen: Seen, stage: &mut Stage<Self>) {
        let now = self.gateway.node.now();
        if let Some(balance) = seen.balance_minor {
            self.purse = Some((balance, now));
        }
        let world = self.gateway.node.directory.world();
        let usual_ms = CYCLE_MS + self.jitter_ms();
        let heard = self.listen(&seen.agents);
        let Some(region) = world.region(&seen.region) else {
            return Self::think_in(stage, usual_ms);
        };
        let perception = Perception {
            now,
            me: Me {
                handle: self.caller.handle.clone(),
                name: self.name.clone(),
                at: seen.at,
            },
            agents: seen.agents,
            world: &world,
            region,
            heard,
            balance_minor: self.purse.map(|(balance, _)| balance),
            sky: sky_at(world.seed, &region.name, region.weather.as_deref(), now),
        };
        let Some(brain) = &mut self.brain else {
            return Self::think_in(stage, usual_ms);
        };
        let thought = brain.think(&perception);
        if thought
            .intents
            .iter()
            .any(|intent| matches!(intent.action, "pay" | "use_object"))
        {
            self.purse = None;
        }
        let (gateway, caller) = (self.gateway.clone(), self.caller.clone());
        let began = gateway.node.clock.monotonic_ms();
        let work = async move { act(&gateway, &caller, thought.intents).await };
        watch::then(stage, work, move |me, refused, stage| {
            let mut next_ms = thought
                .wake_in_ms
                .map_or(usual_ms, |wake| wake.saturating_add(40).min(usual_ms));
            if let Some((intent, refusal)) = refused {
                me.is_inside &= !matches!(refusal.code, Code::NotInWorld);
                next_ms = usual_ms.max(refusal.retry_after_ms.unwrap_or(0).min(60_000));
                if let Some(brain) = &mut me.brain {
                    brain.refused(&intent, refusal.code);
                }
            }
            let took_ms = me.gateway.node.clock.monotonic_ms().saturating_sub(began);
            Self::think_in(stage, next_ms.saturating_sub(took_ms).max(CYCLE_MIN_MS));
        });
    }

    /// Takes what came to the ears since the last time.
    fn listen(&mut self, agents: &[Neighbour]) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut pieces = Vec::new();
        let taken = self.ears.outbox.borrow_mut().take(&mut pieces);
        for piece in pieces.iter().take(EARS_MAX) {
            if let Ok(frame) = serde_json::from_slice::<Framed>(piece) {
                heard.extend(self.heard_in(frame.payload, agents));
            }
        }
        let is_over = taken.is_some_and(|taken| taken.end.is_some());
        for data in self.ears.inbox.take() {
            if let Ok(payload) = serde_json::from_slice::<Payload>(&data) {
                heard.extend(self.heard_in(payload, agents));
            }
        }
        if is_over {
            // Its ears were shut: too much at once, or the agent was thrown out of the world.
            self.attach();
        }
        heard
    }

    fn heard_in(&self, payload: Payload, agents: &[Neighbour]) -> Vec<Heard> {
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
                from_name: self.name_of(event.source.as_ref(), agents),
                from: event.source,
                kind,
            })
        });
        heard
            .filter(|heard| heard.from.as_ref() != Some(&self.caller.handle))
            .collect()
    }

    fn name_of(&self, handle: Option<&Handle>, agents: &[Neighbour]) -> String {
        let Some(handle) = handle else {
            return String::new();
        };
        let near = agents
            .iter()
            .find(|other| other.handle == *handle)
            .map(|other| other.name.clone());
        let online = || {
            self.gateway
                .node
                .directory
                .online(handle)
                .map(|online| online.name)
        };
        near.or_else(online).unwrap_or_else(|| handle.to_string())
    }
}

impl Role for InhabitantActor {
    type Message = InhabitantMessage;
    const NAME: &'static str = "thinker";
    const CAPACITY: usize = 16;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        self.brain = Some(Brain::scripted(
            self.persona.clone(),
            self.gateway.node.entropy.u64(),
        ));
        self.attach();
        Self::think_in(stage, self.jitter_ms());
    }

    // What it had in mind is lost with the brain; who it is and what it owns is not.
    fn forget(&mut self) {
        (self.brain, self.purse, self.is_inside) = (None, None, false);
    }

    fn take(&mut self, message: InhabitantMessage, stage: &mut Stage<Self>) {
        match message {
            InhabitantMessage::Stop => {
                self.table.borrow_mut().detach(self.session);
                watch::finish(stage);
            }
        }
    }

    fn give_up(&mut self) -> bool {
        self.table.borrow_mut().detach(self.session);
        true
    }
}

fn new_ears() -> Rc<Ears> {
    let outbox = Rc::new(RefCell::new(Outbox::new(Dialect::ClawBots)));
    Rc::new(Ears {
        outbox,
        inbox: RefCell::default(),
    })
}

/// Perceives by the same questions as everybody: where am I, who is around, what do I own.
/// Errors: as the gateway's; `internal` when an answer has another shape than it should.
async fn see(gateway: &Gateway, caller: &Caller, needs_purse: bool) -> Result<Seen, Refusal> {
    let here: Here = ask(gateway, caller, "get_location", json!({})).await?;
    let agents: Vec<Near> = ask(gateway, caller, "get_nearby_agents", json!({"radius": SIGHT_M})).await?;
    let balance_minor = match needs_purse {
        true => Some(ask::<Purse>(gateway, caller, "balance", json!({})).await?.balance),
        false => None,
    };
    let agents = agents.into_iter().map(|other| Neighbour {
        handle: other.id,
        name: other.name,
        at: other.location.at(),
        status: other.status,
        distance_m: other.distance,
    });
    Ok(Seen {
        at: here.at(),
        agents: agents.collect(),
        balance_minor,
        region: here.region,
    })
}

async fn ask<T: serde::de::DeserializeOwned>(
    gateway: &Gateway,
    caller: &Caller,
    action: &str,
    params: Value,
) -> Result<T, Refusal> {
    let raw = serde_json::value::to_raw_value(&params).map_err(|_never| Refusal::internal())?;
    let receipt = gateway.act(caller, action, &raw, None).await?;
    serde_json::from_value(receipt.result).map_err(|_shape| Refusal::internal())
}

/// Does the intents in order; stops at the first refusal and returns it.
async fn act(gateway: &Gateway, caller: &Caller, intents: Vec<Intent>) -> Option<(Intent, Refusal)> {
    for intent in intents {
        let Ok(raw) = serde_json::value::to_raw_value(&intent.params) else {
            continue;
        };
        if let Err(refusal) = gateway.act(caller, intent.action, &raw, None).await {
            return Some((intent, refusal));
        }
    }
    None
}

fn sky_at(seed: u64, region: &str, fixed: Option<&str>, now: Timestamp) -> Sky {
    let (weather, time) = (weather_at(seed, region, fixed, now), time_at(now));
    let text = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_i64).unwrap_or_default();
    Sky {
        weather: text(&weather, "type"),
        temperature_c: number(&weather, "temperature_c"),
        day_part: text(&time, "day_part"),
        hour: number(&time, "hour"),
        minute: number(&time, "minute"),
    }
}

#[derive(Deserialize)]
struct Framed {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
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

#[derive(Deserialize)]
struct Here {
    x: f64,
    y: f64,
    z: f64,
    #[serde(default)]
    region: String,
}

impl Here {
    fn at(&self) -> Vec3 {
        Vec3::new(self.x, self.y, self.z)
    }
}

#[derive(Deserialize)]
struct Near {
    id: Handle,
    name: String,
    location: Here,
    #[serde(default)]
    status: String,
    distance: f64,
}

#[derive(Deserialize)]
struct Purse {
    balance: i64,
}
