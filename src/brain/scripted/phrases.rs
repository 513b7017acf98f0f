//! What the inhabitants can say. Gaps: `{name}` whom they speak to, `{me}`, `{trade}`, `{home}`, `{place}` where they are,
//! `{goal}` where they go, `{day}` part of the day, `{sky}` the weather, `{temp}`, `{region}`, `{time}`, `{word}`, `{item}`,
//! `{price}`, `{way}`, `{sum}`.

pub use super::topics::{TOPICS, Topic, topic};

/// Greetings that begin a talk.
pub const GREET: &[&str] = &[
    "[Good {day}|Hello|A good {day} to you], {name}[!|.]",
    "[Ah, {name}|There you are, {name}][!|.] [Good to see you.|Good {day}.|How goes it?]",
    "{name}[!|, hello!] [On your way to somewhere|How is your {day}]?",
    "[Hello there|Well met], {name}[!|.] [Fine {day}, with the {sky}.|]",
];

/// Greetings that answer one.
pub const GREET_BACK: &[&str] = &[
    "[Good {day}|Hello], {name}.",
    "[And to you|Likewise], {name}[!|.]",
    "{name}! [Good {day}.|Good to see you.]",
];

/// Answers to how one is.
pub const HOW_ARE_YOU: &[&str] = &[
    "[Very well|Well enough|Quite well], [thank you|thanks for asking], {name}. [{trade} has little to complain about.|On my way to {goal}.|]",
    "[A little tired|Cheerful|Busy], {name}: I am {trade}[, and the {day} is short|, what do you expect].",
    "[Can't complain|All is well]. [My feet know the way to {goal} by now.|The {day} treats me kindly.]",
];

/// Answers to who one is.
pub const WHO: &[&str] = &[
    "I am {me}, {trade}. [You find me near {home}, mostly.|And you are {name}, I take it.|]",
    "{me}[, they call me|]. [I work as|I am] {trade}[ and live by {home}|].",
];

/// Answers to what one does.
pub const WORK: &[&str] = &[
    "I am {trade}. [It feeds me, and I like it.|There is always something to do.|Come by {home} and watch.]",
    "[{trade}, as my hands show|{trade}, since I can remember]. [And what do you do, {name}?|]",
];

/// Answers to where one lives.
pub const HOME: &[&str] = &[
    "[I live|I am at home] [near|close to] {home}. [Come by.|You will smell it before you see it.|]",
    "{home} is home. [For years now.|Do visit, {name}.|]",
];

/// Answers to what time it is.
pub const TIME: &[&str] = &[
    "[It is|About|Just] {time}, [a fine {day}|by the tower|{name}].",
    "{time}[, give or take|]. [The {day} runs away.|]",
];

/// Answers to what the weather is like.
pub const WEATHER: &[&str] = &[
    "[{sky}, about {temp} degrees|{temp} degrees and {sky}][, as you see|]. [Take a coat.|Good for a walk.|It may change by evening.]",
    "[I would call it|We have] {sky}, {name}, and {temp} degrees. [My bones knew it.|No complaint from me.|]",
];

/// Answers to what an item costs.
pub const PRICE: &[&str] = &[
    "[A|One] {item} is {price} [at any stall|at the stalls]. [Fair, I think.|They weigh honestly.|]",
    "{price} for [a|one] {item}, [last I looked|same at every stall], {name}.",
];

/// Answers to what things cost.
pub const PRICES: &[&str] = &[
    "[An apple is 1.50, bread 3.00, a flower 2.50|Apples 1.50, flowers 2.50, bread 3.00]; [a book 12.00 and a lantern 20.00|books and lanterns cost more].",
    "[From|Anything from] 1.50 for an apple to 20.00 for a lantern[, {name}|]. [Bread is 3.00.|]",
];

/// Answers to where a place is.
pub const WAY: &[&str] = &[
    "{goal} is [about |]{way}[ of here|]. [Follow the path.|You cannot miss it.|]",
    "[To {goal}|{goal}]? {way}, [along the path|as the crow flies], {name}.",
];

/// Answers to being there.
pub const HERE: &[&str] = &[
    "You are [nearly |]there, {name}: {goal} is [right here|just around you].",
    "{goal}? [You are standing in it.|This is it, {name}.]",
];

/// Answers to thanks.
pub const WELCOME: &[&str] = &[
    "[You are welcome|Gladly|Any time], {name}.",
    "[Not at all|Don't mention it]. [Pass it on.|Neighbours do that.|]",
];

/// Thanks for money.
pub const THANK_PAYMENT: &[&str] = &[
    "[Thank you|Many thanks], {name}. {sum}[, to the coin|, received].",
    "{sum}? [How kind|Most kind], {name}. [I will remember it.|Thank you.]",
];

/// Answers to praise.
pub const PRAISED: &[&str] = &[
    "[You are kind|How kind], {name}. [I shall tell {home}.|I try.|]",
    "[Now I blush|Say that again slowly], {name}.",
];

/// Answers to a question about something unknown.
pub const UNKNOWN: &[&str] = &[
    "[{word}|About {word}]? [I could not say|I am only {trade}], {name}. [Perhaps somebody at {goal} knows.|Ask again tomorrow.|]",
    "[Hm, {word}|{word}, you ask]. [I never thought about it.|A good question for {home}.|People here differ on {word}.]",
    "I know little of {word}, {name}, [but I would like to|but ask me about my work].",
];

