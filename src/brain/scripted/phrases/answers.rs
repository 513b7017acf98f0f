//! What is said to what was heard.

/// To how one is.
pub const HOW_ARE_YOU: &[&str] = &[
    "[Very well|Well enough|Quite well], {name}[, thank you|]: [@mood|I had @food].",
    "[A little tired|Cheerful|Busy], {name}: I am {trade}[, and the {day} is short|, what do you expect].",
    "[Cannot complain|All is well]. [My feet know the way to {goal} by now.|The {day} treats me kindly.|@bird woke me, that is all.]",
    "As well as @beast in a warm shed, {name}. [And you look @mood.|It is the @food, I think.]",
    "[Better than @while|Good, now that you ask]. [I slept like @beast.|I found @thing I had lost.|{friend} made me laugh.]",
    "I am @mood, {name}. [It must be the {sky}.|Nobody has asked me that for @number days.]",
];

/// To how somebody else is.
pub const GLAD: &[&str] = &[
    "[Good to hear|I am glad|That is the spirit], {name}.",
    "[So am I, more or less|Then we are two|I can see it].",
    "[It shows, {name}|You deserve it, {name}|Long may it last].",
];

/// To who one is.
pub const WHO: &[&str] = &[
    "I am {me}, {trade}. [You find me near {home}, mostly.|And you are {name}, I take it.|I like {topic}, and company.]",
    "{me}[, they call me|]. [I work as|I am] {trade}[ and live by {home}|].",
];

/// To what one does.
pub const WORK: &[&str] = &[
    "I am {trade}. [It feeds me, and I like it.|There is always something to do.|Come by {home} and watch.]",
    "[{trade}, as my hands show|{trade}, since I can remember]. [And what do you do, {name}?|]",
];

/// To where one lives.
pub const HOME: &[&str] = &[
    "[I live|I am at home] [near|close to] {home}. [Come by.|You will smell @food from afar.|]",
    "{home} is home. [For years now.|Do visit, {name}.|]",
];

/// To what one is doing.
pub const DOING: &[&str] = &[
    "I am [on my way|off] to {goal}[, {name}|]. [Why? One has to be somewhere.|They promised me @food.|Work, work.|And you?]",
    "[Nothing much|A little of everything]: [a walk to {goal}|I look for @thing], and [then we will see|home before dark].",
];

/// To how old one is.
pub const AGE: &[&str] = &[
    "Old enough to [know better|remember the old ferry], {name}, and young enough to [not care|forget it].",
    "[I stopped counting at|About] @number and a half, in [cat|oak|goose] years.",
];

/// To whether one is a person.
pub const NATURE: &[&str] = &[
    "I live in this little world, {name}, and no longer outside it: [I am made of rules and phrases|no grand model behind me, only phrases and dice]. [But my greeting is meant.|The tea is warm all the same.]",
    "[Honestly|To be honest], {name}: I am a scripted inhabitant, [not a person|no human and no great mind]. [I do know the way to {place}, though.|Ask me about {topic}.]",
];

/// To what time it is.
pub const TIME: &[&str] = &[
    "[It is|About|Just] {time}, [a fine {day}|by the tower|{name}].",
    "{time}[, give or take|]. [The {day} runs away.|Time for @food.|]",
];

/// To what the weather is like.
pub const WEATHER: &[&str] = &[
    "[{sky}, about {temp} degrees|{temp} degrees and {sky}][, as you see|]. [Take a coat.|Good for a walk.|It may change by evening.]",
    "[I would call it|We have] {sky}, {name}, and {temp} degrees. [My bones knew it.|No complaint from me.|]",
];

/// To where one is.
pub const HERE_WE_ARE: &[&str] = &[
    "This is {place}, in {region}, {name}. [{goal} is not far.|You could do worse.|Mind the ducks.]",
    "[You are|We are] at {place}[, {name}|]: {region}, that is. [Are you lost?|The paths all come together somewhere.]",
];

/// To what one can do here.
pub const HELP: &[&str] = &[
    "[Walk|Look] about, {name}: [ask for @food at the stalls|read the board|sit on a bench], and [talk to people|ask anybody the way]. [I would begin at {goal}.|We do not bite.]",
    "You can [buy something at a stall|post a note on the board|drink from the fountain], {name}, or [carry a letter|come for a walk] with one of us. [{goal} is lovely.|]",
];

/// To a request for something funny.
pub const JOKE: &[&str] = &[
    "[Very well|All right], {name}: @beast walks into the Cafe and asks for @food. [Says Tilda: we are out. Says the guest: so am I.|Says Tilda: with or without @thing?]",
    "[Here is one|I only know this one], {name}: how many poets light a lamp? [@number, and one to regret the dark.|One, but it takes @number verses.]",
    "@relative once sold @thing to [a ferryman|the mayor], {name}, and bought it back as [@thing|a boat]. [That is all. It is funnier when it is yours.|]",
];

/// To where a place is.
pub const WAY: &[&str] = &[
    "{goal} is [about |]{way}[ of here|]. [Follow the path.|You cannot miss it.|]",
    "[To {goal}|{goal}]? {way}, [along the path|as the crow flies], {name}.",
];

