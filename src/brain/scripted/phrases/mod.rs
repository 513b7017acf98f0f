//! What the inhabitants can say. Gaps: `{name}` whom they speak to, `{me}`, `{trade}`, `{home}`, `{place}` where they are,
//! `{goal}` where they go, `{day}` part of the day, `{wish}` what one wishes at that time, `{sky}` the weather, `{temp}`,
//! `{region}`, `{time}`, `{topic}`, `{friend}` an inhabitant; others as filled where they are used.

mod answers;
mod dealings;

pub use answers::*;
pub use dealings::*;

/// Greetings that begin a talk.
pub const GREET: &[&str] = &[
    "[Good {wish}|Hello|A good {wish} to you], {name}[!|.] [You look @mood.|On your way to somewhere?|You come from {place}, I see.]",
    "[Ah|Oh], {name}! [Good to see you.|There you are.|I had you in mind just now.] [How goes it?|How is your {day}?|How are you?]",
    "{name}[!|, hello!] [Still up and about|On your way to somewhere|How is your {day}|Out for a stroll]?",
    "[Hello there|Well met], {name}. [Fine {day}, with the {sky}.|They have just swept here, so mind your step.|I was just off to {goal}.]",
];

/// Greetings to a friend whom one met not long ago.
pub const AGAIN: &[&str] = &[
    "[There you are again|We meet again|You again], {name}.",
    "[As I was saying|One more thing|By the way], {name}.",
    "{name}[, while I see you.|, a word.|, before I forget.|! Just the one I need.]",
    "[Twice in one {day}|Back so soon], {name}?",
];

/// Greetings to somebody never met.
pub const MEET: &[&str] = &[
    "[Hello|Good {wish}], {name}. [I do not think we have met.|You are new around here.] I am {me}, {trade}.",
    "A new face! [Good {wish}|Hello|Welcome], {name}. [They call me {me}.|I am {me}, and that way is {place}.]",
    "[Welcome to {region}|Good {wish}], {name}. [I am {me}: ask me anything, I know half of it.|How did you find us?]",
];

/// Greetings that answer one.
pub const GREET_BACK: &[&str] = &[
    "[Good {wish}|Hello], {name}. [I am @mood.|Good that you stop.]",
    "[And to you|Likewise], {name}[!|.] [I am @mood, for once.|You smell of @food.|]",
    "{name}! [Good {wish}.|Good to see you.|I took you for {friend} from afar.|The very person.]",
];

/// On joining others who talk.
pub const JOINING: &[&str] = &[
    "[May I join you|Room for one more], {name}? [It sounds too good to miss.|I heard my favourite subject.|I bring no opinions.]",
    "Mind if I join you, {name}? [I come in peace.|I only listen.|You look like good company.]",
];

/// To somebody who joins.
pub const JOINED: &[&str] = &[
    "[Of course|Always|Come closer], {name}. [We were only talking.|The more the warmer.|You missed nothing but the start.]",
    "{name}! [Sit, stand, lean, as you like.|We need a third opinion.|You come at the right moment.]",
];

/// Farewells that end a talk.
pub const FAREWELL: &[&str] = &[
    "[Well|Now], I [must go|must be off|should go on] [to {goal}|before it gets late|and do some work]. [Goodbye|Farewell], {name}[.|!]",
    "Goodbye, {name}. [{goal} is waiting.|The {sky} will keep you company.|Say hello to {friend}.|Do not let @beast see you.]",
    "[It was good to talk|You have cheered me up|I could go on for hours], {name}. [See you soon.|Farewell for now.|Take care.]",
    "See you around, {name}. [I smell @food.|My feet want to go to {goal}.|I was promised @food.]",
    "[I have kept you long enough|I had better move before I take root], {name}. [Goodbye.|Take care.|See you soon.]",
    "[Look at the time|{time} already], {name}. [Goodbye!|I must run. Farewell!|See you later.]",
    "[My legs ask for {goal}|{friend} is expecting me|I left something on the stove], {name}. [Take care.|Goodbye for now.|See you around.]",
];

