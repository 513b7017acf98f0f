//! Events: what happened. The store writes them, sockets and spectators see them, tests assert on them.

use crate::domain::agent::{Handle, Profile};
use crate::domain::space::Vec3;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

macro_rules! kinds {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The kind of an event: the same name on the wire and in the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the wire name says it")]
        pub enum EventKind { $($variant),* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$variant),*];

            /// The name on the wire and in the table.
            pub const fn name(self) -> &'static str {
                match self { $(EventKind::$variant => $name),* }
            }

            /// The kind with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(EventKind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    AgentSpawn = "agent_spawn", AgentDespawn = "agent_despawn", AgentTeleport = "agent_teleport", AgentCrossed = "agent_crossed", AgentStatus = "agent_status",
    Speech = "speech", Whisper = "whisper", Emote = "emote", ObjectUse = "object_use", ItemGive = "item_give", Payment = "payment",
    RegionChange = "region_change", WeatherChange = "weather_change", FollowEnded = "follow_ended", Prompt = "prompt", SystemMessage = "system_message",
    ConversationProposed = "conversation_proposed", ConversationOpened = "conversation_opened",
    ConversationMemberJoined = "conversation_member_joined", ConversationMemberLeft = "conversation_member_left",
    ConversationFloorTaken = "conversation_floor_taken", ConversationFloorReleased = "conversation_floor_released",
    ConversationLine = "conversation_line", ConversationClosing = "conversation_closing", ConversationClosed = "conversation_closed",
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// What kind.
    pub kind: EventKind,
    /// Who did it.
    pub source: Option<Handle>,
    /// Whom it concerns.
    pub target: Option<Handle>,
    /// What, by kind; a JSON object.
    pub content: Value,
    /// Where it happened.
    pub location: Option<Vec3>,
    /// The agents that hear or see it around them, fixed at the decision.
    pub hearers: Vec<Arc<Profile>>,
    /// The agents that get it in their inbox.
    pub inbox: Vec<Handle>,
    /// Whether spectators may see it.
    pub is_public: bool,
}

impl Event {
    /// An event that nobody is told of yet.
    pub fn new(kind: EventKind, source: Option<Handle>, content: Value) -> Self {
        Self {
            kind,
            source,
            target: None,
            content,
            location: None,
            hearers: Vec::new(),
            inbox: Vec::new(),
            is_public: false,
        }
    }

    /// The same event at a place.
    pub fn at(mut self, location: Vec3) -> Self {
        self.location = Some(location.rounded());
        self
    }

    /// The same event, about an agent.
    pub fn about(mut self, target: Handle) -> Self {
        self.target = Some(target);
        self
    }

    /// The same event, heard by these.
    pub fn heard_by(mut self, hearers: Vec<Arc<Profile>>) -> Self {
        self.hearers = hearers;
        self
    }

    /// The same event, put into this inbox too.
    pub fn to_inbox(mut self, owner: Handle) -> Self {
        self.inbox.push(owner);
        self
    }

    /// The same event, seen by spectators too.
    pub fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// The entry in a publication's `events` list, with the shard and number of a stored event.
    pub fn wire(&self, position: Option<(i32, i64)>) -> WireEvent<'_> {
        WireEvent {
            kind: self.kind.name(),
            shard: position.map(|(shard, _)| shard),
            seq: position.map(|(_, seq)| seq),
            source: self.source.as_ref(),
            target: self.target.as_ref(),
            content: &self.content,
            location: self.location,
        }
    }

    /// The same entry as a value of its own.
    pub fn to_wire(&self, position: Option<(i32, i64)>) -> Value {
        json!(self.wire(position))
    }
}

/// An event as publications carry it. Shape: `{type, shard?, seq?, source?, target?, content, location?}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WireEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a Handle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a Handle>,
    content: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Vec3>,
}
