//! What other nodes ask for: each question goes the way that it would have gone from here.

use super::message::{self, Arrive, Fate, Question, SocketInfo};
use super::{Peers, hear};
use crate::actors::agent::Joiner;
use crate::actors::channels;
use crate::actors::directory::{Socket, Whereabouts};
use crate::actors::gateway::Gateway;
use crate::actors::mailbox::Reply;
use crate::actors::region::{self, RegionMessage, Viewer};
use crate::actors::request::Receipt;
use crate::actors::spectator::Follower;
use crate::actors::survey;
use crate::base::id::NodeId;
use crate::domain::agent::Handle;
use crate::domain::refusal::Refusal;
use serde::Serialize;
use std::sync::Arc;

/// Answers other nodes, and connects sockets to their agents again, for as long as the node runs. For the main thread.
pub fn serve(gateway: &Gateway) {
    let node = &gateway.node;
    if !node.peers.is_on() {
        return;
    }
    actix_web::rt::spawn(Arc::clone(&node.peers).keep_sending());
    actix_web::rt::spawn(super::keep_beating(Arc::clone(node)));
    actix_web::rt::spawn(super::keep_polling(Arc::clone(node)));
    // From this moment on, so that nothing is said before somebody listens.
    let subscription = node.peers.listen();
    actix_web::rt::spawn(hear::listen(gateway.clone(), subscription));
    if let Some(mut calls) = node.homes.take_calls() {
        let gateway = gateway.clone();
        actix_web::rt::spawn(async move {
            while let Some(handle) = calls.recv().await {
                let gateway = gateway.clone();
                actix_web::rt::spawn(async move { gateway.connect_again(&handle).await });
            }
        });
    }
}

/// Answers a question of another node.
pub(super) fn answer(gateway: &Gateway, from: NodeId, number: u64, question: Question) {
    let desk = Desk {
        gateway: gateway.clone(),
        from,
        number,
    };
    match question {
        Question::Act(act) => desk.act(*act),
        Question::Join(join) => desk.join(*join),
        Question::Leave(handle) => {
            let gateway = gateway.clone();
            desk.later(&handle.clone(), async move |desk| {
                desk.done(gateway.leave(&handle).await)
            });
        }
        Question::Count(handle, what) => {
            let gateway = gateway.clone();
            desk.later(&handle.clone(), async move |desk| {
                desk.done(gateway.count(&handle, what).await)
            });
        }
        Question::Prompt(prompt) => {
            let gateway = gateway.clone();
            desk.later(&prompt.handle.clone(), async move |desk| {
                let message::Prompt { handle, text, from } = *prompt;
                desk.give(gateway.prompt(&handle, &text, from).await);
            });
        }
        Question::Watch(watch) => desk.watch(&watch),
        Question::Arrive(arrive) => desk.arrive(*arrive),
        Question::Survey => desk.survey(),
        Question::User(order) => {
            gateway.node.order_user_here(Arc::from(order));
            desk.done(Ok(()));
        }
        Question::Stats(wants_sockets) => desk.stats(wants_sockets),
        Question::Channel(question) => channels::serve(&gateway.node, from, *question, desk),
    }
}

/// One question, and where its answer goes.
struct Desk {
    gateway: Gateway,
    from: NodeId,
    number: u64,
}

impl channels::Desk for Desk {
    fn done<T: Serialize>(self, result: Result<T, Refusal>) {
        Self::done(&self, result);
    }

    fn missing(self) {
        Self::missing(&self);
    }
}

impl Desk {
    fn peers(&self) -> &Arc<Peers> {
        &self.gateway.node.peers
    }

    fn done<T: Serialize>(&self, result: Result<T, Refusal>) {
        let encode = |answer| rmp_serde::to_vec_named(&answer).map_err(|_never| Refusal::internal());
        self.peers()
            .answer(self.from, self.number, result.and_then(encode));
    }

    /// Answers with a receipt, written as its asker gets it.
    fn give(&self, receipt: Result<Receipt, Refusal>) {
        let encode = |receipt| serde_json::to_vec(&receipt).map_err(|_never| Refusal::internal());
        self.peers()
            .answer(self.from, self.number, receipt.and_then(encode));
    }

    fn missing(&self) {
        self.peers().answer_missing(self.from, self.number);
    }

    /// Does what is asked of an agent that has its actor here, and answers when it is done.
    fn later(self, handle: &Handle, work: impl AsyncFnOnce(Self) + 'static) {
        if self.gateway.node.directory.agent(handle).is_none() {
            return self.missing();
        }
        actix_web::rt::spawn(work(self));
    }

