//! The Centrifuge protocol over a socket: commands in order, answers as they come.

mod afar;
mod channel;
mod connect;
mod rpc;

pub use channel::history_result;

use super::http::visits::Visit;
use super::session::{Phase, Session};
use super::web::Web;
use super::ws::{self, Berth};
use crate::actors::publication::Dialect;
use crate::base::limit::COMMANDS_PER_FRAME_MAX;
use crate::domain::refusal::{Code, Refusal};
use crate::telemetry::metric;
use crate::wire::reply::ReplyBody;
use crate::wire::request::Request;
use crate::wire::{self, ClientError, Command, Disconnect, Encoding, Reply};
use actix::{Actor, AsyncContext, Context};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;
use std::collections::VecDeque;

/// `GET /connection/websocket`.
/// Errors: `upgrade_required` for a plain GET, `origin_refused`, a broken handshake.
pub fn open(
    request: &HttpRequest,
    web: &Data<Web>,
    berth: &Berth,
    visit: Visit,
) -> Result<HttpResponse, actix_web::Error> {
    let dialect = Dialect::Centrifuge(ws::encoding_of(request));
    let clock = web.gateway.node.clock.clone();
    let web = web.clone();
    ws::accept(request, dialect, berth, clock, move |opening, reader| {
        let session = Session::new(web, opening, visit);
        Session::create(move |context| {
            context.add_stream(reader);
            session
        });
    })
}

/// Takes a message: one or several commands.
pub(super) fn receive(
    session: &mut Session,
    encoding: Encoding,
    bytes: &[u8],
    is_text: bool,
    is_admitted: bool,
    context: &mut Context<Session>,
) {
    if is_text != (encoding == Encoding::Json) {
        return session.close(Disconnect::INAPPROPRIATE_PROTOCOL);
    }
    if is_text && std::str::from_utf8(bytes).is_err() {
        return session.close(Disconnect {
            code: 1007,
            name: "broken",
            reason: "invalid UTF-8",
        });
    }
    let Ok(commands) = wire::decode_commands(encoding, bytes, COMMANDS_PER_FRAME_MAX) else {
        return session.close(Disconnect::BAD_REQUEST);
    };
    for command in commands {
        if command.is_pong() {
            if session.phase == Phase::Open && !session.watch.take_pong() {
                return session.close(Disconnect::BAD_REQUEST);
            }
        } else if is_admitted {
            session.pending.push_back(command);
        } else {
            session.refuse(command.id, &Refusal::new(Code::RateLimited, "too many messages"));
        }
    }
    session.pump(context);
}

/// How often the rule of a channel may change while a command waits for it.
const RULE_READS_MAX: u32 = 4;

impl Session {
    /// Handles waiting commands in order, until one must be awaited.
    pub(super) fn pump(&mut self, context: &mut Context<Self>) {
        while self.phase != Phase::Opening && !self.is_asking && self.outbox.borrow().end_reason().is_none() {
            let Some(command) = self.pending.pop_front() else {
                // Most sockets have nothing to say most of the time, and there are many.
                self.pending = VecDeque::new();
                return;
            };
            if let Some(channel) = command.channel().filter(|channel| !self.knows_rule(channel)) {
                let channel = channel.to_owned();
                return self.learn_rule(channel, command, RULE_READS_MAX, context);
            }
            self.do_one(command, context);
        }
    }

    fn do_one(&mut self, command: Command, context: &mut Context<Self>) {
        let id = command.id;
        match command.into_body() {
            Some(body) => self.command(id, body, context),
            None => self.close(Disconnect::BAD_REQUEST),
        }
    }

    fn command(&mut self, id: u32, body: Request, context: &mut Context<Self>) {
        let is_send = matches!(body, Request::Send(_));
        if (id == 0) != is_send {
            return self.close(Disconnect::BAD_REQUEST);
        }
        match body {
            Request::Connect(_) if self.phase == Phase::Open => self.close(Disconnect::BAD_REQUEST),
            Request::Connect(request) => self.connect(id, *request, context),
            _ if self.phase != Phase::Open => self.close(Disconnect::BAD_REQUEST),
            Request::Refresh(request) => self.refresh(id, &request.token, context),
            Request::Rpc(request) => self.rpc(id, request, context),
            Request::Subscribe(request) => self.subscribe(id, *request, context),
            Request::Unsubscribe(request) => self.unsubscribe(id, &request.channel),
            Request::Publish(request) => self.publish(id, request, context),
            Request::Presence(request) => self.presence(id, &request.channel, context),
            Request::PresenceStats(request) => self.presence_stats(id, &request.channel, context),
            Request::History(request) => self.history(id, request, context),
            Request::Ping(_) => self.reply(id, ReplyBody::Ping(Default::default())),
            Request::Send(_) => self.close(Disconnect::NOT_AVAILABLE),
            Request::SubRefresh(request) => self.sub_refresh(id, &request.channel),
        }
    }

    fn encoding(&self) -> Encoding {
        match self.dialect {
            Dialect::Centrifuge(encoding) => encoding,
            Dialect::ClawBots => Encoding::Json,
        }
    }

    /// Answers a command.
    pub(super) fn reply(&self, id: u32, body: ReplyBody) {
        self.outbox
            .borrow_mut()
            .push(wire::encode_reply(self.encoding(), &Reply::of(id, body)));
    }

    /// Answers a command with an error of the protocol.
    pub(super) fn error(&self, id: u32, error: ClientError) {
        self.outbox
            .borrow_mut()
            .push(wire::encode_reply(self.encoding(), &Reply::refuse(id, error)));
    }

    /// Answers a command with a refusal: the number of its code and `code: detail`.
    pub(super) fn refuse(&self, id: u32, refusal: &Refusal) {
        self.outbox
            .borrow_mut()
            .push(refuse(self.encoding(), id, refusal));
    }
}

/// The answer to a request as it is sent.
pub(super) fn encode_answer<T: Serialize>(encoding: Encoding, id: u32, result: Result<T, Refusal>) -> Bytes {
    let encoded = result
        .and_then(|answer| wire::encode_rpc(encoding, id, &answer).map_err(|_never| Refusal::internal()));
    encoded.unwrap_or_else(|refusal| refuse(encoding, id, &refusal))
}

/// The answer that refuses a command, counted.
fn refuse(encoding: Encoding, id: u32, refusal: &Refusal) -> Bytes {
    metric::errors(refusal.code.name(), "socket").increment(1);
    wire::encode_reply(encoding, &Reply::refuse(id, error_of(refusal)))
}

/// A refusal as an error of the protocol.
fn error_of(refusal: &Refusal) -> wire::reply::Error {
    wire::reply::Error {
        code: refusal.code.socket_number(),
        message: refusal.to_string(),
        temporary: refusal.code.is_temporary(),
    }
}
