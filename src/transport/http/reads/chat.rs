//! What was said: in the open for everybody, in private for those whom it concerns.

use super::{Answer, Query, hidden_regions, limit_of, no_region, ok};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::store::chat::ChatMessage;
use crate::transport::http::Bearer;
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Query of the open chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatQuery {
    /// How many: 1 to 200, 100 when left out.
    pub limit: Option<i64>,
    /// Only what was said in this region.
    pub region: Option<String>,
}

/// Query of an agent's own chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnChatQuery {
    /// How many: 1 to 200, 100 when left out.
    pub limit: Option<i64>,
}

/// Messages, newest last.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChatList {
    /// The messages.
    pub messages: Vec<Message>,
    /// How many there are in this answer.
    pub count: usize,
}

/// A chat message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub sender_id: Handle,
    /// The display name at that time.
    pub sender_name: String,
    /// To whom; null when it was said to everybody in range.
    pub recipient_id: Option<Handle>,
    /// Where.
    pub region: String,
    /// What.
    pub message: String,
    /// How loud: `whisper`, `normal` or `shout`.
    pub volume: String,
    /// Units: milliseconds since 1970.
    #[schemars(with = "i64")]
    pub created_at: Timestamp,
}

impl From<ChatMessage> for Message {
    fn from(row: ChatMessage) -> Self {
        Self {
            id: row.id.to_string(),
            sender_id: row.sender_id,
            sender_name: row.sender_name,
            recipient_id: row.recipient_id,
            region: row.region,
            message: row.message,
            volume: row.volume,
            created_at: row.created_at,
        }
    }
}

/// `GET /api/v1/chat/history`
pub async fn history(web: Data<Web>, query: Query<ChatQuery>) -> Answer {
    let limit = limit_of(query.0.limit, 100)?;
    let node = &web.gateway.node;
    let (region, world) = (query.0.region, node.directory.world());
    // What is said in a region that is not public is for those who are there.
    if region.as_ref().is_some_and(|name| !world.is_public(name)) {
        return Err(no_region().into());
    }
    let hidden = hidden_regions(&world);
    let rows = node
        .database
        .read(move |reader| reader.chat_history(region.as_deref(), &hidden, limit))
        .await?;
    list(rows)
}

/// `GET /api/v1/chat/history/{agent_id}`
pub async fn private(
    web: Data<Web>,
    path: Path<String>,
    query: Query<OwnChatQuery>,
    bearer: Bearer,
) -> Answer {
    bearer.own(&web, &path).await?;
    let limit = limit_of(query.0.limit, 100)?;
    let agent = bearer.caller.id;
    let rows = web
        .gateway
        .node
        .database
        .read(move |reader| reader.chat_with(agent, limit))
        .await?;
    list(rows)
}

fn list(rows: Vec<ChatMessage>) -> Answer {
    let messages: Vec<Message> = rows.into_iter().map(Message::from).collect();
    ok(&ChatList {
        count: messages.len(),
        messages,
    })
}
