//! Each verb and the whole life of a conversation.

mod closing;
mod floor;
mod joining;
mod starting;

use super::{Conversation, Happening, MemberPhase, Phase};
use crate::domain::action::{ACTIONS, Durability, Owner};
use crate::domain::agent::Permission;
use crate::domain::event::EventKind;
use crate::domain::refusal::Code;
use crate::domain::scene::{Change, Decision};
use crate::domain::test_scene::{Stage, handle, id_of};
use crate::domain::write::Write;
use serde_json::{Value, json};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(77);

/// `params` with the conversation's id.
fn params(more: Value) -> Value {
    let mut all = json!({"conversation_id": ID});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    all
}

/// Does a conversation verb with nothing but the id, and expects it to be accepted.
fn does(stage: &mut Stage, name: &str, verb: &str) -> Decision {
    stage
        .act(name, &format!("converse_{verb}"), params(json!({})))
        .unwrap()
}

fn invites(stage: &mut Stage, name: &str, target: &str) -> Decision {
    stage
        .act(name, "converse_invite", params(json!({"target_id": target})))
        .unwrap()
}

fn says(stage: &mut Stage, name: &str, message: &str, to: &[&str]) -> Decision {
    stage
        .act(
            name,
            "converse_line",
            params(json!({"message": message, "addressed_to": to})),
        )
        .unwrap()
}

/// The first word of the detail with which the state forbids a verb.
fn obstacle(stage: &Stage, name: &str, verb: &str, more: Value) -> String {
    let refusal = stage
        .decide(name, &format!("converse_{verb}"), params(more))
        .unwrap_err();
    assert_eq!(refusal.code, Code::ConversationState, "{}", refusal.detail);
    refusal.detail.split(':').next().unwrap().to_owned()
}

fn code(stage: &Stage, name: &str, verb: &str, more: Value) -> Code {
    stage.refused(name, &format!("converse_{verb}"), params(more))
}

fn inbox(decision: &Decision) -> Vec<&str> {
    decision
        .event
        .as_ref()
        .unwrap()
        .inbox
        .iter()
        .map(|owner| owner.as_str())
        .collect()
}

fn kind(decision: &Decision) -> EventKind {
    decision.event.as_ref().unwrap().kind
}

fn state(stage: &Stage) -> &Conversation {
    stage.conversation.as_ref().unwrap()
}

/// Lets time pass up to `ms`, stopping at each deadline, as the actor does.
fn wait(stage: &mut Stage, ms: i64) -> Vec<Happening> {
    let (end, mut happenings) = (stage.now.plus_ms(ms), Vec::new());
    let mut conversation = stage.conversation.clone().unwrap();
    while let Some(due) = conversation.next_deadline().filter(|due| *due <= end) {
        stage.now = stage.now.max(due);
        happenings.extend(conversation.on_time(stage.now, stage.dice));
    }
    stage.now = end;
    conversation.note_in(&mut stage.region, end);
    stage.conversation = Some(conversation);
    happenings
}

fn kinds(happenings: &[Happening]) -> Vec<EventKind> {
    happenings.iter().map(|happening| happening.event.kind).collect()
}

/// Three at one table and one 12 m away; `ann` has invited `bob` and `dan`.
fn proposed() -> Stage {
    let mut stage = Stage::with(&[
        ("ann", 10.0, 10.0),
        ("bob", 12.0, 10.0),
        ("cat", 10.0, 12.0),
        ("dan", 22.0, 10.0),
        ("eve", 99.0, 99.0),
    ]);
    stage
        .act(
            "ann",
            "converse_start",
            json!({"invitees": ["bob", "dan"], "topic": "rain"}),
        )
        .unwrap();
    stage
}

/// `ann` and `bob` talk; `dan` has said no.
fn open() -> Stage {
    let mut stage = proposed();
    does(&mut stage, "bob", "accept");
    does(&mut stage, "dan", "decline");
    stage
}