/// Farewells that answer one.
pub const FAREWELL_BACK: &[&str] = &[
    "[Goodbye|Farewell], {name}[.|!] [Watch out for @beast.|Bring back @thing.|And thank you for the company.]",
    "[Until next time|Take care], {name}. [It was a pleasure.|Have some @food.|If you see {friend}, wave.]",
    "[See you around|Go well], {name}. [I stay a moment longer.|Greet {friend}.|The {day} is still young.]",
    "[Goodbye|Farewell], {name}. [Mind the step at {goal}.|Do not lose that good mood.|I still have to find @thing.]",
    "[Go well|Take care], {name}. [Mind your step.|Perhaps I see you at {goal}.|Do not be a stranger.]",
    "[Goodbye|Bye], {name}. [That flew by.|You know where to find me.|Next time you tell the story.]",
    "Until [later|tomorrow|the next time], {name}. Take care[ of that hat|, now|].",
];

/// Invitations to walk along.
pub const INVITE: &[&str] = &[
    "[I am going|I am on my way] to {goal}. [Walk with me, {name}?|Come with me, {name}?]",
    "[Join me|Walk with me] to {goal}, {name}? [I know a short cut.|It is nicer in company.|]",
];

/// Answers to an invitation.
pub const JOIN: &[&str] = &[
    "[Gladly|With pleasure|Why not], {name}. [Lead the way.|After you.|My work can wait.]",
    "[A walk is just what I need|I was hoping you would ask], {name}. [Not too fast.|]",
];

/// Remarks to nobody in particular.
pub const REMARK: &[&str] = &[
    "[{sky} over {place}|{place} with {sky}]. [I like it so.|It could be a painting.|Somebody should write that down.]",
    "[{place} is quiet|How lively {place} is] [this {day}|today]. [Only @bird has something to say.|One hears one's own boots.]",
    "[Where was I going? Ah, {goal}.|First {goal}, then @food.|One more round, then {goal}.]",
    "[Somebody dropped|There lies] @thing[, right here|, and nobody turns round]. [Not mine.|I leave it on the wall.]",
    "It smells of [@food|rain|tar and roses|fresh wood] [at {place}|over here].",
];

/// Remarks on the way, alone with one's work.
pub const MUSE: &[&str] = &[
    "[A day|A {day}] in the life of {trade}[: walk, talk, walk again|, and no end of it].",
    "[My feet hurt, but {goal} is worth it.|If I were not {trade}, I would be @beast.]",
    "[What was it {friend} said?|I must tell {friend}.] [Something about @thing.|Something about @food.|It will come back.]",
    "@number, @number, @number. [No, I lost count.|That is all of them.|One is missing.]",
];

/// Before bed.
pub const GOOD_NIGHT: &[&str] = &[
    "[Good night|Sleep well], [all|everybody|{place}]. [Tomorrow is early.|I dream of @food.|Wake me for nothing.]",
    "[To bed with me|That was a day]. [Good night|Sleep well], [you lamps|whoever is still up]. [Mind @beast.|]",
];

/// Just up.
pub const GOOD_MORNING: &[&str] = &[
    "[What a sleep|Up, then|There I am]. [I dreamed of @thing and @beast.|Somebody said @food?|{sky}, of all things.]",
    "[Already {time}|{time}, they say]? [I was @beast in my dream.|Well. Up, @colour sky or not.|First @food.]",
];

/// Half asleep.
pub const MUMBLE: &[&str] = &[
    "[Mmh|Zzz]... [@number more minutes|tell it to @beast|@thing is on the shelf]... [come by in the morning|I am asleep].",
    "[Hm? Not now|Shh]... [I sleep|night is for sleeping]. [Ask {friend}.|Tomorrow, {name}.|When the bell strikes.]",
];

/// Notes for boards.
pub const NOTES: &[&str] = &[
    "[Lost|Found]: @thing near {place}. Ask {me}.",
    "[Looking for|Wanted]: [company for a walk to {goal}|somebody who talks about {topic}|a good home for @beast]. {me}.",
    "{sky} at {place}, {temp} degrees. [All well.|Wear a hat.|Seen: @beast.] {me}.",
];

/// Statuses while strolling.
pub const STROLLING: &[&str] = &[
    "strolling",
    "on the way to {goal}",
    "thinking about {topic}",
    "enjoying the {day}",
    "looking for @thing",
    "humming",
];

/// Statuses at work.
pub const WORKING: &[&str] = &[
    "at work",
    "busy at {place}",
    "minding the shop",
    "making progress",
    "tidying up",
];

/// Gestures on meeting somebody.
pub const GESTURES: &[&str] = &["wave", "nod", "smile", "bow"];

/// Gestures on one's own.
pub const MOODS: &[&str] = &["stretch", "hum", "look_around", "yawn", "whistle", "laugh"];
