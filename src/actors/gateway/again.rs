//! Sockets whose agent went to another node are connected to it again; their clients notice nothing of it.

use super::Gateway;
use super::find::PAUSE;
use super::join::Guest;
use crate::actors::agent::{AgentLimits, AgentMessage};
use crate::actors::homes::Moored;
use crate::actors::hub::{HubMessage, Whom};
use crate::actors::peer::{self, message::News};
use crate::base::id::SessionId;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use crate::wire::Disconnect;
use std::time::Duration;

/// How long it is tried, longer than a lease lasts. Afterwards the clients are asked to connect anew.
const PATIENCE: Duration = Duration::from_secs(30);

impl Gateway {
    /// Connects an agent's sockets to it again, wherever it is now.
    pub(in crate::actors) async fn connect_again(&self, handle: &Handle) {
        for moored in self.node.homes.sockets(handle) {
            self.moor_again(handle, moored).await;
        }
        self.node.homes.answer_call(handle);
    }

    async fn moor_again(&self, handle: &Handle, moored: Moored) {
        let clock = &self.node.clock;
        let due = clock.monotonic().saturating_add(PATIENCE);
        let session = moored.socket.session;
        loop {
            // Its client may have gone meanwhile.
            if !self.is_moored(handle, session) {
                return;
            }
            let joined = self.join(handle, Guest::Again(moored.clone()), None).await;
            if !self.is_moored(handle, session) {
                // It left while it was taken in: nobody else says so there.
                return self.part_everywhere(handle, session);
            }
            match joined {
                Ok(joined) => {
                    let region = joined.region.as_str().into();
                    return self.tell_hub(moored.hub, HubMessage::Settle { session, region });
                }
                Err(refusal) if refusal.code.is_temporary() && clock.monotonic() < due => {
                    self.node.homes.wait_for_news(PAUSE).await;
                }
                Err(refusal) => {
                    tracing::warn!(agent.handle = %handle, "a socket of agent {handle} could not follow it: {refusal}");
                    let close = HubMessage::Close(Whom::Session(session), Disconnect::FORCE_RECONNECT);
                    return self.tell_hub(moored.hub, close);
                }
            }
        }
    }

    fn is_moored(&self, handle: &Handle, session: SessionId) -> bool {
        let sockets = self.node.homes.sockets(handle);
        sockets.iter().any(|moored| moored.socket.session == session)
    }

    /// A socket is gone that may have been taken in by whoever has its agent.
    fn part_everywhere(&self, handle: &Handle, session: SessionId) {
        peer::part(&self.node, handle, session);
        self.node.peers.tell_all(|| News::Part(handle.clone(), session));
    }

    fn tell_hub(&self, hub: usize, message: HubMessage) {
        if let Some(hub) = self.node.directory.hubs().get(hub) {
            hub.seat.order(message);
        }
    }

    /// The row of an agent here changed, as another node says: it is read again.
    pub(in crate::actors) fn read_again(&self, handle: Handle) {
        let Some(agent) = self.node.directory.agent(&handle) else {
            return;
        };
        let node = self.node.clone();
        actix_web::rt::spawn(async move {
            let row: Result<_, Refusal> = node.database.agent(&handle).await;
            if let Ok(Some(row)) = row {
                agent.seat.order(AgentMessage::Changed(Box::new(row)));
            }
        });
    }

    /// An agent comes from another node with what it used up of its limits.
    pub(in crate::actors) fn take_limits(&self, handle: &Handle, idle_in_ms: [i64; 4]) {
        if let Some(agent) = self.node.directory.agent(handle) {
            agent.seat.order(AgentMessage::Limits(idle_in_ms));
        } else {
            let limits = AgentLimits::idle_in(&self.node.limits, idle_in_ms, &self.node.clock);
            self.node.parked_limits.park(handle, limits, &self.node.clock);
        }
    }
}
