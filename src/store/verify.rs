//! The invariants of the database. Source: durability.md §3.6.

use super::connection::{Conn, on_conn};
use super::{Reader, Result};
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I12`, or `inbox`.
    pub invariant: &'static str,
    /// What was found.
    pub detail: String,
}

/// Violations of one kind that are told.
pub(super) const TOLD_MAX: usize = 20;

/// Each query lists what breaks the invariant. `{id:x}` is an id as text, in the way of the database. These read a row or two an agent.
const QUICK: &[(&str, &str)] = &[
    (
        "I1",
        "SELECT 'currency ' || CAST(currency AS text) || ' sums to ' || CAST(sum(balance) AS text) AS detail \
         FROM account GROUP BY currency HAVING sum(balance) <> 0",
    ),
    (
        "I4",
        "SELECT 'account ' || {id:id} || ' holds ' || CAST(balance AS text) AS detail FROM account \
         WHERE balance < 0 AND NOT allow_negative",
    ),
    // An agent's only actor lives where its row says.
    (
        "I10",
        "SELECT 'agent ' || a.agent_id || ' is in the world in shard ' || coalesce(CAST(a.shard_id AS text), 'none') || ' of ' \
         || coalesce(a.region, 'no region') || ', which there is not' AS detail FROM agents a \
         LEFT JOIN shard s ON s.id = a.shard_id AND s.region = a.region \
         WHERE a.is_in_world AND (s.id IS NULL OR a.x IS NULL OR a.y IS NULL OR a.z IS NULL)",
    ),
    (
        "I10",
        "SELECT 'agent ' || agent_id || ' is in the world, and nobody let it in' AS detail FROM agents \
         WHERE is_in_world AND hop < 1",
    ),
];

/// The others read all there is.
const CHECKS: &[(&str, &str)] = &[
    (
        "I2",
        "SELECT 'the entries of transfer ' || {id:transfer_id} || ' sum to ' || CAST(sum(amount) AS text) AS detail \
         FROM ledger_entry GROUP BY transfer_id HAVING sum(amount) <> 0",
    ),
    (
        "I2",
        "SELECT 'transfer ' || {id:t.id} || ' has an account of another currency, or none' AS detail FROM transfer t \
         LEFT JOIN account d ON d.id = t.debit AND d.currency = t.currency \
         LEFT JOIN account c ON c.id = t.credit AND c.currency = t.currency WHERE d.id IS NULL OR c.id IS NULL",
    ),
    (
        "I3",
        "SELECT 'account ' || {id:a.id} || ' holds ' || CAST(a.balance AS text) || ' at version ' || CAST(a.version AS text) \
         || ', its entries say ' || CAST(coalesce(e.total, 0) AS text) || ' at ' || CAST(coalesce(e.top, 0) AS text) AS detail \
         FROM account a LEFT JOIN (SELECT account_id, sum(amount) AS total, max(account_version) AS top, \
         count(DISTINCT account_version) AS steps, count(*) AS entries FROM ledger_entry GROUP BY account_id) e ON e.account_id = a.id \
         WHERE a.balance <> coalesce(e.total, 0) OR a.version <> coalesce(e.top, 0) OR a.version <> coalesce(e.steps, 0) \
         OR a.version <> coalesce(e.entries, 0)",
    ),
    (
        "I3",
        "SELECT 'account ' || {id:account_id} || ' breaks its chain at version ' || CAST(account_version AS text) AS detail \
         FROM (SELECT account_id, account_version, balance_after, amount, previous, \
         lag(balance_after, 1, 0) OVER w AS before, lag(transfer_id) OVER w AS former \
         FROM ledger_entry WINDOW w AS (PARTITION BY account_id ORDER BY account_version)) c \
         WHERE before + amount <> balance_after OR previous IS DISTINCT FROM former",
    ),
    (
        "I3",
        "SELECT 'account ' || {id:a.id} || ' does not end at its last transfer' AS detail FROM account a \
         LEFT JOIN transfer t ON t.id = a.last_transfer WHERE a.version <> coalesce( \
         CASE WHEN t.debit = a.id THEN t.debit_version WHEN t.credit = a.id THEN t.credit_version END, 0)",
    ),
    (
        "I4",
        "SELECT 'account ' || {id:a.id} || ' held ' || CAST(e.balance_after AS text) AS detail FROM ledger_entry e \
         JOIN account a ON a.id = e.account_id WHERE e.balance_after < 0 AND NOT a.allow_negative",
    ),
    (
        "I6",
        "SELECT 'shard ' || CAST(s.id AS text) || ' has ' || CAST(coalesce(e.entries, 0) AS text) || ' events up to ' \
         || CAST(coalesce(e.top, 0) AS text) || ', should be ' || CAST(s.last_seq - s.floor_seq AS text) || ' up to ' \
         || CAST(s.last_seq AS text) AS detail FROM shard s LEFT JOIN (SELECT e.shard_id, count(*) AS entries, \
         count(DISTINCT e.seq) AS numbers, max(e.seq) AS top FROM events e JOIN shard f ON f.id = e.shard_id \
         WHERE e.seq > f.floor_seq GROUP BY e.shard_id) e ON e.shard_id = s.id \
         WHERE coalesce(e.entries, 0) <> s.last_seq - s.floor_seq OR coalesce(e.numbers, 0) <> s.last_seq - s.floor_seq \
         OR coalesce(e.top, s.floor_seq) <> s.last_seq",
    ),
    (
        "I6",
        "SELECT 'an event of shard ' || CAST(e.shard_id AS text) || ', which there is not' AS detail FROM events e \
         LEFT JOIN shard s ON s.id = e.shard_id WHERE s.id IS NULL GROUP BY e.shard_id",
    ),
    (
        "I7",
        "SELECT 'shard ' || CAST(shard_id AS text) || ' falls in epoch or time at ' || CAST(seq AS text) AS detail \
         FROM (SELECT shard_id, seq, epoch, created_at, lag(epoch) OVER (PARTITION BY shard_id ORDER BY seq) AS former, \
         lag(created_at) OVER (PARTITION BY shard_id ORDER BY seq) AS earlier FROM events) c \
         WHERE former > epoch OR earlier > created_at",
    ),
    (
        "I8",
        "SELECT 'nobody claimed epoch ' || CAST(e.epoch AS text) || ' of shard ' || CAST(e.shard_id AS text) AS detail \
         FROM (SELECT DISTINCT shard_id, epoch FROM events) e \
         LEFT JOIN shard_claim_log l ON l.shard_id = e.shard_id AND l.epoch = e.epoch WHERE l.shard_id IS NULL",
    ),
    (
        "I9",
        "SELECT 'command ' || c.command_id || ' of ' || {id:c.agent_id} || ' has no event' AS detail FROM command c \
         JOIN shard s ON s.id = c.shard_id LEFT JOIN events e ON e.shard_id = c.shard_id AND e.seq = c.seq \
         WHERE c.status = 'committed' AND c.seq > s.floor_seq AND e.seq IS NULL",
    ),
    (
        "I9",
        "SELECT 'transfer ' || {id:t.id} || ' has no event' AS detail FROM transfer t JOIN shard s ON s.id = t.shard_id \
         LEFT JOIN events e ON e.shard_id = t.shard_id AND e.seq = t.seq WHERE t.seq > s.floor_seq AND e.seq IS NULL",
    ),
    (
        "I9",
        "SELECT 'event ' || CAST(seq AS text) || ' of shard ' || CAST(shard_id AS text) || ' has several commands' AS detail \
         FROM (SELECT shard_id, seq, agent_id, command_id FROM command WHERE status = 'committed' \
         UNION SELECT shard_id, seq, agent_id, command_id FROM transfer WHERE shard_id IS NOT NULL) c \
         GROUP BY shard_id, seq HAVING count(*) > 1",
    ),
    (
        "inbox",
        "SELECT 'the inbox of ' || {id:h.agent_id} || ' has ' || CAST(count(i.agent_id) AS text) || ' entries, should have ' \
         || CAST(h.top - h.floor AS text) AS detail FROM inbox_head h \
         LEFT JOIN inbox i ON i.agent_id = h.agent_id AND i.\"offset\" > h.floor \
         GROUP BY h.agent_id, h.top, h.floor HAVING count(i.agent_id) <> h.top - h.floor",
    ),
];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl Reader {
    /// Checks the invariants on one consistent snapshot. Empty: all hold.
    pub fn verify(&mut self) -> Result<Vec<Violation>> {
        self.consistently("verify the invariants", |conn| {
            let mut violations = check(conn, QUICK)?;
            violations.extend(check(conn, CHECKS)?);
            Ok(violations)
        })
    }

    /// Checks what is quick to read: sums of money, debts, who stands where. Empty: all that holds.
    pub fn verify_quickly(&mut self) -> Result<Vec<Violation>> {
        self.consistently("verify what is quick", |conn| check(conn, QUICK))
    }
}

fn check(conn: &mut Conn, checks: &[(&'static str, &str)]) -> QueryResult<Vec<Violation>> {
    let mut violations = Vec::new();
    for &(invariant, query) in checks {
        let text = with_ids(query, matches!(conn, Conn::Pg(_)));
        let found: Vec<Found> = on_conn!(conn, |c| sql_query(&text).load(c))?;
        violations.extend(found.into_iter().take(TOLD_MAX).map(|found| Violation {
            invariant,
            detail: found.detail,
        }));
    }
    Ok(violations)
}

/// Puts in how the database writes an id as text.
fn with_ids(query: &str, is_postgres: bool) -> String {
    let mut parts = query.split("{id:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once('}').unwrap_or((part, ""));
        let id = if is_postgres {
            format!("CAST({column} AS text)")
        } else {
            format!("lower(hex({column}))")
        };
        text.push_str(&id);
        text.push_str(rest);
    }
    text
}
