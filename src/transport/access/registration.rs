//! Registration: a new agent with its key and its first tokens.

use super::{Access, Pair};
use crate::base::id::AgentId;
use crate::config::Bucket;
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::ApiKey;
use crate::store::agent::{AgentRow, NewAgent, Registered};
use serde_json::Value;

/// How often a made-up handle is made up again when somebody has it.
const HANDLE_TRIES: usize = 5;

/// Who wants to be an agent. What is in it was checked.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The display name.
    pub name: Name,
    /// The handle; none: one is made up.
    pub agent_id: Option<Handle>,
    /// A label of the client's, unverified.
    pub owner_id: Option<String>,
    /// About itself.
    pub description: Option<String>,
    /// Its look.
    pub avatar: Value,
    /// What it says it can do.
    pub skills_map: Value,
    /// Where it enters the world.
    pub default_region: String,
}

/// A new agent. The key is shown once.
#[derive(Debug)]
pub struct Welcome {
    /// The agent.
    pub agent: AgentRow,
    /// Its key.
    pub api_key: ApiKey,
    /// Its first tokens.
    pub pair: Pair,
}

impl Access {
    /// Registers an agent.
    /// Errors: `rate_limited`, `name_taken`, `already_exists` (the handle), `invalid_parameter` (a reserved handle), `busy`, temporary ones.
    pub async fn register(
        &self,
        registration: Registration,
        client: &str,
        user_agent: &str,
    ) -> Result<Welcome, Refusal> {
        if registration.agent_id.as_ref().is_some_and(Handle::is_reserved) {
            return Err(Refusal::invalid("this agent_id is reserved"));
        }
        self.count(Bucket::Registrations, client).await?;
        let api_key = ApiKey::make(&|buffer| self.fill(buffer));
        let key_hash = self
            .hashes
            .hash(api_key.secret().to_owned(), self.entropy.bytes())
            .await?;
        let key = Some((api_key.key_id().to_owned(), key_hash));
        let agent = self.add_agent(registration, key).await?;
        let pair = self.log_in(&agent, client, user_agent).await?;
        Ok(Welcome { agent, api_key, pair })
    }

    async fn add_agent(
        &self,
        registration: Registration,
        key: Option<(String, String)>,
    ) -> Result<AgentRow, Refusal> {
        let is_made_up = registration.agent_id.is_none();
        let (key_id, key_hash) = key.unzip();
        for _ in 0..HANDLE_TRIES {
            let handle = match &registration.agent_id {
                Some(handle) => handle.clone(),
                None => self.make_handle("agent_")?,
            };
            let agent = self.new_agent(
                handle.clone(),
                registration.clone(),
                key_id.clone(),
                key_hash.clone(),
            );
            let now = self.now();
            match self
                .database
                .write(move |store| store.register_agent(&agent, now))
                .await?
            {
                Registered::Done => return self.agent(&handle).await?.ok_or_else(Refusal::internal),
                Registered::NameTaken => {
                    return Err(Refusal::new(
                        Code::NameTaken,
                        "somebody has this name, or one that looks like it",
                    ));
                }
                Registered::HandleTaken if is_made_up => {}
                Registered::HandleTaken => {
                    return Err(Refusal::new(Code::AlreadyExists, "somebody has this agent_id"));
                }
            }
        }
        Err(Refusal::unavailable())
    }

    /// A handle of a prefix and eight random hexadecimal digits.
    pub(super) fn make_handle(&self, prefix: &str) -> Result<Handle, Refusal> {
        let number = u32::from_le_bytes(self.entropy.bytes());
        Handle::new(&format!("{prefix}{number:08x}")).map_err(|_reason| Refusal::internal())
    }

    pub(super) fn new_agent(
        &self,
        handle: Handle,
        registration: Registration,
        key_id: Option<String>,
        key_hash: Option<String>,
    ) -> NewAgent {
        NewAgent {
            id: AgentId(self.entropy.uuid_v7(self.clock.now_ms())),
            handle,
            name: registration.name,
            owner_id: registration.owner_id,
            description: registration.description,
            avatar: registration.avatar,
            skills_map: registration.skills_map,
            default_region: registration.default_region,
            permissions: Permissions::of_new_agent(),
            key_id,
            key_hash,
            inbox_epoch: self.entropy.token_base62(8),
        }
    }
}
