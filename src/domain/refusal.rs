//! THE refusal table: one stable code a cause, the same on every transport.

use super::channel::SchemaError;
use serde::Serialize;
use std::borrow::Cow;

macro_rules! codes {
    ($(#[doc = $help:literal] $variant:ident = $name:literal, $status:literal, $temporary:literal;)*) => {
        /// Why an action or request was refused. The text is stable, the number is the HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $help] $variant),* }

        impl Code {
            /// Every code, in the order of the table; `docs/PROTOCOL.md` is made from it.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The stable text that clients match on.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            /// What it means, in a sentence.
            pub const fn help(self) -> &'static str {
                match self { $(Code::$variant => $help.trim_ascii()),* }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status),* }
            }

            /// Whether the same request may succeed later.
            pub const fn is_temporary(self) -> bool {
                match self { $(Code::$variant => $temporary),* }
            }
        }
    };
}

codes! {
    /// The bytes are not what the format asks for.
    Malformed = "malformed", 400, false;
    /// The payload does not fit the schema that the channel advertises.
    SchemaViolated = "schema_violated", 400, false;
    /// No credential, or one that does not verify.
    Unauthenticated = "unauthenticated", 401, false;
    /// The token's time is over.
    TokenExpired = "token_expired", 401, false;
    /// The token was revoked.
    TokenRevoked = "token_revoked", 401, false;
    /// The agent lacks the permission.
    PermissionMissing = "permission_missing", 403, false;
    /// The thing belongs to somebody else.
    NotOwner = "not_owner", 403, false;
    /// The agent is suspended.
    Suspended = "suspended", 403, false;
    /// The channel is locked.
    Locked = "locked", 403, false;
    /// The browser's origin is not on the list.
    OriginRefused = "origin_refused", 403, false;
    /// There is nothing here.
    NotFound = "not_found", 404, false;
    /// No such action.
    UnknownAction = "unknown_action", 404, false;
    /// No such agent.
    AgentNotFound = "agent_not_found", 404, false;
    /// The target of the action does not exist.
    TargetNotFound = "target_not_found", 404, false;
    /// No such region.
    RegionNotFound = "region_not_found", 404, false;
    /// No such object here.
    ObjectNotFound = "object_not_found", 404, false;
    /// The route has no such method.
    MethodNotAllowed = "method_not_allowed", 405, false;
    /// The region has no room.
    RegionFull = "region_full", 409, true;
    /// Somebody has that name.
    NameTaken = "name_taken", 409, false;
    /// The thing exists.
    AlreadyExists = "already_exists", 409, false;
    /// The account does not hold the amount.
    InsufficientFunds = "insufficient_funds", 409, false;
    /// The account is frozen.
    AccountFrozen = "account_frozen", 409, false;
    /// The agent has not entered the world.
    NotInWorld = "not_in_world", 409, false;
    /// The agent sleeps.
    Asleep = "asleep", 409, false;
    /// The target was here and is gone.
    TargetGone = "target_gone", 409, false;
    /// The target is out of reach.
    TooFar = "too_far", 409, false;
    /// Too soon after the last time.
    OnCooldown = "on_cooldown", 409, true;
    /// The conversation's state does not allow it.
    ConversationState = "conversation_state", 409, false;
    /// The client's sequence has a gap.
    OutOfOrder = "out_of_order", 409, false;
    /// The message, body or header is over its limit.
    TooLarge = "too_large", 413, false;
    /// The body is not JSON by its content type.
    UnsupportedMediaType = "unsupported_media_type", 415, false;
    /// A parameter is missing, unknown or out of range.
    InvalidParameter = "invalid_parameter", 422, false;
    /// The place is outside the region.
    OutOfBounds = "out_of_bounds", 422, false;
    /// The command id was used with other parameters.
    CommandMismatch = "command_mismatch", 422, false;
    /// The target is the agent itself.
    SelfTarget = "self_target", 422, false;
    /// The command was quarantined because it made its actor fail.
    Poison = "poison", 422, false;
    /// The route wants a WebSocket.
    UpgradeRequired = "upgrade_required", 426, false;
    /// Over the rate limit.
    RateLimited = "rate_limited", 429, true;
    /// A queue is full.
    Busy = "busy", 503, true;
    /// The agent or its shard is on the move.
    Moving = "moving", 503, true;
    /// A part is not available now.
    Unavailable = "unavailable", 503, true;
    /// The disk is full.
    StorageFull = "storage_full", 503, true;
    /// The server is going down.
    Draining = "draining", 503, true;
    /// More load than the server takes.
    Overloaded = "overloaded", 503, true;
    /// No answer in time; the outcome may be asked for by command id.
    Timeout = "timeout", 504, true;
    /// A fault of ours.
    Internal = "internal", 500, true;
}

impl Code {
    /// The number on a Centrifuge socket: the HTTP status, but for three that the protocol names itself.
    pub const fn socket_number(self) -> u32 {
        match self {
            Code::RateLimited => 111,
            Code::UnknownAction => 104,
            Code::Internal => 100,
            other => {
                // Widening a u16 is lossless; `From` is not const.
                #[expect(clippy::as_conversions, reason = "u16 to u32 in a const fn")]
                let status = other.status() as u32;
                status
            }
        }
    }

    /// The code with this stable text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

/// A refusal: its code, a sentence for a person and, for some, when to try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct Refusal {
    /// The cause.
    pub code: Code,
    /// One sentence for a person; never an inner error's text.
    pub detail: Cow<'static, str>,
    /// Milliseconds after which a repeat may succeed.
    pub retry_after_ms: Option<i64>,
    /// What the RateLimit headers say, when a rate refused.
    pub rate: Option<Rate>,
    /// What is wrong with a payload, when a schema refused.
    pub violations: Vec<SchemaError>,
}

/// The limit that refused, for the RateLimit headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Name of the bucket.
    pub bucket: &'static str,
    /// Allowed in a window.
    pub limit: u32,
    /// Seconds of the window.
    pub window_s: u32,
    /// Seconds until one more is allowed.
    pub reset_s: u32,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after_ms: None,
            rate: None,
            violations: Vec::new(),
        }
    }

    /// The same refusal, with the time after which a repeat may succeed.
    pub fn retry_after(mut self, ms: i64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The same refusal, with the limit that refused.
    pub fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// The same refusal, with what is wrong with the payload.
    pub fn with_violations(mut self, violations: Vec<SchemaError>) -> Self {
        self.violations = violations;
        self
    }

    /// A parameter is missing, unknown or out of range.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParameter, detail)
    }

    /// A queue was full: nothing was done, try again.
    pub fn busy() -> Self {
        Self::new(Code::Busy, "the server is busy, try again").retry_after(250)
    }

    /// The part that should answer failed or restarts.
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "temporarily unavailable, try again").retry_after(1_000)
    }

    /// Nobody answered in time; what was asked for may still be done.
    pub fn no_answer() -> Self {
        Self::new(Code::Timeout, "no answer in time").retry_after(1_000)
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "internal error")
    }

    /// The agent is not in the world.
    pub fn not_in_world() -> Self {
        Self::new(Code::NotInWorld, "the agent is not in the world: connect first")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_finds_back() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(*code));
        }
        assert_eq!(Code::RateLimited.socket_number(), 111);
        assert_eq!(Code::TooFar.socket_number(), 409);
    }
}
