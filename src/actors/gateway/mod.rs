//! The gateway: the one door from transports to actors.

mod absent;
mod again;
mod find;
mod join;

use super::agent::{AgentMessage, Counted, Suggestion, prompts_refused};
use super::lease::moving;
use super::mailbox::{Reply, answer, wait};
use super::node::{DEADLINE, Node};
use super::peer::message::{self, News, Question};
use super::request::{Order, Receipt};
use super::shard;
use super::visitors::Visitors;
use crate::base::id::{AgentId, SessionId};
use crate::base::limit::{COMMAND_ID_MAX_CHARS, PROMPT_MAX_CHARS, REGIONS_MAX};
use crate::domain::agent::{Handle, Permissions};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::domain::text::Text;
use crate::store::agent::AgentRow;
use crate::store::region::Created;
use find::Found;
pub use find::entry_of;
pub use join::Guest;
use std::sync::Arc;

/// Who calls: an agent, as its token says.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Which agent.
    pub handle: Handle,
    /// Its id inside.
    pub id: AgentId,
    /// The ceiling that the token sets.
    pub permissions: Permissions,
}

/// The one door from transports to actors. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    /// What every actor shares.
    pub node: Arc<Node>,
    /// Spectators without a socket.
    pub visitors: Arc<Visitors>,
}

