//! `[channel.<namespace>]`.

use super::check::within;
use super::setting::Section;
use super::{ConfigError, Period};

section! {
    /// Channels of one namespace.
    pub struct NamespaceSettings in "channel.public" {
        /// When it is set, a subscriber gets at most the newest publication of each key in so long a time, 10 ms to a minute: the key
        /// that it was published with, or else its sender. What is left out is in the history still, and subscriptions recover nothing.
        latest_only: Option<Period> = None; example "100ms",
    }
}

/// How channels are, by namespace.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSettings {
    /// `public.*`.
    pub public: NamespaceSettings,
    /// `agent.*`.
    pub agent: NamespaceSettings,
    /// `app.*`.
    pub app: NamespaceSettings,
    /// `system.*`.
    pub system: NamespaceSettings,
}

impl ChannelSettings {
    /// The settings of a channel; none of one that belongs to the world.
    #[must_use]
    pub fn of(&self, channel: &str) -> Option<&NamespaceSettings> {
        match channel.split_once('.')?.0 {
            "public" => Some(&self.public),
            "agent" => Some(&self.agent),
            "app" => Some(&self.app),
            "system" => Some(&self.system),
            _ => None,
        }
    }

    pub(super) fn describe() -> impl Iterator<Item = Section> {
        let names = ["channel.public", "channel.agent", "channel.app", "channel.system"];
        names.into_iter().map(|name| Section {
            name,
            ..NamespaceSettings::describe()
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let all = [
            ("channel.public.latest_only", &self.public),
            ("channel.agent.latest_only", &self.agent),
            ("channel.app.latest_only", &self.app),
            ("channel.system.latest_only", &self.system),
        ];
        let given = all
            .into_iter()
            .filter_map(|(key, settings)| Some((key, settings.latest_only?)));
        given
            .into_iter()
            .try_for_each(|(key, period)| within(key, period.as_ms(), 10, 60_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_settings_of_its_own() {
        let settings: ChannelSettings =
            toml::from_str("[public]\nlatest_only = \"100ms\"\n[app]\nlatest_only = \"5ms\"").unwrap();
        let of = |channel| {
            settings
                .of(channel)
                .map(|found| found.latest_only.map(Period::as_ms))
        };
        assert_eq!(of("public.a.b"), Some(Some(100)));
        assert_eq!(of("agent.alice.b"), Some(None));
        assert_eq!(
            (of("app.x.y"), of("system.timer.second")),
            (Some(Some(5)), Some(None))
        );
        assert_eq!(
            [of("#alice"), of("region:main"), of("public")],
            [None, None, None]
        );
        let refusal = settings.check().unwrap_err().to_string();
        assert!(refusal.contains("channel.app.latest_only"), "{refusal}");
    }
}
