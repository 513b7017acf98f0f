//! Floor 2: deciding what an agent does. Pure: a perception goes in, intents come out; whoever owns the agent acts them.

pub mod dice;
pub mod perception;
pub mod persona;
pub mod scripted;

pub use dice::Dice;
pub use perception::{Heard, HeardKind, Intent, Me, Neighbour, Perception, Sky, Thought};
pub use persona::Persona;
pub use scripted::Scripted;

use crate::domain::refusal::Code;

/// What decides for an agent. Later brains are further variants; the owner of the agent does not tell them apart.
pub enum Brain {
    /// Rules and phrases, without any model.
    Scripted(Box<Scripted>),
}

impl Brain {
    /// A scripted brain for a persona. `seed`: what its chance starts from.
    pub fn scripted(persona: Persona, seed: u64) -> Self {
        Self::Scripted(Box::new(Scripted::new(persona, Dice::new(seed))))
    }

    /// Decides what to do next. At most [`scripted::INTENTS_MAX`] intents.
    pub fn think(&mut self, perception: &Perception<'_>) -> Thought {
        match self {
            Brain::Scripted(scripted) => scripted.think(perception),
        }
    }

    /// Learns that an intent was refused, and why.
    pub fn refused(&mut self, intent: &Intent, code: Code) {
        match self {
            Brain::Scripted(scripted) => scripted.refused(intent, code),
        }
    }
}
