//! Channels: names, namespaces and what clients may do there.

use crate::base::limit::CHANNEL_NAME_MAX_BYTES;
use crate::domain::agent::Handle;
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
    /// `app.<app>.<topic>`.
    App(&'a str),
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
        let owner = rest.split('.').next().unwrap_or(rest);
        match kind {
            "public" => Ok(Namespace::Public),
            "system" => Ok(Namespace::System),
            "agent" => Ok(Namespace::Agent(owner)),
            "app" => Ok(Namespace::App(owner)),
            _ => Err(unknown()),
        }
    }

    /// Whether a client may subscribe. A region's or an inbox's frames come by server-side subscription only.
    /// Errors: `permission_missing`.
    pub fn may_subscribe(&self, who: Option<&Handle>) -> Result<(), Refusal> {
        let is_mine = |owner: &str| who.is_some_and(|me| me.as_str() == owner);
        match self {
            Namespace::Public | Namespace::System => Ok(()),
            Namespace::Agent(owner) if is_mine(owner) => Ok(()),
            _ => Err(Refusal::new(Code::PermissionMissing, "not your channel")),
        }
    }

    /// Whether a client may publish. Errors: `permission_missing`.
    pub fn may_publish(&self, who: Option<&Handle>) -> Result<(), Refusal> {
        let is_mine = |owner: &str| who.is_some_and(|me| me.as_str() == owner);
        match self {
            Namespace::Public if who.is_some() => Ok(()),
            Namespace::Agent(owner) if is_mine(owner) => Ok(()),
            _ => Err(Refusal::new(Code::PermissionMissing, "you may not publish here")),
        }
    }

    /// Whether the channel has presence, join and leave messages and a history.
    pub fn has_history(&self) -> bool {
        matches!(self, Namespace::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_their_namespaces() {
        assert_eq!(Namespace::of("public.chat"), Ok(Namespace::Public));
        assert_eq!(
            Namespace::of("agent.alice.updates"),
            Ok(Namespace::Agent("alice"))
        );
        assert_eq!(Namespace::of("#alice"), Ok(Namespace::Inbox("alice")));
        assert_eq!(Namespace::of("region:main"), Ok(Namespace::Region("main")));
        for bad in ["", "public", "public.", "other.x", "x:y", "public.a b"] {
            assert!(Namespace::of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_owner_writes_to_its_channel() {
        let alice = Handle::new("alice").unwrap();
        let bob = Handle::new("bob").unwrap();
        let channel = Namespace::of("agent.alice.x").unwrap();
        assert!(channel.may_publish(Some(&alice)).is_ok());
        assert!(channel.may_publish(Some(&bob)).is_err() && channel.may_publish(None).is_err());
        assert!(
            Namespace::of("#alice")
                .unwrap()
                .may_subscribe(Some(&bob))
                .is_err()
        );
        assert!(
            Namespace::of("system.timer")
                .unwrap()
                .may_publish(Some(&alice))
                .is_err()
        );
    }
}