    fn act(self, act: message::Act) {
        let Some(agent) = self.gateway.node.directory.agent(&act.handle) else {
            return self.missing();
        };
        act.hand(&agent, self.receipt());
    }

    /// Where the receipt of an action goes.
    fn receipt(self) -> Reply<Receipt> {
        Reply::taken_by(move |receipt| self.give(receipt))
    }

    fn join(self, join: message::Join) {
        let Some(hub) = self.gateway.node.directory.hub_of(self.from) else {
            return self.missing();
        };
        let message::Join {
            handle,
            socket,
            spawn_region,
        } = join;
        let (gateway, from) = (self.gateway.clone(), Some(self.from));
        let joiner = match &socket {
            Some(socket) => Joiner::Socket(socket.session, hub),
            None => Joiner::Rest,
        };
        let session = socket.as_ref().map(|socket| socket.session);
        if let Some(SocketInfo {
            session,
            token_id,
            connected_at,
        }) = socket
        {
            let socket = Socket {
                session,
                token_id,
                connected_at,
                node: from,
                hub,
            };
            // Before anything is awaited: that it left is heard after that.
            gateway.node.directory.put_socket(&handle, socket);
        }
        actix_web::rt::spawn(async move {
            let joined = gateway.join_here(&handle, joiner, spawn_region).await;
            if let Some(session) = session {
                let sockets = gateway.node.directory.sockets(&handle);
                let is_here = sockets.iter().any(|socket| socket.session == session);
                if !matches!(joined, Some(Ok(_))) {
                    gateway.node.directory.remove_socket(&handle, session);
                } else if !is_here {
                    // It left meanwhile.
                    gateway.part(&handle, session);
                }
            }
            match joined {
                None => self.missing(),
                Some(joined) => self.done(joined.map(|joined| {
                    if session.is_none() {
                        gateway.node.directory.note_guest(joined.profile.id, from);
                    }
                    message::Joined {
                        profile: (*joined.profile).clone(),
                        region: joined.region,
                        at: joined.at,
                    }
                })),
            }
        });
    }

    fn watch(self, watch: &message::Watch) {
        let directory = &self.gateway.node.directory;
        let (Whereabouts::Here(seats), Some(hub)) =
            (directory.find(watch.shard), directory.hub_of(self.from))
        else {
            return self.missing();
        };
        let follower = watch.is_follower.then(|| Follower::There {
            peers: Arc::clone(self.peers()),
            node: self.from,
            session: watch.session,
        });
        let viewer = Viewer {
            session: watch.session,
            hub,
            focus: watch.focus,
            follower,
        };
        let reply = Reply::taken_by(move |at| self.done(at));
        // A full mailbox drops the reply, and the asker is told `unavailable`.
        let _ = seats.region.tell(RegionMessage::Watch(viewer, reply));
    }

    fn arrive(self, mut arrive: Arrive) {
        let Whereabouts::Here(seats) = self.gateway.node.directory.find(arrive.shard) else {
            return self.missing();
        };
        let request = arrive.teleport.take().map(|(act, number)| {
            let desk = Self {
                gateway: self.gateway.clone(),
                from: self.from,
                number,
            };
            act.into_order().map(|order| order.to(desk.receipt()))
        });
        let request = match request.transpose() {
            Ok(request) => request,
            // The receipt that is awaited does not come: what was to be told of it is told by this.
            Err(_other_version) => return self.done(Ok(Fate::Kept)),
        };
        // Its sockets follow in a moment; what is said around it meanwhile goes there all the same.
        let directory = &self.gateway.node.directory;
        let elsewhere = arrive
            .body
            .nodes
            .iter()
            .filter(|node| **node != self.gateway.node.id);
        elsewhere.for_each(|node| directory.note_guest(arrive.body.profile.id, Some(*node)));
        let arrival = region::Arrival::from_afar(arrive, request, move |fate: Fate| self.done(Ok(fate)));
        // A full mailbox drops the offer, and the sender keeps the agent.
        let _ = seats.region.tell(RegionMessage::Arrive(Box::new(arrival)));
    }

    fn stats(self, wants_sockets: bool) {
        let node = Arc::clone(&self.gateway.node);
        actix_web::rt::spawn(async move { self.done(node.stats_here(wants_sockets).await) });
    }

    fn survey(self) {
        let node = Arc::clone(&self.gateway.node);
        actix_web::rt::spawn(async move { self.done(Ok(survey::here(&node).await)) });
    }
}
