//! Objects that stand in the world and items that are held.

pub mod give_item;
pub mod inventory;
mod kind;
pub mod use_object;
#[cfg(test)]
mod verb_tests;

pub use kind::{ItemKind, ObjectKind};

use crate::domain::space::Vec3;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

/// A thing to use, with its state. One row of table `object`.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneObject {
    /// Unique in the world.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is and affords.
    pub kind: ObjectKind,
    /// Where it stands.
    pub at: Vec3,
    /// Its state, by kind; a JSON object.
    pub state: Value,
    /// Counts the changes of state.
    pub version: i64,
}

/// A change of an object's state. Applied in the transaction, in commit order, and again in memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ObjectChange {
    /// Counts one use of an action.
    Count(Cow<'static, str>),
    /// Puts a note on a board.
    Post {
        /// Who wrote it.
        author: String,
        /// What.
        text: String,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
}

/// Most notes that a board holds; the oldest go first.
pub const BOARD_NOTES_MAX: usize = 20;

impl ObjectChange {
    /// The state after the change. Pure, so that store and memory agree.
    pub fn apply(&self, state: &Value) -> Value {
        let mut fields = state.as_object().cloned().unwrap_or_default();
        match self {
            ObjectChange::Count(action) => {
                let key = format!("{action}_count");
                let count = fields.get(&key).and_then(Value::as_i64).unwrap_or(0);
                fields.insert(key, json!(count.saturating_add(1)));
            }
            ObjectChange::Post { author, text, at_ms } => {
                let mut notes = fields
                    .get("notes")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                notes.push(json!({"author": author, "text": text, "at_ms": at_ms}));
                let surplus = notes.len().saturating_sub(BOARD_NOTES_MAX);
                notes.drain(..surplus);
                fields.insert("notes".to_owned(), Value::Array(notes));
            }
        }
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_keeps_its_latest_notes() {
        let mut state = json!({});
        for i in 0..25 {
            state = ObjectChange::Post {
                author: "a".into(),
                text: i.to_string(),
                at_ms: i,
            }
            .apply(&state);
        }
        let notes = state["notes"].as_array().unwrap();
        assert_eq!((notes.len(), &notes[0]["text"]), (BOARD_NOTES_MAX, &json!("5")));
        assert_eq!(
            ObjectChange::Count("sit".into()).apply(&json!({"sit_count": 2}))["sit_count"],
            3
        );
    }
}
