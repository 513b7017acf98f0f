//! `[retention]`.

use super::ConfigError;
use super::check::within;
use crate::base::limit;

section! {
    /// How long records are kept. Transfers are kept for ever.
    pub struct Retention in "retention" {
        /// Events and chat. Units: days.
        events_days: u32 = 30,
        /// Outcomes of commands, at least 48, for answers to repeats. Units: hours.
        commands_hours: u32 = 48,
        /// Messages of one agent's inbox, at most 1000.
        inbox_messages: u32 = 1_000,
        /// Messages of an inbox, at most 7. Units: days.
        inbox_days: u32 = 7,
        /// Ended sessions of agents and spectators. Units: days.
        sessions_days: u32 = 30,
        /// How often old records are removed. Units: minutes.
        sweep_min: u32 = 10,
    }
}

impl Retention {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("retention.events_days", self.events_days.into(), 1, 3_650)?;
        within(
            "retention.commands_hours",
            self.commands_hours.into(),
            limit::COMMANDS_KEPT_HOURS.into(),
            8_760,
        )?;
        within(
            "retention.inbox_messages",
            self.inbox_messages.into(),
            1,
            limit::INBOX_MAX_MESSAGES.into(),
        )?;
        within(
            "retention.inbox_days",
            self.inbox_days.into(),
            1,
            limit::INBOX_MAX_DAYS.into(),
        )?;
        within("retention.sessions_days", self.sessions_days.into(), 1, 3_650)?;
        within("retention.sweep_min", self.sweep_min.into(), 1, 1_440)
    }
}
