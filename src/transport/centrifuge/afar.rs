//! Channels whose home is another node: asked for there, answered when its answer comes. What a socket asks of a home gets there
//! in its order.

use super::super::session::{Membership, Session};
use crate::actors::channels::{self, Home, Position, Way, way};
use crate::actors::hub::Released;
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, wait};
use crate::actors::node::DEADLINE;
use crate::actors::peer::message::{ChannelAct, ChannelQuestion, Client, Question};
use crate::domain::channel::Namespace;
use crate::domain::refusal::Refusal;
use crate::telemetry::metric;
use crate::wire::push::{Push, PushBody, Subscribe};
use crate::wire::reply::ReplyBody;
use crate::wire::subscription::{SubscribeRequest, SubscribeResult};
use crate::wire::{self, ClientError, Disconnect, Reply as WireReply, UnsubscribeCode};
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{AsyncContext, Context};
use serde::de::DeserializeOwned;

/// A subscription that a home is asked for.
struct Subscribing {
    /// The command that asks for it; none when the server subscribes the socket.
    command: Option<u32>,
    request: SubscribeRequest,
    has_history: bool,
    ticket: u64,
    home: Home,
}

impl Session {
    /// Asks the home of a channel; `done` hears what it says. The caller has looked whether the session may ask more.
    pub(super) fn ask_home<T: DeserializeOwned + Send + 'static>(
        &mut self,
        home: Home,
        name: &str,
        what: ChannelAct,
        context: &mut Context<Self>,
        done: impl FnOnce(&mut Self, Result<T, Refusal>) + 'static,
    ) {
        let name = name.to_owned();
        let question = Question::Channel(Box::new(ChannelQuestion { home, name, what }));
        let (reply, answer) = Reply::awaited();
        // Said now, not when the answer is first waited for.
        self.node().peers.ask(home.node, question, reply);
        self.in_flight = self.in_flight.saturating_add(1);
        // The other nodes' answers have their own deadline; this one is for a thread that is late.
        let work = wait(DEADLINE.saturating_mul(2), answer);
        context.spawn(wrap_future::<_, Self>(work).map(move |result, me, _| {
            me.in_flight = me.in_flight.saturating_sub(1);
            done(me, result);
        }));
    }

    /// As `ask_home`, for a command: the home's answer, or its refusal, answers it.
    pub(super) fn ask_home_for<T: DeserializeOwned + Send + 'static>(
        &mut self,
        id: u32,
        home: Home,
        name: &str,
        what: ChannelAct,
        context: &mut Context<Self>,
        done: impl FnOnce(&mut Self, T) + 'static,
    ) {
        if self.is_full() {
            return self.refuse(id, &Refusal::busy());
        }
        self.ask_home(home, name, what, context, move |me, result| match result {
            Ok(answer) => done(me, answer),
            Err(refusal) => me.refuse(id, &refusal),
        });
    }

    /// Subscribes to the channels that the token grants and whose home is another node. While one of them cannot be had, the socket
    /// is closed for the client to connect again.
    pub(super) fn subscribe_granted_afar(&mut self, context: &mut Context<Self>) {
        for name in self.granted() {
            let Ok(namespace) = Namespace::of(&name) else {
                continue;
            };
            let has_history = namespace.has_history();
            match way(&self.node(), &name) {
                Ok(Way::There(home)) => {
                    let request = SubscribeRequest {
                        channel: name,
                        ..SubscribeRequest::default()
                    };
                    self.subscribe_afar(None, request, has_history, home, context);
                }
                Ok(Way::Here(_)) => {}
                Err(_moving) => return self.close(Disconnect::INSUFFICIENT_STATE),
            }
        }
    }

    /// Asks a channel's home for a subscription. From now on what it publishes is held for it.
    pub(super) fn subscribe_afar(
        &mut self,
        command: Option<u32>,
        request: SubscribeRequest,
        has_history: bool,
        home: Home,
        context: &mut Context<Self>,
    ) {
        let name = request.channel.clone();
        let ticket = self
            .worker
            .table
            .borrow_mut()
            .hold(self.id, name.as_str().into(), home);
        let membership = Membership {
            home: Some(home),
            is_granted: command.is_none(),
        };
        self.channels.borrow_mut().insert(name.clone(), membership);
        let come = ChannelAct::Come {
            session: self.id,
            info: has_history.then(|| Client::from(self.info())),
            since: self.since(&request),
            must_recover: self.must_recover(&request),
        };
        let subscribing = Subscribing {
            command,
            request,
            has_history,
            ticket,
            home,
        };
        self.ask_home(home, &name, come, context, move |me, came| {
            me.subscribed(&subscribing, came);
        });
    }

    /// The home answered.
    fn subscribed(&mut self, asked: &Subscribing, came: Result<Option<Position>, Refusal>) {
        let name = asked.request.channel.as_str();
        let position = match came {
            Ok(Some(position)) => position,
            Ok(None) => {
                self.give_up(asked);
                return self
                    .not_subscribed(asked, |me, id| me.error(id, ClientError::UNRECOVERABLE_POSITION));
            }
            Err(refusal) => {
                self.give_up(asked);
                return self.not_subscribed(asked, |me, id| me.refuse(id, &refusal));
            }
        };
        let (result, position) = if asked.has_history {
            self.result_of(position, &asked.request)
        } else {
            Default::default()
        };
        let released = self
            .worker
            .table
            .borrow_mut()
            .release(self.id, name, asked.ticket, position);
        match released {
            Released::On(pieces) => {
                self.tell_subscribed(asked, result);
                let mut outbox = self.outbox.borrow_mut();
                pieces.into_iter().for_each(|piece| outbox.push(piece));
            }
            Released::Overfull => {
                metric::channel_subscriptions_lost().increment(1);
                self.forget_channel(name);
                match asked.command {
                    Some(_) => {
                        self.tell_subscribed(asked, result);
                        let body = PushBody::Unsubscribe(UnsubscribeCode::INSUFFICIENT_STATE.into());
                        self.push(name, body);
                    }
                    None => self.close(Disconnect::INSUFFICIENT_STATE),
                }
            }
            // Its home was lost meanwhile, or the client wants it no more.
            Released::Gone => {
                self.not_subscribed(asked, |me, id| me.refuse(id, &moving()));
            }
        }
    }

    fn tell_subscribed(&self, asked: &Subscribing, mut result: SubscribeResult) {
        let Some(id) = asked.command else {
            // As in the answer to `connect`: not all defaults.
            if result.epoch.is_empty() {
                result.epoch = asked.home.node.to_string();
            }
            let subscribe = Subscribe {
                recoverable: result.recoverable,
                epoch: result.epoch,
                offset: result.offset,
                positioned: result.positioned,
                ..Subscribe::default()
            };
            return self.push(&asked.request.channel, PushBody::Subscribe(Box::new(subscribe)));
        };
        self.reply(id, ReplyBody::Subscribe(Box::new(result)));
    }

    fn not_subscribed(&mut self, asked: &Subscribing, refuse: impl FnOnce(&Self, u32)) {
        match asked.command {
            Some(id) => refuse(self, id),
            None => self.close(Disconnect::INSUFFICIENT_STATE),
        }
    }

    /// A subscription that the home does not give ends, unless it has already.
    fn give_up(&self, asked: &Subscribing) {
        let name = asked.request.channel.as_str();
        let is_there = self
            .worker
            .table
            .borrow_mut()
            .give_up(self.id, name, asked.ticket);
        if is_there {
            // Also when nobody knows whether the home has taken it.
            self.forget_channel(name);
        }
    }

    /// Leaves a channel. Whether the session was on it.
    pub(super) fn forget_channel(&self, name: &str) -> bool {
        let known = self.channels.borrow_mut().remove(name);
        if let Some(membership) = known {
            channels::leave(&self.node(), name, self.id, membership.home);
        }
        known.is_some()
    }

    fn push(&self, channel: &str, body: PushBody) {
        let push = WireReply::push(Push::of(channel, body));
        self.outbox
            .borrow_mut()
            .push(wire::encode_reply(self.encoding(), &push));
    }
}
