//! Conversations: a dialogue of up to eight agents with a floor. Source: society.md §5.5.

pub mod accept;
pub mod decline;
mod engagement;
mod floor;
pub mod invite;
pub mod leave;
mod life;
pub mod line;
#[cfg(test)]
mod properties;
pub mod release;
pub mod start;
pub mod take_floor;
#[cfg(test)]
mod tests;
mod timing;

pub use engagement::leave_behind;
pub use life::Departure;
pub use timing::Happening;

use crate::base::id::{AgentId, ConversationId};
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Decision, Scene};
use crate::domain::write::Write;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Most members, the initiator and those that went counted.
pub const MEMBERS_MAX: usize = 8;
/// How near one must be to be asked, and to say yes. Units: metres. Source: society.md §5.2.
pub const INVITE_RANGE_M: f64 = 20.0;
/// How near one must be to take part. Units: metres.
pub const TALK_RANGE_M: f64 = 5.0;
/// How long an invitation, and the way there, may take. Units: milliseconds. Source: society.md §5.4.
pub const INVITE_MS: i64 = 60_000;
/// How long nobody may speak. Units: milliseconds. Source: society.md §5.4.
pub const SILENCE_MS: i64 = 60_000;
/// How long the floor is held. Units: milliseconds. Source: society.md §5.4.
pub const FLOOR_MS: i64 = 30_000;
/// How long a conversation lasts, from its proposal to its farewell round. Units: milliseconds. Source: society.md §5.4.
pub const LENGTH_MS: i64 = 600_000;
/// The pause after a line, for reading it. Units: milliseconds. Source: society.md §5.5.
pub const PAUSE_MS: i64 = 2_000;
/// How long the farewell round lasts. Units: milliseconds. Source: society.md §5.5.
pub const CLOSING_MS: i64 = 20_000;
/// Between two conversations. Units: milliseconds. Source: society.md §5.4.
pub const COOLDOWN_MS: i64 = 15_000;
/// Between two conversations with the same partner. Units: milliseconds. Source: society.md §5.4.
pub const PARTNER_COOLDOWN_MS: i64 = 60_000;
/// Longest line. Units: bytes of UTF-8. Source: society.md §5.4.
pub const LINE_BYTES_MAX: usize = 1024;

impl JsonSchema for ConversationId {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("ConversationId")
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uuid"})
    }
}

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
    /// Whether it spoke its line of the farewell round.
    #[serde(default)]
    pub has_said_farewell: bool,
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
    /// Who proposed it.
    pub initiator: Handle,
    /// What about.
    pub topic: Option<String>,
    /// Where it is in its life.
    pub phase: Phase,
    /// Everybody who was asked, those that went included; at most `MEMBERS_MAX`.
    pub members: Vec<Member>,
    /// Who may speak.
    pub floor: Option<Floor>,
    /// Who gets the floor when the pause is over; when none, whoever takes it first.
    pub next_speaker: Option<AgentId>,
    /// Until when the last line is being read and nobody has the floor.
    #[serde(default)]
    pub pause_until: Option<Timestamp>,
    /// When the farewell round ends; only while closing.
    #[serde(default)]
    pub closing_until: Option<Timestamp>,
    /// How many lines were spoken.
    pub line_count: i64,
    /// When it was proposed.
    pub opened_at: Timestamp,
    /// When the last line was spoken, or the phase changed.
    pub last_at: Timestamp,
    /// Why it ends or ended: `done`, `declined`, `timeout`, `silence` or `limit`.
    pub close_reason: Option<String>,
}

impl Phase {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Proposed => "proposed",
            Phase::Open => "open",
            Phase::Closing => "closing",
            Phase::Closed => "closed",
        }
    }
}

impl MemberPhase {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            MemberPhase::Invited => "invited",
            MemberPhase::Joining => "joining",
            MemberPhase::Participating => "participating",
            MemberPhase::Left => "left",
            MemberPhase::Declined => "declined",
            MemberPhase::TimedOut => "timed_out",
        }
    }

    /// Whether the member takes part or still may.
    pub fn is_current(self) -> bool {
        matches!(
            self,
            MemberPhase::Invited | MemberPhase::Joining | MemberPhase::Participating
        )
    }
}

/// What of its state forbids a step; the first word of a `conversation_state` refusal's detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Another has the floor, or gets it next, or the last line is being read.
    FloorTaken,
    /// Nobody has the floor: it must be taken first.
    FloorNotHeld,
    /// Nobody has accepted yet.
    NotOpen,
    /// The agent is a member, and takes no part.
    NotParticipant,
    /// The farewell is said.
    LineLimit,
    /// The member's phase does not lead there.
    WrongMemberState,
    /// The agent is in a conversation.
    AlreadyConversing,
    /// There are as many members as may be.
    Full,
    /// The farewell round has begun.
    Closing,
    /// It is over.
    Closed,
}

