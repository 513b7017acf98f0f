//! `[limits]`.

use super::ConfigError;
use super::check::within;
use crate::base::rate::Quota;

section! {
    /// Rates (how many in a period, and how many of them at once) and counts. Sizes are fixed.
    pub struct Limits in "limits" {
        /// Lifts all rates and counts, registration included, for load tests; sizes and depths stay limited.
        unlimited: bool = false,
        /// Registrations an hour of one address (IPv6: of one /64).
        registrations_per_hour: u32 = 5,
        /// Registrations at once.
        registrations_burst: u32 = 5,
        /// Connections a minute of one agent.
        connections_per_min: u32 = 10,
        /// Connections at once.
        connections_burst: u32 = 10,
        /// Connections a minute of one agent that resume an earlier one.
        resumes_per_min: u32 = 30,
        /// Resumed connections at once.
        resumes_burst: u32 = 30,
        /// Actions a minute of one agent.
        actions_per_min: u32 = 60,
        /// Actions at once.
        actions_burst: u32 = 10,
        /// Queries a minute of one agent.
        perceptions_per_min: u32 = 120,
        /// Queries at once.
        perceptions_burst: u32 = 20,
        /// Messages a minute on one agent's sockets.
        socket_messages_per_min: u32 = 100,
        /// Messages at once.
        socket_messages_burst: u32 = 20,
        /// Suggestions a minute of one spectator.
        prompts_per_min: u32 = 20,
        /// Suggestions at once.
        prompts_burst: u32 = 5,
        /// Suggestions a minute to one agent, of all spectators.
        prompts_to_agent_per_min: u32 = 60,
        /// Suggestions at once to one agent.
        prompts_to_agent_burst: u32 = 5,
        /// Publications a second of one user.
        publishes_per_s: u32 = 5,
        /// Publications at once.
        publishes_burst: u32 = 5,
        /// Changes a minute that one user makes of locks, grants, adverts, apps and keys, by way of one node.
        changes_per_min: u32 = 300,
        /// Changes at once.
        changes_burst: u32 = 60,
        /// Commands a second of the server API on one node; a broadcast counts once for each channel.
        server_calls_per_s: u32 = 1_000,
        /// Commands at once.
        server_calls_burst: u32 = 1_000,
        /// Exchanges of a key for a token a minute of one address.
        tokens_per_min: u32 = 10,
        /// Exchanges at once.
        tokens_burst: u32 = 5,
        /// Sockets of one agent; one more closes the oldest.
        sockets_per_agent: u32 = 3,
        /// Sockets without a token of one address (IPv6: of one /64).
        spectators_per_ip: u32 = 200,
    }
}

/// What a rate is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// New agents of one address.
    Registrations,
    /// New connections of one agent.
    Connections,
    /// Resumed connections of one agent.
    Resumes,
    /// Actions of one agent.
    Actions,
    /// Queries of one agent.
    Perceptions,
    /// Socket messages of one agent.
    SocketMessages,
    /// Suggestions of one spectator.
    Prompts,
    /// Suggestions to one agent.
    PromptsToAgent,
    /// Publications of one user.
    Publishes,
    /// Changes that one user makes of locks, grants, adverts, apps and keys.
    Changes,
    /// Commands of the server API on one node.
    ServerCalls,
    /// Token exchanges of one address.
    Tokens,
}

impl Bucket {
    /// All buckets.
    pub const ALL: [Self; 12] = [
        Self::Registrations,
        Self::Connections,
        Self::Resumes,
        Self::Actions,
        Self::Perceptions,
        Self::SocketMessages,
        Self::Prompts,
        Self::PromptsToAgent,
        Self::Publishes,
        Self::Changes,
        Self::ServerCalls,
        Self::Tokens,
    ];

    /// The bucket's name in RateLimit headers and in the label `action` of metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registrations => "registrations",
            Self::Connections => "connections",
            Self::Resumes => "resumes",
            Self::Actions => "actions",
            Self::Perceptions => "perceptions",
            Self::SocketMessages => "socket_messages",
            Self::Prompts => "prompts",
            Self::PromptsToAgent => "prompts_to_agent",
            Self::Publishes => "publishes",
            Self::Changes => "changes",
            Self::ServerCalls => "server_calls",
            Self::Tokens => "tokens",
        }
    }
}

