//! Opening a session: who it is, into the world, and where its inbox stands.

use super::{Phase, Session, SessionListener};
use crate::actors::agent::{Counted, Joined};
use crate::actors::fanout::events_data;
use crate::actors::gateway::{Caller, Guest};
use crate::actors::homes::Moored;
use crate::actors::peer::message::SocketInfo;
use crate::base::limit::{RECOVERY_MAX, RECOVERY_MAX_BYTES};
use crate::base::time::Tick;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::Verified;
use crate::store::session::SessionRow;
use bytes::Bytes;
use serde_json::json;
use std::future::Future;
use std::rc::Rc;

/// Where a client says that it is in its inbox.
#[derive(Clone, Debug)]
pub struct Since {
    /// The epoch it knows.
    pub epoch: String,
    /// The offset it has.
    pub offset: u64,
}

/// An inbox entry as it goes out again.
#[derive(Clone, Debug)]
pub struct Missed {
    /// Its offset.
    pub offset: u64,
    /// Its payload.
    pub data: Bytes,
}

/// An agent's session that is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Where the agent is.
    pub joined: Joined,
    /// The inbox's epoch.
    pub epoch: String,
    /// The latest offset.
    pub top: u64,
    /// What the client missed, when it asked and all of it is there.
    pub missed: Option<Vec<Missed>>,
}

impl Session {
    /// Registers with the hub of this thread. From here on everything for the client is held back until the answer.
    pub(crate) fn attach(&mut self) {
        self.outbox.borrow_mut().hold();
        self.attach_now();
    }

    /// Registers with the hub of this thread.
    pub(crate) fn attach_now(&mut self) {
        let listener = SessionListener {
            pipe: Rc::clone(&self.pipe),
            outbox: self.outbox.clone(),
            inbox: self.inbox.clone(),
            region: Rc::clone(&self.region),
            channels: Rc::clone(&self.channels),
            id: self.id,
            user: self.user(),
            node: self.node(),
        };
        let agent = self.caller.as_ref().map(|caller| caller.id);
        self.worker
            .table
            .borrow_mut()
            .attach(self.id, agent, self.outbox.clone(), Rc::new(listener));
    }

    /// A session that could not enter belongs to nobody again.
    pub(crate) fn undo_enter(&mut self) {
        {
            let mut table = self.worker.table.borrow_mut();
            table.detach(self.id);
            table.enter(self.id, self.outbox.clone());
        }
        if let Some(caller) = self.caller.take() {
            self.node().directory.remove_socket(&caller.handle, self.id);
            self.web.gateway.part(&caller.handle, self.id);
        }
        self.verified = None;
        self.caller_as_of = None;
        self.phase = Phase::Fresh;
    }

    /// Finds out who a token speaks for. Errors: as `Access`.
    pub(crate) fn identify(
        &self,
        token: &str,
    ) -> impl Future<Output = Result<(Verified, Option<Caller>), Refusal>> + use<> {
        let (access, token) = (self.access(), token.to_owned());
        async move {
            let verified = access.recognise(&token).await?;
            let caller = access.caller(&verified).await?;
            Ok((verified, caller))
        }
    }

    /// Brings the agent into the world with this socket and reads where its inbox stands.
    /// Errors: `rate_limited`, `region_full`, temporary ones.
    pub(crate) fn enter(
        &self,
        caller: Caller,
        since: Option<Since>,
    ) -> impl Future<Output = Result<Opened, Refusal>> + use<> {
        let (gateway, id, hub) = (self.gateway(), self.id, self.worker.hub);
        let token_id = self
            .verified
            .as_ref()
            .and_then(|verified| verified.token_id.clone())
            .unwrap_or_default();
        async move {
            gateway.count(&caller.handle, Counted::Connection).await?;
            let now = gateway.node.now();
            let socket = SocketInfo {
                session: id,
                token_id: token_id.clone(),
                connected_at: now,
            };
            let moored = Moored { socket, hub };
            let joined = gateway.join(&caller.handle, Guest::Socket(moored), None).await?;
            let agent = caller.id;
            let row = SessionRow {
                id,
                agent,
                node: gateway.node.id,
                token_id,
                region: joined.region.clone(),
                at: joined.at,
                status: "online".to_owned(),
                connected_at: now,
                metadata: json!({}),
            };
            let database = &gateway.node.database;
            database.write(move |store| store.open_session(&row)).await?;
            let head = database.read(move |reader| reader.inbox_head(agent)).await?;
            let head = head.ok_or_else(|| Refusal::new(Code::AgentNotFound, "no such agent"))?;
            let top = u64::try_from(head.top).unwrap_or(0);
            let missed = match since.filter(|since| since.epoch == head.epoch && since.offset <= top) {
                Some(since) => missed(&gateway, agent, since.offset, top).await?,
                None => None,
            };
            Ok(Opened {
                joined,
                epoch: head.epoch,
                top,
                missed,
            })
        }
    }

    /// Notes that the session is open.
    pub(crate) fn note_open(&mut self, opened: &Opened) {
        self.phase = Phase::Open;
        self.look_soon();
        // An agent's sockets have a limit of their own.
        self.visit = None;
        *self.region.borrow_mut() = Some(opened.joined.region.clone());
    }
}

/// What came after an offset; none when a part of it is gone or there is too much.
async fn missed(
    gateway: &crate::actors::gateway::Gateway,
    agent: crate::base::id::AgentId,
    after: u64,
    top: u64,
) -> Result<Option<Vec<Missed>>, Refusal> {
    let count = top.saturating_sub(after);
    let limit = i64::try_from(RECOVERY_MAX).unwrap_or(i64::MAX);
    if count > u64::try_from(limit).unwrap_or(0) {
        return Ok(None);
    }
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    let entries = gateway
        .node
        .database
        .read(move |reader| reader.inbox(agent, from, limit))
        .await?;
    let found = entries.into_iter().map(|entry| Missed {
        offset: u64::try_from(entry.offset).unwrap_or(0),
        data: events_data(Tick(entry.tick.0), &entry.payload),
    });
    let found: Vec<Missed> = found.take_while(|missed| missed.offset <= top).collect();
    let is_whole = u64::try_from(found.len()).ok() == Some(count);
    let bytes = found
        .iter()
        .fold(0_usize, |sum, missed| sum.saturating_add(missed.data.len()));
    Ok((is_whole && bytes <= RECOVERY_MAX_BYTES).then_some(found))
}
