//! Into the world: a socket or a REST client comes to its agent's actor, wherever that is.

use super::Gateway;
use super::find::{Found, PATIENCE, PAUSE};
use crate::actors::agent::{AgentMessage, Join, Joined, Joiner};
use crate::actors::directory::{AgentSeat, Socket};
use crate::actors::homes::Moored;
use crate::actors::node::DEADLINE;
use crate::actors::peer::message::{self, Question, SocketInfo};
use crate::base::id::NodeId;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use std::sync::Arc;
use tokio::time::Instant;

/// Who comes to this node.
#[derive(Clone, Debug)]
pub enum Guest {
    /// A socket of this node.
    Socket(Moored),
    /// A socket whose agent went elsewhere, as long as it is still there.
    Again(Moored),
    /// A client without a socket.
    Rest,
}

impl Guest {
    fn joiner(&self) -> Joiner {
        match self {
            Self::Socket(moored) | Self::Again(moored) => Joiner::Socket(moored.socket.session, moored.hub),
            Self::Rest => Joiner::Rest,
        }
    }

    fn socket(&self) -> Option<SocketInfo> {
        match self {
            Self::Socket(moored) | Self::Again(moored) => Some(moored.socket.clone()),
            Self::Rest => None,
        }
    }
}

impl Gateway {
    /// Brings an agent into the world, or another socket to it.
    /// Errors: `agent_not_found`, `region_not_found`, `region_full`, temporary ones.
    pub async fn join(
        &self,
        handle: &Handle,
        guest: Guest,
        spawn_region: Option<String>,
    ) -> Result<Joined, Refusal> {
        self.check_here()?;
        if spawn_region
            .as_ref()
            .is_some_and(|region| self.node.directory.world().region(region).is_none())
        {
            return Err(Refusal::new(Code::RegionNotFound, "no such region"));
        }
        let due = Instant::now() + PATIENCE;
        loop {
            let joined = self.join_once(handle, &guest, spawn_region.clone()).await;
            match joined {
                // It met an actor on its way out, or a shard on its way to another node.
                Err(refusal)
                    if matches!(refusal.code, Code::Moving | Code::Unavailable) && Instant::now() < due =>
                {
                    self.node.homes.wait_for_news(PAUSE).await;
                }
                result => return result,
            }
        }
    }

    async fn join_once(
        &self,
        handle: &Handle,
        guest: &Guest,
        spawn_region: Option<String>,
    ) -> Result<Joined, Refusal> {
        match self.node.find_or_start(handle, spawn_region.as_deref()).await? {
            Found::Here(agent) => {
                self.moor(handle, self.node.id, guest)?;
                let joined = ask(&agent, guest.joiner(), spawn_region).await?;
                self.node.directory.note_guest(joined.profile.id, None);
                Ok(joined)
            }
            Found::There(node) => {
                // First, so that it counts as there as soon as the other node may have heard of it.
                self.moor(handle, node, guest)?;
                let join = message::Join {
                    handle: handle.clone(),
                    socket: guest.socket(),
                    spawn_region,
                };
                let joined: message::Joined =
                    self.node.ask_there(node, Question::Join(Box::new(join))).await?;
                Ok(Joined {
                    profile: Arc::new(joined.profile),
                    region: joined.region,
                    at: joined.at,
                })
            }
            Found::Absent => Err(Refusal::unavailable()),
        }
    }

    /// Notes where the agent of a socket is. Errors: `target_gone` when the socket is gone.
    fn moor(&self, handle: &Handle, node: NodeId, guest: &Guest) -> Result<(), Refusal> {
        let moored = match guest {
            Guest::Rest => return Ok(()),
            Guest::Again(moored) if !self.node.homes.move_to(handle, moored.socket.session, node) => {
                return Err(Refusal::new(Code::TargetGone, "the socket is gone"));
            }
            Guest::Socket(moored) | Guest::Again(moored) => moored,
        };
        let SocketInfo {
            session,
            token_id,
            connected_at,
        } = moored.socket.clone();
        let socket = Socket {
            session,
            token_id,
            connected_at,
            node: None,
            hub: moored.hub,
        };
        self.node.directory.put_socket(handle, socket);
        if self.node.peers.is_on() && matches!(guest, Guest::Socket(_)) {
            self.node.homes.moor(handle, node, moored.clone());
        }
        Ok(())
    }

    /// A socket or a client of another node comes to an agent here. None: its shard is not here.
    pub(in crate::actors) async fn join_here(
        &self,
        handle: &Handle,
        joiner: Joiner,
        spawn_region: Option<String>,
    ) -> Option<Result<Joined, Refusal>> {
        match self.node.find_or_start(handle, spawn_region.as_deref()).await {
            Ok(Found::Here(agent)) => Some(ask(&agent, joiner, spawn_region).await),
            Ok(Found::There(_) | Found::Absent) => None,
            Err(refusal) => Some(Err(refusal)),
        }
    }
}

async fn ask(agent: &AgentSeat, joiner: Joiner, spawn_region: Option<String>) -> Result<Joined, Refusal> {
    agent
        .seat
        .ask(DEADLINE, |reply| {
            AgentMessage::Join(Box::new(Join {
                joiner,
                spawn_region,
                reply,
            }))
        })
        .await
}
