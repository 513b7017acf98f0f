//! `presence`, `presence_stats`, `history` and `info`.

use super::command::decode;
use super::failure::Failure;
use super::{Done, channel_of};
use crate::actors::channels::{self, History, Home, Way, way};
use crate::actors::peer::message::{ChannelAct, Client, NodeStats};
use crate::transport::centrifuge::history_result;
use crate::transport::http::reads::Surveys;
use crate::transport::web::Web;
use crate::wire::json::encode;
use crate::wire::push::ClientInfo;
use crate::wire::reply::PresenceResult;
use crate::wire::request::HistoryRequest;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    channel: String,
}

/// The home of a channel that has presence and a history; none when it is here. Errors: as `channel_of`; 108; temporary ones.
fn home_of(web: &Web, name: &str) -> Result<Option<Home>, Failure> {
    if !channel_of(name)?.has_history() {
        return Err(Failure::NOT_AVAILABLE);
    }
    match way(&web.gateway.node, name)? {
        Way::Here(_) => Ok(None),
        Way::There(home) => Ok(Some(home)),
    }
}

/// Who is on a channel.
pub(super) async fn presence(web: &Web, params: &str) -> Done {
    let Asked { channel } = decode(params)?;
    let node = &web.gateway.node;
    let presence = match home_of(web, &channel)? {
        None => node.channels.presence(&channel),
        Some(home) => {
            let all: Vec<Client> = node.ask_channel(home, &channel, ChannelAct::Presence).await?;
            let all = all.into_iter().map(ClientInfo::from);
            all.map(|info| (info.client.clone(), info)).collect()
        }
    };
    // The encoder leaves out what is empty, and clients look for it.
    if presence.is_empty() {
        return Ok(br#"{"presence":{}}"#.to_vec());
    }
    Ok(encode(&PresenceResult { presence }).to_vec())
}

/// How many are on a channel.
pub(super) async fn presence_stats(web: &Web, params: &str) -> Done {
    let Asked { channel } = decode(params)?;
    let node = &web.gateway.node;
    let (num_clients, num_users) = match home_of(web, &channel)? {
        None => channels::count(&node.channels.presence(&channel)),
        Some(home) => node.ask_channel(home, &channel, ChannelAct::Count).await?,
    };
    let counts = json!({"num_clients": num_clients, "num_users": num_users});
    Ok(counts.to_string().into_bytes())
}

/// What was published on a channel.
pub(super) async fn history(web: &Web, params: &str) -> Done {
    let request: HistoryRequest = decode(params)?;
    let node = &web.gateway.node;
    let history: History = match home_of(web, &request.channel)? {
        None => node.channels.history(&request.channel, node.now()),
        Some(home) => {
            node.ask_channel(home, &request.channel, ChannelAct::History)
                .await?
        }
    };
    let result = history_result(history, &request).ok_or(Failure::UNRECOVERABLE_POSITION)?;
    // As above.
    if result.publications.is_empty() {
        let empty = json!({"publications": [], "epoch": result.epoch, "offset": result.offset});
        return Ok(empty.to_string().into_bytes());
    }
    Ok(encode(&result).to_vec())
}

/// The nodes that answer, with what they count.
pub(super) async fn info(web: &Web, surveys: &Surveys) -> Done {
    let node = &web.gateway.node;
    let counted = surveys.stats(node).await?;
    let rows = node.database.read(|reader| reader.nodes()).await?;
    let shown = |stats: &NodeStats| -> Value {
        let row = rows.iter().find(|row| row.id == stats.node);
        json!({
            "uid": stats.node.to_string(),
            "name": row.map(|row| row.name.as_str()).unwrap_or_default(),
            "version": row.map(|row| row.version.as_str()).unwrap_or_default(),
            "num_clients": stats.sockets, "num_users": stats.users, "num_channels": stats.channels,
            "num_subs": stats.subscriptions, "uptime": stats.uptime_s,
        })
    };
    let nodes: Vec<Value> = counted.nodes.iter().map(shown).collect();
    Ok(json!({"nodes": nodes}).to_string().into_bytes())
}
