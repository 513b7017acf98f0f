//! `[backup]`.

use std::path::PathBuf;

use super::check::{secret, within};
use super::{ConfigError, DayTime, Secret};

section! {
    /// Backups of what owners decided about channels: locks, grants, adverts, apps, public keys and the names of users.
    pub struct Backup in "backup" {
        /// Folder of daily backups: `backup-2026-01-31.enc`, made by the node that holds the world's first shard. Without it
        /// none are made.
        channels: Option<PathBuf> = None; example "/var/lib/rookery/backups",
        /// When the daily backup is made, UTC; what was missed is made up for.
        at: DayTime = DayTime::from_minutes(120),
        /// How long daily backups are kept. Units: days.
        keep_days: u32 = 90,
        /// Secret of at least 32 bytes that backups of channels are sealed with. Without it they cannot be restored: keep it
        /// apart from them.
        secret: Option<Secret> = None; example "a random text of 32 bytes or more",
    }
}

impl Backup {
    pub(super) fn check(&self, is_dev: bool) -> Result<(), ConfigError> {
        if let Some(value) = &self.secret {
            secret("backup.secret", value, is_dev)?;
        }
        if self.channels.is_some() && self.secret.is_none() {
            return Err(ConfigError::Invalid {
                key: "backup.secret",
                reason: "must be set where `backup.channels` is".to_owned(),
            });
        }
        within("backup.keep_days", self.keep_days.into(), 1, 3_650)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        let settings: Backup = toml::from_str(text).unwrap();
        settings.check(false).err().map(|error| error.to_string())
    }

    #[test]
    fn daily_backups_need_a_secret_that_nobody_guesses() {
        assert_eq!(refusal(""), None);
        let unsealed = refusal("channels = \"b\"").unwrap();
        assert!(unsealed.contains("`backup.secret` must be set"), "{unsealed}");
        let weak = refusal("channels = \"b\"\nsecret = \"changeme\"").unwrap();
        assert!(weak.contains("`backup.secret` is a known default"), "{weak}");
        let secret = "secret = \"kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G\"";
        assert_eq!(refusal(&format!("channels = \"b\"\n{secret}")), None);
        let none = refusal(&format!("{secret}\nkeep_days = 0")).unwrap();
        assert!(none.contains("`backup.keep_days`"), "{none}");
    }
}
