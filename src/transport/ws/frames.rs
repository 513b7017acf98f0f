//! What an outbox holds as WebSocket frames: for Centrifuge all pieces in one, for ClawBots one each.

use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::Dialect;
use crate::transport::clawbots;
use crate::wire::{self, Disconnect, Encoding};
use actix_http::ws::{CloseCode, CloseReason, OpCode, Parser};
use bytes::{Bytes, BytesMut};

/// Buffers of a thread, used for each of its sockets in turn.
#[derive(Default)]
pub(super) struct Scratch {
    pieces: Vec<Bytes>,
    joined: BytesMut,
    /// The frames.
    pub out: BytesMut,
}

/// Takes all that an outbox lets go and leaves it in `scratch.out`. Gives whether that is the last; None: there is nothing.
pub(super) fn encode(outbox: &SharedOutbox, scratch: &mut Scratch) -> Option<bool> {
    scratch.out.clear();
    let mut outbox = outbox.borrow_mut();
    let taken = outbox.take(&mut scratch.pieces)?;
    for payload in taken.control {
        write(&mut scratch.out, &payload, OpCode::Pong);
    }
    match (outbox.dialect(), scratch.pieces.as_slice()) {
        (_, []) => {}
        (Dialect::Centrifuge(encoding), [piece]) => write(&mut scratch.out, piece, opcode(encoding)),
        (Dialect::Centrifuge(encoding), _) => {
            scratch.joined.clear();
            wire::join(encoding, &mut scratch.pieces.drain(..), &mut scratch.joined);
            write(&mut scratch.out, &scratch.joined, opcode(encoding));
        }
        (Dialect::ClawBots, _) => {
            for piece in scratch.pieces.drain(..) {
                if let Some(message) = clawbots::select(piece, outbox.wanted()) {
                    write(&mut scratch.out, &message, OpCode::Text);
                }
            }
        }
    }
    scratch.pieces.clear();
    if let Some(end) = taken.end {
        Parser::write_close(&mut scratch.out, Some(close_reason(end)), false);
    }
    Some(taken.end.is_some())
}

fn write(out: &mut BytesMut, payload: &[u8], opcode: OpCode) {
    Parser::write_message(out, payload, opcode, true, false);
}

fn opcode(encoding: Encoding) -> OpCode {
    match encoding {
        Encoding::Json => OpCode::Text,
        Encoding::Protobuf => OpCode::Binary,
    }
}

fn close_reason(end: Disconnect) -> CloseReason {
    CloseReason {
        code: CloseCode::from(end.code),
        description: Some(end.reason.to_owned()),
    }
}
