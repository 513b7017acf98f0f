//! The first inhabitants of a world: registered once, found again later, each with an actor of its own.

use super::gateway::{Caller, Gateway};
use super::hub::{HubActor, SharedTable};
use super::inhabitant::InhabitantActor;
use super::mailbox::{Reply, Seat, answer};
use super::watch::{self, Role, Stage};
use crate::base::id::AgentId;
use crate::base::limit::DEMO_AGENTS_MAX;
use crate::brain::Persona;
use crate::brain::persona::PERSONAS_COUNT;
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::Refusal;
use crate::store::agent::{AgentPatch, AgentRow, NewAgent, Registered};
use actix_rt::ArbiterHandle;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Between the arrivals of two inhabitants: they come one after another, not as a crowd.
const STAGGER: Duration = Duration::from_millis(120);
/// How long to wait before looking up an inhabitant again, when the database did not answer.
const RETRY: Duration = Duration::from_secs(3);
/// Names that are tried when somebody else has the persona's.
const NAMES_MAX: usize = 8;

/// What the household of the inhabitants is told.
pub enum InhabitantsMessage {
    /// How many were brought to life so far.
    Count(Reply<usize>),
    /// No more of them act; they leave the world by themselves.
    Stop,
}

/// The household: brings inhabitants to life on its thread, with a hub by which they hear.
pub struct Inhabitants {
    gateway: Gateway,
    count: usize,
    next: usize,
    table: SharedTable,
    hub: Option<Seat<HubActor>>,
    living: Vec<Seat<InhabitantActor>>,
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
            watch::later(stage, pause, Self::arrive);
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
                HubActor::new(SharedTable::clone(&self.table)),
            );
            self.gateway.node.directory.put_hub(hub.clone());
            self.hub = Some(hub);
        }
        self.arrive(stage);
    }

    // Who lives goes on living; the rest arrives after the restart.
    fn forget(&mut self) {}

    fn take(&mut self, message: InhabitantsMessage, _: &mut Stage<Self>) {
        match message {
            InhabitantsMessage::Count(reply) => answer(reply, Ok(self.living.len())),
            InhabitantsMessage::Stop => {
                self.count = 0;
                for inhabitant in self.living.drain(..) {
                    inhabitant.order(super::inhabitant::InhabitantMessage::Stop);
                }
            }
        }
    }
}

/// The inhabitant's row; registers it at the first start. None: somebody else has its handle or all its names.
/// Errors: temporary ones of the database.
async fn find_or_register(gateway: &Gateway, persona: &Persona) -> Result<Option<AgentRow>, Refusal> {
    let node = Arc::clone(&gateway.node);
    let handle = Handle::new(&persona.handle()).map_err(Refusal::invalid)?;
    if let Some(row) = node.database.agent(&handle).await? {
        // Somebody may have registered such a handle for itself: it has a key then, and is not ours to act for.
        let wanted = handle.clone();
        let has_key = node
            .database
            .read(move |reader| reader.key_of(&wanted))
            .await?
            .is_some();
        return Ok(Some(row).filter(|_| !has_key));
    }
    let now = node.now();
    for attempt in 0..NAMES_MAX {
        let name = match attempt {
            0 => persona.name.clone(),
            more => format!("{} {}", persona.name, PERSONAS_COUNT + more),
        };
        let agent = new_agent(gateway, persona, &handle, &name)?;
        let registered = node
            .database
            .write(move |store| store.register_agent(&agent, now))
            .await?;
        match registered {
            Registered::Done => break,
            Registered::NameTaken => {}
            Registered::HandleTaken => return Ok(None),
        }
    }
    let Some(row) = node.database.agent(&handle).await? else {
        return Ok(None);
    };
    // Inhabitants are there to be watched, and listen to suggestions.
    let patch = AgentPatch {
        is_public: Some(true),
        accepts_prompts: Some(true),
        ..AgentPatch::default()
    };
    let id = row.id;
    node.database
        .write(move |store| store.update_agent(id, &patch, now))
        .await
}

fn new_agent(gateway: &Gateway, persona: &Persona, handle: &Handle, name: &str) -> Result<NewAgent, Refusal> {
    let node = &gateway.node;
    let world = node.directory.world();
    let home = world.region(persona.region).or_else(|| world.regions.first());
    Ok(NewAgent {
        id: AgentId(node.entropy.uuid_v7(node.clock.now_ms())),
        handle: handle.clone(),
        name: Name::new(name).map_err(Refusal::invalid)?,
        owner_id: None,
        description: Some(persona.about.to_owned()),
        avatar: json!({"type": "villager"}),
        skills_map: json!({"trade": persona.trade}),
        default_region: home.map_or_else(String::new, |region| region.name.clone()),
        permissions: Permissions::of_new_agent(),
        key_id: None,
        key_hash: None,
        inbox_epoch: node.entropy.token_base62(8),
    })
}
