//! Channels: names, namespaces and what clients may do there.

mod right;
mod schema;

pub use right::{Rule, Subject, Verb, app_key_id, check, is_app_name};
pub use schema::{SCHEMA_MAX_BYTES, Schema, SchemaError, SchemaFlaw};

use crate::base::limit::CHANNEL_NAME_MAX_BYTES;
use crate::domain::refusal::{Code, Refusal};

/// Which part of the name space a channel is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace<'a> {
    /// `public.*`: open to all.
    Public,
    /// `agent.<agent_id>.<topic>`: an agent's own.
    Agent(&'a str),
    /// `system.*`: the server's.
    System,
    /// `app.<app>.<topic>`: an app's own.
    App(&'a str),
    /// `app.<app>.agent`: from an app to all agents.
    AppAgents(&'a str),
    /// `app.<app>.agent.<agent_id>`: between an app and one agent.
    AppAgent(&'a str, &'a str),
    /// `region:<region>`: what happens around an agent or a camera.
    Region(&'a str),
    /// `spectator:<agent_id>`: what an agent lets spectators see of itself.
    Spectator(&'a str),
    /// `#<agent_id>`: an agent's inbox.
    Inbox(&'a str),
}

impl<'a> Namespace<'a> {
    /// Reads a channel's name.
    /// Errors: `invalid_parameter` (too long, odd characters), `not_found` (no such namespace).
    pub fn of(channel: &'a str) -> Result<Self, Refusal> {
        if channel.is_empty()
            || channel.len() > CHANNEL_NAME_MAX_BYTES
            || channel.chars().any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(Refusal::invalid(
                "a channel name has 1 to 255 bytes and no spaces",
            ));
        }
        let unknown = || Refusal::new(Code::NotFound, "no such channel namespace");
        if let Some(owner) = channel.strip_prefix('#') {
            return Ok(Namespace::Inbox(owner));
        }
        if let Some((kind, rest)) = channel.split_once(':') {
            return match kind {
                "region" => Ok(Namespace::Region(rest)),
                "spectator" => Ok(Namespace::Spectator(rest)),
                _ => Err(unknown()),
            };
        }
        let (kind, rest) = channel.split_once('.').ok_or_else(unknown)?;
        if rest.is_empty() || rest.starts_with('.') || rest.ends_with('.') {
            return Err(Refusal::invalid("a channel needs a topic"));
        }
        if rest.split('.').any(str::is_empty) {
            return Err(Refusal::invalid("a part of a channel's name is empty"));
        }
        let owned = || {
            rest.split_once('.')
                .ok_or_else(|| Refusal::invalid("a channel of somebody's needs a topic"))
        };
        match kind {
            "public" => Ok(Namespace::Public),
            "system" => Ok(Namespace::System),
            "agent" => owned().map(|(owner, _)| Namespace::Agent(owner)),
            "app" => owned().and_then(|(app, topic)| app_channel(app, topic)),
            _ => Err(unknown()),
        }
    }

    /// Who it belongs to, as grants and adverts name it; none when that is the server, or everybody.
    pub fn owner(&self) -> Option<Subject<'a>> {
        match *self {
            Namespace::Agent(name) => Some(Subject::User(name)),
            Namespace::App(app) | Namespace::AppAgents(app) | Namespace::AppAgent(app, _) => {
                Some(Subject::App(app))
            }
            Namespace::Public
            | Namespace::System
            | Namespace::Region(_)
            | Namespace::Spectator(_)
            | Namespace::Inbox(_) => None,
        }
    }

    /// Whether its owner may lock it: what is between an app and agents has rules of its own.
    pub fn is_lockable(&self) -> bool {
        matches!(self, Namespace::Agent(_) | Namespace::App(_))
    }

    /// Its word in settings and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Namespace::Public => "public",
            Namespace::System => "system",
            Namespace::Agent(_) => "agent",
            Namespace::App(_) | Namespace::AppAgents(_) | Namespace::AppAgent(..) => "app",
            Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_) => "world",
        }
    }

    /// Whether the channel has presence, join and leave messages and a history.
    pub fn has_history(&self) -> bool {
        matches!(self, Namespace::Public)
    }
}

/// Under `app.<app>` the topic `agent` is reserved, and so is one name below it.
fn app_channel<'a>(app: &'a str, topic: &'a str) -> Result<Namespace<'a>, Refusal> {
    match topic.split_once('.') {
        None if topic == "agent" => Ok(Namespace::AppAgents(app)),
        Some(("agent", agent)) if !agent.contains('.') => Ok(Namespace::AppAgent(app, agent)),
        Some(("agent", _)) => Err(Refusal::invalid("below app.<app>.agent stands one agent_id")),
        _ => Ok(Namespace::App(app)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_their_namespaces() {
        assert_eq!(Namespace::of("public.chat"), Ok(Namespace::Public));
        assert_eq!(
            Namespace::of("agent.alice.updates.daily"),
            Ok(Namespace::Agent("alice"))
        );
        assert_eq!(Namespace::of("app.Bot.news"), Ok(Namespace::App("Bot")));
        assert_eq!(Namespace::of("app.Bot.agents.x"), Ok(Namespace::App("Bot")));
        assert_eq!(Namespace::of("app.Bot.agent"), Ok(Namespace::AppAgents("Bot")));
        assert_eq!(
            Namespace::of("app.Bot.agent.bob"),
            Ok(Namespace::AppAgent("Bot", "bob"))
        );
        assert_eq!(Namespace::of("#alice"), Ok(Namespace::Inbox("alice")));
        assert_eq!(Namespace::of("region:main"), Ok(Namespace::Region("main")));
        let bad = [
            "",
            "public",
            "public.",
            "other.x",
            "x:y",
            "public.a b",
            "agent.alice",
            "agent..x",
            "agent.alice..x",
            "app.Bot",
            "app.Bot.agent.bob.x",
        ];
        for bad in bad {
            assert!(Namespace::of(bad).is_err(), "{bad}");
        }
    }
}
