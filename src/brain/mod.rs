//! Floor 2: deciding what an agent does. A perception goes in, intents come out; whoever owns the agent acts them. What decides
//! is a [`Mind`]; the scripted one needs no model, and is pure: time and chance are given to it.

pub mod dice;
pub mod lore;
pub mod perception;
pub mod persona;
pub mod scripted;

pub use dice::Dice;
pub use perception::{Heard, HeardKind, Intent, Me, Neighbour, Perception, Sky, Thought};
pub use persona::Persona;
pub use scripted::Scripted;

use crate::domain::refusal::Code;
use std::pin::Pin;

/// A thought under way.
pub type Thinking<'a> = Pin<Box<dyn Future<Output = Thought> + 'a>>;

/// What decides for an agent. The owner of the agent does not tell one mind from another.
pub trait Mind {
    /// Decides what to do next: at most [`INTENTS_MAX`] intents. The answer may take its time: the agent goes on with what it
    /// does, and what it hears meanwhile comes with the next perception. A mind that spends something on its thoughts keeps
    /// its own budget, and thinks nothing when that is gone.
    ///
    /// The owner may drop a thought that takes too long; the mind must be good for another one afterwards.
    fn think<'a>(&'a mut self, around: &'a Perception<'a>) -> Thinking<'a>;

    /// Learns that an intent was refused and why, or that it was not tried because an earlier one of the same thought was.
    fn refused(&mut self, intent: &Intent, code: Code);
}

/// Most intents of one thought.
pub const INTENTS_MAX: usize = 4;

/// The mind of an inhabitant without any model. `seed`: what its chance starts from.
pub fn scripted(persona: Persona, seed: u64) -> Box<dyn Mind> {
    Box::new(Scripted::new(persona, Dice::new(seed)))
}
