//! What this node remembers of the rules of channels, and how it hears that one changed.
//!
//! Invariant: a rule counts only while the database was heard of in the last `FRESH_MS`, and nothing that it or another node said
//! since the rule was read is about its channel. So a right that was taken back is gone from every node within a second, with or
//! without Redis; a node that hears of a change and does not reach the database ends what hangs on it.

mod copy;

pub use copy::{channel_copy, holds_first_shard};

use super::hub::HubMessage;
use super::node::Node;
use super::peer::message::News;
use crate::base::limit::CHANNEL_RULES_MAX;
use crate::domain::channel::{Namespace, Rule, Schema, Subject, Verb, check};
use crate::domain::refusal::{Code, Refusal};
use crate::host::fault;
use crate::store::channel::StoredRule;
use crate::store::{Reader, StoreError};
use crate::telemetry::metric;
use dashmap::DashMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often the database is asked what changed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// After news nobody looks sooner than this.
const REST: Duration = Duration::from_millis(10);
/// How long what it said counts. Units: milliseconds.
const FRESH_MS: i64 = 750;
/// How long the database may take for each of a look's questions before it counts as failed.
const LOOK_WITHIN: Duration = Duration::from_millis(300);
/// Channels in one word to other nodes.
const TOLD_AT_A_TIME: usize = 1_000;
/// How often a rule is read again that changes while it is read.
const READS_MAX: usize = 4;

/// What is known of a channel.
#[derive(Default)]
pub struct Known {
    /// Who may hear it.
    pub rule: Rule,
    /// What its publications should look like.
    pub schema: Option<Schema>,
}

/// What was just read.
pub struct Learned {
    /// What is known of the channel.
    pub known: Arc<Known>,
    forgotten: i64,
}

impl From<StoredRule> for Known {
    fn from(stored: StoredRule) -> Self {
        let StoredRule { rule, schema } = stored;
        // It was checked when it was advertised; an earlier version may have taken what this one does not.
        let schema = schema.and_then(|text| Schema::parse(&text).ok());
        Self { rule, schema }
    }
}

/// Of a channel whose owner nobody is there is nothing to know.
static NOTHING: LazyLock<Arc<Known>> = LazyLock::new(Arc::default);

/// The rules of channels that were asked for lately.
pub struct Rights {
    rules: DashMap<String, Arc<Known>>,
    /// Up to which change all are known; below zero: none yet.
    version: AtomicI64,
    /// Grows whenever rules are forgotten: what was read before that does not count.
    forgotten: AtomicI64,
    /// When the database was last asked with success. Units: milliseconds, monotonic.
    heard_at_ms: AtomicI64,
    /// Channels of which another node said that their rules changed, until the database was asked.
    doubted: Mutex<BTreeSet<String>>,
    news: Notify,
}

impl Default for Rights {
    fn default() -> Self {
        Self {
            rules: DashMap::new(),
            version: AtomicI64::new(-1),
            forgotten: AtomicI64::new(0),
            heard_at_ms: AtomicI64::new(i64::MIN),
            doubted: Mutex::default(),
            news: Notify::new(),
        }
    }
}

impl Rights {
    /// What is known of a channel without asking. None: ask.
    pub fn known(&self, name: &str, channel: &Namespace<'_>, now_ms: i64) -> Option<Arc<Known>> {
        if channel.owner().is_none() {
            return Some(Arc::clone(&NOTHING));
        }
        let is_fresh = now_ms.saturating_sub(self.heard_at_ms.load(Ordering::Acquire)) < FRESH_MS;
        let known = self.rules.get(name).filter(|_| is_fresh)?;
        Some(Arc::clone(&known))
    }

    /// Whether nothing was forgotten since something was learned: then whoever goes by it now is judged anew should that change.
    pub fn holds(&self, learned: &Learned) -> bool {
        self.forgotten() == learned.forgotten
    }