impl Gateway {
    /// The door to a node's actors. One a process: its clones share the spectators without a socket.
    pub fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            visitors: Arc::default(),
        }
    }

    /// Does an action and waits for what came of it.
    /// Errors: the one refusal that applies first; see `domain::refusal`.
    pub async fn act(
        &self,
        caller: &Caller,
        name: &str,
        params: &str,
        command_id: Option<String>,
    ) -> Result<Receipt, Refusal> {
        let (reply, answer) = Reply::awaited();
        self.submit(caller, name, params, command_id, reply);
        wait(DEADLINE, answer).await
    }

    /// Has an action done. The reply says what came of it, or the one refusal that applies first.
    pub fn submit(
        &self,
        caller: &Caller,
        name: &str,
        params: &str,
        command_id: Option<String>,
        reply: Reply<Receipt>,
    ) {
        let has_own_id = command_id.is_some();
        let read = |id| Order::read(caller.id, caller.permissions, name, params, (id, has_own_id));
        let order = match self.command_id(command_id).and_then(read) {
            Ok(order) => order,
            Err(refusal) => return answer(reply, Err(refusal)),
        };
        // Asked each time: whoever keeps a seat keeps an actor that has ended.
        if let Some(agent) = self.node.directory.agent(&caller.handle) {
            return order.hand(&agent, reply);
        }
        match self.node.home_of(&caller.handle) {
            Some(node) => {
                let act = order.into_act(caller.handle.clone(), params.to_owned());
                self.node.act_there(node, act, reply);
            }
            None => self.act_absent(caller, order, params, reply),
        }
    }

    /// A command's id: the client's, or one of ours. Errors: as `check_command_id`.
    fn command_id(&self, own: Option<String>) -> Result<String, Refusal> {
        let fresh = || Ok(self.node.entropy.uuid_v7(self.node.clock.now_ms()).to_string());
        own.map_or_else(fresh, check_command_id)
    }

    /// Whether the world is run by this node, or by nodes that this one reaches. Errors: `moving` while it is not.
    pub fn check_here(&self) -> Result<(), Refusal> {
        let (directory, peers) = (&self.node.directory, &self.node.peers);
        let is_served =
            directory.runs_any() || (peers.is_on() && directory.is_held(|node| peers.reaches(node)));
        is_served.then_some(()).ok_or_else(moving)
    }

    /// Takes an agent out of the world at once.
    /// Errors: `not_in_world`, temporary ones.
    pub async fn leave(&self, handle: &Handle) -> Result<(), Refusal> {
        match self.node.find(handle).await? {
            Found::Here(agent) => agent.seat.ask(DEADLINE, AgentMessage::Disconnect).await,
            Found::There(node) => self.node.ask_there(node, Question::Leave(handle.clone())).await,
            Found::Absent => Err(Refusal::not_in_world()),
        }
    }

    /// A socket of an agent is gone.
    pub fn part(&self, handle: &Handle, session: SessionId) {
        let home = self.node.homes.part(handle, session);
        if let Some(agent) = self.node.directory.agent(handle) {
            agent.seat.order(AgentMessage::Part(session));
        } else if let Some(node) = home.filter(|node| *node != self.node.id) {
            self.node.peers.tell(node, News::Part(handle.clone(), session));
        }
    }

    /// Tells an agent's actor that its row changed.
    pub fn changed(&self, row: AgentRow) {
        if let Some(agent) = self.node.directory.agent(&row.handle) {
            agent.seat.order(AgentMessage::Changed(Box::new(row)));
        } else if let Some(node) = self.node.home_of(&row.handle) {
            self.node.peers.tell(node, News::Changed(row.handle));
        }
    }

    /// Counts something that is no action against an agent's limits: its actor keeps them, or the node while it has none.
    /// Errors: `rate_limited`, temporary ones.
    pub async fn count(&self, handle: &Handle, what: Counted) -> Result<(), Refusal> {
        if let Some(agent) = self.node.directory.agent(handle) {
            let message = |reply| AgentMessage::Count(what, reply);
            return agent.seat.ask(DEADLINE, message).await;
        }
        match self.node.home_of(handle) {
            Some(node) => {
                self.node
                    .ask_there(node, Question::Count(handle.clone(), what))
                    .await
            }
            None => self.node.count_absent(handle, what),
        }
    }

    /// Suggests something to an agent: an event `prompt` in its inbox. `from` is how the spectator calls itself.
    /// The limit of one spectator is its session's business, that of one agent is kept here.
    /// Errors: `invalid_parameter` unless 1 to 500 harmless characters, `agent_not_found`, `permission_missing` without
    /// the owner's opt-in, `not_in_world`, `rate_limited`, temporary ones.
    pub async fn prompt(&self, agent: &Handle, text: &str, from: Option<String>) -> Result<Receipt, Refusal> {
        let text = Text::<1, PROMPT_MAX_CHARS>::new(text.to_owned())
            .map_err(Refusal::invalid)?
            .into_string();
        match self.node.find(agent).await? {
            Found::Here(seat) => {
                seat.seat
                    .ask(DEADLINE, |reply| {
                        AgentMessage::Suggest(Box::new(Suggestion { text, from, reply }))
                    })
                    .await
            }
            Found::There(node) => {
                let handle = agent.clone();
                let prompt = Question::Prompt(Box::new(message::Prompt { handle, text, from }));
                self.node.ask_for_receipt(node, prompt).await
            }
            Found::Absent => Err(match self.node.database.agent(agent).await? {
                None => Refusal::new(Code::AgentNotFound, "no such agent"),
                Some(row) if !row.accepts_prompts => prompts_refused(),
                Some(_) => {
                    self.node.count_absent(agent, Counted::Suggestion)?;
                    Refusal::new(Code::NotInWorld, "the agent is not in the world")
                }
            }),
        }
    }

    /// Makes a region and runs it on this node; agents may go there when this returns.
    /// Errors: `already_exists` (its name, or one of its objects), `invalid_parameter` when the world is full, temporary
    /// ones: then the region may be there, and runs as soon as the leases are renewed.
    pub async fn open_region(&self, plan: RegionPlan) -> Result<Vec<ShardPlan>, Refusal> {
        self.check_here()?;
        let node = &self.node;
        let (wanted, id, now) = (plan.clone(), node.id, node.now());
        let terms = (node.lease_ttl_ms, node.leases.claiming());
        let opened = match node
            .database
            .write(move |store| store.open_region(&wanted, id, terms, now))
            .await?
        {
            Created::Done(opened) => opened,
            Created::Elsewhere => return Err(moving()),
            Created::Full => {
                let detail = format!("a world has at most {REGIONS_MAX} regions");
                return Err(Refusal::invalid(detail));
            }
            Created::AlreadyExists => {
                return Err(Refusal::new(
                    Code::AlreadyExists,
                    "a region or an object with that name exists",
                ));
            }
        };
        let (shards, leases): (Vec<ShardPlan>, Vec<_>) = opened.into_iter().unzip();
        // The plan goes first: the shards' actors look themselves up in the world.
        node.directory.add_region(plan.clone(), &shards);
        for (shard, lease) in shards.iter().zip(leases) {
            let thread = node.directory.thread_for(shard.id);
            let thread = thread.ok_or_else(Refusal::unavailable)?;
            shard::start(node, &thread, plan.clone(), shard.clone(), lease);
            // Nobody is there yet: nothing is to be loaded first.
            node.directory.put_population(shard.id, 0);
        }
        Ok(shards)
    }
}

/// Checks a client's command id. Errors: `invalid_parameter` unless 1 to 64 visible characters.
fn check_command_id(id: String) -> Result<String, Refusal> {
    let is_good =
        !id.is_empty() && id.chars().count() <= COMMAND_ID_MAX_CHARS && !id.chars().any(char::is_control);
    if is_good {
        Ok(id)
    } else {
        Err(Refusal::invalid(
            "command_id must be 1 to 64 characters without control characters",
        ))
    }
}
