//! `pay`: give money to another agent.

use super::{Amount, Payee, TransferCode};
use crate::domain::agent::Handle;
use crate::domain::event::EventKind;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, Scene, event_of};
use crate::domain::text::Text;
use crate::domain::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Pays another agent, once per command id. Answers with the transfer's id and the payer's balance after it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// Whom.
    pub to: Handle,
    /// Units: minor (100 = 1.00).
    pub amount: Amount,
    /// What it is for, up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text<0, 200>>,
}

impl Act for Pay {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        if self.to == scene.me.handle {
            return Err(Refusal::new(Code::SelfTarget, "an agent cannot pay itself"));
        }
        if self.to.is_reserved() {
            return Err(Refusal::new(
                Code::PermissionMissing,
                "system accounts take no payments",
            ));
        }
        let note = self.note.as_ref().map(|note| note.to_string());
        let content = json!({"amount": self.amount, "note": note});
        let event = event_of(scene.me, EventKind::Payment, content)
            .about(self.to.clone())
            .to_inbox(self.to.clone());
        let write = Write::Transfer {
            to: Payee::Agent(self.to.clone()),
            amount: self.amount,
            code: TransferCode::Payment,
            note,
        };
        Ok(Decision::done().event(event).write(write))
    }
}
