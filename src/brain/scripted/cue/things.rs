//! Things, places and people that words are about.

use super::{Cue, Priced};
use crate::brain::lore::{Topic, Ware, shop, topic};
use crate::brain::scripted::pattern as p;
use crate::brain::scripted::words::Words;
use crate::domain::object::ItemKind;
use crate::domain::region::World;

/// Something is to be bought or carried.
pub(super) fn deal(words: &Words) -> Option<Cue> {
    if words.phrase(p::CARRYING)
        && words.any(p::CARRIED)
        && let Some(person) = words.person()
    {
        return Some(Cue::Errand(person));
    }
    let ware = words.phrase(p::ORDERING).then(|| ware(words)).flatten()?;
    Some(Cue::Order(ware))
}

pub(super) fn question(words: &Words, world: &World, here: &str) -> Option<Cue> {
    if words.any(p::PRICING) || words.phrase("how much") {
        return Some(Cue::Price(priced(words)));
    }
    if words.phrase(p::LOOKING) || words.any("where where's") {
        if let Some(person) = words.person() {
            return Some(Cue::Whereabouts(person));
        }
        if let Some((region, place)) = words.place(&world.regions, here) {
            return Some(Cue::Place(region, place));
        }
    }
    if words.phrase(p::KNOWING)
        && let Some(person) = words.person()
    {
        return Some(Cue::WhoIs(person));
    }
    None
}

fn priced(words: &Words) -> Priced {
    if let Some(ware) = ware(words) {
        return Priced::Ware(ware);
    }
    let is_named = |item: &ItemKind| words.any(item.name()) || words.any(&format!("{}s", item.name()));
    ItemKind::ALL
        .into_iter()
        .find(is_named)
        .map_or(Priced::Unknown, Priced::Item)
}

/// The ware that most words name.
fn ware(words: &Words) -> Option<&'static Ware> {
    let score = |ware: &Ware| {
        let named = |word: &&str| words.any(word) || words.any(&format!("{word}s"));
        ware.words().filter(named).count()
    };
    let all = shop::shops().iter().flat_map(|shop| &shop.wares);
    // The first of equals: bread before a roll of bread.
    let best = all.rev().max_by_key(|ware| score(ware))?;
    (score(best) > 0).then_some(best)
}

/// The topic that most words belong to.
pub(super) fn about(words: &Words) -> Option<&'static Topic> {
    let score = |topic: &Topic| {
        let all = words.all().iter();
        all.filter(|word| topic.words.contains(&word.as_str())).count()
    };
    let best = topic::topics().iter().rev().max_by_key(|topic| score(topic))?;
    (score(best) > 0).then_some(best)
}
