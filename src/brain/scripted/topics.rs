//! What the inhabitants talk about: questions, answers and remarks. Gaps as in `phrases`.

/// Something to talk about.
#[derive(Debug)]
pub struct Topic {
    /// Its name in personas.
    pub name: &'static str,
    /// Words that belong to it.
    pub words: &'static [&'static str],
    /// Questions about it.
    pub ask: &'static [&'static str],
    /// Answers to such questions.
    pub answer: &'static [&'static str],
    /// Remarks on it.
    pub tell: &'static [&'static str],
}

/// The topic with this name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// What people talk about.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "roses",
        words: &[
            "rose", "roses", "flower", "flowers", "bees", "bee", "petal", "petals", "bloom",
        ],
        ask: &[
            "Have you [seen|smelled] the roses [today|this {day}|lately]?",
            "Which [roses|flowers] do you [like best|find prettiest], {name}?",
            "Do you think the roses [mind|like] [{sky}|this weather]?",
            "Would you rather have a [red|white|yellow] rose or a [whole meadow|basket of wild flowers]?",
        ],
        answer: &[
            "The [white|red|old yellow] ones, [always|without a doubt|if I must choose]. They [smell of lemon|forgive bad weather|need nobody].",
            "I passed them [this {day}|a while ago]: [three new buds|full of bees|a little thirsty], I thought.",
            "A rose is a rose, but the ones [by the bench|along the wall|near the path] are [proud as cats|quite something].",
            "[Wild|Plain] flowers for me. Roses [want too much praise|scratch me every time].",
        ],
        tell: &[
            "The bees are [late|busy|drunk with it] [today|this {day}]. They [know|prefer] the [west|sunny] side.",
            "[Cut a rose|If you cut flowers] [in the morning|before breakfast] and it lasts [a week|twice as long].",
            "Somebody [left|dropped] a [bunch of flowers|single rose] on [a bench|the steps]. I [wonder who|did not ask].",
            "I am [growing|trying] a [blue|striped|climbing] rose. [So far it is green.|It has other plans.|Wish me luck.]",
        ],
    },
    Topic {
        name: "bread",
        words: &[
            "bread", "bake", "baked", "baker", "loaf", "loaves", "crust", "oven", "soup", "supper", "cook",
            "eat", "eaten", "hungry", "food",
        ],
        ask: &[
            "Have you [eaten|had any bread] [yet|today], {name}?",
            "[Dark|Rye] bread or white, [what do you say|which one], {name}?",
            "What goes [best|well] with [fresh bread|onion soup], [in your opinion|do you think]?",
            "Can you smell the [oven|fresh loaves] from [here|{place}] too?",
        ],
        answer: &[
            "[Dark|Rye], with [butter|salt|honey] and [nothing else|a thick crust].",
            "I had [half a loaf|two rolls] [this {day}|on the way here]. [Still hungry|No regrets].",
            "Soup. [Everything|Bread most of all] goes with soup[, and soup goes with everything|].",
            "Not yet. [I was hoping somebody would ask.|Is there any left?|I could eat a whole loaf.]",
        ],
        tell: &[
            "The secret of [a good crust|any loaf] is [patience|a very hot stone|leaving it alone].",
            "I [burned|forgot] [one loaf|the rolls] [this {day}|again]. The [ducks|sparrows] were [delighted|grateful].",
            "[Salt|Caraway|A little rye] makes [plain bread|any supper] [better|honest].",
            "[They say|I hear] the soup is [thicker|better] [on the second day|when it rains].",
        ],
    },
    Topic {
        name: "weather",
        words: &[
            "weather", "rain", "sun", "sunny", "cloud", "clouds", "snow", "fog", "wind", "windy", "cold",
            "warm", "storm", "forecast", "drizzle", "thunder", "sunshine", "grey", "clear",
        ],
        ask: &[
            "What do you make of [this weather|the {sky}], {name}?",
            "Will the weather [hold|turn] [until the evening|by tomorrow], do you think?",
            "Is it [too cold|warm enough] for you [today|this {day}], {name}?",
        ],
        answer: &[
            "[{sky}, {temp} degrees|About {temp} degrees and {sky}]: [I have seen worse|I will take it|could be kinder].",
            "[It will turn|It holds a while yet], [my knee says|the swallows say|I feel it]. For now it is {sky}.",
            "[{temp} degrees|{sky}] [suits me|is what coats are for]. [And the air is good.|]",
        ],
        tell: &[
            "[{sky} again|So much {sky}]. [Good for the moss.|The ducks do not complain.|I brought the wrong hat.]",
            "At {temp} degrees [even the cats|even the benches] [look content|want a blanket].",
            "The clouds over {place} [look like sheep|look like a ship|are in no hurry] [this {day}|today].",
        ],
    },
    Topic {
        name: "books",
        words: &[
            "book", "books", "read", "reading", "poem", "poems", "story", "stories", "letter", "letters",
            "rhyme", "library", "page",
        ],
        ask: &[
            "What are you reading [these days|at the moment], {name}?",
            "Do you know a [good rhyme|rhyme] for [orange|{day}|lantern|thimble]?",
            "Have you ever [written|read] a [poem|story] about [{place}|ducks|the rain]?",
            "Should a story end [well|sadly] or [simply|just] end, {name}?",
        ],
        answer: &[
            "A [thin|thick|borrowed] book about [lighthouses|bees|a river|two brothers]. [I am on page nine.|I do not want it to end.]",
            "[Once|Only once], and the [last page|poem] [got wet|is still in my pocket].",
            "A story should [stop while you still want more|end where it began|leave one door open].",
            "[I only read letters|I like old letters], [other people's if they let me|the shorter the better].",
        ],
        tell: &[
            "[Hugo|The library] has a book that [nobody has returned|nobody dares to open] [in nine years|since the flood].",
            "I [began|finished] a poem [this {day}|at {place}]. It has [four lines|no rhyme] and [one duck|too many commas].",
            "[A good book|Any story] is [best|better] [on a bench|under a tree|by lantern light].",
        ],
    },
    Topic {
        name: "stars",
        words: &[
            "star", "stars", "moon", "sky", "night", "comet", "lantern", "lanterns", "lamp", "lamps",
        ],
        ask: &[
            "Did you see the [stars|moon] last night, {name}?",
            "Do you ever [count|name] the stars, {name}?",
            "Where would you go to [watch|see] [the moon|a comet] [rise|best], {name}?",
        ],
        answer: &[
            "[I saw|I counted] [seven|forty|one or two] stars before [the clouds came|I fell asleep].",
            "[From|At] [the lookout|the stone ring|any roof], [well away from the lamps|with a blanket].",
            "The moon [was low and yellow|hung over the trees|looked tired]. [Worth the cold.|You should have been there.]",
        ],
        tell: &[
            "[The lamps|Too many lanterns] [drown|hide] the [faint|small] stars[, pretty as they are|].",
            "There is [one star|a small red star] above {place} that [nobody has named|I call {name}|moves when I do not look].",
            "[On clear nights|When it clears] you can [read by|walk by] the moon [here|all the way home].",
        ],
    },
    Topic {
        name: "sea",
        words: &[
            "sea", "fish", "fishing", "tide", "boat", "boats", "ship", "ships", "quay", "net", "nets",
            "harbour", "ferry",
        ],
        ask: &[
            "Have you [been|walked] down to the [sea|quay] [today|lately], {name}?",
            "Do the fish bite [in|when there is] {sky}, do you think?",
            "Which [boat|ship] would you [take|board] if you could, {name}?",
        ],
        answer: &[
            "[I was at the quay|I looked at the tide] [this {day}|not an hour ago]: [high|low] and [grey|calm].",
            "[A small boat|Any boat that floats], [east|with the tide], and back [for supper|by night].",
            "[They bite|Fish bite] when they [please|are hungry]. [I only hold the line.|Ask the gulls.]",
        ],
        tell: &[
            "The [big|old] net has [another hole|a hole the size of a dog]. [The fish are pleased.|I know what I do tonight.]",
            "A ship came in [this {day}|at dawn] with [oranges|rope and gossip|nobody at the wheel, they say].",
            "The tide [waits for nobody|turns soon], [but it is polite about it|and so should I].",
        ],
    },
    Topic {
        name: "music",
        words: &[
            "music", "song", "songs", "tune", "tunes", "fiddle", "dance", "dances", "sing", "singing", "play",
        ],
        ask: &[
            "Do you know [the|that] tune [about the miller|everybody is humming], {name}?",
            "Will you [sing|dance] at the next [feast|market day], {name}?",
            "What song [is in your head|woke you] [today|this {day}], {name}?",
        ],
        answer: &[
            "[The one about the miller|A slow dance|Half a song], [and I cannot get rid of it|but only the first line].",
            "I [sing|dance] [when nobody looks|only after supper|badly and gladly].",
            "A fiddle [and a drum|alone] [is enough|beats any choir] for me.",
        ],
        tell: &[
            "Felix [broke a string|has a new tune] [this {day}|again]. [The cats have forgiven him.|It goes round and round.]",
            "Songs [travel|arrive] [faster than letters|with the ferry]. This one has [nine verses|no end].",
            "[If you stand|Stand] [at {place}|under the arcade] and hum, [the walls hum back|somebody always joins in].",
        ],
    },
    Topic {
        name: "clocks",
        words: &[
            "clock", "clocks", "tower", "hour", "hours", "bell", "bells", "calendar", "sundial",
        ],
        ask: &[
            "Does the [tower clock|clock] [seem|look] [slow|fast] to you, {name}?",
            "Did you hear the bell [this {day}|just now]?",
            "Would you [miss|notice] the clock if it stopped, {name}?",
        ],
        answer: &[
            "[A minute slow|Two minutes fast], [like me|as ever]. [I trust my stomach more than any clock.|]",
            "I heard [the bell|it strike] [twice|from far off]. [One was an echo.|Or I dreamed it.]",
            "[I would miss the bell|Only the bell], [not the hours|never the hurry].",
        ],
        tell: &[
            "A clock is [never late|only a slow fountain]; [people are|it is the rest of us that is].",
            "By the tower it is {time}. [By my shadow a little later.|By the sundial, no comment.]",
            "[Ada|Somebody] [oils|winds] the clock [every morning|with a goose feather]. [You can hear it purr.|]",
        ],
    },
    Topic {
        name: "crafts",
        words: &[
            "pot", "pots", "pottery", "bowl", "bowls", "loom", "cloth", "wood", "chair", "chairs", "stone",
            "stones", "tool", "tools", "craft", "crafts",
        ],
        ask: &[
            "What would you [make|build] out of [one good plank of wood|a heap of stones|a lump of clay for pots], {name}?",
            "Who made [that bowl|the chairs] [at the hall|you use], do you know?",
            "Do you own a [tool|bowl] [you could not do without|older than you], {name}?",
        ],
        answer: &[
            "[A stool|A bird table|A very small boat]. [One learns wood by spoiling it.|Chairs come later.]",
            "My [grandmother's bowl|old knife]. [Chipped|Mended] [twice|three times] and still [the best tool I have|the first I reach for].",
            "[Jonas|Greta|Rosa], [I believe|by the look of it]: nobody else [leaves such edges|works like that].",
        ],
        tell: &[
            "[Clay|Cloth|Oak] [remembers|shows] [every|each] [hurry|mistake]. [That is the craft of it.|So I go slowly.]",
            "[Stones|Old stones] want to [lie|be laid] the way they [lay before|grew]. [You can feel it.|]",
            "I [sold|gave away] [two bowls|a chair] [this {day}|yesterday], and [miss them already|good riddance].",
        ],
    },
    Topic {
        name: "forest",
        words: &[
            "forest",
            "tree",
            "trees",
            "mushroom",
            "mushrooms",
            "moss",
            "fern",
            "ferns",
            "trail",
            "brook",
            "herb",
            "herbs",
            "fox",
        ],
        ask: &[
            "Have you found any mushrooms [this week|yet], {name}?",
            "Do you walk the [forest trails|trail to the ford] [alone|at night], {name}?",
            "Which tree [would you be|do you greet first], {name}?",
        ],
        answer: &[
            "[A fir|An elm|The crooked one by the brook], [for the view|because it listens].",
            "[Two baskets of mushrooms|Only moss] [since Sunday|so far]. [I am not telling where.|Come and look.]",
            "[By day, and slowly|Only with a lantern]. The forest [does not mind|knows my step].",
        ],
        tell: &[
            "A fox [crossed|sat on] the trail [this {day}|in front of me] and [looked at me|did not hurry] [like a tax collector|at all].",
            "The ferns [are up to my shoulder|rustle without wind] [near the brook|in the hollow] [now|these days].",
            "[Mint|Sage|Thyme] grows [wild|everywhere] [along the trail|where the sun gets through]. [Good herbs, free of charge.|]",
        ],
    },
    Topic {
        name: "birds",
        words: &[
            "bird", "birds", "duck", "ducks", "wren", "wrens", "owl", "owls", "swallow", "swallows", "nest",
            "gull", "gulls",
        ],
        ask: &[
            "Have you [heard|seen] the [owl|wrens] [this {day}|lately], {name}?",
            "How many ducks [did you count|are there] [at the pond|now], do you know?",
            "Do the birds [wake|bother] you [in the morning|at all], {name}?",
        ],
        answer: &[
            "[Nine|Eleven|Twelve] ducks, [one of them cross|and one pretending to be a log].",
            "I heard [an owl|two owls] [near the old trees|after midnight]. [They were arguing.|Very polite, both.]",
            "The birds [start before five|sing and I turn over]. [I have learned the second verse.|I do not mind.]",
        ],
        tell: &[
            "The swallows [fly low|are back] [today|this {day}]. [You know what that means.|The midges are not pleased.]",
            "A wren [nests|lives] [in my hat|behind the notice board|in a boot], so [I do without|nobody touch it].",
            "[Do not feed|If you feed] the gulls[; they tell their friends|, they follow you to {goal}].",
        ],
    },
    Topic {
        name: "tea",
        words: &["tea", "coffee", "cup", "kettle", "honey", "brew", "drink", "cafe"],
        ask: &[
            "Would you [like|drink] [a cup of tea|a coffee] [later|now], {name}?",
            "Tea [with|without] honey, {name}[, or none at all|]?",
            "Have you tried the [new brew|mint tea] [at the cafe|yet], {name}?",
        ],
        answer: &[
            "Tea, [black|with honey], [please|any time]. [Coffee makes me argue.|]",
            "[Gladly|Later, gladly]: [a small cup|the biggest cup you have].",
            "[I tried the mint|The new one] tastes of [hay|summer|good intentions]. [I had two cups.|Once is enough.]",
        ],
        tell: &[
            "A kettle [never boils|sings] [while you argue|when you watch the street].",
            "The [second|last] cup is [always the best|for the gossip].",
            "[In this weather|With {sky}] I [want|drink] nothing but [tea|something hot] and [a wall to lean on|company].",
        ],
    },
    Topic {
        name: "market",
        words: &[
            "market", "stall", "stalls", "trade", "goods", "bargain", "haggle", "shop", "shopping", "coins",
        ],
        ask: &[
            "Did you find [anything good|a bargain] at the [stalls|market], {name}?",
            "Do you haggle [at the stalls|at the market], {name}, or [just pay|pay and smile]?",
            "What would you [buy|bring home] from the market [today|with ten credits], {name}?",
        ],
        answer: &[
            "[An apple|A loaf|A lantern I do not need] at the stall [over there|by the corner]. [A bargain.|I always do that.]",
            "I [never haggle|haggle a little]. [They have children.|It keeps us both awake.]",
            "[Flowers|A book], and [the rest|what is left] [for apples|stays in my pocket].",
        ],
        tell: &[
            "The [bread|apple] stall is [busy|nearly sold out] [this {day}|already]. [Go early.|Somebody bought nine.]",
            "[Count your coins|Look twice] [at the market|by the cloth stall]: [it is easy to buy too much|the lantern seller smiles too well].",
            "[Honest goods|Good scales] [sell themselves|need no shouting][, I was told|]. Still, everybody at the market shouts.",
        ],
    },
    Topic {
        name: "news",
        words: &["news", "rumour", "rumours", "gossip", "happened", "heard"],
        ask: &[
            "[Any news|What news] [from {region}|today|this {day}], {name}?",
            "Have you heard [the rumour|the gossip] about [the clock|the ferry|the ninth duck]?",
            "[Is there|Did you bring] any news [worth telling|from the others], {name}?",
        ],
        answer: &[
            "[Only gossip|Nothing new]: [the baker burned a loaf|somebody painted a bench|the ferry was late].",
            "I heard [the clock will strike thirteen|there will be music|a letter arrived for nobody]. [It may be true.|Do not quote me.]",
            "No news is [good news|what I like], [but they say it will be a dry week|and today there is plenty of it].",
        ],
        tell: &[
            "[Wherever I go|At {place}] they [tell|sell] me the same rumour[, each time a little bigger|].",
            "[Somebody new|A stranger] [arrived|was seen] [this {day}|near {place}]. [Polite.|Asked good questions.]",
            "There is a [new note|notice] on the board: [somebody lost a glove|somebody found a glove|a fiddle lesson for an apple].",
        ],
    },
];
