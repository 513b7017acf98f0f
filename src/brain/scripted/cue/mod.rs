//! What somebody meant, as far as words tell. The more definite meaning counts: a greeting with a question is a question.

mod things;

use super::pattern::{self as p, Plain};
use super::recall;
use super::words::Words;
use crate::brain::Persona;
use crate::brain::lore::{Thread, Topic, Ware};
use crate::domain::object::ItemKind;
use crate::domain::region::World;
use things::{about, deal, question};

/// What somebody meant.
#[derive(Clone, Debug)]
pub enum Cue {
    /// What needs nothing further to be answered.
    Plain(Plain),
    /// What does something cost.
    Price(Priced),
    /// Something to buy, please.
    Order(&'static Ware),
    /// Where is a place, by the indices of its region and its own.
    Place(usize, usize),
    /// Where is somebody.
    Whereabouts(&'static Persona),
    /// Who is somebody.
    WhoIs(&'static Persona),
    /// Would you take something to somebody.
    Errand(&'static Persona),
    /// The first turn of a thread, and whether that is sure; else it is a question like it.
    Opened(&'static Thread, bool),
    /// A question about a topic.
    AskedAbout(&'static Topic),
    /// A remark about a topic.
    ToldAbout(&'static Topic),
    /// A question about something unknown; the word that it is about.
    Question(Option<String>),
    /// Anything else.
    Remark,
}

/// Something with a price.
#[derive(Clone, Copy, Debug)]
pub enum Priced {
    /// What a shop sells.
    Ware(&'static Ware),
    /// What every stall sells.
    Item(ItemKind),
    /// Nothing that anybody sells, or nothing in particular.
    Unknown,
}

/// What somebody meant. `here`: the region.
pub fn cue(words: &Words, world: &World, here: &str) -> Cue {
    if let Some(cue) = deal(words) {
        return cue;
    }
    let opened = recall::opened(words);
    // Whoever asks a riddle does not ask for one.
    let is_riddle = |plain: &Plain| *plain == Plain::Joke && matches!(opened, Some((_, true)));
    if let Some(plain) = p::early(words).filter(|plain| !is_riddle(plain)) {
        return Cue::Plain(plain);
    }
    let question = words
        .is_question()
        .then(|| question(words, world, here))
        .flatten();
    if let Some(cue @ (Cue::Whereabouts(_) | Cue::WhoIs(_))) = question {
        return cue;
    }
    if let Some((thread, true)) = opened {
        return Cue::Opened(thread, true);
    }
    if let Some(plain) = p::question(words) {
        return Cue::Plain(plain);
    }
    if let Some(cue) = question {
        return cue;
    }
    if let Some(plain) = p::late(words) {
        return Cue::Plain(plain);
    }
    if let Some((thread, false)) = opened {
        return Cue::Opened(thread, false);
    }
    let is_greeting = p::is_greeting(words);
    match about(words) {
        _ if is_greeting && words.all().len() <= 12 => Cue::Plain(Plain::Greeting),
        Some(topic) if words.is_question() => Cue::AskedAbout(topic),
        Some(topic) => Cue::ToldAbout(topic),
        None if is_greeting => Cue::Plain(Plain::Greeting),
        None if words.is_question() => Cue::Question(words.subject().map(str::to_owned)),
        None => Cue::Remark,
    }
}

impl Cue {
    /// Whether words mean this whatever was said before; else they may be an answer to it.
    pub fn is_definite(&self) -> bool {
        match self {
            Cue::Plain(plain) => !matches!(
                plain,
                Plain::Yes
                    | Plain::No
                    | Plain::Thanks
                    | Plain::Paid
                    | Plain::Praise
                    | Plain::Greeting
                    | Plain::Back
            ),
            Cue::Opened(_, is_sure) => *is_sure,
            Cue::Order(_) | Cue::Whereabouts(_) | Cue::Errand(_) => true,
            Cue::Price(_) | Cue::Place(..) | Cue::WhoIs(_) => false,
            Cue::AskedAbout(_) | Cue::ToldAbout(_) | Cue::Question(_) | Cue::Remark => false,
        }
    }
}
