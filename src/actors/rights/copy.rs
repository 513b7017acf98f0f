//! The copy of channels' rules in Redis, written by the node that holds the world's first shard.

use super::super::node::Node;
use crate::bus::mirror::ChannelCopy;
use crate::domain::channel::{Namespace, Subject};
use crate::domain::refusal::Refusal;
use crate::store::channel::{Advert, StoredRule};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Channels that wait to be written while Redis is away; more are left to `rookery rebuild-cache`.
const WAITING_MAX: usize = 10_000;

/// Writes what changed, and what could not be written before.
pub(super) async fn write(node: &Node, changed: &[String], waiting: &mut BTreeSet<String>) {
    if !node.mirror.is_on() || !is_writer(node) {
        waiting.clear();
        return;
    }
    let room = WAITING_MAX.saturating_sub(waiting.len());
    waiting.extend(changed.iter().take(room).cloned());
    while let Some(channel) = waiting.first().cloned() {
        match copy_of(node, &channel).await {
            Ok(Some(copy)) if !node.mirror.copy_channel(&copy).await => return,
            Ok(_) => {}
            Err(_) => return,
        }
        waiting.remove(&channel);
    }
}

fn is_writer(node: &Node) -> bool {
    let world = node.directory.world();
    let first = world.shards.iter().map(|shard| shard.id).min();
    let seats = first.and_then(|first| node.directory.shard(first));
    seats.is_some_and(|seats| node.leases.hold(&seats.lease, node.clock.monotonic_ms()))
}

async fn copy_of(node: &Node, channel: &str) -> Result<Option<ChannelCopy>, Refusal> {
    let name = channel.to_owned();
    let (mut rules, advert) = node
        .database
        .read(move |reader| {
            let advert = reader.advert(&name)?;
            Ok((reader.channel_rules(&[name])?, advert))
        })
        .await?;
    let rule = rules.remove(channel).unwrap_or_default();
    Ok(channel_copy(channel, &rule, advert.as_ref()))
}

/// A channel as outside tools read it; none of one that nobody owns.
pub fn channel_copy(channel: &str, stored: &StoredRule, advert: Option<&Advert>) -> Option<ChannelCopy> {
    let owner = Namespace::of(channel).ok()?.owner()?;
    let own = match owner {
        Subject::User(name) => format!("agent.{name}."),
        Subject::App(app) => format!("app.{app}."),
        Subject::Nobody => return None,
    };
    let mut granted: Vec<String> = stored.rule.granted.iter().cloned().collect();
    granted.sort_unstable();
    Some(ChannelCopy {
        owner: owner.to_string(),
        topic: channel.strip_prefix(&own)?.to_owned(),
        is_locked: stored.rule.is_locked,
        granted,
        advert: advert.map(|advert| shown(advert).to_string()),
    })
}

fn shown(advert: &Advert) -> Value {
    let schema = advert.schema.as_deref();
    let schema = schema.and_then(|schema| serde_json::from_str::<Value>(schema).ok());
    json!({
        "channel": advert.channel, "description": advert.description, "schema": schema, "updatedAt": advert.updated_at,
    })
}
