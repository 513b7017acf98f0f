//! What is said over goods, errands and coins. Gaps besides: `{item}`, `{price}`, `{sum}`, `{what}`.

/// A customer's wish.
pub const ORDER: &[&str] = &[
    "{item}, please, {name}. [I have been looking forward to it.|My {day} depends on it.|It smells wonderful.]",
    "May I have {item}, {name}? [I am @mood, and hungry for something nice.|I have the coins right here.|@relative recommends it.]",
    "I would like {item}, please, {name}. [The best one.|As always.|No hurry.]",
    "[Could I have|Can I get] {item}, {name}? [I walked here for it.|I have saved up all {day}.|Only if there is one left.]",
    "I will have {item}, please, {name}. [Surprise me with the size.|The {day} has earned it.|And no lecture.]",
    "{name}, {item} for me, please. [I can smell it from here.|You know how I like it.|It is that sort of {day}.]",
];

/// The keeper's answer.
pub const PRICE_TAG: &[&str] = &[
    "[Here you are|With pleasure|Fresh today], {name}: {item}, {price}. [I kept it for you.|The last but one.|And greetings to @relative.]",
    "{item} for {name}: that is {price}. [You have taste.|A good choice.|It goes well with @food.]",
    "{price}, {name}. [And worth it.|Mind, it is @colour inside.|The smile is included.]",
    "[There we are|Coming up], {name}: {item} for {price}. [The best of the {day}.|You are in luck.|I would take the same.]",
    "For you, {name}, {price}. [As for everybody.|I threw in a kind word.|It was @number yesterday, do not tell.]",
];

/// To an order for what one does not sell.
pub const NOT_MINE: &[&str] = &[
    "I do not sell that, {name}. [Try {keeper}.|{keeper} does.]",
    "{item}? That would be {keeper}, {name}. [I am {trade}.|]",
];

/// The customer pays.
pub const PAYING: &[&str] = &[
    "{price}, {name}. [Keep the paper.|It was never worth more.|And a good {day} to you.]",
    "[Here|There], {name}: {price}. [Now I am happy.|I shall be back.|That looks even better from near.]",
    "{price} it is, {name}. [Counted twice.|Warm from the pocket.|You make it too easy.]",
    "[Take it|All yours], {name}: {price}. [I would have paid more.|My purse thanks you for the exercise.|Small coins, I am afraid.]",
];

/// The customer pays somebody who is busy.
pub const LEFT_COINS: &[&str] = &[
    "[I leave|I put] {price} on the counter, {name}. [You are busy, I see.|For {item}.]",
    "{name}, [the coins are here|I paid]: {price}. [No need to turn round.|]",
    "{price} for {item}[, on the counter|, under the saucer], {name}. [I helped myself.|I see you have your hands full.]",
];

/// Thanks for a sale.
pub const SOLD: &[&str] = &[
    "Thank you, {name}: {sum}. [Enjoy it.|Come again.|Tell {friend} where you got it.]",
    "{sum}, [to the coin|and not a button among it]. [Many thanks|Bless you], {name}.",
    "{sum}, thank you, {name}. [Mind, it is fresh.|It suits you.|Careful with the corners.]",
    "[Much obliged|Thank you kindly], {name}: {sum}. [That pays for the candles.|The next one is smaller, I promise.|A pleasure.]",
    "{sum} in the box. [A good {day} to you|Good choice|Until the next one], {name}.",
];

/// Thanks for any other money.
pub const THANK_PAYMENT: &[&str] = &[
    "[Thank you|Many thanks], {name}. {sum}[, to the coin|, received]. [I will buy @food.|]",
    "{sum}? [How kind|Most kind], {name}. [I will remember it.|Thank you.]",
];

/// At a stall without anybody behind it.
pub const STALL: &[&str] = &[
    "{item}, then. [{price}? Fair.|Here, {price}.|I leave the coins: {price}.]",
    "[I take|I will have] {item} for {price}. [It looks good.|The best one.|]",
];

/// At a stall, without buying.
pub const BROWSE: &[&str] = &[
    "[Only looking|Just looking|Lovely goods]. [{item} for {price}, hm.|{price} for {item}.]",
    "[Perhaps tomorrow|Not today]: {price} for {item}[, hm|].",
];

/// To a singer or a poet.
pub const APPLAUSE: &[&str] = &[
    "[Bravo|Lovely|Once more], {name}! [Here is a coin.|That was worth a coin.|I shall hum it all {day}.]",
    "{name}, that [went to the knees|was the best so far|made the @colour lamps brighter]. [Take this.|A coin for you.]",
];

