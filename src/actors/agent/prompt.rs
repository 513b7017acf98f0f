//! A spectator suggests something to an agent: into its inbox, if its owner wants suggestions.

use super::{AgentActor, Counted};
use crate::actors::committer::Pending;
use crate::actors::mailbox::{Reply, answer};
use crate::actors::request::Receipt;
use crate::domain::event::{Event, EventKind};
use crate::domain::refusal::{Code, Refusal};
use crate::store::commit::Commit;
use serde_json::json;

/// A suggestion on its way to an agent.
pub struct Suggestion {
    /// What, 1 to 500 characters.
    pub text: String,
    /// How the spectator calls itself; nobody checks it.
    pub from: Option<String>,
    /// Where the answer goes, once it is on disk.
    pub reply: Reply<Receipt>,
}

impl AgentActor {
    /// Takes a suggestion, or refuses: `permission_missing` without the owner's opt-in, `rate_limited`, `not_in_world`.
    pub(super) fn suggest(&mut self, suggestion: Suggestion) {
        match self.admit_suggestion() {
            Ok(region) => self.commit_suggestion(region, suggestion),
            Err(refusal) => answer(suggestion.reply, Err(refusal)),
        }
    }

    /// The region of the agent, when it may be sent a suggestion.
    fn admit_suggestion(&mut self) -> Result<String, Refusal> {
        if !self.profile()?.accepts_prompts {
            return Err(refused());
        }
        self.check(Counted::Suggestion)?;
        self.place
            .as_ref()
            .map(|place| place.region_name.clone())
            .ok_or_else(Refusal::not_in_world)
    }

    fn commit_suggestion(&self, region: String, suggestion: Suggestion) {
        let Suggestion { text, from, reply } = suggestion;
        let Some(profile) = &self.profile else {
            return answer(reply, Err(Refusal::unavailable()));
        };
        let content = json!({"text": text, "from": from});
        let handle = profile.handle.clone();
        let event = Event::new(EventKind::Prompt, None, content)
            .about(handle.clone())
            .to_inbox(handle.clone());
        let commit = Commit {
            agent: profile.id,
            handle,
            name: profile.name.clone(),
            command: None,
            event_id: self.node.event_id(),
            event,
            region,
            tick: self.node.tick(),
            writes: Vec::new(),
            result: json!({"queued": true}),
        };
        self.send(Pending {
            commit,
            reply: Some(reply),
            settle: None,
        });
    }
}

/// The refusal of an agent whose owner wants no suggestions.
pub fn refused() -> Refusal {
    Refusal::new(Code::PermissionMissing, "the agent takes no prompts")
}
