//! Weather and the time of day.

use super::{Answer, no_region, ok};
use crate::domain::region::RegionPlan;
use crate::domain::region::weather::{time_at, weather_at};
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// The weather of all regions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WeatherList {
    /// One a region.
    pub weather: Vec<WeatherView>,
}

/// The weather of a region.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WeatherView {
    /// The region's name.
    pub region: String,
    /// `{type, temperature_c, wind_m_s}`: one of twelve types, degrees Celsius, metres a second.
    #[serde(flatten)]
    pub weather: Value,
}

/// The time in the world. A world day is 60 real minutes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Time {
    /// `{hour, minute, day_part, is_day}`.
    #[serde(flatten)]
    pub time: Value,
    /// The number of the tick.
    pub tick: i64,
    /// The real time. Units: milliseconds since 1970.
    pub time_ms: i64,
}

/// `GET /api/v1/weather`
pub async fn all(web: Data<Web>) -> Answer {
    let world = web.gateway.node.directory.world();
    ok(&WeatherList {
        weather: world.regions.iter().map(|plan| weather_of(&web, plan)).collect(),
    })
}

/// `GET /api/v1/weather/{region}`
pub async fn one(web: Data<Web>, path: Path<String>) -> Answer {
    let world = web.gateway.node.directory.world();
    let plan = world.region(&path).ok_or_else(no_region)?;
    ok(&weather_of(&web, plan))
}

/// `GET /api/v1/time`
pub async fn time(web: Data<Web>) -> Answer {
    let node = &web.gateway.node;
    let now = node.now();
    ok(&Time {
        time: time_at(now),
        tick: node.rate.tick_at(now).0,
        time_ms: now.0,
    })
}

fn weather_of(web: &Web, plan: &RegionPlan) -> WeatherView {
    let node = &web.gateway.node;
    let seed = node.directory.world().seed;
    let weather = weather_at(seed, &plan.name, plan.weather.as_deref(), node.now());
    WeatherView {
        region: plan.name.clone(),
        weather: if weather.is_object() { weather } else { json!({}) },
    }
}
