//! ClawBots' small JSON socket, `/ws/{agent_id}`, over the same sessions. Source: features.md CB-43.

use super::http::visits::Visit;
use super::params::split_command_id;
use super::session::{Opened, Phase, Session};
use super::web::Web;
use super::ws::{self, Berth};
use crate::actors::gateway::Caller;
use crate::actors::publication::Dialect;
use crate::actors::request::Receipt;
use crate::base::limit::JSON_DEPTH_MAX;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::Verified;
use crate::wire::{self, Disconnect};
use actix::fut::{ActorFutureExt, wrap_future};
use actix::{Actor, AsyncContext, Context};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashSet;

const NOT_CONNECTED: Disconnect = Disconnect {
    code: 4001,
    name: "not_connected",
    reason: "agent not connected",
};
const BAD_TOKEN: Disconnect = Disconnect {
    code: 4002,
    name: "bad_token",
    reason: "bad token",
};
const BANNED: Disconnect = Disconnect {
    code: 4003,
    name: "banned",
    reason: "suspended",
};

/// A client's frame.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    action: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(default)]
    request_id: Option<Value>,
}

/// The parameters of `subscribe` and `unsubscribe`.
#[derive(Deserialize)]
struct EventTypes {
    #[serde(default)]
    event_types: Vec<String>,
}

/// The parameters of `auth`.
#[derive(Deserialize)]
struct Auth {
    token: String,
}

/// `GET /ws/{agent_id}`.
/// Errors: a broken handshake.
pub fn open(
    request: &HttpRequest,
    agent: Handle,
    web: &Data<Web>,
    berth: &Berth,
    visit: Visit,
) -> Result<HttpResponse, actix_web::Error> {
    let clock = web.gateway.node.clock.clone();
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::to_owned);
    let web = web.clone();
    ws::accept(
        request,
        Dialect::ClawBots,
        berth,
        clock,
        move |opening, reader| {
            let session = Session::new(web, opening, visit).for_agent(agent);
            Session::create(move |context| {
                context.add_stream(reader);
                let mut session = session;
                if let Some(token) = token {
                    authenticate(&mut session, &token, context);
                }
                session
            });
        },
    )
}

