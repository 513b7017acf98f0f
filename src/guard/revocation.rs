//! What was revoked: the live rows, in the memory of every node.

use std::collections::HashMap;

use super::token::{CLI_TTL_MAX_S, LEEWAY_S, TokenKind, Verified};
use crate::base::time::Timestamp;
use crate::domain::agent::{Revocation, RevocationKind};

/// Most rows kept. A row lives as long as the longest token, which bounds them in practice.
pub const ROWS_MAX: usize = 200_000;
/// Without news for so long, privileged routes are refused. Units: milliseconds. Source: security.md §4.2.
pub const STALE_AFTER_MS: i64 = 30_000;
/// Life of a row, but for [`until_of`]: the longest life of an access token. Units: milliseconds. Source: security.md §4.2.
pub const ROW_TTL_MS: i64 = 86_400_000;

/// The `until` of a row made at `now`. Rows of kind `agent` must have exactly this one: it tells which tokens are older.
pub fn until(now: Timestamp) -> Timestamp {
    now.plus_ms(ROW_TTL_MS)
}

/// The `until` of a row that revokes this token or its family, and not an agent: a row that ends before the token would let
/// the token live again. Tokens of command-line users live for weeks.
pub fn until_of(token: &Verified, now: Timestamp) -> Timestamp {
    let ends = token
        .expires_at
        .map_or(until(now), |ends| ends.plus_ms(LEEWAY_S * 1_000));
    ends.max(until(now))
}

/// Life of a row that revokes all tokens of a command-line user: longer than any of them lives. Units: milliseconds.
const CLI_ROW_TTL_MS: i64 = CLI_TTL_MAX_S * 1_000 + ROW_TTL_MS;

/// The id and the `until` of the row of kind `family` that revokes what a command-line user was given until now. Earlier versions know
/// no family of that name.
pub fn of_user(subject: &str, now: Timestamp) -> (String, Timestamp) {
    (format!("cli:{subject}"), now.plus_ms(CLI_ROW_TTL_MS))
}

/// The live revocations.
#[derive(Debug, Default)]
pub struct Revocations {
    tokens: HashMap<String, Timestamp>,
    families: HashMap<String, Timestamp>,
    agents: HashMap<String, Timestamp>,
    keys: HashMap<String, Timestamp>,
    version: i64,
    refreshed_at: Option<Timestamp>,
    is_full: bool,
}

impl Revocations {
    /// Takes in the rows after [`Self::version`], read at `now`; `newest` is the newest version of the table.
    ///
    /// Invariant: no row is passed over. When there is no room, the version stays before the first row left out and
    /// the set counts as stale until a purge makes room.
    pub fn apply(&mut self, mut rows: Vec<Revocation>, newest: i64, now: Timestamp) {
        rows.sort_by_key(|row| row.version);
        if self.len().saturating_add(rows.len()) > ROWS_MAX {
            self.purge(now);
        }
        self.is_full = false;
        for row in rows {
            if row.until > now {
                if self.len() >= ROWS_MAX {
                    self.is_full = true;
                    return;
                }
                let entry = self.of(row.kind).entry(row.id).or_insert(row.until);
                *entry = row.until.max(*entry);
            }
            self.version = self.version.max(row.version);
        }
        self.version = self.version.max(newest);
        self.refreshed_at = self.refreshed_at.max(Some(now));
    }

    /// Whether something that the token names is revoked.
    pub fn is_revoked(&self, token: &Verified, now: Timestamp) -> bool {
        let holds = |map: &HashMap<String, Timestamp>, id: Option<&str>| {
            id.and_then(|id| map.get(id)).is_some_and(|until| now < *until)
        };
        let family = token.family.map(|family| family.to_string());
        holds(&self.tokens, token.token_id.as_deref())
            || holds(&self.families, family.as_deref())
            || holds(&self.keys, token.key_id.as_deref())
            || self.is_agent_revoked(token, now)
            || (token.kind == TokenKind::Cli && self.is_user_revoked(token, now))
    }

