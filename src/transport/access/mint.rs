//! Tokens that the operator makes on the command line: agents for load tests, and the role `admin`.

use super::{Access, Registration};
use crate::domain::agent::{Handle, Name, Permissions};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::Issued;
use serde_json::{Value, json};

/// The subject of the operator's tokens: a reserved handle, so no agent has it.
pub const ADMIN: &str = "admin";
/// Agents that one job of the database registers: far less than its deadline allows.
const PART: usize = 2_000;

impl Access {
    /// Registers `count` agents without keys, in the region named, and gives each a token. In order of their handles.
    /// Errors: `busy` when the database has too much to do, `name_taken`, temporary ones.
    pub async fn mint(&self, count: u32, default_region: &str) -> Result<Vec<(Handle, Issued)>, Refusal> {
        // One random word a call, so that a second call takes other names.
        let word = format!("{:08x}", u32::from_le_bytes(self.entropy.bytes()));
        let mut agents = Vec::new();
        for number in 1..=count {
            let handle = Handle::new(&format!("load_{word}_{number:06}")).map_err(Refusal::invalid)?;
            let registration = Registration {
                name: Name::new(handle.as_str()).map_err(Refusal::invalid)?,
                agent_id: None,
                owner_id: None,
                description: None,
                avatar: json!("default"),
                skills_map: Value::Object(serde_json::Map::new()),
                default_region: default_region.to_owned(),
            };
            agents.push(self.new_agent(handle, registration, None, None));
        }
        let handles: Vec<Handle> = agents.iter().map(|agent| agent.handle.clone()).collect();
        while !agents.is_empty() {
            let part = agents.split_off(agents.len().saturating_sub(PART));
            let now = self.now();
            let registered = self
                .database
                .write(move |store| store.register_agents_bulk(&part, now))
                .await?;
            if let Err(handle) = registered {
                return Err(Refusal::new(
                    Code::NameTaken,
                    format!("the name {handle} is taken"),
                ));
            }
        }
        let permissions = Permissions::of_new_agent();
        let issue = |handle: Handle| {
            let issued = self.issue(&handle, permissions, self.entropy.uuid_v7(self.clock.now_ms()))?;
            Ok((handle, issued))
        };
        handles.into_iter().map(issue).collect()
    }

    /// A token with the role `admin`, for the routes of the operator. It belongs to no agent and cannot act.
    /// Errors: `unavailable` when there is no signing key.
    pub fn mint_admin(&self) -> Result<Issued, Refusal> {
        let subject = Handle::new(ADMIN).map_err(Refusal::invalid)?;
        self.issue(
            &subject,
            Permissions::from_names([ADMIN]),
            self.entropy.uuid_v7(self.clock.now_ms()),
        )
    }
}