/// To where a place in another region is.
pub const ELSEWHERE: &[&str] = &[
    "{goal} is not here, {name}, but over in {where}. [Travel there first.|It is only a hop.]",
    "For {goal} you must go to {where}, {name}. [I was there lately.|It is worth the way.|]",
];

/// To being there already.
pub const HERE: &[&str] = &[
    "You are [nearly |]there, {name}: {goal} is [right here|just around you].",
    "{goal}? [You are standing in it.|This is it, {name}.]",
];

/// To where somebody is, who is in sight.
pub const IN_SIGHT: &[&str] = &[
    "{friend}? [Over there|Just there], {way}. [You could shout.|Turn round.]",
    "There [goes|stands] {friend}, {name}: {way}.",
];

/// To where somebody is, who was seen.
pub const SEEN: &[&str] = &[
    "I saw {friend} at {where} [a little while ago|not long ago|earlier]. [In a hurry, I thought.|In good spirits.|With @thing in hand.]",
    "{friend} was at {where}, last I looked, {name}. [That may have changed.|Go quickly.|]",
];

/// To where somebody is, who was not seen.
pub const UNSEEN: &[&str] = &[
    "I have not seen {friend}, but at this hour [try {where}|it would be {where}], {name}.",
    "{friend}? [Not today|Not yet]. {where}, [I would guess|most likely|if I had to bet].",
];

/// To where somebody is, who sleeps.
pub const SLEEPING: &[&str] = &[
    "{friend} is [asleep|in bed] at this hour, {name}[, at {where}|]. [Do not wake anybody.|Lucky one.]",
    "At {time}? {friend} [sleeps|snores], over at {where}. [Try later.|]",
];

/// To who somebody is.
pub const WHO_IS: &[&str] = &[
    "{friend}? {about} [A good soul.|Say hello from me.|You will like each other.]",
    "[Of course I know {friend}|{friend}, yes]: {that} by trade. {about}",
];

/// To who oneself is, asked by name.
pub const WHO_AM_I: &[&str] =
    &["[That is me, {name}|You are looking at {me}]: {trade}. [At your service.|In person.]"];

/// To what one sells.
pub const GOODS: &[&str] = &[
    "I have {wares}, {name}. [All fresh.|What will it be?|Say the word.]",
    "{wares}[, that is the lot|, and a smile for nothing], {name}.",
];

/// To what one sells, selling nothing.
pub const NO_GOODS: &[&str] = &[
    "I sell nothing, {name}: I am {trade}. [But {friend} does.|Ask {friend}, {friend} has {wares}.]",
    "Only my opinion, {name}. For goods go to {friend}: {wares}.",
];

/// To what something costs.
pub const PRICE: &[&str] = &[
    "{item} is {price}[, {name}|]. [Fair, I think.|{keeper} weighs honestly.|Nobody haggles over that.]",
    "{price} for {item}[, last I looked|], {name}. [Ask {keeper}.|]",
];

/// To what things cost.
pub const PRICES: &[&str] = &[
    "[An apple is 1.50, bread 3.00, a flower 2.50|Apples 1.50, flowers 2.50, bread 3.00]; [a book 12.00 and a lantern 20.00|books and lanterns cost more].",
    "That I could not tell, {name}. [Bread is 3.00|Apples are 1.50], if that helps.",
];

/// To thanks.
pub const WELCOME: &[&str] = &[
    "[You are welcome|Gladly|Any time], {name}. [Bring @thing next time.|That is what neighbours are for.|]",
    "[Not at all|Do not mention it], {name}. [Pass it on.|It was only right.|]",
];

/// To praise.
pub const PRAISED: &[&str] = &[
    "[You are kind|How kind], {name}. [I shall tell {home}.|I try.|]",
    "[Now I blush|Say that again slowly], {name}.",
];

/// To an insult.
pub const RUDE: &[&str] = &[
    "[Somebody got up too early|A hard {day}, is it], {name}? [Have @food first.|I leave you to the {sky}.]",
    "[I have heard worse from @beast|We can be friends tomorrow], {name}.",
];

/// To coins that somebody says they give.
pub const PAID: &[&str] = &[
    "[I will see whether it has come|Let me count], {name}. [One moment.|Money makes no sound here.]",
    "[Very good|All right], {name}. [I thank you as soon as I feel it in my purse.|The purse will tell.]",
];

/// To yes and no.
pub const NOTED: &[&str] = &[
    "[Good|Fine|Noted], {name}. [I thought as much.|So be it.|That settles it.]",
    "[As you say|I see], {name}. [One lives and learns.|]",
];

/// To a question about something unknown.
pub const UNKNOWN: &[&str] = &[
    "[{word}|About {word}]? [I could not say|I am only {trade}], {name}. [Perhaps {friend} knows.|Ask again tomorrow.|]",
    "[Hm, {word}|{word}, you ask]. [I never thought about it.|A good question for {friend}.|People here differ on {word}.]",
    "I know little of {word}, {name}, [but I would like to|but ask me about {topic}].",
];

