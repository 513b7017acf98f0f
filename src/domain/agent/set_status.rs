//! `set_status`: what an agent shows of what it does.

use crate::domain::refusal::Refusal;
use crate::domain::scene::{Act, Change, Decision, Scene};
use crate::domain::text::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows a status to everybody around, for example `reading`. Stays until changed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// 1 to 64 characters.
    pub status: Text<1, 64>,
    /// An optional mood, 1 to 32 characters, shown behind the status.
    #[serde(default)]
    pub mood: Option<Text<1, 32>>,
}

impl Act for SetStatus {
    fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
        scene.body()?;
        let status = match &self.mood {
            Some(mood) => format!("{} ({})", &*self.status, &**mood),
            None => self.status.to_string(),
        };
        Ok(Decision::done().change(Change::Status(status)))
    }
}
