//! Who is there, and what somebody shows: `GET /agents`, `/api/profile/{agent}`, `/api/locks/{agent}`.

use super::advert::{adverts_of, shown};
use super::is_name;
use crate::transport::http::reads::{Answer, ok};
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use serde_json::{Map, Value, json};

/// Most names in one list.
const HANDLES_MAX: i64 = 10_000;

/// `GET /agents`: the first of them, by name.
pub async fn agents(web: Data<Web>) -> Answer {
    let database = &web.gateway.node.database;
    let agents = database.read(|reader| reader.handles("", HANDLES_MAX)).await?;
    ok(&json!({"count": agents.len(), "agents": agents}))
}

/// `GET /api/profile/{agent}`
pub async fn profile(web: Data<Web>, path: Path<String>) -> Answer {
    let agent = path.into_inner();
    let adverts = adverts_of(&web, &agent).await?;
    let channels: Vec<Map<String, Value>> = adverts.iter().map(shown).collect();
    ok(&json!({"ok": true, "agent": agent, "count": channels.len(), "channels": channels}))
}

/// `GET /api/locks/{agent}`
pub async fn locks(web: Data<Web>, path: Path<String>) -> Answer {
    let agent = path.into_inner();
    let mut locked = Vec::new();
    if is_name(&agent) {
        let owner = agent.clone();
        let database = &web.gateway.node.database;
        locked = database
            .read(move |reader| reader.locked_channels(&owner))
            .await?;
    }
    ok(&json!({"ok": true, "agent": agent, "count": locked.len(), "lockedChannels": locked}))
}
