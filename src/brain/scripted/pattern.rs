//! Phrases by which meanings are known.

use super::words::Words;

/// What needs nothing further to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// A greeting and nothing else.
    Greeting,
    /// A farewell.
    Farewell,
    /// Thanks.
    Thanks,
    /// Coins are handed over, or so it is said; or a price is named.
    Paid,
    /// Praise.
    Praise,
    /// An insult.
    Rude,
    /// Yes, of course, gladly.
    Yes,
    /// No.
    No,
    /// How are you.
    HowAreYou,
    /// The question goes back: and you.
    Back,
    /// Who are you.
    Who,
    /// What do you do.
    Work,
    /// Where do you live.
    Home,
    /// What are you doing, where are you going.
    Doing,
    /// What do you like.
    Liking,
    /// What do you sell.
    Goods,
    /// Are you a person or a machine.
    Nature,
    /// How old are you.
    Age,
    /// What time is it.
    Time,
    /// What is the weather like.
    Weather,
    /// Where am I.
    Here,
    /// What can one do here.
    Help,
    /// What happened.
    News,
    /// Tell a joke, a story, a riddle.
    Joke,
    /// Come along.
    Invitation,
    /// May I join you.
    Joining,
    /// Is there any work for me.
    WorkWanted,
    /// Give me money.
    Begging,
    /// Something that happened is told.
    Told,
    /// Something is brought.
    Delivery,
    /// A song or a verse.
    Song,
}

/// Would somebody carry something.
pub const CARRYING: &str = "would you take|could you take|would you bring|could you bring|would you carry|could you carry|\
        can you bring|can you take";
/// What is carried.
pub const CARRIED: &str = "letter parcel basket note box bundle package message";
/// Somebody wants something.
pub const ORDERING: &str = "please|may i have|can i have|could i have|can i get|i would like|i'd like|i will have|\
        i'll have|i will take|i'll take|i want to buy|can i buy|may i buy|i would like to buy";
/// What things cost.
pub const PRICING: &str = "price prices cost costs expensive cheap";
/// Where somebody or something is.
pub const LOOKING: &str = "have you seen|did you see|way to|get to|how far|find the|directions to|looking for|do i find|\
        can i find";
/// Who somebody is.
pub const KNOWING: &str =
    "who is|who's|do you know|did you know|heard of|tell me about|what about|think of|what is|how is";

