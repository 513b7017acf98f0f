//! Spectators without a socket: their sessions, kept by this node until they are closed or forgotten.

use super::node::{Limiter, Node};
use crate::base::id::SessionId;
use crate::config::Bucket;
use crate::domain::refusal::{Code, Refusal};
use crate::store::spectator::SpectatorRow;
use crate::telemetry::metric;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most sessions on one node.
const SESSIONS_MAX: usize = 10_000;
/// A session that asks nothing for so long is forgotten. Units: milliseconds.
const IDLE_MAX_MS: i64 = 600_000;

/// A spectator without a socket.
struct Visitor {
    row: SpectatorRow,
    client: String,
    prompts: Limiter,
    seen_ms: i64,
}

/// The spectators without a socket on this node.
#[derive(Default)]
pub struct Visitors {
    sessions: Mutex<HashMap<SessionId, Visitor>>,
}

impl Visitors {
    /// Opens a session for a client, named by its address; returns the sessions that were forgotten meanwhile.
    /// Errors: `rate_limited` when the client holds too many, `overloaded` when this node does.
    pub fn open(&self, node: &Node, client: &str, row: SpectatorRow) -> Result<Vec<SessionId>, Refusal> {
        let now_ms = node.clock.monotonic_ms();
        let mut sessions = self.lock();
        let forgotten: Vec<SessionId> = sessions
            .iter()
            .filter(|(_, visitor)| is_idle(visitor, now_ms))
            .map(|(id, _)| *id)
            .collect();
        for id in &forgotten {
            sessions.remove(id);
        }
        let held = sessions
            .values()
            .filter(|visitor| visitor.client == client)
            .count();
        let most = node
            .limits
            .spectator_sockets()
            .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        if held >= most {
            return Err(
                Refusal::new(Code::RateLimited, "too many spectators from this address").retry_after(60_000),
            );
        }
        if sessions.len() >= SESSIONS_MAX {
            return Err(Refusal::new(Code::Overloaded, "too many spectators").retry_after(60_000));
        }
        let prompts = node.limiter(Bucket::Prompts);
        sessions.insert(
            row.id,
            Visitor {
                row,
                client: client.to_owned(),
                prompts,
                seen_ms: now_ms,
            },
        );
        count(1.0);
        count(-f64::from(u32::try_from(forgotten.len()).unwrap_or(u32::MAX)));
        Ok(forgotten)
    }

    /// A session as it is. Errors: `not_found`.
    pub fn get(&self, node: &Node, session: SessionId) -> Result<SpectatorRow, Refusal> {
        self.touch(node, session, |visitor| visitor.row.clone())
    }

    /// Changes a session's camera. Errors: `not_found`.
    pub fn set_camera(&self, node: &Node, session: SessionId, mode: &str) -> Result<SpectatorRow, Refusal> {
        self.touch(node, session, |visitor| {
            mode.clone_into(&mut visitor.row.camera_mode);
            visitor.row.clone()
        })
    }

    /// Counts a prompt against the spectator's limit. Errors: `not_found`, `rate_limited`.
    pub fn count_prompt(&self, node: &Node, session: SessionId) -> Result<SpectatorRow, Refusal> {
        self.touch(node, session, |visitor| {
            visitor.prompts.check(&node.clock).map(|()| visitor.row.clone())
        })?
    }

    /// Closes a session. Errors: `not_found`.
    pub fn close(&self, session: SessionId) -> Result<(), Refusal> {
        self.lock().remove(&session).map(|_| count(-1.0)).ok_or_else(gone)
    }

    /// How many watch whom, by handle.
    pub fn watched(&self) -> BTreeMap<String, usize> {
        let mut watched = BTreeMap::new();
        for agent in self
            .lock()
            .values()
            .filter_map(|visitor| visitor.row.agent_id.clone())
        {
            let count: &mut usize = watched.entry(agent).or_default();
            *count = count.saturating_add(1);
        }
        watched
    }

    fn touch<T>(
        &self,
        node: &Node,
        session: SessionId,
        part: impl FnOnce(&mut Visitor) -> T,
    ) -> Result<T, Refusal> {
        let now_ms = node.clock.monotonic_ms();
        let mut sessions = self.lock();
        let visitor = sessions
            .get_mut(&session)
            .filter(|visitor| !is_idle(visitor, now_ms))
            .ok_or_else(gone)?;
        visitor.seen_ms = now_ms;
        Ok(part(visitor))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Visitor>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_idle(visitor: &Visitor, now_ms: i64) -> bool {
    now_ms.saturating_sub(visitor.seen_ms) > IDLE_MAX_MS
}

fn count(by: f64) {
    metric::spectators_active().increment(by);
}

fn gone() -> Refusal {
    Refusal::new(Code::NotFound, "no such spectator session")
}