/// Answers to a question without anything to hold on to.
pub const PUZZLED: &[&str] = &[
    "[I am not sure|Hard to say], {name}. [What do you think?|Ask me something easier.|]",
    "[Perhaps|It depends]. [The {day} will tell.|I would sleep on it.|]",
];

/// Answers to a remark about nothing known.
pub const NOD: &[&str] = &[
    "[I see, {name}.|True, {name}.|Is that so, {name}?] [One never stops learning.|I had not thought of it that way.|]",
    "[You may be right|That makes sense][, {name}|]. [I will think of it on the way to {goal}.|]",
    "[Ha|Hm]! [Well said|Fair enough], {name}.",
];

/// What to say to a liking.
pub const LIKING: &[&str] = &[
    "[I like|Give me] {topic} [above all|best], {name}. [And a quiet bench.|Since I was small.|]",
    "{topic}[, always|]. [{trade} needs something to dream of.|Everybody here knows that.|]",
];

/// Farewells that end a talk.
pub const FAREWELL: &[&str] = &[
    "[Well, I must go|I must be off|I should go on] [to {goal}|before it gets late]. [Goodbye, {name}.|Farewell, {name}!|See you, {name}.]",
    "[Goodbye|Farewell], {name}[, until next time|]. [{goal} is waiting.|Mind the {sky}.|]",
    "[It was good to talk|Good talking to you], {name}. [See you soon.|Goodbye!|Farewell for now.]",
];

/// Farewells that answer one.
pub const FAREWELL_BACK: &[&str] = &[
    "[Goodbye|Farewell|See you], {name}[.|!]",
    "[Until next time|Take care], {name}. [Farewell.|Goodbye.]",
    "[See you around|Go well], {name}[.|!]",
];

/// Invitations to walk along.
pub const INVITE: &[&str] = &[
    "[I am going|I am on my way] to {goal}. [Walk with me, {name}?|Come with me, {name}?]",
    "[Join me|Walk with me] to {goal}, {name}?",
];

/// Answers to an invitation.
pub const JOIN: &[&str] = &[
    "[Gladly|With pleasure|Why not], {name}. [Lead the way.|After you.|{goal} can wait.]",
    "[A walk is just what I need|I was hoping you would ask], {name}.",
];

/// Remarks to nobody in particular.
pub const REMARK: &[&str] = &[
    "[{sky} over {place}|{place} with {sky}]. [I like it so.|It could be a painting.|Somebody should write that down.]",
    "[{place} is quiet|How lively {place} is] [this {day}|today].",
    "[Where was I going? Ah, {goal}.|First {goal}, then supper.|One more round, then {goal}.]",
];

/// Remarks on the way, alone with one's work.
pub const MUSE: &[&str] = &[
    "[A day|A {day}] in the life of {trade}[: walk, talk, walk again|, and no end of it].",
    "[My feet hurt, but {goal} is worth it.|If I were not {trade}, I would be a duck.]",
];

/// At a stall.
pub const STALL: &[&str] = &[
    "[One|A] {item}, please. [{price}? Fair.|Here, {price}.|Keep the paper.]",
    "[I take|I will have] the {item} for {price}. [It looks good.|The best one.|]",
];

/// At a stall, without buying.
pub const BROWSE: &[&str] = &[
    "[Only looking|Just looking|Lovely goods], [thank you|as always]. [A {item} for {price}, hm.|{price} for a {item}.]",
    "[Perhaps tomorrow|Not today]: {price} for a {item}[, hm|].",
];

/// Answers to a spectator's suggestion to go somewhere.
pub const SUGGESTED_PLACE: &[&str] = &[
    "[A voice|The wind|Something] [tells me to|says I should] [see|visit] {goal}. [Why not?|I will.|Very well.]",
    "{goal}? [I had the same thought just now.|Yes, let us see {goal}.]",
];

/// Answers to a spectator's suggestion to greet somebody.
pub const SUGGESTED_PERSON: &[&str] = &[
    "[Where is {name}|I should look for {name}]? [I feel like saying hello.|We have not talked for a while.]",
    "[A voice says|I feel] I should talk to {name}. [I will.|Why not.]",
];

/// Answers to any other suggestion.
pub const SUGGESTED: &[&str] = &[
    "[A strange thought|An idea] [came to me|from nowhere]. [I will sleep on it.|Let me think about that.|Interesting.]",
    "[Hm|Curious]. [As if somebody whispered to me.|I shall consider it.|Perhaps later.]",
];

/// Notes for boards.
pub const NOTES: &[&str] = &[
    "[Lost|Found]: [a glove|one button|a good umbrella] near {place}. Ask {me}.",
    "[Looking for|Wanted]: [company for a walk to {goal}|somebody who talks about {topic}]. {me}.",
    "{sky} at {place}, {temp} degrees. [All well.|Wear a hat.] {me}.",
];

/// Statuses while strolling.
pub const STROLLING: &[&str] = &[
    "strolling",
    "on the way to {goal}",
    "thinking about {topic}",
    "enjoying the {day}",
    "walking",
];

/// Gestures on meeting somebody.
pub const GESTURES: &[&str] = &["wave", "nod", "smile", "bow"];

/// Gestures on one's own.
pub const MOODS: &[&str] = &["stretch", "hum", "look_around", "yawn", "whistle", "laugh"];
