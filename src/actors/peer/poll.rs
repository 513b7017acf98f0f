//! While Redis is away, what other nodes committed is read from the store, so that nobody here waits longer than a second for it.

use crate::actors::directory::Whereabouts;
use crate::actors::fanout::events_data;
use crate::actors::hub::HubMessage;
use crate::actors::node::Node;
use crate::actors::publication::Publication;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::space::{Cell, Vec3};
use crate::store::missed::{Missed, MissedEntry};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks. Source: durability.md §3.5.
const LOOK: Duration = Duration::from_millis(250);
/// While all is well the numbers are noted every so many looks.
const NOTES_EVERY: u32 = 8;
/// Events of a shard, and entries of inboxes, in one look.
const READ_MAX: i64 = 500;

/// Up to where another node's events were heard by way of Redis.
#[derive(Clone)]
struct Mark {
    at: Timestamp,
    /// The same of inboxes.
    entries_at: Timestamp,
    seqs: HashMap<ShardId, i64>,
}

impl Mark {
    /// As of now. None: the database does not answer.
    async fn now(node: &Node) -> Option<Self> {
        let at = node.now();
        let seqs = node.database.read(|reader| reader.last_seqs()).await.ok()?;
        Some(Self {
            at,
            entries_at: at,
            seqs: seqs.into_iter().collect(),
        })
    }
}

/// The last two marks. That Redis is away is noticed a moment later: what was noted just before may be too far already.
struct Marks {
    older: Mark,
    newer: Mark,
}

/// Polls for as long as the node runs.
pub(super) async fn keep_polling(node: Arc<Node>) {
    let mut marks: Option<Marks> = None;
    let mut looks: u32 = 0;
    loop {
        match &mut marks {
            Some(marks) if node.bus.status().is_degraded => {
                poll(&node, &mut marks.older).await;
                marks.newer = marks.older.clone();
            }
            Some(marks) if looks.is_multiple_of(NOTES_EVERY) => {
                if let Some(mark) = Mark::now(&node).await {
                    marks.older = std::mem::replace(&mut marks.newer, mark);
                }
            }
            Some(_) => {}
            // Whether Redis is there or not: it may be away from the start.
            none => {
                *none = Mark::now(&node).await.map(|mark| Marks {
                    older: mark.clone(),
                    newer: mark,
                });
            }
        }
        looks = looks.wrapping_add(1);
        tokio::time::sleep(LOOK).await;
    }
}

async fn poll(node: &Arc<Node>, mark: &mut Mark) {
    let lasts = node.database.read(|reader| reader.last_seqs()).await;
    for (shard, last) in lasts.unwrap_or_default() {
        // Of one that was made since then nothing was heard.
        let after = mark.seqs.get(&shard).copied().unwrap_or(0);
        match node.directory.find(shard) {
            Whereabouts::There(_) if last > after => poll_shard(node, mark, shard, (after, last)).await,
            Whereabouts::There(_) | Whereabouts::Nowhere => {}
            // What happens here is told here, also when it goes to another node in a moment.
            Whereabouts::Here(_) => drop(mark.seqs.insert(shard, last)),
        }
    }
    poll_inboxes(node, mark).await;
}

async fn poll_shard(node: &Arc<Node>, mark: &mut Mark, shard: ShardId, (after, last): (i64, i64)) {
    let since = mark.at;
    let read = node
        .database
        .read(move |reader| reader.missed(shard, after, since, READ_MAX));
    let Ok(events) = read.await else {
        return;
    };
    let read = events.last().map(|event| event.seq);
    // What is left comes with the next look.
    let is_whole = i64::try_from(events.len()).is_ok_and(|count| count < READ_MAX);
    let heard = if is_whole { read.max(Some(last)) } else { read };
    mark.seqs.insert(shard, heard.unwrap_or(after));
    for event in events {
        tell(node, shard, &event);
    }
}

async fn poll_inboxes(node: &Arc<Node>, mark: &mut Mark) {
    let agents: Vec<(AgentId, Handle)> = node
        .homes
        .handles()
        .into_iter()
        .filter_map(|handle| Some((node.directory.online(&handle)?.id, handle)))
        .collect();
    let entries_since = mark.entries_at;
    let ids: Vec<AgentId> = agents.iter().map(|(id, _)| *id).collect();
    let names: HashMap<AgentId, Handle> = agents.into_iter().collect();
    // The last ones are told again: sockets know by the offsets what they have.
    let read = node
        .database
        .read(move |reader| reader.missed_entries(&ids, entries_since, READ_MAX));
    for entry in read.await.unwrap_or_default() {
        mark.entries_at = entry.at;
        if let Some(handle) = names.get(&entry.agent) {
            tell_inbox(node, handle, &entry);
        }
    }
}

/// Where an event is.
#[derive(Deserialize)]
struct Place {
    location: Option<Vec3>,
}

fn tell(node: &Node, shard: ShardId, event: &Missed) {
    let handles = event
        .hearers
        .split(',')
        .filter_map(|handle| Handle::new(handle).ok());
    let hearers: Arc<[AgentId]> = handles
        .filter(|handle| node.homes.node_of(handle).is_some())
        .filter_map(|handle| Some(node.directory.online(&handle)?.id))
        .collect();
    let place = Place::deserialize(&event.payload).ok();
    let at = place.and_then(|place| place.location).filter(|_| event.is_public);
    let channel = format!("region:{}", event.region).into();
    let publication = Publication::new(channel, events_data(event.tick, &event.payload));
    node.directory.tell_own_hubs(|| HubMessage::Heard {
        publication: Arc::clone(&publication),
        hearers: Arc::clone(&hearers),
        shard: None,
        seen_at: at.map(|at| (shard, Cell::of(at))),
    });
}

fn tell_inbox(node: &Node, handle: &Handle, entry: &MissedEntry) {
    let (agent, offset) = (entry.agent, u64::try_from(entry.offset).ok());
    let data = events_data(entry.tick, &entry.payload);
    let publication = Publication::with_offset(format!("#{handle}").into(), data, offset, None);
    node.directory.tell_own_hubs(|| HubMessage::Inbox {
        agent,
        publication: Arc::clone(&publication),
    });
}