/// Would you take something to somebody.
pub const ERRAND: &[&str] = &[
    "Would you take {what} to {friend} for me, {name}? [I pay {price}.|There is {price} in it for you.]",
    "{name}, could you carry {what} to {friend}? [{price} for the way.|I give {price}, my feet hurt.]",
];

/// Yes, to an errand.
pub const ACCEPT: &[&str] = &[
    "Gladly, {name}. [{friend} shall have it before long.|I was going that way.|{friend} will be pleased.]",
    "Consider it done, {name}. [I know where {friend} is at this hour.|It is no weight.]",
];

/// No, to an errand.
pub const DECLINE: &[&str] = &[
    "Not this time, {name}. [My arms are full.|I am off in another direction.|{friend} lives too far for my boots.]",
    "I cannot, {name}: [I have a load already|my {day} is full]. [Ask Piet.|Ask me tomorrow.]",
];

/// The errand is paid.
pub const ERRAND_PAID: &[&str] = &[
    "[Thank you|You are a treasure], {name}. [Here is {price}.|{price}, as agreed.|Greet {friend}.]",
    "{price} for you, {name}. [Do not let it get wet.|Slowly with it.|{friend} waits for it.]",
];

/// It is delivered.
pub const DELIVER: &[&str] = &[
    "{name}, I bring you {what} from {friend}. [It is still dry.|I did not look.|It weighs more than it looks.]",
    "{name}! {what}: I was to give you this, from {friend}. [With greetings.|Handle with care.]",
];

/// To what was delivered.
pub const DELIVERED: &[&str] = &[
    "[At last|For me], {name}? [Thank you for the way.|I have been waiting all {day}.|What a {day}.]",
    "[You are an angel|Many thanks], {name}. [I know the hand.|I open it later, alone.|It smells of @food.]",
];

/// Is there any work.
pub const WORK_WANTED: &[&str] = &[
    "Is there any work for me, {name}? [My purse is light.|I can sweep, carry and sing.]",
    "Do you need a hand, {name}? [Times are lean.|I would be glad of a few coins.]",
];

/// There is.
pub const HIRE: &[&str] = &[
    "[Indeed there is|You come at the right time], {name}: [sweep the step|stack the crates|mend the sign], and {sum} is yours.",
    "[I could use you|Always], {name}. {sum} for [an hour's help|carrying the water|chasing @beast away].",
];

/// There is none.
pub const NO_WORK: &[&str] = &[
    "I have nothing myself, {name}. [Ask {friend}.|Try the stalls.]",
    "Not today, {name}[, I wish I had|]. [{friend} may need somebody.|]",
];

/// To a beggar.
pub const NO_MONEY: &[&str] = &[
    "I do not hand out coins, {name}. [But I know who has work: {friend}.|But sit, and tell me your story.]",
    "My purse stays shut, {name}. [Nothing personal.|Carry a letter for somebody, that pays.]",
];

/// What happened: a purchase, seen from both sides.
pub const BOUGHT: &[&str] = &[
    "{friend} sold me {item}[, and it was worth every coin|, and winked| and asked after the whole family]",
    "I bought {item} from {friend} and [finished it|carried it about] like a trophy",
    "I went to {friend} for a chat and came back with {item}[, as one does|]",
    "{friend} [swore that|told me] {item} would change my {day}[, and it nearly did|; we shall see]",
    "there was one left of everything at {friend}'s, so [it had to be {item}|I took {item} before somebody else did]",
];
/// As above.
pub const SOLD_TO: &[&str] = &[
    "{name} bought {item} from me[, just like that|, the last but one]",
    "I sold {item} to {name}, and [the {day} was saved|it was hardly out of my hands]",
    "{name} came by for {item}[ and stayed for a story| and did not even haggle|, in a great hurry]",
    "{item} went to {name}[, who looked delighted|; I shall have to make more]",
];
/// What happened: a letter was carried.
pub const CARRIED: &[&str] =
    &["I carried {what} [right across town|all the way] to {friend}[ without dropping it|]"];
/// What happened: somebody new came.
pub const ARRIVED: &[&str] =
    &["there is somebody new about, {name} by name[: asks good questions|, and quite polite]"];

/// Begins something that happened.
pub const TELL: &[&str] =
    &["[You will not believe it|Imagine|Listen to this|Fresh from the lane], {name}: {fact}."];
