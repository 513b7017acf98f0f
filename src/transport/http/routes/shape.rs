//! Shapes of answers that are written as JSON where they are made.

use schemars::{Schema, SchemaGenerator, json_schema};

/// An agent and its first credentials.
pub fn registered(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["agent_id", "api_key", "token", "refresh_token", "expires_at", "config"],
        "properties": {
            "agent_id": {"type": "string"},
            "api_key": {"type": "string", "description": "Shown this once."},
            "token": {"type": "string"},
            "refresh_token": {"type": "string", "description": "Good once."},
            "expires_at": {"type": "integer", "description": "When the token ends. Units: milliseconds since 1970."},
            "config": {"type": "object"},
        },
    })
}

/// A pair of tokens.
pub fn pair(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["token", "refresh_token", "expires_at"],
        "properties": {
            "token": {"type": "string"},
            "refresh_token": {"type": "string", "description": "Good once."},
            "expires_at": {"type": "integer", "description": "When the token ends. Units: milliseconds since 1970."},
        },
    })
}

/// An agent in the world.
pub fn connected(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["status", "location", "config"],
        "properties": {
            "status": {"const": "connected"},
            "location": {
                "type": "object",
                "properties": {"x": {"type": "number"}, "y": {"type": "number"}, "z": {"type": "number"}, "region": {"type": "string"}},
            },
            "config": {"type": "object"},
        },
    })
}

/// An agent's settings.
pub fn config(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "agent_id": {"type": "string"}, "name": {"type": "string"}, "owner_id": {"type": ["string", "null"]},
            "description": {"type": ["string", "null"]}, "avatar": {}, "skills_map": {}, "default_region": {"type": "string"},
            "permissions": {"type": "array", "items": {"type": "string"}}, "public": {"type": "boolean"},
            "accepts_prompts": {"type": "boolean"},
        },
    })
}

/// A word that says that it is done.
pub fn status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}})
}

/// The answer to an action.
pub fn receipt(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["result", "durability", "command_id", "tick"],
        "properties": {
            "result": {"description": "By action."},
            "durability": {"enum": ["committed", "checkpointed", "ephemeral"]},
            "command_id": {"type": "string"},
            "region": {"type": "string"},
            "shard": {"type": "integer"},
            "seq": {"type": "integer", "description": "The event's number in its shard, of a durable action."},
            "tick": {"type": "integer"},
            "replayed": {"type": "boolean", "description": "True when this is the stored answer of an earlier request."},
        },
    })
}

/// What became of a command.
pub fn outcome(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["command_id", "action", "status"],
        "properties": {
            "command_id": {"type": "string"}, "action": {"type": "string"}, "region": {"type": "string"},
            "shard": {"type": "integer"}, "tick": {"type": "integer"}, "seq": {"type": "integer"},
            "status": {"enum": ["done", "refused"]}, "result": {}, "durability": {"const": "committed"},
            "refusal": {"type": "object"},
        },
    })
}

/// How a node is.
pub fn health(_: &mut SchemaGenerator) -> Schema {
    let count = |description: &str| json_schema!({"type": "number", "description": description});
    json_schema!({
        "type": "object",
        "required": ["status", "overloaded", "overload"],
        "properties": {
            "status": {"enum": ["ready", "not_ready", "standby", "draining"]},
            "overloaded": {"type": "boolean", "description": "Whether this node falls behind now."},
            "overload": {
                "type": "object",
                "description": "What was done so far because this node fell behind.",
                "properties": {
                    "times": count("Times that it began to fall behind."),
                    "ticks_stretched": count("Ticks that came later than the world's period."),
                    "perceptions_of_last_tick": count("Questions about what is around that were answered as of the last tick."),
                    "news_delayed": count("Writes of what is seen and heard around that waited for more."),
                    "handshakes_delayed": count("New sockets that waited for their turn."),
                    "handshakes_refused": count("New sockets that were refused as `overloaded`."),
                },
            },
        },
    })
}

/// Any object.
pub fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

/// A publication.
pub fn publish(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["channel"],
        "properties": {"channel": {"type": "string"}, "payload": {"description": "Any JSON of at most 16,384 bytes."}},
    })
}

/// A channel.
pub fn channel(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "required": ["channel"], "properties": {"channel": {"type": "string"}}})
}

/// Somebody, and a channel.
pub fn target(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["target", "channel"],
        "properties": {
            "target": {"type": "string", "description": "A handle, or `app:<app>`."},
            "channel": {"type": "string"},
        },
    })
}

/// A request to be let in.
pub fn request(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["channel"],
        "properties": {"channel": {"type": "string"}, "reason": {"type": "string"}},
    })
}

/// What is said of a channel.
pub fn advertise(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["channel"],
        "properties": {
            "channel": {"type": "string"},
            "description": {"type": "string", "maxLength": 5000},
            "schema": {"description": "A JSON Schema of draft 7 or 2020-12, or a text that says where one is."},
        },
    })
}

/// Something with a name.
pub fn named(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}})
}

/// What a Centrifugo asks.
pub fn proxied(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["channel"],
        "properties": {"channel": {"type": "string"}, "user": {"type": "string"}},
    })
}

/// Who logs in.
pub fn login(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["username"],
        "properties": {
            "username": {"type": "string"},
            "key_name": {"type": "string", "default": "main"},
            "method": {"enum": ["ssh", "profile"]},
        },
    })
}

/// The proof of a log-in.
pub fn proof(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["username"],
        "properties": {
            "username": {"type": "string"},
            "key_name": {"type": "string", "default": "main"},
            "nonce": {"type": "string"},
            "signature": {"type": "string", "description": "As `ssh-keygen -Y sign -n claw.events` writes it."},
        },
    })
}

/// A public key.
pub fn ssh_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["public_key"],
        "properties": {"key_name": {"type": "string", "default": "main"}, "public_key": {"type": "string"}},
    })
}
