//! Answers depend on what was heard.

use super::{Alone, neighbour, said, speech};
use crate::base::time::Timestamp;
use crate::brain::scripted::grammar::{Gaps, expand};
use crate::brain::scripted::recall;
use crate::brain::scripted::words::Words;
use crate::brain::{Dice, HeardKind, Intent};
use crate::domain::space::Vec3;

#[test]
fn different_questions_get_different_fitting_answers() {
    for seed in 0..20 {
        let mut alone = Alone::new("bram", seed);
        let bread = alone.asked("Bram, how much is bread?");
        let weather = alone.asked("And what's the weather like?");
        assert!(bread.contains("3.00"), "{bread}");
        assert!(weather.to_lowercase().contains("light rain"), "{weather}");
        assert_ne!(bread, weather);
    }
}

/// Questions that anybody may ask, and words one of which must be in any answer.
const QUESTIONS: [(&str, &[&str]); 24] = [
    ("Where is the Duck Pond?", &["60 metres to the south-east"]),
    ("where is the clocktower", &["Clocktower Plaza"]),
    ("Who are you?", &["I am Bram", "Bram"]),
    ("What do you do for a living?", &["baker"]),
    ("Where do you live, Bram?", &["Green"]),
    ("What do you sell?", &["loaf of bread for 3.00"]),
    ("What time is it?", &["10:05"]),
    (
        "how are you bram",
        &[
            "I am",
            "Very well",
            "Well enough",
            "Quite well",
            "tired",
            "Cheerful",
            "Busy",
            "complain",
            "All is well",
            "As well as",
            "Better than",
            "Good, now",
        ],
    ),
    ("Do you know Hugo?", &["Hugo"]),
    ("Who is Tilda?", &["coffee", "cafe"]),
    ("Have you seen Rosa today?", &["Rosa"]),
    ("How much is a cup of coffee?", &["2.00"]),
    ("How much does a lantern cost?", &["20.00"]),
    ("Are you a bot?", &["scripted", "rules", "phrases"]),
    ("Where am I?", &["Rookery Green"]),
    (
        "What can I do here?",
        &["stall", "board", "bench", "fountain", "talk"],
    ),
    ("what do you like?", &["food"]),
    ("Tell me a joke!", &["Cafe", "lamp", "sold"]),
    ("How old are you?", &["enough", "counting", "About"]),
    ("What are you doing?", &["I am", "Nothing much", "A little"]),
    ("Do you believe in lighthouses?", &["ighthouses"]),
    (
        "Do the birds wake you in the morning?",
        &["five", "Nothing wakes me", "right above"],
    ),
    ("Give me money!", &["coins", "purse"]),
    (
        "Would you take a letter to Ada for me?",
        &["Gladly", "Consider it done", "Not this time", "I cannot"],
    ),
];

#[test]
fn every_question_gets_an_answer_that_fits_it() {
    for (question, wanted) in QUESTIONS {
        for seed in 0..12 {
            let answer = Alone::new("bram", seed).asked(question);
            let fits = wanted
                .iter()
                .any(|word| answer.to_lowercase().contains(&word.to_lowercase()));
            assert!(fits, "{question} -> {answer}");
            assert!(!answer.contains(['{', '}', '[', ']', '|', '@']), "{answer}");
        }
    }
}

#[test]
fn an_answer_to_ones_own_question_is_taken_up() {
    let gaps = Gaps::default()
        .with("name", "Bram")
        .with("friend", "Hugo")
        .with("place", "the Green");
    let (mut opened, mut taken_up) = (0, 0);
    for seed in 0..80 {
        let mut alone = Alone::new("bram", seed);
        alone.visitor = ("demo-vic", "Vic Torr");
        let asked = alone.asked("Hello, Bram!");
        let Some((thread, true)) = recall::opened(&Words::of(&asked)) else {
            continue;
        };
        let mut dice = Dice::new(seed);
        let reply = expand(dice.pick(&thread.replies).unwrap(), &gaps, &mut dice);
        let line = alone.asked(&reply);
        opened += 1;
        // Whatever choices were made, the line begins as one of the thread's reactions does.
        let is_reaction = |phrase: &&str| {
            let all =
                (0..200).map(|seed| expand(phrase, &gaps.clone().with("name", "Vic"), &mut Dice::new(seed)));
            let mut begins = all.map(|line| line.chars().take(12).collect::<String>());
            begins.any(|begin| line.starts_with(&begin))
        };
        taken_up += usize::from(thread.reactions.iter().any(is_reaction));
    }
    assert!(
        opened >= 30 && taken_up * 10 >= opened * 9,
        "{taken_up} of {opened}"
    );
}

