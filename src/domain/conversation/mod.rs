//! Conversations: a dialogue of up to eight agents with a floor. Source: society.md §5.5.

use crate::base::id::{AgentId, ConversationId};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use serde::{Deserialize, Serialize};

/// Most members, the initiator counted.
pub const MEMBERS_MAX: usize = 8;

/// Where a conversation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The initiator waits for the invited.
    Proposed,
    /// At least two take part.
    Open,
    /// A farewell round.
    Closing,
    /// Over; never changes again.
    Closed,
}

/// Where a member is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberPhase {
    /// Asked, not answered.
    Invited,
    /// Said yes, on the way.
    Joining,
    /// Takes part.
    Participating,
    /// Went.
    Left,
    /// Said no.
    Declined,
    /// Never answered.
    TimedOut,
}

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub agent: AgentId,
    /// Its public handle.
    pub handle: Handle,
    /// Where it is in the conversation.
    pub phase: MemberPhase,
    /// Since when.
    pub since: Timestamp,
    /// When it last spoke.
    pub spoke_at: Option<Timestamp>,
}

/// The right to speak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Who has it.
    pub holder: AgentId,
    /// Until when.
    pub until: Timestamp,
}

/// A conversation, whole. Owned by one `ConversationActor`; stored after each change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The region it takes place in.
    pub region: String,
    /// What about.
    pub topic: Option<String>,
    /// Where it is in its life.
    pub phase: Phase,
    /// Everybody who was ever asked.
    pub members: Vec<Member>,
    /// Who may speak.
    pub floor: Option<Floor>,
    /// Who should speak next, when somebody was addressed.
    pub next_speaker: Option<AgentId>,
    /// How many lines were spoken.
    pub line_count: i64,
    /// When it was proposed.
    pub opened_at: Timestamp,
    /// When the last line was spoken, or the phase changed.
    pub last_at: Timestamp,
    /// Why it ended.
    pub close_reason: Option<String>,
}