/// The server's ping.
pub(super) fn ping() -> Bytes {
    Bytes::from_static(br#"{"type":"ping"}"#)
}

/// Takes a message.
pub(super) fn receive(
    session: &mut Session,
    bytes: &Bytes,
    is_text: bool,
    is_admitted: bool,
    context: &mut Context<Session>,
) {
    if !is_text {
        return session.close(Disconnect {
            code: 1003,
            name: "broken",
            reason: "text only",
        });
    }
    if std::str::from_utf8(bytes).is_err() {
        return session.close(Disconnect {
            code: 1007,
            name: "broken",
            reason: "invalid UTF-8",
        });
    }
    let frame = wire::check_json(bytes, JSON_DEPTH_MAX)
        .ok()
        .and_then(|()| serde_json::from_slice::<Frame>(bytes).ok());
    let Some(frame) = frame else {
        return respond(
            session,
            None,
            Err(Refusal::new(
                Code::Malformed,
                "not a frame {action, params, request_id?}",
            )),
        );
    };
    if !is_admitted {
        return respond(
            session,
            frame.request_id,
            Err(Refusal::new(Code::RateLimited, "too many messages")),
        );
    }
    match (session.phase, frame.action.as_str()) {
        (_, "pong") => {
            session.watch.take_pong();
        }
        (Phase::Fresh, "auth") => match parse::<Auth>(frame.params.as_deref()) {
            Ok(auth) => authenticate(session, &auth.token, context),
            Err(_) => session.close(BAD_TOKEN),
        },
        (Phase::Open, "subscribe") => event_types(session, frame, true),
        (Phase::Open, "unsubscribe") => event_types(session, frame, false),
        (Phase::Open, action) => {
            // ClawBots' own name for the same question.
            let action = if action == "get_events" {
                "observe_events".to_owned()
            } else {
                action.to_owned()
            };
            act(session, action, frame, context);
        }
        (Phase::Fresh | Phase::Opening, _) => session.close(BAD_TOKEN),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(params: Option<&RawValue>) -> Result<T, Refusal> {
    serde_json::from_str(params.map_or("{}", RawValue::get))
        .map_err(|error| Refusal::invalid(error.to_string()))
}

fn authenticate(session: &mut Session, token: &str, context: &mut Context<Session>) {
    session.phase = Phase::Opening;
    let identify = session.identify(token);
    context.wait(
        wrap_future::<_, Session>(identify).map(|identified, me, context| match identified {
            Ok((verified, Some(caller))) if Some(&caller.handle) == me.expected_agent.as_ref() => {
                enter(me, verified, caller, context)
            }
            Ok((_, None)) => me.close(NOT_CONNECTED),
            Err(refusal) if refusal.code.is_temporary() => me.close(Disconnect::SERVER_ERROR),
            _ => me.close(BAD_TOKEN),
        }),
    );
}

fn enter(session: &mut Session, verified: Verified, caller: Caller, context: &mut Context<Session>) {
    session.verified = Some(verified);
    session.caller = Some(caller.clone());
    session.attach();
    let entering = session.enter(caller, None);
    context.wait(
        wrap_future::<_, Session>(entering).map(|opened, me, _| match opened {
            Ok(opened) => welcome(me, &opened),
            Err(refusal) => {
                let frame = json!({"type": "error", "error": problem(&refusal)}).to_string();
                me.outbox.borrow_mut().release(Bytes::from(frame));
                me.close(if refusal.code == Code::Suspended {
                    BANNED
                } else {
                    NOT_CONNECTED
                });
            }
        }),
    );
}

fn welcome(session: &mut Session, opened: &Opened) {
    session.note_open(opened);
    let at = opened.joined.at;
    let frame = json!({"type": "connected", "agent_id": opened.joined.profile.handle,
        "location": {"x": at.x, "y": at.y, "z": at.z, "region": opened.joined.region}});
    session
        .outbox
        .borrow_mut()
        .release(Bytes::from(frame.to_string()));
    session.inbox.borrow_mut().open(opened.top, &session.outbox);
}

/// A frame as a client wants it that named the kinds of events it wants: without the others, or not at all.
/// Frames that carry no events (answers, positions) always go out.
pub(super) fn select(piece: Bytes, wanted: Option<&HashSet<String>>) -> Option<Bytes> {
    let Some(wanted) = wanted else { return Some(piece) };
    let Ok(mut frame) = serde_json::from_slice::<Value>(&piece) else {
        return Some(piece);
    };
    let Some(events) = frame.pointer_mut("/payload/events").and_then(Value::as_array_mut) else {
        return Some(piece);
    };
    events.retain(|event| {
        event
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| wanted.contains(kind))
    });
    let has_positions =
        frame.pointer("/payload/agents").is_some() || frame.pointer("/payload/left").is_some();
    let has_events = frame
        .pointer("/payload/events")
        .and_then(Value::as_array)
        .is_some_and(|events| !events.is_empty());
    (has_events || has_positions).then(|| Bytes::from(frame.to_string()))
}

/// ClawBots' clients name the kinds of events that they want; before the first naming they get all.
fn event_types(session: &mut Session, frame: Frame, is_wanted: bool) {
    match parse::<EventTypes>(frame.params.as_deref()) {
        Ok(types) => {
            let known = session.event_types.get_or_insert_default();
            for kind in types.event_types.into_iter().take(64) {
                if is_wanted {
                    known.insert(kind);
                } else {
                    known.remove(&kind);
                }
            }
            session.outbox.borrow_mut().want(Some(known.clone()));
            let result = json!({"event_types": known.iter().collect::<Vec<_>>()});
            respond(session, frame.request_id, Ok((frame.action, result)));
        }
        Err(refusal) => respond(session, frame.request_id, Err(refusal)),
    }
}

fn act(session: &mut Session, action: String, frame: Frame, context: &mut Context<Session>) {
    let Some(caller) = session.caller.clone() else {
        return session.close(BAD_TOKEN);
    };
    if session.is_full() {
        return respond(session, frame.request_id, Err(Refusal::busy()));
    }
    let params = frame.params.as_deref().map_or("{}", RawValue::get);
    let (params, command_id) = match split_command_id(params.as_bytes()) {
        Ok((params, command_id)) => (params.into_owned(), command_id),
        Err(refusal) => return respond(session, frame.request_id, Err(refusal)),
    };
    session.in_flight = session.in_flight.saturating_add(1);
    let gateway = session.gateway();
    let (request_id, name) = (frame.request_id, action.clone());
    let (access, verified) = (session.access(), session.verified.clone());
    let work = async move {
        // A permission that was taken away acts before the token ends.
        let caller = match verified {
            Some(verified) => access.caller(&verified).await?.unwrap_or(caller),
            None => caller,
        };
        gateway.act(&caller, &name, &params, command_id).await
    };
    context.spawn(
        wrap_future::<_, Session>(work).map(move |receipt: Result<Receipt, Refusal>, me, _| {
            me.in_flight = me.in_flight.saturating_sub(1);
            respond(me, request_id, receipt.map(|receipt| (action, json!(receipt))));
        }),
    );
}

/// With a `request_id` the answer is a `response`, without one an `action_result`.
fn respond(session: &Session, request_id: Option<Value>, answer: Result<(String, Value), Refusal>) {
    let frame = match (request_id, answer) {
        (Some(id), Ok((_, receipt))) => {
            json!({"type": "response", "request_id": id, "result": "success", "data": receipt, "error": null})
        }
        (Some(id), Err(refusal)) => {
            json!({"type": "response", "request_id": id, "result": refusal.code.name(), "data": null, "error": problem(&refusal)})
        }
        (None, Ok((action, receipt))) => {
            json!({"type": "action_result", "action": action, "result": receipt})
        }
        (None, Err(refusal)) => json!({"type": "action_result", "error": problem(&refusal)}),
    };
    session.outbox.borrow_mut().push(Bytes::from(frame.to_string()));
}

fn problem(refusal: &Refusal) -> Value {
    json!({"code": refusal.code.name(), "detail": refusal.detail, "temporary": refusal.code.is_temporary(),
        "retry_after_ms": refusal.retry_after_ms})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_kinds_of_events_that_it_named() {
        let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
        let both =
            frame(r#"{"type":"event","payload":{"tick":1,"events":[{"type":"speech"},{"type":"emote"}]}}"#);
        let wanted: HashSet<String> = ["speech".to_owned()].into();
        let left: Value = serde_json::from_slice(&select(both.clone(), Some(&wanted)).unwrap()).unwrap();
        assert_eq!(left["payload"]["events"], json!([{"type": "speech"}]));
        assert!(select(both.clone(), Some(&HashSet::new())).is_none());
        assert_eq!(select(both.clone(), None), Some(both));
        assert!(select(ping(), Some(&wanted)).is_some());
    }
}
