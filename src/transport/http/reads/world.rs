//! The world: its regions, who is in it, what happened in the open, and what agents can do.

use super::{Answer, Query, Surveys, hidden_regions, limit_of, ok};
use crate::base::time::Tick;
use crate::domain::action::ACTIONS;
use crate::domain::agent::{Handle, Permission};
use crate::domain::region::RegionPlan;
use crate::domain::region::weather::{time_at, weather_at};
use crate::domain::space::Vec3;
use crate::transport::web::Web;
use actix_web::web::Data;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Agents that one answer about the world lists.
const LISTED_MAX: usize = 1_000;

/// The world at a glance.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WorldView {
    /// The number of the tick.
    pub tick: i64,
    /// The time of day: `{hour, minute, day_part, is_day}`.
    pub time: Value,
    /// Names of the regions.
    pub regions: Vec<String>,
    /// Agents in public regions, by handle, at most 1,000.
    pub agents_online: Vec<Present>,
    /// How many agents are in the world.
    pub agents_online_count: usize,
}

/// An agent in the world.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Present {
    /// Its handle.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// What it shows of what it does.
    pub status: String,
}

/// All regions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegionList {
    /// In the order in which they were made.
    pub regions: Vec<RegionView>,
}

/// A region as everybody may know it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegionView {
    /// Its unique name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// What it is like.
    pub description: String,
    /// Side of the square. Units: metres.
    pub size_m: f64,
    /// Agents in it now.
    pub agent_count: usize,
    /// Most agents at one time.
    pub capacity: u32,
    /// `{spawn, weather, is_public, pool}`.
    pub properties: Value,
    /// Named places: `{name, x, y, radius_m, kind}`.
    pub places: Value,
    /// Ways to walk along: `{points: [[x, y]], width_m}`.
    pub paths: Value,
    /// Things to use: `{id, name, type, actions, location}`.
    pub objects: Vec<super::objects::ObjectEntry>,
}

/// Query of the world's events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// How many: 1 to 200, 50 when left out.
    pub limit: Option<i64>,
    /// Only events of this tick and later ones.
    pub since_tick: Option<i64>,
}

/// What happened in the open.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventList {
    /// The latest, oldest first: `{type, shard, seq, source?, target?, content, location?, tick, region, created_at}`.
    pub events: Vec<Value>,
    /// The tick of this answer.
    pub current_tick: i64,
}

/// What agents can do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToolList {
    /// One an action.
    pub tools: Vec<Tool>,
}

/// An action as a tool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: String,
    /// `perception`, `movement`, `communication`, `expression` or `exchange`.
    pub category: &'static str,
    /// JSON schema of its parameters.
    pub parameters: Value,
}

/// `GET /api/v1/world`
pub async fn view(web: Data<Web>, surveys: Data<Surveys>) -> Answer {
    let node = &web.gateway.node;
    let (survey, world) = (surveys.survey(node).await, node.directory.world());
    let seen = survey
        .agents
        .values()
        .filter(|agent| world.is_public(&agent.region))
        .take(LISTED_MAX);
    let present = seen.map(|agent| Present {
        agent_id: agent.handle.clone(),
        name: agent.name.clone(),
        region: agent.region.clone(),
        status: agent.status.clone(),
    });
    ok(&WorldView {
        tick: node.tick().0,
        time: time_at(node.now()),
        regions: world.regions.iter().map(|plan| plan.name.clone()).collect(),
        agents_online: present.collect(),
        agents_online_count: survey.agents.len(),
    })
}

/// `GET /api/v1/world/regions`
pub async fn regions(web: Data<Web>, surveys: Data<Surveys>) -> Answer {
    let node = &web.gateway.node;
    let (survey, world) = (surveys.survey(node).await, node.directory.world());
    let view = |plan: &RegionPlan| {
        let weather = weather_at(world.seed, &plan.name, plan.weather.as_deref(), node.now());
        RegionView::of(plan, survey.count(&plan.name), &weather)
    };
    ok(&RegionList {
        regions: world.regions.iter().map(view).collect(),
    })
}

impl RegionView {
    /// What everybody may know of a region.
    pub fn of(plan: &RegionPlan, agent_count: usize, weather: &Value) -> Self {
        let spawn: Vec3 = plan.spawn;
        Self {
            name: plan.name.clone(),
            display_name: plan.display_name.clone(),
            description: plan.description.clone(),
            size_m: plan.size_m,
            agent_count,
            capacity: plan.capacity,
            properties: json!({"spawn": spawn, "weather": weather, "is_public": plan.is_public, "pool": plan.pool}),
            places: json!(plan.places),
            paths: json!(plan.paths),
            objects: super::objects::entries(plan),
        }
    }
}

/// `GET /api/v1/world/events`
pub async fn events(web: Data<Web>, query: Query<EventsQuery>) -> Answer {
    let limit = limit_of(query.0.limit, 50)?;
    let since = query.0.since_tick.map(Tick);
    let node = &web.gateway.node;
    let hidden = hidden_regions(&node.directory.world());
    let events = node
        .database
        .read(move |reader| reader.world_events(limit, since, &hidden))
        .await?;
    ok(&EventList {
        events,
        current_tick: node.tick().0,
    })
}

/// `GET /api/v1/mcp/tools`
pub async fn tools() -> Answer {
    ok(&ToolList { tools: all_tools() })
}

/// Every action as a tool, in the order of the table.
pub fn all_tools() -> Vec<Tool> {
    let tool = |row: &crate::domain::action::ActionInfo| {
        let (description, parameters) = describe((row.schema)());
        Tool {
            name: row.name,
            description,
            category: category(row.permission),
            parameters,
        }
    };
    ACTIONS.iter().map(tool).collect()
}

/// A schema's description, and the schema without what says nothing to a client.
fn describe(schema: Schema) -> (String, Value) {
    let mut value = Value::from(schema);
    let mut description = String::new();
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove("$schema");
        fields.shift_remove("title");
        if let Some(Value::String(text)) = fields.shift_remove("description") {
            description = text;
        }
    }
    (description, value)
}

fn category(permission: Permission) -> &'static str {
    match permission {
        Permission::Perceive => "perception",
        Permission::Move => "movement",
        Permission::Speak => "communication",
        Permission::Emote => "expression",
        Permission::Trade => "exchange",
        Permission::Admin => "administration",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_a_tool_with_a_description_and_an_object_of_parameters() {
        let tools = all_tools();
        assert_eq!(tools.len(), ACTIONS.len());
        for tool in &tools {
            assert!(
                !tool.description.is_empty() && tool.parameters["type"] == "object",
                "{}",
                tool.name
            );
            assert!(tool.parameters.get("$schema").is_none());
        }
    }
}
