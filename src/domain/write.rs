//! Writes: what a durable action asks of the database, all of it in one transaction with the action's event.

use crate::base::id::{AgentId, ConversationId, ShardId};
use crate::domain::agent::Handle;
use crate::domain::chat::Volume;
use crate::domain::conversation::Conversation;
use crate::domain::ledger::{Amount, Payee, TransferCode};
use crate::domain::object::{ItemKind, ObjectChange};
use crate::domain::space::Vec3;

/// One change of durable state. The acting agent is that of the commit.
#[derive(Clone, Debug)]
pub enum Write {
    /// Moves money from the agent's wallet. Refused in the transaction: `target_not_found`, `insufficient_funds`, `account_frozen`.
    /// Its outcome merges `{transfer_id, balance}` into the result.
    Transfer {
        /// Who gets it.
        to: Payee,
        /// How much, in minor units.
        amount: Amount,
        /// Why.
        code: TransferCode,
        /// What the payer says of it.
        note: Option<String>,
    },
    /// Keeps what was said. A recipient makes it private; refused when there is no such agent: `target_not_found`.
    Chat {
        /// The one addressed; none for everybody in range.
        recipient: Option<Handle>,
        /// The text.
        message: String,
        /// How loud.
        volume: Volume,
    },
    /// Makes the agent's place durable: it now stands in this shard. Zero rows with the expected `hop` = a hand-off that was overtaken.
    Relocate {
        /// The region it is in now.
        region: String,
        /// The shard it is in now.
        shard: ShardId,
        /// Where.
        at: Vec3,
        /// The count of hand-offs before this one.
        hop: i64,
        /// Whether it is in the world (enters, stays) or leaves it.
        is_in_world: bool,
        /// What it takes along from another shard, as its new shard encoded it. It counts until that shard has a checkpoint.
        carried: Option<String>,
    },
    /// Changes an object's state.
    UseObject {
        /// Which object.
        object_id: String,
        /// How.
        change: ObjectChange,
    },
    /// Makes items for the agent.
    GrantItem {
        /// What.
        item: ItemKind,
        /// How many.
        quantity: i32,
    },
    /// Hands items to another agent. Refused in the transaction: `not_owner` when the agent does not hold as many.
    GiveItem {
        /// Which stack of the agent, by id or kind.
        item: String,
        /// To whom.
        to: AgentId,
        /// How many.
        quantity: i32,
    },
    /// Stores a conversation's new state, whole: it is small, and one writer owns it.
    Conversation(Box<Conversation>),
    /// Appends a line to a conversation.
    ConversationLine {
        /// The conversation.
        conversation: ConversationId,
        /// Dense number of the line in it, from 1.
        number: i64,
        /// To whom in particular.
        addressed_to: Vec<Handle>,
        /// The text.
        text: String,
    },
}
