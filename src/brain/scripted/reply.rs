//! What to say to this.

use super::Scripted;
use super::cue::{Cue, Priced};
use super::grammar::Gaps;
use super::pattern::Plain;
use super::spoken::{self, money};
use super::{phrases, talk::Open};
use crate::brain::lore::{Shop, shop};
use crate::brain::{Perception, Persona};
use crate::domain::agent::Handle;

impl Scripted {
    /// What to say to this.
    pub(super) fn reply(&mut self, cue: &Cue, from: &Handle, name: &str, around: &Perception<'_>) -> String {
        let mut gaps = self.gaps(name, around);
        let phrases = match cue {
            Cue::Plain(plain) => return self.reply_plain(*plain, from, &gaps, around),
            Cue::Remark => phrases::NOD,
            Cue::Opened(thread, _) => {
                self.memory.note_thread(thread.index, around.now);
                return self.line(&thread.replies, &gaps);
            }
            Cue::AskedAbout(topic) => {
                gaps.set("subject", topic.title);
                phrases::ON_TOPIC
            }
            Cue::ToldAbout(topic) => {
                gaps.set("subject", topic.title);
                if self.dice.chance(50) {
                    phrases::ON_TOPIC_TOLD
                } else {
                    phrases::NOD
                }
            }
            Cue::Price(priced) => return self.tell_price(*priced, gaps),
            Cue::Order(ware) => {
                gaps.set("item", ware.name);
                gaps.set(
                    "keeper",
                    keeper_of(ware.name).map_or("somebody else", |shop| call_of(shop.keeper)),
                );
                phrases::NOT_MINE
            }
            Cue::Place(region, place) => return self.tell_way(*region, *place, gaps, around),
            Cue::Whereabouts(person) => return self.tell_whereabouts(person, gaps, around),
            Cue::WhoIs(person) if person.slug == self.persona.slug => phrases::WHO_AM_I,
            Cue::WhoIs(person) => {
                gaps.set("friend", Persona::call_name(&person.name));
                gaps.set("about", person.about);
                gaps.set("that", person.trade);
                phrases::WHO_IS
            }
            Cue::Errand(person) => return self.take_errand(person, from, name, gaps, around),
            // Among neighbours a question that is no opening belongs to something said before.
            Cue::Question(_) if Persona::is_handle(from.as_str()) => phrases::VAGUE,
            Cue::Question(None) => phrases::PUZZLED,
            // Names of the two who talk are not what the question is about.
            Cue::Question(Some(word)) if is_part_of(word, &around.me.name) || is_part_of(word, name) => {
                phrases::PUZZLED
            }
            Cue::Question(Some(word)) => {
                gaps.set("word", word.as_str());
                phrases::UNKNOWN
            }
        };
        self.line(phrases, &gaps)
    }

    fn reply_plain(&mut self, plain: Plain, from: &Handle, gaps: &Gaps, around: &Perception<'_>) -> String {
        let phrases = match plain {
            Plain::Greeting => phrases::GREET_BACK,
            Plain::Farewell => phrases::FAREWELL_BACK,
            Plain::Thanks => phrases::WELCOME,
            Plain::Paid => phrases::PAID,
            Plain::Praise => phrases::PRAISED,
            Plain::Rude => phrases::RUDE,
            Plain::Yes | Plain::No => phrases::NOTED,
            Plain::HowAreYou | Plain::Back => phrases::HOW_ARE_YOU,
            Plain::Who => phrases::WHO,
            Plain::Work => phrases::WORK,
            Plain::Home => phrases::HOME,
            Plain::Doing => phrases::DOING,
            Plain::Liking => phrases::LIKING,
            Plain::Goods => return self.tell_goods(gaps.clone()),
            Plain::Nature => phrases::NATURE,
            Plain::Age => phrases::AGE,
            Plain::Time => phrases::TIME,
            Plain::Weather => phrases::WEATHER,
            Plain::Here => phrases::HERE_WE_ARE,
            Plain::Help => phrases::HELP,
            Plain::News => return self.tell_news(gaps.clone(), around),
            Plain::Joke => phrases::JOKE,
            Plain::Invitation | Plain::Song => phrases::NOD,
            Plain::Joining => phrases::JOINED,
            Plain::WorkWanted => return self.hire(from, gaps.clone(), around),
            Plain::Begging => phrases::NO_MONEY,
            Plain::Told => phrases::TOLD,
            Plain::Delivery => return self.receive(from, gaps, around),
        };
        self.line(phrases, gaps)
    }

    fn tell_news(&mut self, gaps: Gaps, around: &Perception<'_>) -> String {
        if let Some(fact) = self.memory.take_fact(gaps.of("name"), around.now) {
            self.set_open(Open::Told);
            return self.line(phrases::TELL, &gaps.with("fact", fact));
        }
        let topic = crate::brain::lore::topic::named("news");
        let threads = topic.map_or(&[][..], |topic| topic.threads());
        let replies = threads
            .first()
            .map_or(phrases::NOD, |thread| thread.replies.as_slice());
        self.line(replies, &gaps)
    }

    fn tell_goods(&mut self, mut gaps: Gaps) -> String {
        let own = shop::kept_by(&self.persona.slug);
        let Some(shop) = own.or_else(|| self.dice.pick(shop::shops())) else {
            return self.line(phrases::NOD, &gaps);
        };
        let wares: Vec<String> = shop
            .wares
            .iter()
            .map(|ware| format!("{} for {}", ware.name, money(ware.price_minor)))
            .collect();
        gaps.set("wares", wares.join(", "));
        gaps.set("friend", call_of(shop.keeper));
        self.line(
            if own.is_some() {
                phrases::GOODS
            } else {
                phrases::NO_GOODS
            },
            &gaps,
        )
    }

    fn tell_price(&mut self, priced: Priced, mut gaps: Gaps) -> String {
        let (item, price_minor, keeper) = match priced {
            Priced::Ware(ware) => {
                let keeper = keeper_of(ware.name).map_or("the keeper", |shop| call_of(shop.keeper));
                (ware.name.to_owned(), ware.price_minor, keeper)
            }
            Priced::Item(item) => (
                spoken::one(item).to_owned(),
                item.price_minor(),
                "the stall keeper",
            ),
            Priced::Unknown => return self.line(phrases::PRICES, &gaps),
        };
        gaps.set("item", item);
        gaps.set("price", money(price_minor));
        gaps.set("keeper", keeper);
        self.line(phrases::PRICE, &gaps)
    }
}

fn is_part_of(word: &str, name: &str) -> bool {
    name.to_lowercase().contains(word)
}

/// Who sells something.
pub(super) fn keeper_of(ware: &str) -> Option<&'static Shop> {
    let mut shops = shop::shops().iter();
    shops.find(|shop| shop.wares.iter().any(|other| other.name == ware))
}

/// What people call an inhabitant.
pub(super) fn call_of(slug: &'static str) -> &'static str {
    let person = crate::brain::lore::people::named(slug);
    person.map_or(slug, |person| Persona::call_name(&person.name))
}