    /// The version to ask for rows after.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether the set is too old to trust for privileged routes: never read, not for 30 s, or full.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.is_full
            || self
                .refreshed_at
                .is_none_or(|at| now.since_ms(at) >= STALE_AFTER_MS)
    }

    /// Drops the rows whose time is over; gives their number.
    pub fn purge(&mut self, now: Timestamp) -> usize {
        let before = self.len();
        for map in [
            &mut self.tokens,
            &mut self.families,
            &mut self.agents,
            &mut self.keys,
        ] {
            map.retain(|_, until| now < *until);
        }
        before - self.len()
    }

    /// Rows held, those whose time is over included.
    pub fn len(&self) -> usize {
        self.tokens.len() + self.families.len() + self.agents.len() + self.keys.len()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // A token without an issue time is as old as need be.
    fn is_agent_revoked(&self, token: &Verified, now: Timestamp) -> bool {
        self.agents.get(&token.subject).is_some_and(|until| {
            let revoked_at = until.plus_ms(-ROW_TTL_MS);
            now < *until && token.issued_at.is_none_or(|issued_at| issued_at <= revoked_at)
        })
    }

    fn is_user_revoked(&self, token: &Verified, now: Timestamp) -> bool {
        let (id, _) = of_user(&token.subject, now);
        self.families.get(&id).is_some_and(|until| {
            let revoked_at = until.plus_ms(-CLI_ROW_TTL_MS);
            now < *until && token.issued_at.is_some_and(|issued_at| issued_at <= revoked_at)
        })
    }

    fn of(&mut self, kind: RevocationKind) -> &mut HashMap<String, Timestamp> {
        match kind {
            RevocationKind::Token => &mut self.tokens,
            RevocationKind::Family => &mut self.families,
            RevocationKind::Agent => &mut self.agents,
            RevocationKind::Key => &mut self.keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn token() -> Verified {
        Verified {
            subject: "alice".to_owned(),
            permissions: None,
            token_id: Some("t1".to_owned()),
            family: Some(Uuid::from_u128(7)),
            key_id: Some("k1".to_owned()),
            issued_at: Some(NOW.plus_ms(-1_000)),
            expires_at: None,
            kind: TokenKind::Access,
            channels: Vec::new(),
            info: None,
        }
    }

    fn row(kind: RevocationKind, id: &str, version: i64) -> Revocation {
        Revocation {
            kind,
            id: id.to_owned(),
            until: until(NOW),
            version,
        }
    }

    #[test]
    fn all_tokens_of_a_user_stay_revoked_for_as_long_as_any_lives() {
        let day = |count: i64| NOW.plus_ms(count * ROW_TTL_MS);
        let (id, until) = of_user("alice", NOW);
        let mut set = Revocations::default();
        let row = Revocation {
            kind: RevocationKind::Family,
            id,
            until,
            version: 1,
        };
        set.apply(vec![row], 1, NOW);
        let of = |kind, issued_at| Verified {
            kind,
            issued_at: Some(issued_at),
            ..token()
        };
        let before = of(TokenKind::Cli, NOW.plus_ms(-1));
        assert!(set.is_revoked(&before, NOW) && set.is_revoked(&before, day(30)));
        assert!(!set.is_revoked(&of(TokenKind::Cli, NOW.plus_ms(1)), day(1)));
        assert!(!set.is_revoked(&of(TokenKind::Access, NOW.plus_ms(-1)), NOW));
        let bob = Verified {
            subject: "bob".to_owned(),
            ..before
        };
        assert!(!set.is_revoked(&bob, NOW));
    }

    #[test]
    fn each_kind_revokes_what_it_names_until_its_time_is_over() {
        let family = Uuid::from_u128(7).to_string();
        let named = [
            (RevocationKind::Token, "t1"),
            (RevocationKind::Family, family.as_str()),
            (RevocationKind::Agent, "alice"),
            (RevocationKind::Key, "k1"),
        ];
        for (kind, id) in named {
            let mut set = Revocations::default();
            set.apply(vec![row(kind, "another", 1)], 1, NOW);
            assert!(!set.is_revoked(&token(), NOW), "{kind:?}");
            set.apply(vec![row(kind, id, 2)], 2, NOW);
            assert!(set.is_revoked(&token(), NOW), "{kind:?}");
            assert!(!set.is_revoked(&token(), until(NOW)), "{kind:?}");
            assert_eq!((set.len(), set.version()), (2, 2));
            assert_eq!((set.purge(until(NOW)), set.is_empty()), (2, true));
            assert_eq!(RevocationKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn a_token_issued_after_its_agent_was_revoked_is_good() {
        let mut set = Revocations::default();
        set.apply(vec![row(RevocationKind::Agent, "alice", 1)], 1, NOW);
        let at = |issued_at| set.is_revoked(&Verified { issued_at, ..token() }, NOW.plus_ms(5));
        assert!(at(Some(NOW)) && at(None));
        assert!(!at(Some(NOW.plus_ms(1))));
    }

    #[test]
    fn a_later_row_only_lengthens() {
        let mut set = Revocations::default();
        let short = Revocation {
            until: NOW.plus_ms(1),
            ..row(RevocationKind::Token, "t1", 2)
        };
        set.apply(vec![row(RevocationKind::Token, "t1", 1), short], 2, NOW);
        assert!(set.is_revoked(&token(), NOW.plus_ms(2)));
    }

    #[test]
    fn the_set_is_stale_until_read_and_again_after_30_seconds() {
        let mut set = Revocations::default();
        assert!(set.is_stale(NOW));
        set.apply(Vec::new(), 5, NOW);
        assert!(!set.is_stale(NOW.plus_ms(29_999)) && set.is_stale(NOW.plus_ms(30_000)));
        assert_eq!(set.version(), 5);
        // An older read that arrives late changes nothing.
        set.apply(Vec::new(), 3, NOW.plus_ms(-50_000));
        assert_eq!((set.version(), set.is_stale(NOW)), (5, false));
    }

    #[test]
    fn a_full_set_is_stale_and_goes_on_where_it_stopped() {
        let mut set = Revocations::default();
        let rows: Vec<_> = (1..=i64::try_from(ROWS_MAX).unwrap() + 2)
            .map(|version| row(RevocationKind::Token, &version.to_string(), version))
            .collect();
        let newest = rows.last().unwrap().version;
        set.apply(rows, newest, NOW);
        assert!(set.is_stale(NOW));
        assert_eq!((set.len(), set.version()), (ROWS_MAX, newest - 2));
        let later = until(NOW);
        let rest = [newest - 1, newest].map(|version| Revocation {
            until: later.plus_ms(10),
            ..row(RevocationKind::Token, "t1", version)
        });
        set.apply(rest.to_vec(), newest, later);
        assert!(!set.is_stale(later) && set.is_revoked(&token(), later));
        assert_eq!((set.len(), set.version()), (1, newest));
    }
}
