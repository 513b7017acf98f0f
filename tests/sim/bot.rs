//! Bots: each acts for one agent, repeats what was not answered for good under the same command id, and writes down what was
//! acknowledged.

use crate::dice::Dice;
use crate::ground::{self, AGENTS, REGIONS};
use rookery::actors::peer::message::Act;
use rookery::actors::request::Receipt;
use rookery::domain::agent::Permissions;
use rookery::domain::refusal::Refusal;
use serde_json::json;

/// What a bot wants to have done.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The command.
    pub act: Act,
    /// Of a payment: to whom and how much.
    pub payment: Option<(usize, i64)>,
    /// Of what is said or whispered: the words, which nobody says twice.
    pub said: Option<String>,
    /// Whether it is done once however often it is asked for.
    pub is_durable: bool,
    /// How often it was asked for.
    pub tries: u64,
}

/// What came of a wish for good.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The command.
    pub wish: Wish,
    /// The receipt; or the refusal, by its code's name.
    pub outcome: Result<Receipt, String>,
}

/// A bot.
pub struct Bot {
    /// Its number, and its agent's.
    pub number: usize,
    dice: Dice,
    /// Commands so far.
    pub commands: u64,
    /// What it waits for.
    pub wish: Option<Wish>,
    /// What came of its durable commands.
    pub notes: Vec<Noted>,
}

impl Bot {
    pub fn new(seed: u64, number: usize) -> Self {
        let stream = 100 + u64::try_from(number).expect("there are few");
        Self {
            number,
            dice: Dice::new(seed, stream),
            commands: 0,
            wish: None,
            notes: Vec::new(),
        }
    }

    /// How long until the next command. Units: milliseconds.
    pub fn rest_ms(&mut self) -> u64 {
        20 + self.dice.below(600)
    }

    /// How long until another try. Units: milliseconds.
    pub fn backoff_ms(&mut self) -> u64 {
        50 + self.dice.below(500)
    }

    /// Whether a command is sent twice at the same time.
    pub fn is_impatient(&mut self) -> bool {
        self.dice.below(100) < 8
    }

    /// What it wants next.
    pub fn decide(&mut self, seed: u64) -> &Wish {
        self.commands += 1;
        let other = (self.number + 1 + self.dice.index(AGENTS - 1)) % AGENTS;
        let command_id = format!("{seed}-{}-{}", self.number, self.commands);
        let (mut payment, mut said) = (None, None);
        let (name, params, is_durable) = match self.dice.below(100) {
            0..40 => {
                // Some of them are more than anybody has.
                let amount = if self.dice.below(20) == 0 {
                    90_000_000
                } else {
                    1 + self.dice.below(50)
                };
                payment = Some((other, i64::try_from(amount).expect("it is small")));
                let to = ground::handle(other);
                ("pay", json!({"to": to, "amount": amount}), true)
            }
            40..55 => {
                let text = said.insert(format!("word {command_id}"));
                ("say", json!({"message": text}), true)
            }
            55..65 => {
                let (target, text) = (ground::handle(other), said.insert(format!("psst {command_id}")));
                ("whisper", json!({"target_id": target, "message": text}), true)
            }
            65..85 => {
                let region = REGIONS[self.dice.index(REGIONS.len())];
                let (x, y) = (self.dice.below(250), self.dice.below(250));
                ("teleport", json!({"region": region, "x": x, "y": y}), true)
            }
            85..95 => {
                let (x, y) = (self.dice.below(250), self.dice.below(250));
                ("move_to", json!({"x": x, "y": y}), false)
            }
            _ => (
                "set_status",
                json!({"status": format!("{}", self.commands)}),
                false,
            ),
        };
        let act = Act {
            handle: ground::handle(self.number),
            agent: ground::agent_id(self.number),
            permissions: Permissions::of_new_agent(),
            name: name.to_owned(),
            params: params.to_string(),
            command_id,
            has_own_id: true,
        };
        self.wish.insert(Wish {
            act,
            payment,
            said,
            is_durable,
            tries: 0,
        })
    }

    /// An answer came. Gives how long until the next step, unless it was about something that is over.
    pub fn hear(&mut self, command_id: &str, outcome: Result<Receipt, Refusal>) -> Option<Next> {
        let wish = self.wish.take_if(|wish| wish.act.command_id == command_id)?;
        let outcome = match outcome {
            Err(refusal) if refusal.code.is_temporary() && wish.is_durable => {
                self.wish = Some(wish);
                return Some(Next::Again(self.backoff_ms()));
            }
            outcome => outcome.map_err(|refusal| refusal.code.name().to_owned()),
        };
        if wish.is_durable {
            self.notes.push(Noted { wish, outcome });
        }
        Some(Next::Rest(self.rest_ms()))
    }
}

/// What a bot does next, after so many milliseconds.
pub enum Next {
    /// Asks again.
    Again(u64),
    /// Wants something new.
    Rest(u64),
}
