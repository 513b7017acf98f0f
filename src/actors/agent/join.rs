//! Sockets and REST clients that come: they are taken in, wait until the agent is in the world, and are told where it is.

use super::{AgentActor, leaving};
use crate::actors::hub::{HubMessage, Whom};
use crate::actors::mailbox::{Reply, answer};
use crate::actors::watch::Stage;
use crate::base::id::SessionId;
use crate::domain::agent::Profile;
use crate::domain::refusal::Refusal;
use crate::domain::space::Vec3;
use crate::wire::Disconnect;
use std::sync::Arc;

/// Who comes.
#[derive(Clone, Copy, Debug)]
pub enum Joiner {
    /// A socket on a shard thread.
    Socket(SessionId, usize),
    /// A client without a socket.
    Rest,
}

/// Somebody comes.
pub struct Join {
    /// Who.
    pub joiner: Joiner,
    /// Where the agent would like to enter, when it is not in the world.
    pub spawn_region: Option<String>,
    /// Where the answer goes.
    pub reply: Reply<Joined>,
}

/// Where the agent is.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Who it is.
    pub profile: Arc<Profile>,
    /// The region it is in.
    pub region: String,
    /// Where in it.
    pub at: Vec3,
}

impl AgentActor {
    /// A socket or a REST client comes; the agent enters the world unless it is there.
    pub(super) fn join(&mut self, join: Join, stage: &mut Stage<Self>) {
        let now = self.now();
        self.presence.note_seen(now);
        let is_ending = self.limits.is_none();
        if self.profile.is_none() || self.presence.is_leaving || is_ending {
            return answer(join.reply, Err(leaving()));
        }
        if self.node.peers.is_on() && self.is_stranded() {
            // Another node has it: it entered there just before.
            answer(join.reply, Err(leaving()));
            return self.strand(stage);
        }
        self.add(join.joiner);
        self.presence.joining.push(join);
        if self.place.is_some() {
            self.welcome_all(stage);
        } else if !self.presence.is_entering {
            self.enter_world(stage);
        }
    }

    fn add(&mut self, joiner: Joiner) {
        match joiner {
            Joiner::Rest => self.presence.is_rest = true,
            // A join that is tried again brings the same socket.
            Joiner::Socket(session, _)
                if self.presence.sockets.iter().any(|(known, _)| *known == session) => {}
            Joiner::Socket(session, hub) => {
                self.presence.alone_since = None;
                self.presence.sockets.push((session, hub));
                let most = self
                    .node
                    .limits
                    .agent_sockets()
                    .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
                if self.presence.sockets.len() > most {
                    let (oldest, hub) = self.presence.sockets.remove(0);
                    self.tell_hub(
                        hub,
                        HubMessage::Close(Whom::Session(oldest), Disconnect::FORCE_DISCONNECT),
                    );
                }
            }
        }
    }

    pub(super) fn tell_hub(&self, hub: usize, message: HubMessage) {
        if let Some(hub) = self.node.directory.hubs().get(hub) {
            // Counted by the mailbox; a hub so far behind closes its sockets anyway.
            let _ = hub.seat.tell(message);
        }
    }

    pub(super) fn refuse_all(&mut self, refusal: &Refusal) {
        let now = self.now();
        for join in std::mem::take(&mut self.presence.joining) {
            if let Joiner::Socket(session, _) = join.joiner {
                self.presence.sockets.retain(|(other, _)| *other != session);
            }
            answer(join.reply, Err(refusal.clone()));
        }
        // It may come again in a moment, or have entered without our knowing: the actor stays for the time of grace.
        self.presence.alone_since.get_or_insert(now);
    }
}
