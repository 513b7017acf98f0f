//! What must hold after each step, and what must hold in the end.

use crate::ground::{self, AGENTS};
use crate::world::World;
use rookery::actors::request::Receipt;
use rookery::base::id::AgentId;
use rookery::store::replay::Checked;
use std::collections::BTreeMap;

/// More than any run writes.
const EVENTS_MAX: i64 = 100_000;

/// How long an agent may be in memory where it is not any more: until the news of where it is are told again. Units: milliseconds.
const TWICE_MAX_MS: u64 = 10_000;

impl World {
    /// Who believes to hold a shard holds it, and an agent is in one place.
    pub fn look_at_nodes(&mut self) -> Result<(), String> {
        let now_ms = self.now_ms;
        let mut places: BTreeMap<AgentId, BTreeMap<i64, usize>> = BTreeMap::new();
        for (key, node) in &mut self.nodes {
            node.wind(now_ms);
            for shard in node.shards.values().filter(|shard| !shard.is_ending) {
                if !node.leases.keep(&shard.lease, node.monotonic_ms()) {
                    continue;
                }
                let (id, epoch) = (shard.plan.id, shard.lease.epoch());
                if !self.witness.holds(node.id, id, epoch, now_ms) {
                    let row = self.witness.row(id);
                    return Err(format!(
                        "node {key} believes to hold {id:?} under epoch {epoch}, the database says {row:?}"
                    ));
                }
                let bodies = shard.state.iter().flat_map(|state| state.bodies());
                for body in bodies.filter(|body| !body.is_frozen) {
                    let hops = places.entry(body.profile.id).or_default();
                    if let Some(other) = hops.insert(body.hop, *key) {
                        return Err(format!(
                            "{} acts on node {other} and in {id:?} of node {key} by the same hand-off",
                            body.profile.handle
                        ));
                    }
                }
            }
        }
        // By another one it may: its shard was taken over while an offer of it was under way. Not for long.
        places.retain(|_, hops| hops.len() > 1);
        self.twice.retain(|agent, _| places.contains_key(agent));
        for agent in places.keys() {
            let since_ms = *self.twice.entry(*agent).or_insert_with(|| {
                self.tally.twice += 1;
                now_ms
            });
            if now_ms.saturating_sub(since_ms) > TWICE_MAX_MS {
                return Err(format!("agent {agent} acts in two places since {since_ms}"));
            }
        }
        Ok(())
    }

    /// What was acknowledged as durable is on disk, as it was said.
    pub fn check_receipt(&mut self, number: usize, command: &str, receipt: &Receipt) -> Result<(), String> {
        let Some(seq) = receipt.seq else { return Ok(()) };
        let stored = self.spare.find_command(ground::agent_id(number), command);
        let stored = stored.expect("nothing befalls it");
        let Some(stored) = stored else {
            return Err(format!("{command} was acknowledged and is not in the store"));
        };
        if stored.outcome.is_err() || stored.seq != seq || Some(stored.shard) != receipt.shard {
            return Err(format!(
                "{command} was acknowledged as {receipt:?}, the store has {stored:?}"
            ));
        }
        Ok(())
    }

    /// Whether nobody waits for anything, and every agent is where it should be.
    pub fn is_at_rest(&mut self) -> bool {
        self.unrests().is_empty()
    }

    /// What is not at rest.
    pub fn unrest(&mut self) -> String {
        let unrests = self.unrests();
        format!("not at rest so long after all was healed: {}", unrests.join("; "))
    }

