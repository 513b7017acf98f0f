//! An inhabitant: perceives, lets its mind decide, and acts through the same gateway as everybody.

mod cycle;
mod ears;
mod senses;

use super::gateway::{Caller, Gateway};
use super::hub::{Listener, SharedTable};
use super::watch::{self, Role, Stage};
use crate::base::id::SessionId;
use crate::base::time::Timestamp;
use crate::brain::{self, Mind, Persona};
use crate::domain::refusal::{Code, Refusal};
use ears::Ears;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// What chance adds to the time between two thoughts. Units: milliseconds.
const JITTER_MS: u64 = 600;

/// What an inhabitant is told.
pub enum InhabitantMessage {
    /// Act no more.
    Stop,
}

/// The actor of one inhabitant.
pub struct InhabitantActor {
    gateway: Gateway,
    table: SharedTable,
    caller: Caller,
    name: String,
    persona: Persona,
    /// None while it thinks.
    mind: Option<Box<dyn Mind>>,
    ears: Rc<Ears>,
    session: SessionId,
    purse: Option<(i64, Timestamp)>,
    is_inside: bool,
    limited: Limited,
}

/// How often a rate limit refused one of the household.
pub type Limited = Rc<Cell<usize>>;

impl InhabitantActor {
    /// An inhabitant that is about to begin; must be made on the thread of the table.
    pub fn new(
        gateway: Gateway,
        table: SharedTable,
        caller: Caller,
        name: String,
        persona: Persona,
        limited: Limited,
    ) -> Self {
        let session = gateway.node.session_id();
        Self {
            gateway,
            table,
            caller,
            name,
            persona,
            mind: None,
            ears: Ears::new(),
            session,
            purse: None,
            is_inside: false,
            limited,
        }
    }

    fn attach(&mut self) {
        let mut table = self.table.borrow_mut();
        table.detach(self.session);
        self.ears = Ears::new();
        let listener: Rc<dyn Listener> = self.ears.clone();
        table.attach(
            self.session,
            Some(self.caller.id),
            Rc::clone(&self.ears.outbox),
            listener,
        );
    }

    fn think_in(&self, stage: &mut Stage<Self>, ms: i64) {
        let delay = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        watch::later_by(stage, &self.gateway.node.clock, delay, Self::cycle);
    }

    /// Takes in a refusal: it may be out of the world, or too fast.
    fn note_refusal(&mut self, refusal: &Refusal) {
        self.is_inside &= !matches!(refusal.code, Code::NotInWorld);
        if matches!(refusal.code, Code::RateLimited) {
            self.limited.set(self.limited.get().saturating_add(1));
        }
    }

    fn jitter_ms(&self) -> i64 {
        i64::try_from(self.gateway.node.entropy.u64() % JITTER_MS).unwrap_or(0)
    }
}

impl Role for InhabitantActor {
    type Message = InhabitantMessage;
    const NAME: &'static str = "thinker";
    const CAPACITY: usize = 16;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        self.mind = Some(brain::scripted(
            self.persona.clone(),
            self.gateway.node.entropy.u64(),
        ));
        self.attach();
        self.think_in(stage, self.jitter_ms());
    }

    // What it had in mind is lost with the mind; who it is and what it owns is not.
    fn forget(&mut self) {
        (self.mind, self.purse, self.is_inside) = (None, None, false);
    }

    fn take(&mut self, message: InhabitantMessage, stage: &mut Stage<Self>) {
        match message {
            InhabitantMessage::Stop => {
                self.table.borrow_mut().detach(self.session);
                watch::finish(stage);
            }
        }
    }

    fn give_up(&mut self) -> bool {
        self.table.borrow_mut().detach(self.session);
        true
    }
}
