//! THE TABLE: the only place that knows all actions.

use crate::base::id::ConversationId;
use crate::domain::agent::{Permission, set_status};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::scene::{Act, Decision, Scene};
use crate::domain::{chat, conversation, ledger, object, region};
use schemars::{Schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

/// Who decides an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The region that the agent is in.
    Region,
    /// The agent's own actor.
    Agent,
    /// The conversation that the action names.
    Conversation,
}

/// What an acknowledgement means. Source: durability.md §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Committed to disk before the answer; executed once per command id.
    #[serde(rename = "committed")]
    Durable,
    /// In memory, saved every second.
    Checkpointed,
    /// May vanish.
    Ephemeral,
}

impl Durability {
    /// The word in an answer.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Durable => "committed",
            Durability::Checkpointed => "checkpointed",
            Durability::Ephemeral => "ephemeral",
        }
    }
}

/// A row of the table.
pub struct ActionInfo {
    /// The wire name.
    pub name: &'static str,
    /// Who decides it.
    pub owner: Owner,
    /// What its acknowledgement means.
    pub durability: Durability,
    /// What the agent must be allowed.
    pub permission: Permission,
    /// The JSON schema of its parameters, made on demand.
    pub schema: fn() -> Schema,
}

macro_rules! actions {
    ($($name:literal => $module:ident :: $($path:ident)::* as $variant:ident, $owner:expr, $durability:ident, $permission:expr;)*) => {
        /// Everything that an agent can do, as a value.
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "each parameter struct is documented in its verb file")]
        pub enum Action { $($variant($module::$($path)::*)),* }

        /// All rows, in the order of the table.
        pub const ACTIONS: &[ActionInfo] = &[$(ActionInfo {
            name: $name,
            owner: $owner,
            durability: Durability::$durability,
            permission: $permission,
            schema: || schema_for!($module::$($path)::*),
        }),*];

        impl Action {
            /// Decodes the parameters of a named action.
            /// Errors: `unknown_action`, `malformed` (not JSON, a key twice), `invalid_parameter`.
            pub fn decode(name: &str, params: &str) -> Result<Self, Refusal> {
                match name {
                    $($name => decode_as(params).map(Action::$variant),)*
                    _ => Err(Refusal::new(Code::UnknownAction, "no such action")),
                }
            }

            /// The wire name.
            pub fn name(&self) -> &'static str {
                match self { $(Action::$variant(_) => $name),* }
            }

            /// Who decides it.
            pub fn owner(&self) -> Owner {
                match self { $(Action::$variant(_) => $owner),* }
            }

            /// What its acknowledgement means.
            pub fn durability(&self) -> Durability {
                match self { $(Action::$variant(_) => Durability::$durability),* }
            }

            /// What the agent must be allowed.
            pub fn permission(&self) -> Permission {
                match self { $(Action::$variant(_) => $permission),* }
            }

            /// The conversation that it names, for actions owned by one.
            pub fn conversation_id(&self) -> Option<ConversationId> {
                match self { $(Action::$variant(act) => act.conversation_id()),* }
            }

            /// Decides it in a scene. Errors: the one refusal that applies first.
            pub fn decide(&self, scene: &Scene<'_>) -> Result<Decision, Refusal> {
                match self { $(Action::$variant(act) => act.decide(scene)),* }
            }
        }
    };
}

