//! Who may do what with a channel: one question for every transport.

use super::Namespace;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use std::collections::HashSet;
use std::fmt::{self, Write};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject<'a> {
    /// Nobody that is known.
    Nobody,
    /// An agent or a user of the command line, by its handle: they share one space of names.
    User(&'a str),
    /// An app.
    App(&'a str),
}

impl<'a> Subject<'a> {
    /// Reads what a subject writes itself as; nobody, for a text that names none.
    pub fn of(text: &'a str) -> Self {
        match text.strip_prefix("app:") {
            Some(app) if is_app_name(app) => Subject::App(app),
            None if Handle::new(text).is_ok() => Subject::User(text),
            _ => Subject::Nobody,
        }
    }
}

/// Whether a text may name an app: 3 to 32 of `[A-Za-z0-9_]`. Source: features.md CE-26.
pub fn is_app_name(name: &str) -> bool {
    (3..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// As grants, adverts and senders name it: a handle, or `app:<app>`.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Nobody => Ok(()),
            Subject::User(name) => f.write_str(name),
            Subject::App(app) => write!(f, "app:{app}"),
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// To hear what is published from now on.
    Subscribe,
    /// To see who is there.
    Presence,
    /// To read what was published.
    History,
    /// To publish.
    Publish,
    /// To lock, unlock, grant, revoke and advertise.
    Own,
}

impl Verb {
    /// Its word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Verb::Subscribe => "subscribe",
            Verb::Presence => "presence",
            Verb::History => "history",
            Verb::Publish => "publish",
            Verb::Own => "own",
        }
    }
}

/// What its owner decided about a channel. The default: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Only its owner and who was granted may hear it.
    pub is_locked: bool,
    /// Who was granted, as `Subject` writes itself. Kept, but without effect, while it is not locked.
    pub granted: HashSet<String>,
}

/// Whether somebody may do something with a channel.
/// Errors: `locked`, `not_owner`, `permission_missing`, `unauthenticated`.
pub fn check(who: Subject<'_>, verb: Verb, channel: &Namespace<'_>, rule: &Rule) -> Result<(), Refusal> {
    match verb {
        Verb::Subscribe | Verb::Presence | Verb::History => may_hear(who, channel, rule),
        Verb::Publish => may_publish(who, channel),
        Verb::Own if !channel.is_lockable() => {
            Err(missing("this channel belongs to nobody who could do that"))
        }
        Verb::Own if channel.owner() == Some(who) => Ok(()),
        Verb::Own => Err(not_owner()),
    }
}

fn may_hear(who: Subject<'_>, channel: &Namespace<'_>, rule: &Rule) -> Result<(), Refusal> {
    match *channel {
        Namespace::Public | Namespace::System => Ok(()),
        Namespace::Agent(_) | Namespace::App(_) if !rule.is_locked || channel.owner() == Some(who) => Ok(()),
        Namespace::Agent(_) | Namespace::App(_) => is_granted(who, rule)
            .then_some(())
            .ok_or_else(|| Refusal::new(Code::Locked, "the channel is locked")),
        Namespace::AppAgents(app) => match who {
            Subject::User(_) => Ok(()),
            Subject::App(other) if other == app => Ok(()),
            Subject::App(_) | Subject::Nobody => Err(missing("only agents and the app may hear this")),
        },
        Namespace::AppAgent(app, agent) => (who == Subject::App(app) || who == Subject::User(agent))
            .then_some(())
            .ok_or_else(|| missing("only the app and this agent may hear this")),
        // The world's own come by themselves.
        Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_) => {
            Err(missing("not your channel"))
        }
    }
}

fn may_publish(who: Subject<'_>, channel: &Namespace<'_>) -> Result<(), Refusal> {
    match *channel {
        Namespace::Public if who != Subject::Nobody => Ok(()),
        Namespace::Agent(_) | Namespace::App(_) | Namespace::AppAgents(_) if channel.owner() == Some(who) => {
            Ok(())
        }
        Namespace::AppAgent(app, agent) if who == Subject::App(app) || who == Subject::User(agent) => Ok(()),
        Namespace::Agent(_) | Namespace::App(_) | Namespace::AppAgents(_) | Namespace::AppAgent(..) => {
            Err(not_owner())
        }
        Namespace::System => Err(missing("only the server publishes here")),
        Namespace::Public | Namespace::Region(_) | Namespace::Spectator(_) | Namespace::Inbox(_) => {
            Err(missing("you may not publish here"))
        }
    }
}

