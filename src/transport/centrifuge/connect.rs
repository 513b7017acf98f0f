//! `connect` and `refresh`.

use super::super::session::{Opened, Phase, Session};
use crate::actors::gateway::Caller;
use crate::base::time::Timestamp;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::{TokenKind, Verified};
use crate::transport::session::PING_INTERVAL;
use crate::transport::session::Since;
use crate::wire::push::Publication;
use crate::wire::reply::{ConnectResult, RefreshResult, ReplyBody};
use crate::wire::request::ConnectRequest;
use crate::wire::subscription::SubscribeResult;
use crate::wire::{self, ClientError, Disconnect, Reply};
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{AsyncContext, Context};
use bytes::Bytes;
use serde_json::json;
use std::collections::BTreeMap;

impl Session {
    /// Opens the session. Commands that come meanwhile wait.
    pub(super) fn connect(&mut self, id: u32, request: ConnectRequest, context: &mut Context<Self>) {
        self.phase = Phase::Opening;
        if request.token.is_empty() {
            return self.connect_spectator(id, context);
        }
        let identify = self.identify(&request.token);
        context.wait(
            wrap_future::<_, Self>(identify).map(move |identified, me, context| match identified {
                Ok((verified, Some(caller))) => me.connect_agent(id, verified, caller, &request, context),
                Ok((verified, None)) => me.connect_user(id, verified, context),
                Err(refusal) => {
                    me.connect_refused(id, &refusal);
                    me.pump(context);
                }
            }),
        );
    }

    fn connect_refused(&mut self, id: u32, refusal: &Refusal) {
        self.phase = Phase::Fresh;
        match refusal.code {
            Code::TokenExpired => self.error(id, ClientError::TOKEN_EXPIRED),
            Code::Unauthenticated | Code::TokenRevoked | Code::TooLarge => {
                self.close(Disconnect::INVALID_TOKEN)
            }
            _ => self.refuse(id, refusal),
        }
    }

    fn connect_agent(
        &mut self,
        id: u32,
        verified: Verified,
        caller: Caller,
        request: &ConnectRequest,
        context: &mut Context<Self>,
    ) {
        let inbox = request.subs.get(&inbox_channel(&caller.handle));
        let since = inbox.filter(|sub| sub.recover).map(|sub| Since {
            epoch: sub.epoch.clone(),
            offset: sub.offset,
        });
        let is_recovering = since.is_some();
        self.verified = Some(verified);
        self.caller = Some(caller.clone());
        self.attach();
        let enter = self.enter(caller, since);
        context.wait(wrap_future::<_, Self>(enter).map(move |opened, me, context| {
            match opened {
                Ok(opened) => me.connected(id, &opened, is_recovering, context),
                Err(refusal) => {
                    let piece =
                        wire::encode_reply(me.encoding(), &Reply::refuse(id, super::error_of(&refusal)));
                    me.outbox.borrow_mut().release(piece);
                    me.undo_enter();
                }
            }
            me.pump(context);
        }));
    }

    fn connected(&mut self, id: u32, opened: &Opened, is_recovering: bool, context: &mut Context<Self>) {
        let Some(caller) = &self.caller else { return };
        let mut subs = BTreeMap::new();
        subs.insert(inbox_channel(&caller.handle), inbox_result(opened, is_recovering));
        subs.insert(
            format!("region:{}", opened.joined.region),
            SubscribeResult::default(),
        );
        subs.extend(self.subscribe_granted());
        let result = self.connect_result(subs);
        let piece = wire::encode_reply(
            self.encoding(),
            &Reply::of(id, ReplyBody::Connect(Box::new(result))),
        );
        self.note_open(opened);
        self.outbox.borrow_mut().release(piece);
        self.inbox.borrow_mut().open(opened.top, &self.outbox);
        self.subscribe_granted_afar(context);
    }

    /// Without a token: somebody who watches.
    fn connect_spectator(&mut self, id: u32, context: &mut Context<Self>) {
        if self.web.config.world.spectate_requires_token {
            self.phase = Phase::Fresh;
            return self.close(Disconnect::BAD_REQUEST);
        }
        self.connect_listener(id, context);
        self.pump(context);
    }

    /// With a token of a user that is no agent: channels only.
    fn connect_user(&mut self, id: u32, verified: Verified, context: &mut Context<Self>) {
        self.verified = Some(verified);
        self.connect_listener(id, context);
        self.pump(context);
    }

