//! Registers an inhabitant at the first start, and finds it again at the next.

use crate::actors::gateway::Gateway;
use crate::base::id::AgentId;
use crate::brain::Persona;
use crate::brain::lore::people::people;
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::Refusal;
use crate::store::agent::{AgentPatch, AgentRow, NewAgent, Registered};
use serde_json::json;
use std::sync::Arc;

/// Names that are tried when somebody else has the persona's.
const NAMES_MAX: usize = 8;

/// The inhabitant's row; registers it at the first start. None: somebody else has its handle or all its names.
/// Errors: temporary ones of the database.
pub(super) async fn find_or_register(
    gateway: &Gateway,
    persona: &Persona,
) -> Result<Option<AgentRow>, Refusal> {
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
            more => format!("{} {}", persona.name, people().len() + more),
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
    let home = world.region(persona.home.0).or_else(|| world.regions.first());
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
