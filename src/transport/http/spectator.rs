//! Watching without a socket: a session, its state when asked for, suggestions to an agent.

use super::reads::{Answer, Surveys, agent_of, ok};
use super::{Client, Json, Problem};
use crate::base::id::SessionId;
use crate::base::limit::AGENT_ID_MAX_CHARS;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::spectate::CameraMode;
use crate::domain::text::Text;
use crate::store::spectator::SpectatorRow;
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// Messages that a state shows. Source: features.md CB-44.
const RECENT_CHAT_MAX: usize = 20;
/// Messages of a region that are looked through for them.
const CHAT_SCAN: i64 = 200;
/// Agents that the statistics list.
const WATCHED_MAX: usize = 100;

/// Who wants to watch whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectBody {
    /// How the human calls itself; nobody checks it.
    pub human_id: Text<1, 128>,
    /// The agent to watch.
    pub agent_id: Text<1, AGENT_ID_MAX_CHARS>,
}

/// A new session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Connected {
    /// Names the session and is its only credential: keep it to yourself.
    pub session_id: String,
    /// The agent that is watched.
    pub agent: Watched,
    /// Always true.
    pub connected: bool,
}

/// A watched agent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Watched {
    /// Its handle.
    pub agent_id: Handle,
    /// Its display name.
    pub name: String,
    /// Whether it is in the world.
    pub online: bool,
    /// Whether its owner lets spectators see its inner life.
    pub public: bool,
    /// Whether its owner lets spectators suggest things.
    pub accepts_prompts: bool,
    /// `{x, y, z, region}`, while it is in a public region. Units: metres.
    pub location: Value,
    /// What it shows of what it does, while it is in a public region.
    pub status: Option<String>,
}

/// What a session shows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct State {
    /// The session.
    pub session: SessionView,
    /// The agent that is watched.
    pub agent: Watched,
    /// At most 10, newest last; empty unless the owner made them public.
    pub recent_thoughts: Vec<Value>,
    /// What the agent said aloud in the region it is in, at most 20, newest last: `{message, volume, created_at}`.
    pub recent_chat: Vec<Value>,
}

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionView {
    /// Names the session.
    pub session_id: String,
    /// How the human calls itself.
    pub human_id: Option<String>,
    /// The agent that is watched.
    pub agent_id: Option<String>,
    /// How the camera goes.
    pub camera_mode: String,
    /// Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub connected_at: Timestamp,
}

/// A suggestion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptBody {
    /// What the agent should think of.
    pub prompt: Text<1, 500>,
}

/// A suggestion is in the agent's inbox, on disk.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Prompted {
    /// Always `queued`: whether the agent follows it is its own affair.
    pub status: &'static str,
    /// The event's number in its shard.
    pub seq: Option<i64>,
    /// When in the world.
    pub tick: i64,
}

/// How the camera should go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraBody {
    /// The mode.
    pub mode: CameraMode,
}

/// The camera as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Camera {
    /// Names the session.
    pub session_id: String,
    /// How the camera goes.
    pub camera_mode: String,
}

/// The session is closed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Disconnected {
    /// Always `disconnected`.
    pub status: &'static str,
}

/// Who is watched without a socket on this node.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpectatorStats {
    /// Open sessions.
    pub active_sessions: usize,
    /// `{agent_id, spectators}`, most watched first, at most 100.
    pub agents: Vec<Value>,
}

/// `POST /api/v1/spectator/connect`
pub async fn connect(
    web: Data<Web>,
    surveys: Data<Surveys>,
    client: Client,
    Json(body): Json<ConnectBody>,
) -> Answer {
    let ConnectBody { human_id, agent_id } = body;
    let agent = watched(&web, &surveys, &agent_id).await?;
    let node = &web.gateway.node;
    let session = SpectatorRow {
        // Random all over: a time-ordered id could be guessed.
        id: SessionId(node.entropy.uuid_v4()),
        node: node.id,
        human_id: Some(human_id.to_string()),
        agent_id: Some(agent.agent_id.to_string()),
        camera_mode: CameraMode::default().name().to_owned(),
        settings: json!({}),
        connected_at: node.now(),
    };
    let forgotten = web.gateway.visitors.open(node, &client.key, session.clone())?;
    let (row, now) = (session.clone(), node.now());
    let stored = node.database.write(move |store| {
        forgotten
            .iter()
            .try_for_each(|gone| store.close_spectator(*gone, now))?;
        store.open_spectator(&row)
    });
    if let Err(refusal) = stored.await {
        // It was opened a moment ago; when it is gone already, nothing is left to do.
        let _ = web.gateway.visitors.close(session.id);
        return Err(refusal.into());
    }
    ok(&Connected {
        session_id: session.id.to_string(),
        agent,
        connected: true,
    })
}

/// `POST /api/v1/spectator/{session_id}/disconnect`
pub async fn disconnect(web: Data<Web>, path: Path<String>) -> Answer {
    let session = session_of(&path)?;
    web.gateway.visitors.close(session)?;
    let node = &web.gateway.node;
    let now = node.now();
    node.database
        .write(move |store| store.close_spectator(session, now))
        .await?;
    ok(&Disconnected {
        status: "disconnected",
    })
}