    fn unrests(&mut self) -> Vec<String> {
        let waiting = self
            .bots
            .iter()
            .filter_map(|bot| Some((bot.number, bot.wish.as_ref()?)));
        let mut unrests: Vec<String> = waiting
            .filter(|(_, wish)| wish.is_durable)
            .map(|(number, wish)| {
                format!(
                    "bot {number} waits for {} ({})",
                    wish.act.command_id, wish.act.name
                )
            })
            .collect();
        if !unrests.is_empty() {
            return unrests;
        }
        for number in 0..AGENTS {
            let agent = ground::agent_id(number);
            let row = self.spare.agent_by_id(agent).expect("nothing befalls it");
            let row = row.expect("it is registered");
            let mut bodies = Vec::new();
            for node in self.nodes.values() {
                for shard in node.shards.values().filter(|shard| !shard.is_ending) {
                    let body = shard.state.as_ref().and_then(|state| state.body(agent));
                    bodies.extend(body.map(|body| (shard.plan.id, body.hop, body.is_frozen)));
                }
            }
            let expected = row.shard.map(|shard| (shard, row.hop, false));
            if bodies.len() != 1 || bodies.first().copied() != expected {
                unrests.push(format!(
                    "agent {number} is in {bodies:?}, its row says {expected:?}"
                ));
            }
        }
        unrests
    }

    /// What must hold in the end.
    pub fn conclude(&mut self) -> Result<(), String> {
        self.count();
        let violations = self.spare.verify().expect("nothing befalls it");
        if !violations.is_empty() {
            return Err(format!("{violations:?}"));
        }
        for shard in self.spare.shards().expect("nothing befalls it") {
            let checked = self
                .spare
                .verify_shard(shard.id, EVENTS_MAX)
                .expect("nothing befalls it");
            if checked != Checked::Told(Vec::new()) {
                return Err(format!("replay of {:?}: {checked:?}", shard.id));
            }
        }
        self.check_notes()
    }

    /// What the bots wrote down is what happened: each acknowledged command once, nothing of a refused one.
    fn check_notes(&mut self) -> Result<(), String> {
        let mut balances = self.at_first.clone();
        for bot in &self.bots {
            let agent = ground::agent_id(bot.number);
            for noted in &bot.notes {
                let command = &noted.wish.act.command_id;
                let (commands, transfers) = self.witness.times_done(agent.0.as_bytes(), command);
                let is_done = noted.outcome.is_ok();
                if commands.max(transfers) != 1 && is_done {
                    return Err(format!(
                        "{command} was done {commands} times, {transfers} times as a transfer"
                    ));
                }
                if transfers > 0 && !is_done {
                    return Err(format!("{command} was refused ({:?}) and is paid", noted.outcome));
                }
                if let Some(text) = &noted.wish.said {
                    let times = self.witness.times_said(text);
                    if times != i64::from(is_done) {
                        return Err(format!("{command} ({:?}) was said {times} times", noted.outcome));
                    }
                }
                if let (Some((to, amount)), true) = (noted.wish.payment, is_done) {
                    *balances.entry(agent.0.as_bytes().to_vec()).or_default() -= amount;
                    *balances
                        .entry(ground::agent_id(to).0.as_bytes().to_vec())
                        .or_default() += amount;
                }
            }
        }
        let found = self.witness.balances();
        if balances != found {
            return Err(format!(
                "the bots' notes add up to {balances:?}, the accounts hold {found:?}"
            ));
        }
        Ok(())
    }

    fn count(&mut self) {
        let injected = self.faults.with(|weather| weather.injected);
        let of = |bot: &crate::bot::Bot, is_done| {
            let notes = bot.notes.iter().filter(|noted| noted.outcome.is_ok() == is_done);
            u64::try_from(notes.count()).expect("there are few")
        };
        self.tally.acknowledged = self.bots.iter().map(|bot| of(bot, true)).sum();
        self.tally.refused = self.bots.iter().map(|bot| of(bot, false)).sum();
        self.tally.virtual_ms = self.now_ms;
        self.tally.events = u64::try_from(self.witness.events()).expect("it is positive");
        self.tally.takeovers = self.witness.takeovers;
        self.tally.cuts = injected.cuts;
        self.tally.never_done = injected.never_done;
        self.tally.unanswered = injected.unanswered;
    }
}
