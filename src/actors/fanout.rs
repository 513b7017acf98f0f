//! Fan-out of what was committed: one encoded publication for all that hear it, one for each inbox.

use super::hub::HubMessage;
use super::node::Node;
use super::publication::Publication;
use crate::base::id::{AgentId, ShardId};
use crate::base::time::Tick;
use crate::bus::Topic;
use crate::bus::mirror::{MirrorBatch, MirrorEvent};
use crate::domain::event::{Event, EventKind};
use crate::domain::space::Cell;
use crate::store::commit::{Commit, InboxPosition};
use crate::telemetry::metric;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use std::cell::LazyCell;
use std::sync::Arc;

/// Sends what happened in one shard to the hubs of this node and to the mirror.
pub struct Fanout {
    node: Arc<Node>,
    shard: ShardId,
}

impl Fanout {
    /// The fan-out of a shard.
    pub fn new(node: Arc<Node>, shard: ShardId) -> Self {
        Self { node, shard }
    }

    /// Tells everybody whom a committed event concerns.
    pub fn spread(&self, commit: &Commit, seq: i64, inbox: &[InboxPosition]) {
        let event = &commit.event;
        metric::events(event.kind.name()).increment(1);
        if event.kind == EventKind::Speech {
            metric::messages(commit.region.clone()).increment(1);
        }
        // Encoded when the first one wants it, then shared: most payments concern nobody who looks.
        let data = LazyCell::new(|| events_data(commit.tick, event.wire(Some((self.shard.0, seq)))));
        self.spread_around(event, &commit.region, &data);
        for position in inbox {
            let offset = u64::try_from(position.offset).ok();
            let publication = LazyCell::new(|| {
                let channel = format!("#{}", position.owner).into();
                Publication::with_offset(channel, Bytes::clone(&data), offset, None)
            });
            let agent = position.agent;
            self.node.directory.tell_hubs(|| HubMessage::Inbox {
                agent,
                publication: Arc::clone(&publication),
            });
        }
        if event.is_public {
            self.tell_followers(event, &data);
            self.mirror(commit, (self.shard.0, seq));
        }
    }

    /// What a followed agent does goes to its followers, wherever their cameras look: to the nodes that they are connected to.
    fn tell_followers(&self, event: &Event, data: &LazyCell<Bytes, impl FnOnce() -> Bytes>) {
        let Some(source) = &event.source else {
            return;
        };
        let watchers = self.node.directory.watchers(source);
        if watchers.is_empty() {
            return;
        }
        let is_theirs = |node| watchers.iter().any(|watcher| watcher.node == Some(node));
        let publication = Publication::new(format!("spectator:{source}").into(), Bytes::clone(data));
        self.node
            .directory
            .tell_hubs_of(is_theirs, || HubMessage::Followed(Arc::clone(&publication)));
    }

    /// Public events of public regions only: anyone at Redis reads them.
    fn mirror(&self, commit: &Commit, position: (i32, i64)) {
        if !self.node.mirror.is_on() || !self.node.directory.world().is_public(&commit.region) {
            return;
        }
        let event = &commit.event;
        let payload = json!({"type": event.kind.name(), "source": event.source, "content": event.content, "tick": commit.tick});
        let watchers = event
            .source
            .as_ref()
            .map(|source| self.node.directory.watchers(source))
            .unwrap_or_default();
        if let Some(source) = event.source.as_ref().filter(|_| !watchers.is_empty()) {
            let data = json!({"type": event.kind.name(), "data": event.wire(Some(position))}).to_string();
            // Tools hear of it as they can; nothing here depends on it.
            let _ = self
                .node
                .bus
                .publish(Topic::Spectator(source.to_string()), Bytes::from(data));
        }
        let watchers = watchers
            .iter()
            .map(|watcher| watcher.session.to_string())
            .collect();
        let event = MirrorEvent {
            payload: payload.to_string(),
            watchers,
        };
        let (region, tick) = (commit.region.clone(), commit.tick.0);
        self.node.mirror.push(MirrorBatch {
            region,
            tick,
            events: vec![event],
            ..MirrorBatch::default()
        });
    }

    /// Tells the hearers and the spectators that look there.
    fn spread_around(&self, event: &Event, region: &str, data: &LazyCell<Bytes, impl FnOnce() -> Bytes>) {
        let seen_at = event
            .location
            .filter(|_| event.is_public)
            .map(|at| (self.shard, Cell::of(at)));
        if event.hearers.is_empty() && seen_at.is_none() {
            return;
        }
        let hearers: Arc<[AgentId]> = event.hearers.iter().map(|profile| profile.id).collect();
        let publication = Publication::new(format!("region:{region}").into(), Bytes::clone(data));
        let heard = || HubMessage::Heard {
            shard: Some(self.shard),
            publication: Arc::clone(&publication),
            hearers: Arc::clone(&hearers),
            seen_at,
        };
        let directory = &self.node.directory;
        directory.tell_hubs_around(self.shard, &hearers, heard);
    }

    /// Tells those around of something that is kept nowhere.
    pub fn spread_unstored(&self, event: &Event, region: &str) {
        let tick = self.node.tick();
        self.spread_around(
            event,
            region,
            &LazyCell::new(|| events_data(tick, event.wire(None))),
        );
    }
}

/// The payload of a publication of events and of an inbox entry, live and recovered: `{"tick", "events": [event]}`.
pub fn events_data(tick: Tick, event: impl Serialize) -> Bytes {
    #[derive(Serialize)]
    struct Events<E> {
        tick: Tick,
        events: [E; 1],
    }
    let events = [event];
    // Values with text keys always encode.
    serde_json::to_vec(&Events { tick, events })
        .unwrap_or_default()
        .into()
}
