//! `rpc`: actions of agents, cameras of spectators.

use super::super::session::Session;
use super::encode_answer;
use crate::actors::mailbox::Reply;
use crate::actors::node::DEADLINE;
use crate::actors::spectator::{SpectatorActor, SpectatorMessage};
use crate::base::limit::JSON_DEPTH_MAX;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::spectate::Spectate;
use crate::telemetry::metric;
use crate::transport::params::split_command_id;
use crate::wire;
use crate::wire::request::RpcRequest;
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{AsyncContext, Context};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The parameters of `prompt`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    agent_id: Handle,
    text: String,
}

impl Session {
    /// Starts a request; its answer comes when it is there.
    pub(super) fn rpc(&mut self, id: u32, request: RpcRequest, context: &mut Context<Self>) {
        if self.is_full() {
            return self.refuse(id, &Refusal::busy());
        }
        let data = if request.data.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            request.data
        };
        if let Err(error) = wire::check_json(&data, JSON_DEPTH_MAX) {
            return self.refuse(id, &Refusal::new(Code::Malformed, error.to_string()));
        }
        match (request.method.as_str(), self.caller.is_some()) {
            ("spectate" | "camera", false) => self.spectate(id, &data, context),
            ("spectate" | "camera", true) => {
                let detail = "an agent's socket shows what the agent sees; watch on a socket of its own";
                self.refuse(id, &Refusal::new(Code::PermissionMissing, detail));
            }
            ("prompt", _) => self.prompt(id, &data, context),
            (_, true) => self.act(id, request.method, &data, context),
            (_, false) => self.refuse(
                id,
                &Refusal::new(Code::Unauthenticated, "connect with an agent's token to act"),
            ),
        }
    }

    fn act(&mut self, id: u32, method: String, data: &[u8], context: &mut Context<Self>) {
        let (params, command_id) = match split_command_id(data) {
            Ok(split) => split,
            Err(refusal) => return self.refuse(id, &refusal),
        };
        let version = self.web.access.agents_version();
        if version.is_some() && version == self.caller_as_of {
            return self.submit(id, &method, &params, command_id);
        }
        // A permission that was taken away acts before the token ends.
        let (access, verified) = (self.access(), self.verified.clone());
        let ask = async move {
            match verified {
                Some(verified) => access.caller(&verified).await,
                None => Ok(None),
            }
        };
        let params = params.into_owned();
        self.is_asking = true;
        context.spawn(wrap_future::<_, Self>(ask).map(move |asked, me, context| {
            me.is_asking = false;
            if me.outbox.borrow().end_reason().is_some() {
                // Nobody would hear what became of it.
                return;
            }
            match asked {
                Ok(fresh) => {
                    me.caller = fresh.or_else(|| me.caller.take());
                    me.caller_as_of = version;
                    me.submit(id, &method, &params, command_id);
                }
                Err(refusal) => me.refuse(id, &refusal),
            }
            me.pump(context);
        }));
    }

    /// Has an action done. Its answer goes to the socket by way of its thread's flusher and does not wake this session.
    fn submit(&self, id: u32, method: &str, params: &str, command_id: Option<String>) {
        let Some(caller) = &self.caller else {
            return self.refuse(id, &Refusal::internal());
        };
        let gateway = &self.web.gateway;
        let due = gateway.node.clock.monotonic() + DEADLINE;
        let ticket = self.outbox.borrow_mut().promise(id, due);
        let (answers, session) = (Arc::clone(self.worker.flusher.answers()), self.id);
        let reply = Reply::taken_by(move |result| answers.send(session, ticket, result));
        gateway.submit(caller, method, params, command_id, reply);
    }

    /// A suggestion of somebody who watches.
    fn prompt(&mut self, id: u32, data: &[u8], context: &mut Context<Self>) {
        let prompt: Prompt = match serde_json::from_slice(data) {
            Ok(prompt) => prompt,
            Err(error) => return self.refuse(id, &Refusal::invalid(error.to_string())),
        };
        if let Err(refusal) = self.prompts.check(&self.node().clock) {
            return self.refuse(id, &refusal);
        }
        let gateway = self.gateway();
        let from = self.caller.as_ref().map(|caller| caller.handle.to_string());
        let work = async move { gateway.prompt(&prompt.agent_id, &prompt.text, from).await };
        self.answer_later(id, work, context);
    }

    fn spectate(&mut self, id: u32, data: &[u8], context: &mut Context<Self>) {
        let spectate: Spectate = match serde_json::from_slice(data) {
            Ok(spectate) => spectate,
            Err(error) => return self.refuse(id, &Refusal::invalid(error.to_string())),
        };
        let Some(seat) = self.spectator() else {
            return self.refuse(id, &Refusal::unavailable());
        };
        let work = async move {
            let me = seat.clone();
            seat.ask(DEADLINE, |reply| {
                SpectatorMessage::Look(Box::new(spectate), me, reply)
            })
            .await
        };
        self.answer_later(id, work, context);
    }

    /// This socket's spectator, started when it first looks at something.
    fn spectator(&mut self) -> Option<crate::actors::mailbox::Seat<SpectatorActor>> {
        if self.spectator.is_none() {
            self.spectator = SpectatorActor::start(&self.node(), self.id, self.worker.hub);
            if self.spectator.is_some() {
                metric::spectators_active().increment(1.0);
            }
        }
        self.spectator.clone()
    }

    fn answer_later<T: Serialize + 'static>(
        &mut self,
        id: u32,
        work: impl Future<Output = Result<T, Refusal>> + 'static,
        context: &mut Context<Self>,
    ) {
        self.in_flight = self.in_flight.saturating_add(1);
        context.spawn(wrap_future::<_, Self>(work).map(move |result, me, _| {
            me.in_flight = me.in_flight.saturating_sub(1);
            let piece = encode_answer(me.encoding(), id, result);
            me.outbox.borrow_mut().push(piece);
        }));
    }
}
