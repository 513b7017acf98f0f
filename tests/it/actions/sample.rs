//! Parameters with which each action is accepted.

use crate::agent::Agent;
use crate::plot::Plot;
use rookery::domain::action::{ACTIONS, ActionInfo};
use serde_json::{Value, json};

/// The actions of the table, without the conversations: those need a partner and a state, see `conversation/`.
pub fn actions() -> impl Iterator<Item = &'static ActionInfo> {
    ACTIONS.iter().filter(|row| !row.name.starts_with("converse_"))
}

/// Parameters that an agent at the stall of the plot may send, with a peer beside it.
pub fn params(action: &str, plot: &Plot<'_>, peer: &Agent) -> Value {
    let peer = &peer.handle;
    match action {
        "get_location" | "get_nearby_agents" | "get_nearby_objects" | "get_region_info"
        | "observe_events" | "stop" | "balance" | "statement" | "inventory" | "get_time" | "get_weather"
        | "ping" => json!({}),
        "say" => json!({"message": "hello"}),
        "whisper" => json!({"target_id": peer, "message": "psst"}),
        "emote" => json!({"action": "wave"}),
        "move_to" => json!({"x": 80.0, "y": 21.0}),
        "teleport" => json!({"region": plot.name, "x": 80.0, "y": 20.0}),
        "follow" => json!({"target_id": peer}),
        "set_status" => json!({"status": "reading"}),
        "use_object" => json!({"object_id": plot.stall, "action": "buy", "item": "apple", "quantity": 2}),
        "give_item" => json!({"target_id": peer, "item_id": "apple", "quantity": 1}),
        "pay" => json!({"to": peer, "amount": 5}),
        other => panic!("{other} is new in the table: it needs parameters here and a file of its own"),
    }
}