    /// The rules of some channels changed, as a node says: the database is asked now instead of at the next turn.
    pub fn doubt(&self, channels: &[String]) {
        self.forget(Some(channels));
        self.doubted().extend(channels.iter().cloned());
        self.look();
    }

    /// Asks the database now instead of at the next turn.
    pub fn look(&self) {
        self.news.notify_one();
    }

    fn doubted(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes by what the database said, from a look that began at a moment. Units: milliseconds, monotonic.
    pub fn hear(&self, asked_at_ms: i64) {
        self.heard_at_ms.store(asked_at_ms, Ordering::Release);
    }

    /// How much was forgotten so far.
    pub fn forgotten(&self) -> i64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Remembers what was read when so much had been forgotten. `false`: something was since then.
    pub fn remember(&self, name: &str, known: &Arc<Known>, forgotten: i64) -> bool {
        if self.rules.len() >= CHANNEL_RULES_MAX {
            // Half of them, whichever: those that are asked for come back.
            let is_kept = AtomicBool::new(false);
            self.rules
                .retain(|_, _| is_kept.fetch_xor(true, Ordering::Relaxed));
        }
        // Whoever forgets raises the number first and then needs this entry, so nobody sees what is to be forgotten.
        let entry = self.rules.entry(name.to_owned());
        if self.forgotten() != forgotten {
            return false;
        }
        entry.insert(Arc::clone(known));
        true
    }

    /// Forgets some rules, or all.
    fn forget(&self, channels: Option<&[String]>) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        match channels {
            Some(channels) => channels.iter().for_each(|name| drop(self.rules.remove(name))),
            None => self.rules.clear(),
        }
    }
}

impl Node {
    /// Whether the rule of a channel is known here.
    pub fn knows_rule(&self, name: &str, channel: &Namespace<'_>) -> bool {
        self.rights
            .known(name, channel, self.clock.monotonic_ms())
            .is_some()
    }

    /// Whether somebody may do something with a channel, as far as this node can tell at once. None: ask `may`.
    pub fn may_now(
        &self,
        who: Subject<'_>,
        verb: Verb,
        name: &str,
        channel: &Namespace<'_>,
    ) -> Option<Result<Arc<Known>, Refusal>> {
        let known = self.rights.known(name, channel, self.clock.monotonic_ms())?;
        Some(judge(who, verb, channel, known))
    }

    /// Whether somebody may do something with a channel. Gives what is known of it.
    /// Errors: those of `check`; `unavailable`.
    pub async fn may(
        &self,
        who: Subject<'_>,
        verb: Verb,
        name: &str,
        channel: &Namespace<'_>,
    ) -> Result<Arc<Known>, Refusal> {
        match self.may_now(who, verb, name, channel) {
            Some(judged) => judged,
            None => judge(who, verb, channel, self.learn(name).await?.known),
        }
    }

    /// Reads the rule of a channel. Errors: `unavailable`, those of the store.
    pub async fn learn(&self, name: &str) -> Result<Learned, Refusal> {
        for _ in 0..READS_MAX {
            let forgotten = self.rights.forgotten();
            let names = vec![name.to_owned()];
            // A schema takes a while to compile: there, where nobody but readers wait.
            let read = move |reader: &mut Reader| {
                let rules = reader.channel_rules(&names)?;
                Ok(rules.into_values().next().map(Known::from))
            };
            let known = Arc::new(self.database.read(read).await?.unwrap_or_default());
            if self.rights.remember(name, &known, forgotten) {
                return Ok(Learned { known, forgotten });
            }
        }
        Err(Refusal::new(
            Code::Unavailable,
            "the channel's rule changes too fast",
        ))
    }

    /// The rules of channels were changed by way of this node: whoever asks here from now on goes by the new ones, and the other nodes
    /// look.
    pub fn note_rules_changed(&self, channels: &[String]) {
        self.rights.doubt(channels);
        for some in channels.chunks(TOLD_AT_A_TIME) {
            self.peers.tell_all(|| News::RightsOf(some.to_vec()));
        }
    }
}

