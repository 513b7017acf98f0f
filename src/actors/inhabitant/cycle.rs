//! One turn of an inhabitant: perceive, think, act, rest.

use super::InhabitantActor;
use super::senses::{Seen, act, see, sky_at};
use crate::actors::gateway::{Caller, Gateway, Guest};
use crate::actors::watch::{self, Stage};
use crate::brain::{INTENTS_MAX, Me, Mind, Perception, Thought};
use crate::domain::refusal::Refusal;
use std::time::Duration;

/// Between two thoughts. Units: milliseconds. Source: features.md CB-64.
const CYCLE_MS: i64 = 2_700;
/// The shortest and the longest time between two thoughts. Units: milliseconds.
const CYCLE_MIN_MS: i64 = 500;
const CYCLE_MAX_MS: i64 = 60_000;
/// Longest thought; what comes later is dropped. Units: seconds.
const THOUGHT_MAX: Duration = Duration::from_secs(20);
/// Between two looks into the purse. Units: milliseconds.
const PURSE_MS: i64 = 60_000;
/// How long to wait when the world does not let one in. Units: milliseconds.
const OUTSIDE_MS: i64 = 5_000;

/// How a thought went.
struct Outcome {
    mind: Box<dyn Mind>,
    wake_in_ms: Option<i64>,
    has_spent: bool,
    refusal: Option<Refusal>,
}

impl InhabitantActor {
    /// One turn: perceive first.
    pub(super) fn cycle(&mut self, stage: &mut Stage<Self>) {
        let (gateway, caller, is_inside) = (self.gateway.clone(), self.caller.clone(), self.is_inside);
        let now = self.gateway.node.now();
        let needs_purse = self.purse.is_none_or(|(_, at)| now.since_ms(at) > PURSE_MS);
        let work = async move {
            if !is_inside {
                gateway.join(&caller.handle, Guest::Rest, None).await?;
            }
            see(&gateway, &caller, needs_purse).await
        };
        watch::then(stage, work, |me, seen, stage| match seen {
            Ok(seen) => {
                me.is_inside = true;
                me.decide(seen, stage);
            }
            Err(refusal) => {
                me.note_refusal(&refusal);
                let wait_ms = if me.is_inside { CYCLE_MS } else { OUTSIDE_MS };
                let wait_ms = wait_ms.max(refusal.retry_after_ms.unwrap_or(0).min(CYCLE_MAX_MS));
                me.think_in(stage, wait_ms + me.jitter_ms());
            }
        });
    }

    /// The mind decides; the intents are done one after another.
    fn decide(&mut self, seen: Seen, stage: &mut Stage<Self>) {
        let node = &self.gateway.node;
        let now = node.now();
        if let Some(balance) = seen.balance_minor {
            self.purse = Some((balance, now));
        }
        let (heard, is_shut) = self.ears.take(node, &self.caller.handle, &seen.agents);
        if is_shut {
            self.attach();
        }
        let Some(mut mind) = self.mind.take() else { return };
        let (gateway, caller, name) = (self.gateway.clone(), self.caller.clone(), self.name.clone());
        let balance_minor = self.purse.map(|(balance, _)| balance);
        let work = async move {
            let world = gateway.node.directory.world();
            let thought = match world.region(&seen.region) {
                Some(region) => {
                    let (handle, at) = (caller.handle.clone(), seen.at);
                    let around = Perception {
                        now,
                        me: Me { handle, name, at },
                        agents: seen.agents,
                        world: &world,
                        region,
                        heard,
                        balance_minor,
                        sky: sky_at(world.seed, &region.name, region.weather.as_deref(), now),
                    };
                    let thinking = tokio::time::timeout(THOUGHT_MAX, mind.think(&around));
                    thinking.await.unwrap_or_default()
                }
                None => Thought::default(),
            };
            carry_out(&gateway, &caller, mind, thought).await
        };
        let began = self.gateway.node.clock.monotonic_ms();
        watch::then(stage, work, move |me, outcome, stage| {
            me.rest(outcome, began, stage)
        });
    }

    /// Until the next thought.
    fn rest(&mut self, outcome: Outcome, began_ms: i64, stage: &mut Stage<Self>) {
        self.mind = Some(outcome.mind);
        if outcome.has_spent {
            self.purse = None;
        }
        let usual_ms = CYCLE_MS + self.jitter_ms();
        let mut next_ms = outcome
            .wake_in_ms
            .map_or(usual_ms, |wake| wake.saturating_add(40));
        if next_ms > usual_ms && next_ms < 2 * usual_ms {
            next_ms = usual_ms;
        }
        if let Some(refusal) = outcome.refusal {
            self.note_refusal(&refusal);
            next_ms = usual_ms.max(refusal.retry_after_ms.unwrap_or(0));
        }
        let took_ms = self.gateway.node.clock.monotonic_ms().saturating_sub(began_ms);
        let rest_ms = next_ms.saturating_sub(took_ms);
        self.think_in(stage, rest_ms.clamp(CYCLE_MIN_MS, CYCLE_MAX_MS));
    }
}

/// Does what was thought, and tells the mind what was refused.
async fn carry_out(gateway: &Gateway, caller: &Caller, mut mind: Box<dyn Mind>, thought: Thought) -> Outcome {
    let Thought {
        mut intents,
        wake_in_ms,
    } = thought;
    intents.truncate(INTENTS_MAX);
    let has_spent = intents
        .iter()
        .any(|intent| matches!(intent.action, "pay" | "use_object"));
    let refusal = match act(gateway, caller, intents).await {
        Ok(()) => None,
        Err((refusal, undone)) => {
            undone
                .iter()
                .for_each(|intent| mind.refused(intent, refusal.code));
            Some(refusal)
        }
    };
    Outcome {
        mind,
        wake_in_ms,
        has_spent,
        refusal,
    }
}