impl Limits {
    /// The quota of a bucket; `None` when nothing is limited.
    #[must_use]
    pub fn quota(&self, bucket: Bucket) -> Option<Quota> {
        if self.unlimited {
            return None;
        }
        Some(match bucket {
            Bucket::Registrations => Quota::per_hour(self.registrations_per_hour, self.registrations_burst),
            Bucket::Connections => Quota::per_minute(self.connections_per_min, self.connections_burst),
            Bucket::Resumes => Quota::per_minute(self.resumes_per_min, self.resumes_burst),
            Bucket::Actions => Quota::per_minute(self.actions_per_min, self.actions_burst),
            Bucket::Perceptions => Quota::per_minute(self.perceptions_per_min, self.perceptions_burst),
            Bucket::SocketMessages => {
                Quota::per_minute(self.socket_messages_per_min, self.socket_messages_burst)
            }
            Bucket::Prompts => Quota::per_minute(self.prompts_per_min, self.prompts_burst),
            Bucket::PromptsToAgent => {
                Quota::per_minute(self.prompts_to_agent_per_min, self.prompts_to_agent_burst)
            }
            Bucket::Publishes => Quota::per_second(self.publishes_per_s, self.publishes_burst),
            Bucket::Changes => Quota::per_minute(self.changes_per_min, self.changes_burst),
            Bucket::ServerCalls => Quota::per_second(self.server_calls_per_s, self.server_calls_burst),
            Bucket::Tokens => Quota::per_minute(self.tokens_per_min, self.tokens_burst),
        })
    }

    /// Sockets that one agent may hold; `None` when nothing is limited.
    #[must_use]
    pub fn agent_sockets(&self) -> Option<u32> {
        (!self.unlimited).then_some(self.sockets_per_agent)
    }

    /// Anonymous sockets of one address; `None` when nothing is limited.
    #[must_use]
    pub fn spectator_sockets(&self) -> Option<u32> {
        (!self.unlimited).then_some(self.spectators_per_ip)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        const MAX: u64 = 1_000_000;
        let values = [
            ("limits.registrations_per_hour", self.registrations_per_hour),
            ("limits.registrations_burst", self.registrations_burst),
            ("limits.connections_per_min", self.connections_per_min),
            ("limits.connections_burst", self.connections_burst),
            ("limits.resumes_per_min", self.resumes_per_min),
            ("limits.resumes_burst", self.resumes_burst),
            ("limits.actions_per_min", self.actions_per_min),
            ("limits.actions_burst", self.actions_burst),
            ("limits.perceptions_per_min", self.perceptions_per_min),
            ("limits.perceptions_burst", self.perceptions_burst),
            ("limits.socket_messages_per_min", self.socket_messages_per_min),
            ("limits.socket_messages_burst", self.socket_messages_burst),
            ("limits.prompts_per_min", self.prompts_per_min),
            ("limits.prompts_burst", self.prompts_burst),
            ("limits.prompts_to_agent_per_min", self.prompts_to_agent_per_min),
            ("limits.prompts_to_agent_burst", self.prompts_to_agent_burst),
            ("limits.publishes_per_s", self.publishes_per_s),
            ("limits.publishes_burst", self.publishes_burst),
            ("limits.changes_per_min", self.changes_per_min),
            ("limits.changes_burst", self.changes_burst),
            ("limits.server_calls_per_s", self.server_calls_per_s),
            ("limits.server_calls_burst", self.server_calls_burst),
            ("limits.tokens_per_min", self.tokens_per_min),
            ("limits.tokens_burst", self.tokens_burst),
            ("limits.sockets_per_agent", self.sockets_per_agent),
            ("limits.spectators_per_ip", self.spectators_per_ip),
        ];
        values
            .into_iter()
            .try_for_each(|(key, value)| within(key, value.into(), 1, MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_has_a_quota_and_unlimited_lifts_all() {
        let mut limits = Limits::default();
        assert_eq!(
            limits.quota(Bucket::Actions),
            Some(Quota {
                limit: 60,
                window_ms: 60_000,
                burst: 10
            })
        );
        assert!(
            Bucket::ALL
                .into_iter()
                .all(|bucket| limits.quota(bucket).is_some())
        );
        assert_eq!(
            (limits.agent_sockets(), limits.spectator_sockets()),
            (Some(3), Some(200))
        );
        limits.unlimited = true;
        assert!(
            Bucket::ALL
                .into_iter()
                .all(|bucket| limits.quota(bucket).is_none())
        );
        assert_eq!((limits.agent_sockets(), limits.spectator_sockets()), (None, None));
    }

    #[test]
    fn every_key_but_the_switch_is_checked() {
        let keys = Limits::describe().keys;
        let numbers = keys.iter().filter(|key| key.name != "unlimited");
        for key in numbers {
            let table = format!("{} = 0", key.name);
            let limits: Limits = toml::from_str(&table).unwrap();
            let refusal = limits.check().unwrap_err().to_string();
            assert!(refusal.contains(key.name), "{}: {refusal}", key.name);
        }
    }
}