impl Obstacle {
    /// The refusal `conversation_state` that names the obstacle.
    pub fn refusal(self) -> Refusal {
        let detail = match self {
            Obstacle::FloorTaken => "floor_taken: another member has the floor or is next",
            Obstacle::FloorNotHeld => "floor_not_held: take the floor first",
            Obstacle::NotOpen => "not_open: nobody has joined yet",
            Obstacle::NotParticipant => "not_participant: the agent takes no part in the conversation",
            Obstacle::LineLimit => "line_limit: the agent has said its farewell",
            Obstacle::WrongMemberState => "wrong_member_state: the member's state does not allow that",
            Obstacle::AlreadyConversing => "already_conversing: the agent is in a conversation",
            Obstacle::Full => "full: a conversation has at most 8 members",
            Obstacle::Closing => "closing: the farewell round has begun",
            Obstacle::Closed => "closed: the conversation is over",
        };
        Refusal::new(Code::ConversationState, detail)
    }
}

impl Conversation {
    /// A member, whatever its phase.
    pub fn member(&self, agent: AgentId) -> Option<&Member> {
        self.members.iter().find(|member| member.agent == agent)
    }

    /// Those who take part.
    pub fn participants(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.phase == MemberPhase::Participating)
    }

    /// Most lines before the farewell round: 16 for two, 8 each for more, never above 40. Source: society.md §5.4.
    pub fn line_limit(&self) -> i64 {
        let took_part =
            |member: &&Member| matches!(member.phase, MemberPhase::Participating | MemberPhase::Left);
        let count = i64::try_from(self.members.iter().filter(took_part).count()).unwrap_or(0);
        if count <= 2 { 16 } else { (8 * count).min(40) }
    }

    /// The handles of the members that take part or still may.
    pub fn current_handles(&self) -> Vec<Handle> {
        self.members
            .iter()
            .filter(|member| member.phase.is_current())
            .map(|member| member.handle.clone())
            .collect()
    }

    /// An event of this conversation with its id and phase in the content; it goes into the inboxes of `audience`,
    /// its source excepted, and to nobody else.
    fn event(&self, kind: EventKind, source: Option<Handle>, audience: Vec<Handle>, content: Value) -> Event {
        let mut fields = serde_json::Map::new();
        fields.insert("conversation_id".to_owned(), json!(self.id));
        fields.insert("phase".to_owned(), json!(self.phase.name()));
        if let Value::Object(more) = content {
            fields.extend(more);
        }
        let inbox = audience
            .into_iter()
            .filter(|handle| Some(handle) != source.as_ref())
            .collect();
        Event {
            inbox,
            ..Event::new(kind, source, Value::Object(fields))
        }
    }

    fn member_mut(&mut self, agent: AgentId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.agent == agent)
    }

    /// A member's phase and handle. Errors: `not_found` for those who are none, `conversation_state` when it is over.
    fn standing(&self, agent: AgentId) -> Result<(MemberPhase, Handle), Refusal> {
        let member = self.member(agent).ok_or_else(not_found)?;
        match self.phase {
            Phase::Closed => Err(Obstacle::Closed.refusal()),
            Phase::Proposed | Phase::Open | Phase::Closing => Ok((member.phase, member.handle.clone())),
        }
    }

    /// The handle of one who takes part. Errors: those of `standing`, and `conversation_state`.
    fn participant(&self, agent: AgentId) -> Result<Handle, Refusal> {
        match self.standing(agent)? {
            (MemberPhase::Participating, handle) => Ok(handle),
            _ => Err(Obstacle::NotParticipant.refusal()),
        }
    }
}

/// A private id that is not the agent's answers like one that does not exist.
fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "no such conversation")
}

/// A copy of the scene's conversation, to decide on. Errors: `not_found` when it is another, or the agent is no member.
fn copy_of(scene: &Scene<'_>, id: ConversationId) -> Result<Conversation, Refusal> {
    let found = scene
        .conversation
        .filter(|conversation| conversation.id == id && conversation.member(scene.me.id).is_some());
    found.cloned().ok_or_else(not_found)
}

/// The decision that stores a conversation's new state with the event that led to it.
fn decision(after: Conversation, event: Event, result: Value) -> Decision {
    let mut fields = serde_json::Map::new();
    fields.insert("conversation_id".to_owned(), json!(after.id));
    fields.insert("phase".to_owned(), json!(after.phase.name()));
    if let Value::Object(more) = result {
        fields.extend(more);
    }
    Decision::answer(Value::Object(fields))
        .event(event)
        .write(Write::Conversation(Box::new(after)))
}
