//! Perceiving and acting, by the same door as everybody.

use crate::actors::gateway::{Caller, Gateway};
use crate::base::time::Timestamp;
use crate::brain::{Intent, Neighbour, Sky};
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::domain::region::weather::{time_at, weather_at};
use crate::domain::space::Vec3;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How far an inhabitant looks around. Units: metres.
const SIGHT_M: f64 = 80.0;

/// What an inhabitant sees, in its own words.
pub(super) struct Seen {
    pub(super) region: String,
    pub(super) at: Vec3,
    pub(super) agents: Vec<Neighbour>,
    pub(super) balance_minor: Option<i64>,
}

/// Perceives by the same questions as everybody: where am I, who is around, what do I own.
/// Errors: as the gateway's; `internal` when an answer has another shape than it should.
pub(super) async fn see(gateway: &Gateway, caller: &Caller, needs_purse: bool) -> Result<Seen, Refusal> {
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
    let receipt = gateway.act(caller, action, &params.to_string(), None).await?;
    receipt.result.read().map_err(|_shape| Refusal::internal())
}

/// Does the intents in order; stops at the first refusal, and returns it with all that was not done.
pub(super) async fn act(
    gateway: &Gateway,
    caller: &Caller,
    intents: Vec<Intent>,
) -> Result<(), (Refusal, Vec<Intent>)> {
    let mut intents = intents.into_iter();
    while let Some(intent) = intents.next() {
        if let Ok(pause_ms @ 1..) = u64::try_from(intent.pause_ms) {
            gateway.node.clock.sleep(Duration::from_millis(pause_ms)).await;
        }
        if let Err(refusal) = gateway
            .act(caller, intent.action, &intent.params.to_string(), None)
            .await
        {
            return Err((refusal, std::iter::once(intent).chain(intents).collect()));
        }
    }
    Ok(())
}

/// The sky over a region. `fixed`: its weather, where that never changes.
pub(super) fn sky_at(seed: u64, region: &str, fixed: Option<&str>, now: Timestamp) -> Sky {
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
