//! The copy of channels' rules in Redis, written by the node that holds the world's first shard.

use super::super::node::Node;
use crate::bus::mirror::ChannelCopy;
use crate::domain::channel::{Namespace, Subject};
use crate::domain::refusal::Refusal;
use crate::store::channel::{Advert, StoredRule};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Channels that wait to be written while Redis is away; more are left to `rookery rebuild-cache`.
const WAITING_MAX: usize = 10_000;
/// How long it waits with what could not be written.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How often it looks whether this node is the one that writes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Channels whose copy is to be written.
#[derive(Default)]
pub(super) struct Waiting {
    channels: Mutex<BTreeSet<String>>,
    /// Some may be missing among them.
    has_gap: AtomicBool,
    news: Notify,
}

impl Waiting {
    /// Has the copies of channels written. None: nobody knows of which.
    pub(super) fn add(&self, channels: Option<&[String]>) {
        match channels {
            None => self.has_gap.store(true, Ordering::Relaxed),
            Some([]) => return,
            Some(channels) => {
                let mut waiting = self.channels();
                let room = WAITING_MAX.saturating_sub(waiting.len());
                waiting.extend(channels.iter().take(room).cloned());
            }
        }
        self.news.notify_one();
    }

    /// Takes one out: the next in order after another, round and round, so that one that cannot be written holds up nobody.
    fn take_after(&self, last: &str) -> Option<String> {
        let mut waiting = self.channels();
        let after = (Bound::Excluded(last), Bound::Unbounded);
        let next = waiting.range::<str, _>(after).next().or_else(|| waiting.first());
        let next = next.cloned()?;
        waiting.take(&next)
    }

    fn channels(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what waits, beside the looks at what changed: however slow Redis is, those are in time. Who begins to be the one that
/// writes also writes what changed lately: the one before may not have come to it.
pub(super) async fn keep_copying(node: &Node, waiting: &Waiting) {
    let (mut is_behind, mut last) = (true, String::new());
    loop {
        let is_done = if !node.mirror.is_on() || !holds_first_shard(node) {
            waiting.channels().clear();
            is_behind = true;
            true
        } else {
            if is_behind || waiting.has_gap.load(Ordering::Relaxed) {
                is_behind = !add_recent(node, waiting).await;
            }
            write(node, waiting, &mut last).await && !is_behind
        };
        if is_done {
            // Either way it looks whether anything is to be done.
            let _ = tokio::time::timeout(LOOK_EVERY, waiting.news.notified()).await;
        } else {
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Has everything written that changed lately. `false`: the database refused.
async fn add_recent(node: &Node, waiting: &Waiting) -> bool {
    waiting.has_gap.store(false, Ordering::Relaxed);
    let limit = i64::try_from(WAITING_MAX).unwrap_or(i64::MAX);
    let recent = node
        .database
        .read(move |reader| reader.channels_changed_lately(limit))
        .await;
    if let Ok(channels) = &recent {
        waiting.add(Some(channels));
    }
    recent.is_ok()
}

/// Writes what waits, until Redis or the database refuses: then `false`.
async fn write(node: &Node, waiting: &Waiting, last: &mut String) -> bool {
    // Taken out before it is read, so that what changes meanwhile waits anew.
    while let Some(channel) = waiting.take_after(last) {
        last.clone_from(&channel);
        let is_written = match copy_of(node, &channel).await {
            Ok(Some(copy)) => node.mirror.copy_channel(&copy).await,
            Ok(None) => true,
            Err(_) => false,
        };
        if !is_written {
            waiting.channels().insert(channel);
            return false;
        }
    }
    true
}

/// Whether a node holds the world's first shard now: then it does what is done once in the whole world.
pub fn holds_first_shard(node: &Node) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_cannot_be_written_holds_up_nobody() {
        let waiting = Waiting::default();
        waiting.add(Some(&["a", "b", "c"].map(str::to_owned)));
        let (mut last, mut order) = (String::new(), String::new());
        for _ in 0..6 {
            last = waiting.take_after(&last).unwrap();
            order.push_str(&last);
            if last == "a" {
                waiting.add(Some(&["a".to_owned()]));
            }
        }
        assert_eq!(order, "abcaaa");
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let waiting = Waiting::default();
        let all: Vec<String> = (0..WAITING_MAX + 5).map(|n| n.to_string()).collect();
        waiting.add(Some(&all));
        waiting.add(Some(&["one more".to_owned()]));
        assert_eq!(waiting.channels().len(), WAITING_MAX);
    }
}
