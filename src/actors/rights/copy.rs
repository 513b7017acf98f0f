//! The copy of channels' rules in Redis, written by the node that holds the world's first shard.

use super::super::node::Node;
use crate::bus::mirror::ChannelCopy;
use crate::domain::channel::{Namespace, Subject};
use crate::domain::refusal::Refusal;
use crate::store::channel::{Advert, StoredRule};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Channels that wait to be written while Redis is away; more are left to `rookery rebuild-cache`.
const WAITING_MAX: usize = 10_000;
/// How long it waits with what could not be written.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Channels whose copy is to be written.
#[derive(Default)]
pub(super) struct Waiting {
    channels: Mutex<BTreeSet<String>>,
    news: Notify,
}

impl Waiting {
    /// Has the copies of channels written.
    pub(super) fn add(&self, channels: &[String]) {
        if channels.is_empty() {
            return;
        }
        {
            let mut waiting = self.channels();
            let room = WAITING_MAX.saturating_sub(waiting.len());
            waiting.extend(channels.iter().take(room).cloned());
        }
        self.news.notify_one();
    }

    fn channels(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what waits, beside the looks at what changed: however slow Redis is, those are in time.
pub(super) async fn keep_copying(node: &Node, waiting: &Waiting) {
    loop {
        write(node, waiting).await;
        if waiting.channels().is_empty() {
            waiting.news.notified().await;
        } else {
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Writes all that waits, until Redis or the database refuses.
async fn write(node: &Node, waiting: &Waiting) {
    if !node.mirror.is_on() || !is_writer(node) {
        waiting.channels().clear();
        return;
    }
    loop {
        // Taken out before it is read, so that what changes meanwhile waits anew.
        let Some(channel) = waiting.channels().pop_first() else {
            return;
        };
        let is_written = match copy_of(node, &channel).await {
            Ok(Some(copy)) => node.mirror.copy_channel(&copy).await,
            Ok(None) => true,
            Err(_) => false,
        };
        if !is_written {
            waiting.channels().insert(channel);
            return;
        }
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
