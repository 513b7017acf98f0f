//! Agents that act and have no actor here: they are looked for, and what they ask for goes where they are.

use super::find::{Found, PATIENCE, PAUSE};
use super::{Caller, Gateway};
use crate::actors::agent::{Counted, replay};
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, answer};
use crate::actors::node::{DEADLINE, Node};
use crate::actors::peer::message::{Act, Question};
use crate::actors::peer::{Told, read_receipt};
use crate::actors::request::{Order, Receipt};
use crate::base::id::NodeId;
use crate::domain::action::Durability;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

impl Gateway {
    /// An agent acts that has no actor here and, as far as is known, nowhere else: what may have been done before is answered
    /// again, else it is refused, unless the store knows better.
    pub(super) fn act_absent(&self, caller: &Caller, order: Order, params: &str, reply: Reply<Receipt>) {
        let node = &self.node;
        let counted = node
            .check_absent()
            .and_then(|()| node.count_absent(&caller.handle, Counted::of(order.action.permission())));
        if let Err(refusal) = counted {
            return answer(reply, Err(refusal));
        }
        if node.peers.is_on() {
            let act = order.into_act(caller.handle.clone(), params.to_owned());
            return node.act_again(act, reply);
        }
        if !is_repeatable(&order) {
            return answer(reply, Err(Refusal::not_in_world()));
        }
        let node = Arc::clone(node);
        actix_web::rt::spawn(async move { answer(reply, node.find_receipt(order).await) });
    }
}

/// Whether it may have been done before.
fn is_repeatable(order: &Order) -> bool {
    order.has_own_id && order.command.durability == Durability::Durable
}

impl Node {
    /// Has an action done by an agent of another node. When it is not there any more, it is looked for.
    pub(super) fn act_there(self: &Arc<Self>, other: NodeId, act: Act, reply: Reply<Receipt>) {
        let (node, again) = (Arc::clone(self), act.clone());
        let question = Question::Act(Box::new(act));
        self.peers
            .ask_then(other, question, DEADLINE, move |told| match told {
                Told::Missing => node.act_again(again, reply),
                told => answer(reply, receipt_of(told)),
            });
    }

    /// An agent was not where it was believed to be, and nothing was done: it is looked for in the store until it is found.
    pub(in crate::actors) fn act_again(self: &Arc<Self>, act: Act, reply: Reply<Receipt>) {
        let node = Arc::clone(self);
        self.homes.call(act.handle.clone());
        // From whatever thread the answer came.
        let Some(thread) = self.directory.first_thread() else {
            return answer(reply, Err(moving()));
        };
        thread.spawn(async move {
            let due = Instant::now() + PATIENCE / 2;
            let mut last = moving();
            while Instant::now() < due {
                match node.follow(&act.handle).await {
                    Ok(Found::Here(agent)) => return act.hand(&agent, reply),
                    Ok(Found::There(other)) => match node.ask_to_act(other, act.clone()).await {
                        // It goes on, or comes back.
                        Told::Missing => node.homes.call(act.handle.clone()),
                        told => return answer(reply, receipt_of(told)),
                    },
                    Ok(Found::Absent) => {
                        let receipt = match act.into_order() {
                            Ok(order) if is_repeatable(&order) => node.find_receipt(order).await,
                            Ok(_) => Err(Refusal::not_in_world()),
                            Err(refusal) => Err(refusal),
                        };
                        return answer(reply, receipt);
                    }
                    Err(refusal) => last = refusal,
                }
                node.homes.wait_for_news(PAUSE).await;
            }
            answer(reply, Err(last));
        });
    }

    /// Where an agent is that was not where it was believed to be. Its sockets here are looked after by themselves, so what they
    /// find counts; else the store knows.
    async fn follow(&self, handle: &Handle) -> Result<Found, Refusal> {
        if let Some(agent) = self.directory.agent(handle) {
            return Ok(Found::Here(agent));
        }
        if self.homes.is_called(handle) {
            return Err(moving());
        }
        match self.homes.node_of(handle).filter(|node| *node != self.id) {
            Some(node) => Ok(Found::There(node)),
            None => self.look_up(handle).await,
        }
    }

    async fn ask_to_act(&self, other: NodeId, act: Act) -> Told {
        let (told, heard) = oneshot::channel();
        let question = Question::Act(Box::new(act));
        self.peers.ask_then(other, question, DEADLINE, move |outcome| {
            // Nobody waits any more when the thread has ended.
            drop(told.send(outcome));
        });
        heard.await.unwrap_or(Told::Lost)
    }

    /// The answer that a command got before. Errors: `not_in_world` when it was not done.
    async fn find_receipt(&self, order: Order) -> Result<Receipt, Refusal> {
        let (agent, command) = (order.agent, order.command);
        let id = command.id.clone();
        let stored = self
            .database
            .read(move |reader| reader.find_command(agent, &id))
            .await?;
        let stored = stored.ok_or_else(Refusal::not_in_world)?;
        replay(&stored, command.id, &command.body_hash)
    }
}

fn receipt_of(told: Told) -> Result<Receipt, Refusal> {
    told.into_result().and_then(|bytes| read_receipt(&bytes))
}
