//! `converse_line`: speak in a conversation.

use super::{LINE_BYTES_MAX, MEMBERS_MAX, copy_of, decision};
use crate::base::id::ConversationId;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Decision, Scene};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// Speaks one line and gives the floor away. Only who has the floor speaks; in the farewell round each may say one line without
/// it. Next is the first one addressed, else the one silent for longest. Answers with `{conversation_id, phase, number}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConverseLine {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// 1 to 1,024 bytes of UTF-8.
    pub message: Text<1, LINE_BYTES_MAX>,
    /// Members to whom in particular, each once; the first speaks next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    pub addressed_to: Vec<Handle>,
}

impl Act for ConverseLine {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        let mut conversation = copy_of(scene, self.conversation_id)?;
        if self.message.len() > LINE_BYTES_MAX {
            return Err(Refusal::invalid("message is longer than 1,024 bytes"));
        }
        let distinct: BTreeSet<&Handle> = self.addressed_to.iter().collect();
        if self.addressed_to.len() >= MEMBERS_MAX || distinct.len() != self.addressed_to.len() {
            return Err(Refusal::invalid(
                "addressed_to must be at most 7 members, each once",
            ));
        }
        let event = conversation.line(
            scene.me.id,
            &self.message,
            &self.addressed_to,
            scene.now,
            scene.dice,
        )?;
        let (id, number) = (conversation.id, conversation.line_count);
        let (addressed_to, text) = (self.addressed_to.clone(), self.message.to_string());
        let line = Write::ConversationLine {
            conversation: id,
            number,
            addressed_to,
            text,
        };
        Ok(decision(conversation, event, json!({"number": number})).write(line))
    }

    fn conversation_id(&self) -> Option<ConversationId> {
        Some(self.conversation_id)
    }
}
