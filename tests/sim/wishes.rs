//! What bots want of the world: they ask at some node, ask again when nothing comes, and note what they hear.

use crate::bot::Next;
use crate::event::Event;
use crate::world::World;
use rookery::actors::request::Receipt;
use rookery::domain::refusal::Refusal;

impl World {
    /// A node that a bot speaks to.
    fn door(&mut self) -> Option<usize> {
        let keys: Vec<usize> = self.nodes.keys().copied().collect();
        (!keys.is_empty()).then(|| keys[self.dice.index(keys.len())])
    }

    pub fn want(&mut self, number: usize) {
        if self.is_healed {
            return;
        }
        let seed = self.seed;
        self.tally.commands += 1;
        let bot = &mut self.bots[number];
        let wish = bot.decide(seed).clone();
        let is_impatient = wish.is_durable && bot.is_impatient();
        self.note(|| format!("bot {number} wants {} {}", wish.act.command_id, wish.act.name));
        self.ask(number);
        if is_impatient {
            self.ask(number);
        }
    }

    /// A bot asks for what it wants, at some node.
    pub fn ask(&mut self, number: usize) {
        let Some(wish) = &mut self.bots[number].wish else {
            return;
        };
        wish.tries += 1;
        let (act, tries) = (wish.act.clone(), wish.tries);
        let patience_ms = 2_000 + self.dice.below(4_000);
        let event = Event::Impatient(number, act.command_id.clone(), tries);
        self.arrange(patience_ms, event);
        let after_ms = 1 + self.dice.below(10);
        if let Some(node) = self.door() {
            self.arrange(after_ms, Event::Submit(node, number, Box::new(act)));
        }
    }

    /// A bot has waited for long enough.
    pub fn ask_again(&mut self, number: usize, command: &str, tries: u64) {
        let Some(wish) = &self.bots[number].wish else {
            return;
        };
        if wish.act.command_id != command || (tries > 0 && wish.tries != tries) {
            return;
        }
        if wish.is_durable {
            self.ask(number);
        } else {
            self.bots[number].wish = None;
            self.arrange(50, Event::Want(number));
        }
    }

    pub fn answer(
        &mut self,
        number: usize,
        command: &str,
        outcome: Result<Receipt, Refusal>,
    ) -> Result<(), String> {
        let said = match &outcome {
            Ok(receipt) => format!("done {:?} {:?}", receipt.shard, receipt.seq),
            Err(refusal) => format!("{:?}", refusal.code),
        };
        self.note(|| format!("bot {number} hears of {command}: {said}"));
        if let Ok(receipt) = &outcome {
            self.check_receipt(number, command, receipt)?;
        }
        let next = self.bots[number].hear(command, outcome);
        match next {
            // Tries are counted when it asks.
            Some(Next::Again(after_ms)) => {
                self.arrange(after_ms, Event::Impatient(number, command.to_owned(), 0));
            }
            Some(Next::Rest(after_ms)) => self.arrange(after_ms, Event::Want(number)),
            None => {}
        }
        Ok(())
    }
}