actions! {
//  wire name               type                                              owner                durability    permission
    "get_location"       => region::get_location::GetLocation as GetLocation, Owner::Region, Ephemeral, Permission::Perceive;
    "get_nearby_agents"  => region::get_nearby_agents::GetNearbyAgents as GetNearbyAgents, Owner::Region, Ephemeral, Permission::Perceive;
    "get_nearby_objects" => region::get_nearby_objects::GetNearbyObjects as GetNearbyObjects, Owner::Region, Ephemeral, Permission::Perceive;
    "get_region_info"    => region::get_region_info::GetRegionInfo as GetRegionInfo, Owner::Region, Ephemeral, Permission::Perceive;
    "observe_events"     => chat::observe_events::ObserveEvents as ObserveEvents, Owner::Agent, Ephemeral, Permission::Perceive;
    "say"                => chat::say::Say as Say, Owner::Region, Durable, Permission::Speak;
    "whisper"            => chat::whisper::Whisper as Whisper, Owner::Agent, Durable, Permission::Speak;
    "emote"              => chat::emote::Emote as Emote, Owner::Region, Ephemeral, Permission::Emote;
    "move_to"            => region::move_to::MoveTo as MoveTo, Owner::Region, Checkpointed, Permission::Move;
    "teleport"           => region::teleport::Teleport as Teleport, Owner::Region, Durable, Permission::Move;
    "follow"             => region::follow::Follow as Follow, Owner::Region, Checkpointed, Permission::Move;
    "stop"               => region::stop::Stop as Stop, Owner::Region, Checkpointed, Permission::Move;
    "set_status"         => set_status::SetStatus as SetStatus, Owner::Region, Checkpointed, Permission::Emote;
    "use_object"         => object::use_object::UseObject as UseObject, Owner::Region, Durable, Permission::Trade;
    "give_item"          => object::give_item::GiveItem as GiveItem, Owner::Region, Durable, Permission::Trade;
    "pay"                => ledger::pay::Pay as Pay, Owner::Agent, Durable, Permission::Trade;
    "balance"            => ledger::balance::Balance as Balance, Owner::Agent, Ephemeral, Permission::Perceive;
    "statement"          => ledger::statement::Statement as Statement, Owner::Agent, Ephemeral, Permission::Perceive;
    "inventory"          => object::inventory::Inventory as Inventory, Owner::Agent, Ephemeral, Permission::Perceive;
    "converse_start"     => conversation::start::ConverseStart as ConverseStart, Owner::Region, Durable, Permission::Speak;
    "converse_accept"    => conversation::accept::ConverseAccept as ConverseAccept, Owner::Conversation, Durable, Permission::Speak;
    "converse_decline"   => conversation::decline::ConverseDecline as ConverseDecline, Owner::Conversation, Durable, Permission::Speak;
    "converse_leave"     => conversation::leave::ConverseLeave as ConverseLeave, Owner::Conversation, Durable, Permission::Speak;
    "converse_invite"    => conversation::invite::ConverseInvite as ConverseInvite, Owner::Conversation, Durable, Permission::Speak;
    "converse_take_floor"=> conversation::take_floor::ConverseTakeFloor as ConverseTakeFloor, Owner::Conversation, Durable, Permission::Speak;
    "converse_line"      => conversation::line::ConverseLine as ConverseLine, Owner::Conversation, Durable, Permission::Speak;
    "converse_release"   => conversation::release::ConverseRelease as ConverseRelease, Owner::Conversation, Durable, Permission::Speak;
    "get_time"           => region::get_time::GetTime as GetTime, Owner::Region, Ephemeral, Permission::Perceive;
    "get_weather"        => region::get_weather::GetWeather as GetWeather, Owner::Region, Ephemeral, Permission::Perceive;
    "ping"               => region::ping::Ping as Ping, Owner::Region, Ephemeral, Permission::Perceive;
}

/// The row of a named action.
pub fn info(name: &str) -> Option<&'static ActionInfo> {
    ACTIONS.iter().find(|row| row.name == name)
}

/// Decodes parameters, and tells a broken text from a wrong value.
fn decode_as<T: serde::de::DeserializeOwned>(params: &str) -> Result<T, Refusal> {
    serde_json::from_str(params).map_err(|error| {
        let text = error.to_string();
        match error.classify() {
            Category::Data if !text.starts_with("duplicate field") => Refusal::invalid(text),
            _ => Refusal::new(Code::Malformed, text),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: &str, params: &str) -> Result<Action, Code> {
        Action::decode(name, params).map_err(|refusal| refusal.code)
    }

    #[test]
    fn decoding_tells_malformed_from_invalid() {
        assert_eq!(decode("fly", "{}").unwrap_err(), Code::UnknownAction);
        assert_eq!(
            decode("pay", r#"{"to":"bob","amount":1,"amount":2}"#).unwrap_err(),
            Code::Malformed
        );
        assert_eq!(
            decode("pay", r#"{"to":"bob","amount":"5"}"#).unwrap_err(),
            Code::InvalidParameter
        );
        assert_eq!(
            decode("pay", r#"{"to":"bob","amount":1,"role":"admin"}"#).unwrap_err(),
            Code::InvalidParameter
        );
        assert_eq!(
            decode("say", r#"{"message":"a\u0000b"}"#).unwrap_err(),
            Code::InvalidParameter
        );
        assert_eq!(
            decode("move_to", r#"{"x":NaN,"y":0}"#).unwrap_err(),
            Code::Malformed
        );
        assert_eq!(decode("pay", r#"{"to":"bob","amount":5}"#).unwrap().name(), "pay");
    }

    #[test]
    fn every_row_has_its_own_name_and_a_described_schema() {
        let names: std::collections::HashSet<_> = ACTIONS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
        for row in ACTIONS {
            assert!(
                (row.schema)().get("description").is_some(),
                "{} lacks a description",
                row.name
            );
        }
    }
}