type Row = (Plain, &'static str);

/// What comes before questions about things.
const EARLY: &[Row] = &[
    (Plain::Delivery, "i bring you|is for you from|i was to give you"),
    (
        Plain::Joining,
        "may i join|room for one more|can i join|mind if i join",
    ),
    (
        Plain::Invitation,
        "walk with me|come with me|join me|follow me|come along with me",
    ),
    (
        Plain::WorkWanted,
        "any work for me|work for me|need a hand|a job for me|need any help|hire me",
    ),
    (
        Plain::Told,
        "you will not believe it|imagine|listen to this|fresh from the lane",
    ),
    (
        Plain::Begging,
        "give me money|pay me|send me money|lend me|give me some money|give me credits|give me coins|\
        give me your",
    ),
    (
        Plain::Nature,
        "are you a bot|are you real|are you human|are you an ai|are you ai|are you a robot|\
        are you a person|are you a program|are you an npc|are you alive|are you a machine|\
        which model are you|what model are you|are you a real person",
    ),
    (
        Plain::Joke,
        "a joke|a story|a riddle|something funny|make me laugh",
    ),
    (
        Plain::Rude,
        "idiot|stupid|shut up|i hate you|go away|you are ugly|you suck",
    ),
];

/// Questions that need nothing further.
const QUESTIONS: &[Row] = &[
    (
        Plain::Who,
        "your name|who are you|who you are|what are you called|call you|introduce yourself|about yourself",
    ),
    (
        Plain::Goods,
        "what do you sell|what can i buy|do you sell|what are you selling|for sale|what do you have|\
        your wares|your goods",
    ),
    (
        Plain::Work,
        "what do you do|your work|your job|your trade|your profession|for a living",
    ),
    (
        Plain::Home,
        "where do you live|where are you from|your home|where you live|your house",
    ),
    (
        Plain::Doing,
        "what are you doing|what are you up to|where are you going|where are you off to|\
        where are you headed|what are your plans|on your way to somewhere|where to",
    ),
    (Plain::Age, "how old are you|your age|your birthday"),
    (Plain::Time, "what time|the time|how late|what hour|what day"),
    (
        Plain::HowAreYou,
        "how are you|how do you do|how goes|how is it going|how's it going|how do you feel|how is your|\
        are you well|how have you been|how are things|you alright|you ok|\
        still up|up and about|out for a stroll",
    ),
    (
        Plain::Weather,
        "the weather like|how is the weather|how's the weather|what's the weather|what is the weather|\
        weather today|is it raining|temperature|the weather|will it rain",
    ),
    (
        Plain::Liking,
        "what do you like|do you like to|your favourite|your favorite|your hobby|your hobbies|\
        what interests you",
    ),
    (
        Plain::Here,
        "where am i|where are we|what is this place|what place is this|which place is this",
    ),
    (
        Plain::Help,
        "what can i do|can you help|help me|what is there to do|what should i do|what can one do|\
        how do i|how does this work",
    ),
    (
        Plain::News,
        "any news|what news|what happened|what's new|what is new|what's up|anything new|the latest",
    ),
];

const LATE: &[Row] = &[
    (
        Plain::Farewell,
        "goodbye|bye|farewell|take care|until next time|good night|go well|see you soon|see you around|\
        see you later|see you tomorrow|safe travels",
    ),
    (
        Plain::Praise,
        "well done|good work|you are kind|i like you|how nice|you are great|beautiful work|\
        you are funny|i like your",
    ),
];

const GREETINGS: &str = "hello|hi|hey|greetings|welcome|howdy|likewise|good morning|good day|good dawn|good noon|\
        good afternoon|good evening|good dusk|well met|good to see you|there you are|and to you|\
        nice to meet you";

/// Coins are handed over.
const PAYING: &str = "the coins are here|i paid|on the counter";

/// Longest text that is nothing but thanks, yes or no. Units: words.
const SHORT_WORDS: usize = 8;

/// What is meant whatever else the words may mean.
pub fn early(words: &Words) -> Option<Plain> {
    if is_song(words) {
        return Some(Plain::Song);
    }
    let is_back = words.is_question()
        && words.ends_with_phrase("and you|what about you|how about you|and yourself|and yours");
    find(words, EARLY).or_else(|| is_back.then_some(Plain::Back))
}

/// A question that needs nothing further.
pub fn question(words: &Words) -> Option<Plain> {
    find(words, QUESTIONS).filter(|_| words.is_question() || words.phrase("about yourself"))
}

/// What is meant when nothing is asked about things.
pub fn late(words: &Words) -> Option<Plain> {
    if !words.is_question() && (words.has_price() || words.phrase(PAYING)) {
        return Some(Plain::Paid);
    }
    let is_short = words.all().len() <= SHORT_WORDS;
    let is_see_you = words.phrase("see you") && !words.phrase("to see you");
    if is_see_you {
        return Some(Plain::Farewell);
    }
    if let Some(plain) = find(words, LATE) {
        return Some(plain);
    }
    if is_short && words.any("thanks thank thx grateful") {
        return Some(Plain::Thanks);
    }
    let first = words.all().first().map_or("", String::as_str);
    match first {
        "yes" | "yeah" | "sure" | "gladly" | "okay" | "ok" | "indeed" if is_short => Some(Plain::Yes),
        "no" | "nope" | "never" if is_short => Some(Plain::No),
        _ => None,
    }
}

/// Whether somebody sings or recites.
pub fn is_song(words: &Words) -> bool {
    words.lower().contains('\u{266a}') || words.lower().starts_with('\u{201c}')
}

/// Whether somebody greets.
pub fn is_greeting(words: &Words) -> bool {
    words.phrase(GREETINGS)
}

fn find(words: &Words, rows: &[Row]) -> Option<Plain> {
    rows.iter()
        .find(|(_, phrases)| words.phrase(phrases))
        .map(|(plain, _)| *plain)
}