    /// Refused where another node runs the world: there is nothing to see or to hear here.
    fn connect_listener(&mut self, id: u32, context: &mut Context<Self>) {
        if let Err(refusal) = self.gateway().check_here() {
            return self.connect_refused(id, &refusal);
        }
        self.attach_now();
        let subs = self.subscribe_granted();
        let result = self.connect_result(subs);
        self.reply(id, ReplyBody::Connect(Box::new(result)));
        self.phase = Phase::Open;
        self.look_soon();
        self.subscribe_granted_afar(context);
    }

    fn connect_result(&self, mut subs: BTreeMap<String, SubscribeResult>) -> ConnectResult {
        let node = self.node();
        // Protobuf leaves a map's value out when all of it is default, and the JavaScript SDK then reads null and fails.
        for sub in subs
            .values_mut()
            .filter(|sub| **sub == SubscribeResult::default())
        {
            sub.epoch = node.id.to_string();
        }
        let now = node.now();
        let data = json!({"protocol": 1, "tick": node.rate.tick_at(now), "time_ms": now, "tick_ms": node.rate.tick_ms});
        let ttl = self.ttl_s();
        ConnectResult {
            client: self.id.to_string(),
            version: concat!("rookery ", env!("CARGO_PKG_VERSION")).to_owned(),
            expires: ttl.is_some(),
            ttl: ttl.unwrap_or(0),
            data: Bytes::from(data.to_string()),
            subs,
            ping: u32::try_from(PING_INTERVAL.as_secs()).unwrap_or(25),
            pong: true,
            session: self.id.to_string(),
            node: node.id.to_string(),
            time: now.0,
            ..ConnectResult::default()
        }
    }

    /// Seconds until the token ends; none when it does not.
    fn ttl_s(&self) -> Option<u32> {
        let expires_at = self.verified.as_ref()?.expires_at?;
        let left_ms = expires_at.since_ms(Timestamp(self.node().clock.now_ms()));
        Some(u32::try_from(left_ms / 1_000).unwrap_or(u32::MAX).max(1))
    }

    /// A fresh token for an open session; it must be the same user's.
    pub(super) fn refresh(&mut self, id: u32, token: &str, context: &mut Context<Self>) {
        let Some(current) = self.verified.as_ref().filter(|_| !token.is_empty()) else {
            return self.close(Disconnect::BAD_REQUEST);
        };
        let (subject, is_cli) = (current.subject.clone(), current.kind == TokenKind::Cli);
        let identify = self.identify(token);
        context.wait(
            wrap_future::<_, Self>(identify).map(move |identified, me, context| {
                match identified {
                    // What never acts does not keep open what acts, though both are of one name.
                    Ok((verified, caller))
                        if verified.subject == subject && (verified.kind == TokenKind::Cli) == is_cli =>
                    {
                        me.verified = Some(verified);
                        me.look_soon();
                        me.caller = caller.or_else(|| me.caller.take());
                        me.caller_as_of = None;
                        let ttl = me.ttl_s();
                        let result = RefreshResult {
                            expires: ttl.is_some(),
                            ttl: ttl.unwrap_or(0),
                            ..RefreshResult::default()
                        };
                        me.reply(id, ReplyBody::Refresh(Box::new(result)));
                    }
                    Err(refusal) if refusal.code == Code::TokenExpired => me.close(Disconnect::EXPIRED),
                    Err(refusal) if refusal.code.is_temporary() => me.refuse(id, &refusal),
                    _ => me.close(Disconnect::INVALID_TOKEN),
                }
                me.pump(context);
            }),
        );
    }
}

/// The channel of an agent's inbox.
fn inbox_channel(handle: &Handle) -> String {
    format!("#{handle}")
}

/// What the answer to `connect` says of the inbox. A recovered stream echoes the client's offset: it advances by the publications.
fn inbox_result(opened: &Opened, is_recovering: bool) -> SubscribeResult {
    let missed = opened.missed.as_deref().unwrap_or_default();
    let publications: Vec<Publication> = missed
        .iter()
        .map(|missed| Publication {
            data: missed.data.clone(),
            offset: missed.offset,
            ..Publication::default()
        })
        .collect();
    let is_recovered = is_recovering && opened.missed.is_some();
    let count = u64::try_from(publications.len()).unwrap_or(0);
    SubscribeResult {
        recoverable: true,
        positioned: true,
        epoch: opened.epoch.clone(),
        offset: if is_recovered {
            opened.top.saturating_sub(count)
        } else {
            opened.top
        },
        publications,
        recovered: is_recovered,
        was_recovering: is_recovering,
        ..SubscribeResult::default()
    }
}
