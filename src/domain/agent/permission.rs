//! Permissions: the ceiling of what an agent may do.

use serde::{Deserialize, Serialize};

/// One right. Everybody may perceive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Ask about the world and oneself.
    Perceive,
    /// Walk, follow, teleport.
    Move,
    /// Say, whisper, converse.
    Speak,
    /// Show feelings and status.
    Emote,
    /// Pay, give, buy, use things.
    Trade,
    /// Run the server.
    Admin,
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(u8);

const NAMED: [(Permission, &str, u8); 6] = [
    (Permission::Perceive, "perceive", 1),
    (Permission::Move, "move", 2),
    (Permission::Speak, "speak", 4),
    (Permission::Emote, "emote", 8),
    (Permission::Trade, "trade", 16),
    (Permission::Admin, "admin", 32),
];

impl Permissions {
    /// What a new agent gets.
    pub fn of_new_agent() -> Self {
        Self::from_names(["move", "speak", "emote", "trade"])
    }

    /// The set of the named permissions; unknown names give nothing.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let bits = names
            .into_iter()
            .filter_map(|name| NAMED.iter().find(|row| row.1 == name))
            .fold(0, |bits, row| bits | row.2);
        Self(bits)
    }

    /// The names in a fixed order, without `perceive`, which goes without saying.
    pub fn names(self) -> Vec<&'static str> {
        NAMED
            .iter()
            .filter(|row| row.2 != 1 && self.0 & row.2 != 0)
            .map(|row| row.1)
            .collect()
    }

    /// Whether the set holds a permission.
    pub fn has(self, permission: Permission) -> bool {
        permission == Permission::Perceive
            || NAMED.iter().any(|row| row.0 == permission && self.0 & row.2 != 0)
    }

    /// The permissions that are in both sets: a token is a ceiling, never a grant.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_narrows_and_never_widens() {
        let agent = Permissions::from_names(["move", "speak"]);
        let token = Permissions::from_names(["speak", "admin", "nonsense"]);
        assert_eq!(agent.and(token).names(), ["speak"]);
        assert!(agent.has(Permission::Perceive) && !agent.has(Permission::Trade));
    }
}
