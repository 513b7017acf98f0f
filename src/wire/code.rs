//! The numbered outcomes of the protocol: client errors, unsubscribe codes and disconnect codes.
//!
//! Clients decide from the number alone, so the flags here are what official SDKs do with each one.

use crate::wire::push;
use crate::wire::reply::Error;

/// An error that answers one command; the connection stays open. Wire form: [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientError {
    /// The number on the wire: 100-113 here, 400-1999 for an application's own.
    pub code: u32,
    /// A stable name in snake_case, for logs and metrics.
    pub name: &'static str,
    /// The text on the wire, for humans.
    pub message: &'static str,
    /// Whether the client may try the same again; SDKs retry a subscription by themselves then.
    pub is_temporary: bool,
}

/// Why a client is closed. The WebSocket close frame carries the code and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// The number on the wire, also the WebSocket close code.
    pub code: u16,
    /// A stable name in snake_case, for logs and metrics.
    pub name: &'static str,
    /// The text on the wire, for humans; under 124 bytes, as a close frame asks.
    pub reason: &'static str,
}

/// Why the server ends a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsubscribeCode {
    /// The number on the wire.
    pub code: u32,
    /// A stable name in snake_case, for logs and metrics.
    pub name: &'static str,
    /// The text on the wire, for humans.
    pub reason: &'static str,
}

impl Disconnect {
    /// Returns the code of this number: one that the protocol defines, or one of a backend's own, 4000-4999.
    pub fn of(code: u16) -> Option<Self> {
        let own = || Self {
            code,
            name: "backend",
            reason: "disconnected by the backend",
        };
        Self::from_code(code).or_else(|| (4_000..=4_999).contains(&code).then(own))
    }

    /// Returns whether official SDKs connect again after this code: all but 3500-3999 and 4500-4999.
    pub const fn is_reconnect(&self) -> bool {
        !matches!(self.code, 3500..=3999 | 4500..=4999)
    }
}

impl UnsubscribeCode {
    /// Returns whether official SDKs subscribe again after this code: from 2500 on.
    pub const fn is_resubscribe(&self) -> bool {
        self.code >= 2500
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        Self {
            code: error.code,
            message: error.message.to_owned(),
            temporary: error.is_temporary,
        }
    }
}

impl From<Disconnect> for push::Disconnect {
    fn from(disconnect: Disconnect) -> Self {
        Self {
            code: u32::from(disconnect.code),
            reason: disconnect.reason.to_owned(),
            reconnect: disconnect.is_reconnect(),
        }
    }
}

impl From<UnsubscribeCode> for push::Unsubscribe {
    fn from(code: UnsubscribeCode) -> Self {
        Self {
            code: code.code,
            reason: code.reason.to_owned(),
        }
    }
}

