//! What words mean.

use super::world;
use crate::brain::scripted::cue::{Cue, Priced, cue};
use crate::brain::scripted::pattern::Plain;
use crate::brain::scripted::words::Words;
use crate::domain::object::ItemKind;

fn meant(text: &str) -> Cue {
    cue(&Words::of(text), &world(), "main")
}

fn plain(text: &str) -> Plain {
    match meant(text) {
        Cue::Plain(plain) => plain,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn meanings_are_told_apart() {
    for (text, wanted) in [
        ("Hello!", Plain::Greeting),
        ("Good morning, Ada.", Plain::Greeting),
        ("hey Ada, how are you?", Plain::HowAreYou),
        ("What's your name?", Plain::Who),
        ("How is the weather?", Plain::Weather),
        ("What time is it?", Plain::Time),
        ("what are you doing?", Plain::Doing),
        ("What do you sell?", Plain::Goods),
        ("Are you a bot?", Plain::Nature),
        ("Where am I?", Plain::Here),
        ("what can I do here?", Plain::Help),
        ("Tell me a joke", Plain::Joke),
        ("Thanks a lot, Bram", Plain::Thanks),
        ("See you, Bram!", Plain::Farewell),
        ("Come with me to the hall", Plain::Invitation),
        ("Nine, I think. And you, Ada?", Plain::Back),
        ("Is there any work for me, Mina?", Plain::WorkWanted),
        ("You are an idiot", Plain::Rude),
        ("1.60, Bram. Keep the paper.", Plain::Paid),
        ("♪ Oh the miller ♪", Plain::Song),
    ] {
        assert_eq!(plain(text), wanted, "{text}");
    }
    assert!(matches!(meant(""), Cue::Remark));
    assert!(
        matches!(meant("I found mushrooms on the trail"), Cue::ToldAbout(topic) if topic.name == "forest")
    );
    assert!(matches!(meant("Do you play the fiddle?"), Cue::AskedAbout(topic) if topic.name == "music"));
    assert!(
        matches!(meant("Do you believe in lighthouses?"), Cue::Question(Some(word)) if word == "lighthouses")
    );
    assert!(matches!(meant("Really?"), Cue::Question(None)));
    let riddle = "A riddle for you, Ada: what has teeth and cannot bite?";
    assert!(matches!(meant(riddle), Cue::Opened(thread, true) if thread.opening.contains("teeth")));
}

#[test]
fn things_people_and_places_are_recognised() {
    assert!(matches!(
        meant("How much is a lantern?"),
        Cue::Price(Priced::Item(ItemKind::Lantern))
    ));
    assert!(matches!(meant("how much is bread"), Cue::Price(Priced::Ware(ware)) if ware.price_minor == 300));
    assert!(matches!(
        meant("What are the prices like"),
        Cue::Price(Priced::Unknown)
    ));
    assert!(
        matches!(meant("A cup of coffee, please, Tilda."), Cue::Order(ware) if ware.name == "a cup of coffee")
    );
    assert!(
        matches!(meant("May I have a bowl of soup, Mina?"), Cue::Order(ware) if ware.name == "a bowl of soup")
    );
    let Cue::Place(region, place) = meant("Where is the duck pond?") else {
        panic!("no place")
    };
    assert_eq!(world().regions[region].places[place].name, "Duck Pond");
    assert!(
        matches!(meant("Have you seen Hugo today, Ada?"), Cue::Whereabouts(person) if person.slug == "hugo")
    );
    assert!(matches!(meant("Who is Hugo?"), Cue::WhoIs(person) if person.slug == "hugo"));
    assert!(matches!(meant("Do you know Rosa?"), Cue::WhoIs(person) if person.slug == "rosa"));
    assert!(
        matches!(meant("Would you take a letter to Nils for me, Ada?"), Cue::Errand(person) if person.slug == "nils")
    );
}
