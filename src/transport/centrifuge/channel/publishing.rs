//! Publishing on a channel.

use super::super::super::session::{Posting, Session};
use crate::actors::channels::{self, Counted, Draft, Way, way, wrap};
use crate::actors::peer::message::{ChannelAct, Client};
use crate::base::limit::{CHANNEL_KEY_MAX_BYTES, JSON_DEPTH_MAX, PAYLOAD_MAX_BYTES};
use crate::domain::channel::Verb;
use crate::domain::refusal::{Code, Refusal};
use crate::wire::reply::ReplyBody;
use crate::wire::request::PublishRequest;
use crate::wire::{self, ClientError};
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{AsyncContext, Context};
use std::sync::Arc;

impl Session {
    /// Publishes, wrapped with the sender's name and the time.
    pub(in super::super) fn publish(
        &mut self,
        id: u32,
        request: Box<PublishRequest>,
        context: &mut Context<Self>,
    ) {
        let name = request.channel.as_str();
        let Some(namespace) = self.namespace(id, name) else {
            return;
        };
        let known = match self.may(Verb::Publish, name, &namespace) {
            Ok(known) => known,
            Err(refusal) => return self.deny(id, &refusal),
        };
        let is_kept = namespace.has_history();
        let is_well_formed =
            request.r#type == 0 && !request.data.is_empty() && request.key.len() <= CHANNEL_KEY_MAX_BYTES;
        if !is_well_formed {
            return self.error(id, ClientError::BAD_REQUEST);
        }
        if request.data.len() > PAYLOAD_MAX_BYTES {
            return self.refuse(
                id,
                &Refusal::new(Code::TooLarge, "a payload has at most 16,384 bytes"),
            );
        }
        if wire::check_json(&request.data, JSON_DEPTH_MAX).is_err() {
            return self.error(id, ClientError::BAD_REQUEST);
        }
        let posting = Posting {
            id,
            request,
            known,
            is_kept,
        };
        self.count_posting(posting, context);
    }

    /// Publishes once it is counted, and after all that this socket published before.
    fn count_posting(&mut self, posting: Posting, context: &mut Context<Self>) {
        let node = self.node();
        match channels::count_here(&node, &posting.request.channel, &self.user()) {
            Err(refusal) => self.refuse(posting.id, &refusal),
            Ok(Counted::Wholly) => self.post(posting, context),
            Ok(Counted::Here) if self.is_full() => self.refuse(posting.id, &Refusal::busy()),
            Ok(Counted::Here) => {
                self.in_flight = self.in_flight.saturating_add(1);
                self.postings.push_back(posting);
                if self.postings.len() == 1 {
                    self.count_next(context);
                }
            }
        }
    }

    /// Counts the first that waits over all nodes, publishes it, and goes on with the next.
    fn count_next(&mut self, context: &mut Context<Self>) {
        if self.outbox.borrow().end_reason().is_some() {
            // It may not publish any more, or nobody would hear what became of it.
            self.postings.clear();
        }
        let Some(posting) = self.postings.front() else {
            return;
        };
        let (node, user) = (Arc::clone(&self.node()), self.user());
        let channel = posting.request.channel.clone();
        let work = async move { channels::count_everywhere(&node, &channel, &user).await };
        context.spawn(wrap_future::<_, Self>(work).map(|counted, me, context| {
            me.in_flight = me.in_flight.saturating_sub(1);
            if let Some(posting) = me.postings.pop_front() {
                match counted {
                    Ok(()) => me.post(posting, context),
                    Err(refusal) => me.refuse(posting.id, &refusal),
                }
            }
            me.count_next(context);
        }));
    }

    fn post(&mut self, posting: Posting, context: &mut Context<Self>) {
        let Posting {
            id,
            request,
            known,
            is_kept,
        } = posting;
        // After it was counted: looking at it is work.
        if let Err(refusal) = channels::check_schema(known.schema.as_ref(), &request.data) {
            return self.refuse(id, &refusal);
        }
        let (node, user) = (self.node(), self.user());
        let name = request.channel.as_str();
        let data = wrap(&user, node.now().0, &request.data);
        let (publisher, key) = (self.info(), channels::latest_key(&request.key, &user));
        let published = match way(&node, name) {
            Ok(Way::Here(home)) => {
                let draft = Draft {
                    data,
                    publisher: Some(publisher),
                    key,
                    is_kept,
                };
                channels::publish(&node, name, home, draft).map(|_position| ())
            }
            Ok(Way::There(home)) => {
                let publish = ChannelAct::Publish {
                    data,
                    publisher: Client::from(publisher),
                    key: Some(key),
                    is_kept,
                    wants_position: false,
                };
                return self.ask_home_for(id, home, name, publish, context, move |me, ()| {
                    me.reply(id, ReplyBody::Publish(Default::default()));
                });
            }
            Err(refusal) => Err(refusal),
        };
        match published {
            Ok(()) => self.reply(id, ReplyBody::Publish(Default::default())),
            Err(refusal) => self.refuse(id, &refusal),
        }
    }
}