/// Declares the constants of one kind of code, its full list `ALL` and the look-up `from_code`.
macro_rules! codes {
    ($kind:ident, $number:ty, $text:ident {
        $($(#[$meta:meta])* $constant:ident = $code:literal, $name:literal, $message:literal $(, $flag:ident: $value:literal)?;)*
    }) => {
        impl $kind {
            $($(#[$meta])* pub const $constant: Self = Self {
                code: $code, name: $name, $text: $message, $($flag: $value,)?
            };)*

            /// Every code of this kind that the protocol defines, in ascending order.
            pub const ALL: &[Self] = &[$(Self::$constant),*];

            /// Finds a code by its number; `None` when the protocol does not define it.
            pub fn from_code(code: $number) -> Option<Self> {
                Self::ALL.iter().find(|known| known.code == code).copied()
            }
        }
    };
}

codes!(ClientError, u32, message {
    /// The server failed; the same may work later.
    INTERNAL = 100, "internal", "internal server error", is_temporary: true;
    /// The credentials are missing or wrong.
    UNAUTHORIZED = 101, "unauthorized", "unauthorized", is_temporary: false;
    /// The channel's namespace does not exist.
    UNKNOWN_CHANNEL = 102, "unknown_channel", "unknown channel", is_temporary: false;
    /// This user may not do that.
    PERMISSION_DENIED = 103, "permission_denied", "permission denied", is_temporary: false;
    /// The rpc method does not exist.
    METHOD_NOT_FOUND = 104, "method_not_found", "method not found", is_temporary: false;
    /// The connection has this subscription already.
    ALREADY_SUBSCRIBED = 105, "already_subscribed", "already subscribed", is_temporary: false;
    /// A count is at its limit, such as channels on one connection.
    LIMIT_EXCEEDED = 106, "limit_exceeded", "limit exceeded", is_temporary: false;
    /// The command's fields make no sense.
    BAD_REQUEST = 107, "bad_request", "bad request", is_temporary: false;
    /// The feature is not on for this channel or server.
    NOT_AVAILABLE = 108, "not_available", "not available", is_temporary: false;
    /// The token has expired; SDKs fetch a new one and try again.
    TOKEN_EXPIRED = 109, "token_expired", "token expired", is_temporary: false;
    /// The connection or subscription has expired.
    EXPIRED = 110, "expired", "expired", is_temporary: false;
    /// A rate limit was hit.
    TOO_MANY_REQUESTS = 111, "too_many_requests", "too many requests", is_temporary: true;
    /// The asked stream position is gone.
    UNRECOVERABLE_POSITION = 112, "unrecoverable_position", "unrecoverable position", is_temporary: false;
    /// Another page of the same listing is on its way.
    CONCURRENT_PAGINATION = 113, "concurrent_pagination", "concurrent pagination", is_temporary: true;
});

codes!(UnsubscribeCode, u32, reason {
    /// The server ended the subscription for good.
    SERVER = 2000, "server", "server unsubscribe";
    /// The position on the stream was lost; SDKs subscribe again and recover.
    INSUFFICIENT_STATE = 2500, "insufficient_state", "insufficient state";
    /// The subscription's token expired.
    EXPIRED = 2501, "expired", "subscription expired";
    /// Token and position are void; SDKs drop both and subscribe again.
    STATE_INVALIDATED = 2502, "state_invalidated", "state invalidated";
});

codes!(Disconnect, u16, reason {
    /// The connection was closed without a reason of its own.
    CONNECTION_CLOSED = 3000, "connection_closed", "connection closed";
    /// The node is going down; another one, or the same a little later, will serve.
    SHUTDOWN = 3001, "shutdown", "shutdown";
    /// The server failed.
    SERVER_ERROR = 3004, "server_error", "internal server error";
    /// The connection's credentials expired and were not refreshed.
    EXPIRED = 3005, "expired", "connection expired";
    /// A server-side subscription expired and was not refreshed.
    SUBSCRIPTION_EXPIRED = 3006, "subscription_expired", "subscription expired";
    /// The client reads slower than it is written to.
    SLOW = 3008, "slow", "slow";
    /// Writing to the socket failed.
    WRITE_ERROR = 3009, "write_error", "write error";
    /// A server-side subscription lost its position on the stream.
    INSUFFICIENT_STATE = 3010, "insufficient_state", "insufficient state";
    /// An operator wants the client to connect again.
    FORCE_RECONNECT = 3011, "force_reconnect", "force reconnect";
    /// The client did not answer a ping in time.
    NO_PONG = 3012, "no_pong", "no pong";
    /// The client sends more than it may.
    TOO_MANY_REQUESTS = 3013, "too_many_requests", "too many requests";
    /// The connection's state is void.
    STATE_INVALIDATED = 3014, "state_invalidated", "state invalidated";
    /// The token is malformed, forged or for another user.
    INVALID_TOKEN = 3500, "invalid_token", "invalid token";
    /// The client broke the protocol.
    BAD_REQUEST = 3501, "bad_request", "bad request";
    /// The client did not authenticate in time.
    STALE = 3502, "stale", "stale";
    /// An operator or a newer connection closed this one.
    FORCE_DISCONNECT = 3503, "force_disconnect", "force disconnect";
    /// The node or the user has as many connections as allowed.
    CONNECTION_LIMIT = 3504, "connection_limit", "connection limit";
    /// The connection has as many channels as allowed.
    CHANNEL_LIMIT = 3505, "channel_limit", "channel limit";
    /// A binary frame came on a JSON connection, or the reverse.
    INAPPROPRIATE_PROTOCOL = 3506, "inappropriate_protocol", "inappropriate protocol";
    /// The user may not connect.
    PERMISSION_DENIED = 3507, "permission_denied", "permission denied";
    /// The connection asked for something that this server does not have.
    NOT_AVAILABLE = 3508, "not_available", "not available";
    /// The connection caused too many errors.
    TOO_MANY_ERRORS = 3509, "too_many_errors", "too many errors";
});
