//! Two agents who talk to one another as a conversation: its actor is one that no bot reaches.

use crate::client::{Client, Gone};
use crate::server::Identity;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Between two requests.
const PACE: Duration = Duration::from_millis(100);
/// How long an answer is waited for on one socket, and for good.
const ANSWERING: Duration = Duration::from_secs(12);
const PATIENCE: Duration = Duration::from_secs(90);
/// So many lines refused in a row, and the conversation is taken to be over.
const REFUSED_MAX: usize = 50;

/// One who talks.
struct Talker {
    me: Identity,
    client: Option<Client>,
}

/// Talks until it is over. Gives what was said and acknowledged. Errors: what was never answered.
pub async fn live(
    address: SocketAddr,
    pair: [Identity; 2],
    is_over: Arc<AtomicBool>,
) -> Result<BTreeSet<String>, String> {
    let mut pair = pair.map(|me| Talker { me, client: None });
    let (mut said, mut made) = (BTreeSet::new(), 0_u64);
    for talker in &mut pair {
        talker
            .insist(
                address,
                "teleport",
                &json!({"region": "main", "x": 50.0, "y": 50.0}),
            )
            .await?;
    }
    while !is_over.load(Ordering::SeqCst) {
        sleep(PACE).await;
        for talker in &mut pair {
            // Who lost its socket comes back by asking.
            talker.insist(address, "get_location", &json!({})).await?;
        }
        let invitees = json!({"invitees": [pair[1].me.agent_id]});
        let begun = pair[0].insist(address, "converse_start", &invitees).await?;
        let Some(id) = begun["conversation_id"].as_str() else {
            continue;
        };
        let this = json!({"conversation_id": id});
        pair[1].insist(address, "converse_accept", &this).await?;
        pair[0].insist(address, "converse_take_floor", &this).await?;
        let (mut speaker, mut refused) = (0, 0);
        while refused < REFUSED_MAX && !is_over.load(Ordering::SeqCst) {
            made += 1;
            let talker = &mut pair[speaker];
            let message = format!("line {made} of {}", talker.me.agent_id);
            let line =
                json!({"conversation_id": id, "message": message, "command_id": format!("line-{made}")});
            if talker.insist(address, "converse_line", &line).await?["number"].is_i64() {
                said.insert(message);
                (speaker, refused) = (1 - speaker, 0);
            } else {
                refused += 1;
            }
            sleep(PACE).await;
        }
    }
    Ok(said)
}

impl Talker {
    /// Asks until it is answered for good. Gives the result; null when it was refused. Errors: it was never answered.
    async fn insist(&mut self, address: SocketAddr, action: &str, params: &Value) -> Result<Value, String> {
        let insisting = async {
            loop {
                match self.ask(address, action, params).await {
                    Ok(Some(result)) => return result,
                    Ok(None) => {}
                    Err(Gone(_why)) => self.client = None,
                }
                sleep(PACE).await;
            }
        };
        let answered = timeout(PATIENCE, insisting).await;
        answered.map_err(|_elapsed| format!("{action} of {} was never answered", self.me.agent_id))
    }

    /// None: ask again.
    async fn ask(
        &mut self,
        address: SocketAddr,
        action: &str,
        params: &Value,
    ) -> Result<Option<Value>, Gone> {
        let client = match self.client.as_mut() {
            Some(client) => client,
            None => self
                .client
                .insert(Client::connect(address, Some(&self.me.token)).await?),
        };
        let number = client.act(action, params).await?;
        let answering = async {
            loop {
                let reply = client.reply().await?;
                if reply["id"] == number {
                    return Ok(reply);
                }
            }
        };
        let reply = timeout(ANSWERING, answering).await;
        let reply = reply.map_err(|_elapsed| Gone("no answer".into()))??;
        let said = reply["error"]["message"].as_str().unwrap_or_default();
        let is_definite = reply["error"]["temporary"] != true || said.starts_with("on_cooldown:");
        Ok((is_definite && !said.starts_with("not_in_world:"))
            .then(|| reply["rpc"]["data"]["result"].clone()))
    }
}