#[test]
fn words_to_somebody_else_are_left_to_them() {
    let mut alone = Alone::new("bram", 3);
    alone.think(Vec::new());
    let mut other = speech("demo-ada", "Ada Fairweather", "Vic, how much is bread?");
    for _ in 0..5 {
        let line = said(&alone.think(vec![other.clone()]));
        assert!(!line.as_deref().unwrap_or("").contains("3.00"), "{line:?}");
    }
    other.kind = HeardKind::Whisper("How much is bread?".to_owned());
    let intents = alone.think(vec![other]);
    let whisper = intents.iter().find(|intent| intent.action == "whisper").unwrap();
    assert_eq!(whisper.params["target_id"], "demo-ada");
    assert!(whisper.params["message"].as_str().unwrap().contains("3.00"));
}

#[test]
fn a_sleeper_only_mumbles_and_gets_up_in_the_morning() {
    let mut alone = Alone::new("bram", 3);
    alone.mind.is_asleep = true;
    alone.hour = 1;
    assert_eq!(alone.told("The weather is fine."), None);
    let mumble = alone.asked("Bram, how much is bread?");
    assert!(mumble.contains("...") && !mumble.contains("3.00"), "{mumble}");
    assert_eq!(alone.told("Bram?"), None, "not so soon again");
    alone.hour = 5;
    let intents = alone.think(Vec::new());
    assert!(
        intents.iter().any(|intent| intent.params["status"] == "just up"),
        "{intents:?}"
    );
    assert!(alone.asked("Bram, how much is bread?").contains("3.00"));
}

#[test]
fn who_is_off_to_bed_is_let_go() {
    let mut alone = Alone::new("bram", 5);
    alone.think(Vec::new());
    let here = Vec3::new(128.0, 128.0, 25.0);
    let mut other = neighbour("carol", "Carol", here, here);
    assert!(alone.mind.may_meet(&other, alone.now));
    for status in ["asleep", "off to bed"] {
        other.status = status.to_owned();
        assert!(!alone.mind.may_meet(&other, alone.now), "{status}");
    }
}

#[test]
fn at_bedtime_one_goes_shows_it_orders_nothing_and_keeps_talks_short() {
    let status_of = |intents: &[Intent]| {
        let status = intents.iter().find(|intent| intent.action == "set_status")?;
        status.params["status"].as_str().map(str::to_owned)
    };
    for seed in 0..20 {
        let mut alone = Alone::new("bram", seed);
        // Somebody who sells what is liked, right here.
        alone.visitor = ("demo-tilda", "Tilda Frost");
        alone.hour = 1;
        let intents = alone.think(Vec::new());
        assert_eq!(status_of(&intents).as_deref(), Some("off to bed"), "{intents:?}");
        assert!(
            intents.iter().any(|intent| intent.action == "move_to"),
            "{intents:?}"
        );
        alone.mind.ate_at = Timestamp(0);
        assert!(alone.mind.is_hungry(alone.now));
        for _ in 0..10 {
            assert_eq!(said(&alone.think(Vec::new())), None);
        }
        alone.asked("Hello, Bram!");
        assert!(alone.mind.talk.as_ref().is_some_and(|talk| talk.lines_left <= 2));
        let now = alone.now;
        alone.mind.end_talk(now);
        assert_eq!(alone.mind.shown, "off to bed");
        // Morning came before the bed did.
        alone.hour = 5;
        alone.think(Vec::new());
        assert_ne!(alone.mind.shown, "off to bed");
    }
}

#[test]
fn somebody_who_never_stops_asking_gets_a_bounded_number_of_answers() {
    let mut alone = Alone::new("bram", 6);
    let answers = (0..90)
        .filter(|turn| alone.told(&format!("Bram, who are you, {turn}?")).is_some())
        .count();
    assert!((12..=40).contains(&answers), "{answers}");
}

#[test]
fn hostile_words_never_fail_and_never_make_long_lines() {
    let long = "how much ".repeat(10_000);
    for text in [
        "",
        "\u{0}\u{202e}?",
        "[a|b{name}",
        "{name} [",
        "@beast @@ @nothing",
        "?????",
        "\u{201c}",
        "🙂🙂🙂?",
        long.as_str(),
        "Bram [[[[[[ {goal} ]]]",
    ] {
        for seed in 0..10 {
            let mut alone = Alone::new("bram", seed);
            for _ in 0..4 {
                let line = said(&alone.think(vec![
                    speech("visitor", "[{name}|x] \u{202e}", text),
                    speech("visitor", "", text),
                ]));
                assert!(line.is_none_or(|line| line.chars().count() <= 400));
            }
        }
    }
}
