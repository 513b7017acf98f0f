//! The rules of channels, under the keys of claw.events.
//!
//! | Key | What |
//! |---|---|
//! | `locked:{owner}:{topic}` | `1` while the channel is locked |
//! | `perm:{owner}:{topic}` | set of those who were granted |
//! | `advertise:{owner}:{topic}` | JSON `{channel, description, schema, updatedAt}` |
//! | `authsig:{username}` | what a profile must show to log in; 600 s |
//!
//! The owner of an app's channel is `app:{app}`.

use super::Mirror;
use redis::Pipeline;
use std::time::Duration;

/// What is known of a channel, as outside tools read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelCopy {
    /// Whose it is.
    pub owner: String,
    /// The rest of its name.
    pub topic: String,
    /// Only its owner and who was granted may hear it.
    pub is_locked: bool,
    /// Who was granted.
    pub granted: Vec<String>,
    /// What is said of it: JSON text.
    pub advert: Option<String>,
}

impl ChannelCopy {
    /// One pipeline a key: in a Cluster each may be elsewhere.
    pub(super) fn pipelines(&self, prefix: &str) -> [Pipeline; 3] {
        let key = |kind: &str| format!("{prefix}{kind}:{}:{}", self.owner, self.topic);
        let mut lock = redis::pipe();
        if self.is_locked {
            lock.cmd("SET").arg(key("locked")).arg("1");
        } else {
            lock.cmd("DEL").arg(key("locked"));
        }
        let mut grants = redis::pipe();
        grants.atomic().cmd("DEL").arg(key("perm"));
        if !self.granted.is_empty() {
            grants.cmd("SADD").arg(key("perm")).arg(&self.granted);
        }
        let mut advert = redis::pipe();
        match &self.advert {
            Some(json) => advert.cmd("SET").arg(key("advertise")).arg(json),
            None => advert.cmd("DEL").arg(key("advertise")),
        };
        [lock, grants, advert]
    }
}

impl Mirror {
    /// Writes what is known of a channel. Whether Redis took all of it.
    pub async fn copy_channel(&self, copy: &ChannelCopy) -> bool {
        let Some(owned) = &self.0 else {
            return true;
        };
        for pipeline in copy.pipelines(&owned.prefix) {
            if owned.commands.run(&pipeline).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Shows for a while what a user's profile must show. Tools may look; nothing here depends on it.
    pub async fn show_signature(&self, username: &str, signature: &str, life: Duration) {
        let Some(owned) = &self.0 else {
            return;
        };
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("SET")
            .arg(format!("{}authsig:{username}", owned.prefix))
            .arg(signature)
            .arg("EX")
            .arg(life.as_secs());
        // It counts what fails.
        let _ = owned.commands.run(&pipeline).await;
    }

    /// Forgets it.
    pub async fn hide_signature(&self, username: &str) {
        let Some(owned) = &self.0 else {
            return;
        };
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("DEL")
            .arg(format!("{}authsig:{username}", owned.prefix));
        // As above; it expires.
        let _ = owned.commands.run(&pipeline).await;
    }
}
