//! The gateway: the one door from transports to actors.

use super::agent::{
    AgentActor, AgentMessage, Counted, Join, Joined, Joiner, Suggestion, prompts_refused, replay,
};
use super::directory::AgentSeat;
use super::lease::moving;
use super::mailbox::{Reply, answer, wait};
use super::node::{DEADLINE, Node};
use super::request::{Receipt, Request, body_hash};
use super::shard;
use super::visitors::Visitors;
use crate::base::id::{AgentId, SessionId};
use crate::base::limit::{COMMAND_ID_MAX_CHARS, PROMPT_MAX_CHARS, REGIONS_MAX};
use crate::domain::action::{Action, Durability};
use crate::domain::agent::{Handle, Permissions};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::domain::text::Text;
use crate::store::agent::AgentRow;
use crate::store::commit::CommandKey;
use crate::store::region::Created;
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
    /// Regions are made one after another, so that two at a time do not pass their bound.
    opening: Arc<tokio::sync::Mutex<()>>,
}

/// How often a call is repeated when it meets an actor that is just leaving.
const TRIES: usize = 50;

impl Gateway {
    /// The door to a node's actors. One a process: its clones share the spectators without a socket.
    pub fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            visitors: Arc::default(),
            opening: Arc::default(),
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
        let decoded =
            Action::decode(name, params).and_then(|action| Ok((action, self.command_id(command_id)?)));
        let (action, id) = match decoded {
            Ok(decoded) => decoded,
            Err(refusal) => return answer(reply, Err(refusal)),
        };
        let (body_hash, durability, name) = (body_hash(&action), action.durability(), action.name());
        let command = CommandKey {
            id,
            body_hash,
            action: name,
            durability,
        };
        let (agent, permissions) = (caller.id, caller.permissions);
        // Asked each time: whoever keeps a seat keeps an actor that has ended.
        let Some(AgentSeat { seat, .. }) = self.node.directory.agent(&caller.handle) else {
            let is_repeatable = has_own_id && durability == Durability::Durable;
            let counted = self
                .check_absent()
                .and_then(|()| self.count_absent(&caller.handle, Counted::of(action.permission())));
            return self.answer_absent(agent, is_repeatable.then_some(command), counted, reply);
        };
        seat.hand(reply, |reply| {
            AgentMessage::Act(Box::new(Request {
                agent,
                action,
                command,
                has_own_id,
                permissions,
                reply,
            }))
        });
    }

    /// A command's id: the client's, or one of ours. Errors: as `check_command_id`.
    fn command_id(&self, own: Option<String>) -> Result<String, Refusal> {
        let fresh = || Ok(self.node.entropy.uuid_v7(self.node.clock.now_ms()).to_string());
        own.map_or_else(fresh, check_command_id)
    }

    /// Whether this node runs the world. Errors: `moving` while another node does, or none.
    pub fn check_here(&self) -> Result<(), Refusal> {
        let is_here = self.node.directory.runs_any();
        is_here.then_some(()).ok_or_else(moving)
    }

    /// Whether who has no actor here is not in the world. Errors: `moving` while that is not known.
    fn check_absent(&self) -> Result<(), Refusal> {
        let node = &self.node;
        let is_known = node.leases.are_proven(node.clock.monotonic_ms()) && node.directory.is_loaded();
        is_known.then_some(()).ok_or_else(moving)
    }

    /// An agent that is not in the world acts: what may have been done before is answered again, else it is refused.
    fn answer_absent(
        &self,
        agent: AgentId,
        repeatable: Option<CommandKey>,
        counted: Result<(), Refusal>,
        reply: Reply<Receipt>,
    ) {
        let command = match (counted, repeatable) {
            (Err(refusal), _) => return answer(reply, Err(refusal)),
            (Ok(()), None) => return answer(reply, Err(Refusal::not_in_world())),
            (Ok(()), Some(command)) => command,
        };
        let database = self.node.database.clone();
        actix_web::rt::spawn(async move {
            let id = command.id.clone();
            let stored = database.read(move |reader| reader.find_command(agent, &id)).await;
            let receipt = stored.and_then(|stored| {
                let stored = stored.ok_or_else(Refusal::not_in_world)?;
                replay(&stored, command.id, &command.body_hash)
            });
            answer(reply, receipt);
        });
    }

    /// Brings an agent into the world, or another socket to it.
    /// Errors: `agent_not_found`, `region_not_found`, `region_full`, temporary ones.
    pub async fn join(
        &self,
        handle: &Handle,
        joiner: Joiner,
        spawn_region: Option<String>,
    ) -> Result<Joined, Refusal> {
        self.check_here()?;
        if spawn_region
            .as_ref()
            .is_some_and(|region| self.node.directory.world().region(region).is_none())
        {
            return Err(Refusal::new(Code::RegionNotFound, "no such region"));
        }
        let mut last = Refusal::unavailable();
        for attempt in 0..TRIES {
            let seat = self.seat(handle, spawn_region.as_deref()).await?;
            let spawn_region = spawn_region.clone();
            let joined = seat
                .seat
                .ask(DEADLINE, |reply| {
                    AgentMessage::Join(Box::new(Join {
                        joiner,
                        spawn_region,
                        reply,
                    }))
                })
                .await;
            match joined {
                // It met an actor on its way out; the next one is fresh.
                Err(refusal)
                    if matches!(refusal.code, Code::Moving | Code::Unavailable) && attempt + 1 < TRIES =>
                {
                    last = refusal;
                    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
                }
                result => return result,
            }
        }
        Err(last)
    }

    /// Takes an agent out of the world at once.
    /// Errors: `not_in_world`, temporary ones.
    pub async fn leave(&self, handle: &Handle) -> Result<(), Refusal> {
        let Some(agent) = self.node.directory.agent(handle) else {
            self.check_absent()?;
            return Err(Refusal::not_in_world());
        };
        agent.seat.ask(DEADLINE, AgentMessage::Disconnect).await
    }

    /// A socket of an agent is gone.
    pub fn part(&self, handle: &Handle, session: SessionId) {
        if let Some(agent) = self.node.directory.agent(handle) {
            agent.seat.order(AgentMessage::Part(session));
        }
    }

    /// Tells an agent's actor that its row changed.
    pub fn changed(&self, row: AgentRow) {
        if let Some(agent) = self.node.directory.agent(&row.handle) {
            agent.seat.order(AgentMessage::Changed(Box::new(row)));
        }
    }

    /// Counts something that is no action against an agent's limits: its actor keeps them, or the node while it has none.
    /// Errors: `rate_limited`, temporary ones.
    pub async fn count(&self, handle: &Handle, what: Counted) -> Result<(), Refusal> {
        let Some(agent) = self.node.directory.agent(handle) else {
            return self.count_absent(handle, what);
        };
        let message = |reply| AgentMessage::Count(what, reply);
        agent.seat.ask(DEADLINE, message).await
    }

    /// Counts something against the limits of an agent that has no actor. Errors: `rate_limited`.
    fn count_absent(&self, handle: &Handle, what: Counted) -> Result<(), Refusal> {
        let Node {
            parked_limits,
            limits,
            clock,
            ..
        } = &*self.node;
        parked_limits.check(handle, what, limits, clock)
    }

    /// Suggests something to an agent: an event `prompt` in its inbox. `from` is how the spectator calls itself.
    /// The limit of one spectator is its session's business, that of one agent is kept here.
    /// Errors: `invalid_parameter` unless 1 to 500 harmless characters, `agent_not_found`, `permission_missing` without
    /// the owner's opt-in, `not_in_world`, `rate_limited`, temporary ones.
    pub async fn prompt(&self, agent: &Handle, text: &str, from: Option<String>) -> Result<Receipt, Refusal> {
        let text = Text::<1, PROMPT_MAX_CHARS>::new(text.to_owned())
            .map_err(Refusal::invalid)?
            .into_string();
        let Some(seat) = self.node.directory.agent(agent) else {
            self.check_absent()?;
            return Err(match self.node.database.agent(agent).await? {
                None => Refusal::new(Code::AgentNotFound, "no such agent"),
                Some(row) if !row.accepts_prompts => prompts_refused(),
                Some(_) => {
                    self.count_absent(agent, Counted::Suggestion)?;
                    Refusal::new(Code::NotInWorld, "the agent is not in the world")
                }
            });
        };
        seat.seat
            .ask(DEADLINE, |reply| {
                AgentMessage::Suggest(Box::new(Suggestion { text, from, reply }))
            })
            .await
    }

    /// Makes a region and runs it on this node; agents may go there when this returns.
    /// Errors: `already_exists` (its name, or one of its objects), `invalid_parameter` when the world is full, temporary
    /// ones: then the region may be there, and runs as soon as the leases are renewed.
    pub async fn open_region(&self, plan: RegionPlan) -> Result<Vec<ShardPlan>, Refusal> {
        self.check_here()?;
        let node = &self.node;
        let _one_at_a_time = self.opening.lock().await;
        if node.directory.world().regions.len() >= REGIONS_MAX {
            return Err(Refusal::invalid(format!(
                "a world has at most {REGIONS_MAX} regions"
            )));
        }
        let (wanted, id, now) = (plan.clone(), node.id, node.now());
        let terms = (node.lease_ttl_ms, node.leases.claiming());
        let opened = match node
            .database
            .write(move |store| store.open_region(&wanted, id, terms, now))
            .await?
        {
            Created::Done(opened) => opened,
            Created::Elsewhere => return Err(moving()),
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

    /// An agent's actor, started on the thread of the shard that it is or will be in.
    async fn seat(
        &self,
        handle: &Handle,
        spawn_region: Option<&str>,
    ) -> Result<super::directory::AgentSeat, Refusal> {
        if let Some(agent) = self.node.directory.agent(handle) {
            return Ok(agent);
        }
        let row = self.node.database.agent(handle).await?;
        let row = row.ok_or_else(|| Refusal::new(Code::AgentNotFound, "no such agent"))?;
        let directory = &self.node.directory;
        let world = directory.world();
        let region = spawn_region
            .or(row.region.as_deref())
            .unwrap_or(&row.default_region);
        let plan = world
            .region(region)
            .or_else(|| world.regions.first())
            .ok_or_else(Refusal::unavailable)?;
        let (_, seats) = directory.shard_at(&plan.name, plan.spawn).ok_or_else(moving)?;
        let (node, id) = (&self.node, row.id);
        Ok(directory.agent_or_start(handle, || {
            AgentActor::start(node, &seats.arbiter, id, handle.clone())
        }))
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