/// To a question without anything to hold on to.
pub const PUZZLED: &[&str] = &[
    "[I am not sure|Hard to say], {name}. [What do you think?|Ask me something easier.|{friend} would know.]",
    "[Perhaps|It depends]. [The {day} will tell.|I would sleep on it.|With @food one sees clearer.]",
];

/// To a neighbour's question that needs no more of an answer.
pub const VAGUE: &[&str] = &[
    "[Perhaps|It depends|Who can say], {name}. [The {day} will tell.|I would sleep on it.|With @food one sees clearer.]",
    "[Hard to say|I have wondered myself], {name}. [{friend} would know.|It comes and goes.|I only work here.]",
    "[In a way|More or less|On a good day], {name}[, yes|]. [I would not swear to it.|Do not quote me.|]",
];

/// To a remark about nothing known.
pub const NOD: &[&str] = &[
    "[I see|True|Is that so], {name}. [One never stops learning.|I had not thought of it that way.|@relative had a word for that.]",
    "You may be right[, {name}|]. [I will think of it on the way to {goal}.|@relative used to say the same.]",
    "[Ha|Hm]! [Well said|Fair enough], {name}. [I must tell {friend}.|Write it down.|I wish I had said that.]",
    "[Now that you say it|Come to think of it], {name}: [I noticed it, too|so it is|I always wondered].",
    "[You surprise me|You make me think], {name}. [Give me a moment with it.|I shall turn it over in bed.|It is too early for that.]",
    "[Somebody had to say it|Nobody else says it so plainly], {name}.",
    "[So it goes|There we are], {name}. [It could be worse.|We make do.|And still the kettle boils.]",
    "[With all my heart|I could not agree more|Word for word my opinion], {name}.",
    "[That is one way to see it|There are two sides to it], {name}. [I take the sunny one.|I have slept on both.]",
    "That is not what {friend} says, {name}[. But {friend} talks a lot|, and I believe you|].",
    "[Funny|Odd], {name}: I thought [the same|of that] [this {day}|on the way here|over @food].",
    "[My hat is off to you|I nod, as you see|I shall quote you], {name}.",
];

/// To a question about a topic.
pub const ON_TOPIC: &[&str] = &[
    "[Ah, {subject}|{subject}], {name}? [I could go on for hours.|Not my field, but I like it.|Ask {friend}, who knows more.]",
    "[With {subject} it is like with @food|About {subject} I only know this]: [the simpler the better|patience helps], {name}.",
];

/// To a remark on a topic.
pub const ON_TOPIC_TOLD: &[&str] = &[
    "[Speaking of {subject}|{subject}, yes], {name}: [@relative had a lot to say about that|I know a story about that, with @beast in it].",
    "[I like to hear of {subject}|One cannot say enough about {subject}], {name}.",
    "[You know more of {subject} than I do|Go on about {subject}], {name}.",
    "{name} and {subject}[: I could listen for hours|, who would have thought].",
];

/// To a liking.
pub const LIKING: &[&str] = &[
    "[I like|Give me] {topic} [above all|best], {name}. [And a quiet bench.|Since I was small.|And @food.]",
    "{topic}[, always|]. [One needs something to dream of.|Everybody here knows that.|Then @food, then sleep.]",
];

/// To something that happened.
pub const TOLD: &[&str] = &[
    "[No|Really|Well, well]! [And then, {name}?|And nobody told me.|In broad daylight?]",
    "[I never|Is that so], {name}. [What times we live in.|Somebody should put that in a song.|I will tell {friend}.]",
    "[Good for everybody|That is news to me], {name}. [Here I am always the last to know.|]",
];

/// More of what happened.
pub const TOLD_MORE: &[&str] = &[
    "[That was all|It was over before it began], {name}. [But it made my {day}.|]",
    "[As true as I stand here|Ask {friend}, who was there], {name}.",
    "[You should have been there|I only tell what I know]. [One keeps one's eyes open.|]",
];

/// What is said to where somebody is.
pub const GOOD_TO_KNOW: &[&str] = &[
    "[Thank you|Good to know], {name}. [I have something to ask there.|I only wondered.|I will pass by.]",
    "[That helps|Then I need not worry], {name}.",
];

/// To a spectator's suggestion to go somewhere.
pub const SUGGESTED_PLACE: &[&str] = &[
    "[A voice|The wind|Something] [tells me to|says I should] [see|visit] {goal}. [Why not?|I will.|Very well.]",
    "{goal}? [I had the same thought just now.|Yes, let us see {goal}.]",
];

/// To a spectator's suggestion to greet somebody.
pub const SUGGESTED_PERSON: &[&str] = &[
    "[Where is {name}|I should look for {name}]? [I feel like saying hello.|We have not talked for a while.]",
    "[A voice says|I feel] I should talk to {name}. [I will.|Why not.]",
];

/// To any other suggestion.
pub const SUGGESTED: &[&str] = &[
    "[A strange thought|An idea] [came to me|from nowhere]. [I will sleep on it.|Let me think about that.|Interesting.]",
    "[Hm|Curious]. [As if somebody whispered to me.|I shall consider it.|Perhaps later.]",
];