fn is_granted(who: Subject<'_>, rule: &Rule) -> bool {
    match who {
        Subject::Nobody => false,
        Subject::User(name) => rule.granted.contains(name),
        Subject::App(_) => rule.granted.contains(&who.to_string()),
    }
}

fn missing(why: &'static str) -> Refusal {
    Refusal::new(Code::PermissionMissing, why)
}

fn not_owner() -> Refusal {
    Refusal::new(Code::NotOwner, "the channel belongs to somebody else")
}

/// By which revocations know an app's key, from its hash: it is no secret.
pub fn app_key_id(key_hash: &[u8]) -> String {
    let mut id = String::with_capacity(key_hash.len().saturating_mul(2));
    for byte in key_hash {
        // A text takes everything.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: [Subject<'static>; 5] = [
        Subject::Nobody,
        Subject::User("alice"),
        Subject::User("bob"),
        Subject::App("Bot"),
        Subject::App("Other"),
    ];

    /// Which of `WHO` may, as a word of five letters.
    fn may(verb: Verb, channel: &str, rule: &Rule) -> String {
        let channel = Namespace::of(channel).unwrap();
        let letter = |who: &Subject<'_>| match check(*who, verb, &channel, rule) {
            Ok(()) => 'y',
            Err(_) => '-',
        };
        WHO.iter().map(letter).collect()
    }

    fn locked(granted: &[&str]) -> Rule {
        Rule {
            is_locked: true,
            granted: granted.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for who in [Subject::User("alice"), Subject::App("Bot"), Subject::Nobody] {
            assert_eq!(Subject::of(&who.to_string()), who);
        }
        for nobody in ["Alice", "app:", "app:ab", "app:a b", "app:no-app", "a:b"] {
            assert_eq!(Subject::of(nobody), Subject::Nobody, "{nobody}");
        }
    }

    #[test]
    fn who_may_hear() {
        let open = Rule::default();
        let table = [
            ("public.x", &open, "yyyyy"),
            ("system.timer.second", &open, "yyyyy"),
            ("agent.alice.x", &open, "yyyyy"),
            ("agent.alice.x", &locked(&[]), "-y---"),
            ("agent.alice.x", &locked(&["bob"]), "-yy--"),
            ("agent.alice.x", &locked(&["app:Bot"]), "-y-y-"),
            ("app.Bot.x", &open, "yyyyy"),
            ("app.Bot.x", &locked(&["bob"]), "--yy-"),
            ("app.Bot.agent", &open, "-yyy-"),
            ("app.Bot.agent.bob", &open, "--yy-"),
            ("region:main", &open, "-----"),
            ("#alice", &open, "-----"),
        ];
        for (channel, rule, expected) in table {
            for verb in [Verb::Subscribe, Verb::Presence, Verb::History] {
                assert_eq!(may(verb, channel, rule), expected, "{verb:?} {channel} {rule:?}");
            }
        }
    }

    #[test]
    fn who_may_publish_whatever_is_locked_or_granted() {
        for rule in [Rule::default(), locked(&["bob", "app:Other"])] {
            let table = [
                ("public.x", "-yyyy"),
                ("system.timer.second", "-----"),
                ("agent.alice.x", "-y---"),
                ("app.Bot.x", "---y-"),
                ("app.Bot.agent", "---y-"),
                ("app.Bot.agent.bob", "--yy-"),
                ("spectator:alice", "-----"),
            ];
            for (channel, expected) in table {
                assert_eq!(may(Verb::Publish, channel, &rule), expected, "{channel}");
            }
        }
    }

    #[test]
    fn who_owns() {
        let open = Rule::default();
        let table = [
            ("public.x", "-----"),
            ("system.x", "-----"),
            ("agent.alice.x", "-y---"),
            ("app.Bot.x", "---y-"),
            ("app.Bot.agent", "-----"),
            ("app.Bot.agent.bob", "-----"),
            ("#alice", "-----"),
        ];
        for (channel, expected) in table {
            assert_eq!(may(Verb::Own, channel, &open), expected, "{channel}");
        }
    }

    #[test]
    fn a_user_named_like_an_app_is_not_the_app() {
        let channel = Namespace::of("app.bob.x").unwrap();
        assert!(check(Subject::User("bob"), Verb::Publish, &channel, &Rule::default()).is_err());
        let rule = locked(&["app:bob"]);
        assert!(check(Subject::User("bob"), Verb::Subscribe, &channel, &rule).is_err());
    }
}
