//! What can be spoken of on the bus, and the names that Redis knows it by.

use crate::base::id::NodeId;

/// What a publication is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// A publication on a channel of clients, by the channel's name: `channel:{name}`.
    Channel(String),
    /// What happens in a region: `events:{region}`, each `{type, source, content, tick}`.
    RegionEvents(String),
    /// Where the agents of a region are: `positions:{region}`, each `{agent_id, x, y, z, tick}`.
    RegionPositions(String),
    /// What an agent lets spectators see of itself: `spectator:{agent_id}`, each `{type, data}`.
    Spectator(String),
    /// Word to everyone: `system:broadcast`, each `{message, priority}`.
    Broadcast,
    /// What nodes tell each other: `control`. Anyone who can reach Redis can write here: hints, never orders to trust.
    Control,
    /// What other nodes tell one node: `node:{id}`. Sealed by a secret that only nodes know.
    Node(NodeId),
}

impl Topic {
    /// The name of the Redis channel. A stream may have the same name as a channel: the two do not touch.
    pub(super) fn name(&self, prefix: &str) -> String {
        match self {
            Self::Channel(name) => format!("{prefix}channel:{name}"),
            Self::RegionEvents(region) => format!("{prefix}events:{region}"),
            Self::RegionPositions(region) => format!("{prefix}positions:{region}"),
            Self::Spectator(agent_id) => format!("{prefix}spectator:{agent_id}"),
            Self::Broadcast => format!("{prefix}system:broadcast"),
            Self::Control => format!("{prefix}control"),
            Self::Node(node) => format!("{prefix}node:{node}"),
        }
    }

    /// Whether publications carry the id of their node. The others are read by outside tools, who expect bare JSON.
    pub(super) fn is_between_nodes(&self) -> bool {
        match self {
            Self::Channel(_) | Self::Control | Self::Node(_) => true,
            Self::RegionEvents(_) | Self::RegionPositions(_) | Self::Spectator(_) | Self::Broadcast => false,
        }
    }

    /// Bytes of the name inside the topic.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Channel(name)
            | Self::RegionEvents(name)
            | Self::RegionPositions(name)
            | Self::Spectator(name) => name.len(),
            Self::Broadcast | Self::Control | Self::Node(_) => 0,
        }
    }
}
