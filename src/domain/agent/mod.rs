//! Agents: who they are to each other. Where one stands is the region's business, what it owns the database's.

mod handle;
mod name;
mod permission;
mod revocation;
pub mod set_status;

pub use handle::Handle;
pub use name::Name;
pub use permission::{Permission, Permissions};
pub use revocation::{Revocation, RevocationKind};

use crate::base::id::AgentId;
use serde::{Deserialize, Serialize};

/// What everybody may rely on about an agent while it is in the world. Shared as `Arc<Profile>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The id inside the server.
    pub id: AgentId,
    /// The public handle: `agent_id` on the wire.
    pub handle: Handle,
    /// The display name.
    pub name: String,
    /// What it may do.
    pub permissions: Permissions,
    /// What it looks like, by name: `avatar_type` on the wire.
    pub avatar_type: String,
    /// Whether spectators may follow its inner life.
    pub is_public: bool,
    /// Whether spectators may send it prompts.
    pub accepts_prompts: bool,
}