/// `GET /api/v1/spectator/{session_id}/state`
pub async fn state(web: Data<Web>, surveys: Data<Surveys>, path: Path<String>) -> Answer {
    let row = web.gateway.visitors.get(&web.gateway.node, session_of(&path)?)?;
    let agent = watched(&web, &surveys, row.agent_id.as_deref().unwrap_or_default()).await?;
    let recent_chat = recent_chat(&web, &agent).await?;
    let session = SessionView {
        session_id: row.id.to_string(),
        human_id: row.human_id,
        agent_id: row.agent_id,
        camera_mode: row.camera_mode,
        connected_at: row.connected_at,
    };
    ok(&State {
        session,
        agent,
        recent_thoughts: Vec::new(),
        recent_chat,
    })
}

/// `POST /api/v1/spectator/{session_id}/prompt`
pub async fn prompt(web: Data<Web>, path: Path<String>, Json(body): Json<PromptBody>) -> Answer {
    let session = session_of(&path)?;
    let node = &web.gateway.node;
    let row = web.gateway.visitors.count_prompt(node, session)?;
    let agent = row.agent_id.as_deref().and_then(|name| Handle::new(name).ok());
    let agent = agent.ok_or_else(|| Refusal::new(Code::AgentNotFound, "no such agent"))?;
    let receipt = web
        .gateway
        .prompt(&agent, &body.prompt, row.human_id.clone())
        .await?;
    let now = node.now();
    // The suggestion is on disk; the count beside it is only statistics.
    if let Err(refusal) = node
        .database
        .write(move |store| store.update_spectator(&row, 1, now))
        .await
    {
        tracing::warn!("a spectator's prompt was not counted: {refusal}");
    }
    ok(&Prompted {
        status: "queued",
        seq: receipt.seq,
        tick: receipt.tick.0,
    })
}

/// `POST /api/v1/spectator/{session_id}/camera`
pub async fn camera(web: Data<Web>, path: Path<String>, Json(body): Json<CameraBody>) -> Answer {
    let node = &web.gateway.node;
    let row = web
        .gateway
        .visitors
        .set_camera(node, session_of(&path)?, body.mode.name())?;
    let camera = Camera {
        session_id: row.id.to_string(),
        camera_mode: row.camera_mode.clone(),
    };
    let now = node.now();
    node.database
        .write(move |store| store.update_spectator(&row, 0, now))
        .await?;
    ok(&camera)
}

/// `GET /api/v1/spectator/stats`
pub async fn stats(web: Data<Web>) -> Answer {
    let mut watched: Vec<(String, usize)> = web.gateway.visitors.watched().into_iter().collect();
    watched.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let active_sessions = watched.iter().map(|(_, count)| count).sum();
    let entry = |(agent, count): (String, usize)| json!({"agent_id": agent, "spectators": count});
    ok(&SpectatorStats {
        active_sessions,
        agents: watched.into_iter().take(WATCHED_MAX).map(entry).collect(),
    })
}

/// An id that is none of ours is like one that is not there.
fn session_of(text: &str) -> Result<SessionId, Problem> {
    let id =
        Uuid::try_parse(text).map_err(|_no_id| Refusal::new(Code::NotFound, "no such spectator session"))?;
    Ok(SessionId(id))
}

async fn watched(web: &Web, surveys: &Surveys, name: &str) -> Result<Watched, Refusal> {
    let row = agent_of(web, name).await?;
    let node = &web.gateway.node;
    let (survey, world) = (surveys.survey(node).await, node.directory.world());
    let standing = survey.agents.get(&row.handle);
    let seen = standing.filter(|agent| world.is_public(&agent.region));
    let location =
        seen.map(|agent| json!({"x": agent.at.x, "y": agent.at.y, "z": agent.at.z, "region": agent.region}));
    Ok(Watched {
        online: node.directory.online(&row.handle).is_some(),
        agent_id: row.handle,
        name: row.name,
        public: row.is_public,
        accepts_prompts: row.accepts_prompts,
        location: location.unwrap_or(Value::Null),
        status: seen.map(|agent| agent.status.clone()),
    })
}

/// What the agent said aloud where it is now.
async fn recent_chat(web: &Web, agent: &Watched) -> Result<Vec<Value>, Refusal> {
    let Some(region) = agent
        .location
        .get("region")
        .and_then(Value::as_str)
        .map(str::to_owned)
    else {
        return Ok(Vec::new());
    };
    let rows = web
        .gateway
        .node
        .database
        .read(move |reader| reader.chat_history(Some(&region), &[], CHAT_SCAN))
        .await?;
    let own: Vec<Value> = rows
        .into_iter()
        .filter(|row| row.sender_id == agent.agent_id)
        .map(|row| json!({"message": row.message, "volume": row.volume, "created_at": row.created_at}))
        .collect();
    Ok(own
        .iter()
        .skip(own.len().saturating_sub(RECENT_CHAT_MAX))
        .cloned()
        .collect())
}
