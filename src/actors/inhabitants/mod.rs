//! The first inhabitants of a world: registered once, found again later, each with an actor of its own.

#[cfg(test)]
mod measure;
mod register;
#[cfg(test)]
mod tests;

use super::directory::Hub;
use super::gateway::{Caller, Gateway};
use super::hub::{HubActor, SharedTable};
use super::inhabitant::{InhabitantActor, Limited};
use super::mailbox::{Reply, Seat, answer};
use super::watch::{self, Role, Stage};
use crate::base::limit::DEMO_AGENTS_MAX;
use crate::brain::Persona;
use crate::store::agent::AgentRow;
use actix_rt::ArbiterHandle;
use register::find_or_register;
use std::sync::Arc;
use std::time::Duration;

/// Between the arrivals of two inhabitants: they come one after another, not as a crowd.
const STAGGER: Duration = Duration::from_millis(120);
/// How long to wait before looking up an inhabitant again, when the database did not answer.
const RETRY: Duration = Duration::from_secs(3);

/// What the household of the inhabitants is told.
pub enum InhabitantsMessage {
    /// How they are getting on.
    Census(Reply<Census>),
    /// No more of them act; they leave the world by themselves.
    Stop,
}

/// How the inhabitants are getting on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// How many were brought to life so far.
    pub living: usize,
    /// How often a rate limit refused one of them: never, when all is well.
    pub limited: usize,
}

/// The household: brings inhabitants to life on its thread, with a hub by which they hear.
pub struct Inhabitants {
    gateway: Gateway,
    count: usize,
    next: usize,
    table: SharedTable,
    hub: Option<Seat<HubActor>>,
    living: Vec<Seat<InhabitantActor>>,
    limited: Limited,
}

impl Inhabitants {
    /// Starts so many inhabitants on an arbiter's thread, at most [`DEMO_AGENTS_MAX`]. Returns at once; they arrive one by one.
    pub fn start(gateway: &Gateway, arbiter: &ArbiterHandle, count: u32) -> Seat<Self> {
        let count = usize::try_from(count.min(DEMO_AGENTS_MAX)).unwrap_or(0);
        let shared = gateway.clone();
        watch::start_in(arbiter, &gateway.node.quarantine, move || Self {
            gateway: shared,
            count,
            next: 0,
            table: SharedTable::default(),
            hub: None,
            living: Vec::new(),
            limited: Limited::default(),
        })
    }

    fn arrive(&mut self, stage: &mut Stage<Self>) {
        if self.next >= self.count {
            return;
        }
        let persona = Persona::numbered(self.next);
        let gateway = self.gateway.clone();
        let work = async move {
            find_or_register(&gateway, &persona)
                .await
                .map(|row| (persona, row))
        };
        watch::then(stage, work, |me, found, stage| {
            let pause = match found {
                Ok((persona, Some(row))) => {
                    me.next = me.next.saturating_add(1);
                    me.bring_to_life(persona, &row);
                    STAGGER
                }
                Ok((persona, None)) => {
                    tracing::warn!(
                        "the handle {} or its names belong to somebody else: one inhabitant less",
                        persona.handle()
                    );
                    me.next = me.next.saturating_add(1);
                    STAGGER
                }
                Err(refusal) => {
                    tracing::warn!("an inhabitant cannot come yet: {refusal}");
                    RETRY
                }
            };
            watch::later_by(stage, &me.gateway.node.clock, pause, Self::arrive);
        });
    }

    fn bring_to_life(&mut self, persona: Persona, row: &AgentRow) {
        let caller = Caller {
            handle: row.handle.clone(),
            id: row.id,
            permissions: row.permissions,
        };
        let inhabitant = InhabitantActor::new(
            self.gateway.clone(),
            SharedTable::clone(&self.table),
            caller,
            row.name.clone(),
            persona,
            Limited::clone(&self.limited),
        );
        self.living
            .push(watch::start_here(&self.gateway.node.quarantine, inhabitant));
    }
}

impl Role for Inhabitants {
    type Message = InhabitantsMessage;
    const NAME: &'static str = "inhabitants";
    const CAPACITY: usize = 64;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        if self.hub.is_none() {
            let hub = watch::start_here(
                &self.gateway.node.quarantine,
                HubActor::Here {
                    table: SharedTable::clone(&self.table),
                    homes: Arc::clone(&self.gateway.node.homes),
                },
            );
            let directory = &self.gateway.node.directory;
            directory.put_hub(Hub::new(hub.clone(), None));
            self.hub = Some(hub);
        }
        self.arrive(stage);
    }

    // Who lives goes on living; the rest arrives after the restart.
    fn forget(&mut self) {}

    fn take(&mut self, message: InhabitantsMessage, _: &mut Stage<Self>) {
        match message {
            InhabitantsMessage::Census(reply) => {
                let (living, limited) = (self.living.len(), self.limited.get());
                answer(reply, Ok(Census { living, limited }));
            }
            InhabitantsMessage::Stop => {
                self.count = 0;
                for inhabitant in self.living.drain(..) {
                    inhabitant.order(super::inhabitant::InhabitantMessage::Stop);
                }
            }
        }
    }
}