/// Judges by what is known.
pub fn judge(
    who: Subject<'_>,
    verb: Verb,
    channel: &Namespace<'_>,
    known: Arc<Known>,
) -> Result<Arc<Known>, Refusal> {
    match check(who, verb, channel, &known.rule) {
        Ok(()) => Ok(known),
        Err(refusal) => {
            metric::channel_denials(channel.word(), verb.word()).increment(1);
            Err(refusal)
        }
    }
}

/// Asks the database again and again what changed, and ends the subscriptions that are no longer allowed.
pub async fn keep_fresh(node: Arc<Node>) {
    let waiting = copy::Waiting::default();
    tokio::join!(keep_looking(&node, &waiting), copy::keep_copying(&node, &waiting));
}

async fn keep_looking(node: &Node, waiting: &copy::Waiting) {
    loop {
        let asked_at_ms = node.clock.monotonic_ms();
        // What is said from now on is for the next look.
        let doubted = std::mem::take(&mut *node.rights.doubted());
        match look(node).await {
            Ok(changed) => {
                node.rights.hear(asked_at_ms);
                waiting.add(changed.as_deref());
            }
            Err(refusal) => {
                tracing::warn!("changes of channels' rules could not be read: {refusal}");
                // What was said meanwhile has waited as long.
                let later = std::mem::take(&mut *node.rights.doubted());
                for name in doubted.union(&later) {
                    let name: Arc<str> = name.as_str().into();
                    node.directory
                        .order_own_hubs(|| HubMessage::Doubt(Arc::clone(&name)));
                }
            }
        }
        // Either way there is another look.
        let _ = tokio::time::timeout(LOOK_EVERY, node.rights.news.notified()).await;
        // News come in swarms.
        tokio::time::sleep(REST).await;
    }
}

/// Asks the database, which has so long to answer.
async fn ask<T: Send + 'static>(
    node: &Node,
    question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let answer = tokio::time::timeout(LOOK_WITHIN, node.database.look(question)).await;
    answer.unwrap_or_else(|_elapsed| Err(Refusal::unavailable()))
}

/// One look. Gives the channels that changed; none when they are not known one by one.
async fn look(node: &Node) -> Result<Option<Vec<String>>, Refusal> {
    if fault::is_at("rights.look") {
        return Err(Refusal::unavailable());
    }
    let version = node.rights.version.load(Ordering::Acquire);
    let changes = ask(node, move |reader| reader.channel_changes_since(version)).await?;
    if changes.version == version {
        return Ok(Some(Vec::new()));
    }
    let mut channels = changes.channels;
    if let Some(channels) = &mut channels {
        channels.sort_unstable();
        channels.dedup();
    }
    node.rights.forget(channels.as_deref());
    node.rights.version.store(changes.version, Ordering::Release);
    // Who is on one of them is judged anew: whoever took the old rule before it was forgotten is on it by now, or waits for that in
    // the same turn of its thread.
    let Some(channels) = channels else {
        node.directory.order_own_hubs(|| HubMessage::JudgeAll);
        return Ok(None);
    };
    let names = channels.clone();
    let judged = ask(node, move |reader| reader.channel_rights(&names)).await;
    // The changes are known by now and no later look tells of them: whoever may be concerned asks again.
    let Some(mut rights) = judged.ok().filter(|_| !fault::is_at("rights.judge")) else {
        node.directory.order_own_hubs(|| HubMessage::JudgeAll);
        return Ok(Some(channels));
    };
    let changed: Arc<[(Arc<str>, Rule)]> = channels
        .iter()
        .map(|name| (name.as_str().into(), rights.remove(name).unwrap_or_default()))
        .collect();
    node.directory
        .order_own_hubs(|| HubMessage::Judge(Arc::clone(&changed)));
    Ok(Some(channels))
}
