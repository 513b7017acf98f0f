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
    next: Vec<Bytes>,
    /// The pieces that `out` was made of. Invariant: they are held as long as `out` says them, so that nothing else can come to
    /// lie where they do.
    pieces: Vec<Bytes>,
    /// How `out` says them, when it is one message of them and nothing else.
    encoding: Option<Encoding>,
    joined: BytesMut,
    /// The frames.
    pub out: BytesMut,
}

/// Takes all that an outbox lets go and leaves it in `scratch.out`. Gives whether that is the last; None: there is nothing.
pub(super) fn encode(outbox: &SharedOutbox, scratch: &mut Scratch) -> Option<bool> {
    let mut outbox = outbox.borrow_mut();
    let taken = outbox.take(&mut scratch.next)?;
    let encoding = match outbox.dialect() {
        Dialect::Centrifuge(encoding) if taken.is_plain() => Some(encoding),
        _ => None,
    };
    // Neighbours, and the subscribers of a channel, are told the same one after another: it is framed once.
    if encoding.is_some() && encoding == scratch.encoding && is_same(&scratch.next, &scratch.pieces) {
        scratch.next.clear();
        return Some(false);
    }
    std::mem::swap(&mut scratch.next, &mut scratch.pieces);
    scratch.next.clear();
    scratch.encoding = encoding;
    scratch.out.clear();
    for payload in taken.control {
        write(&mut scratch.out, &payload, OpCode::Pong);
    }
    match (outbox.dialect(), scratch.pieces.as_slice()) {
        (_, []) => {}
        (Dialect::Centrifuge(encoding), [piece]) => write(&mut scratch.out, piece, opcode(encoding)),
        (Dialect::Centrifuge(encoding), pieces) => {
            scratch.joined.clear();
            wire::join(encoding, pieces, &mut scratch.joined);
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
    if let Some(end) = taken.end {
        Parser::write_close(&mut scratch.out, Some(close_reason(end)), false);
    }
    Some(taken.end.is_some())
}

/// Whether these are the very same bytes in memory.
fn is_same(ones: &[Bytes], others: &[Bytes]) -> bool {
    let at = |bytes: &Bytes| (bytes.as_ptr(), bytes.len());
    ones.iter().map(at).eq(others.iter().map(at))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::outbox::Outbox;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn outbox(encoding: Encoding) -> SharedOutbox {
        Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(encoding))))
    }

    fn frames(outbox: &SharedOutbox, pieces: &[&Bytes], scratch: &mut Scratch) -> Vec<u8> {
        for piece in pieces {
            outbox.borrow_mut().push(Bytes::clone(piece));
        }
        assert_eq!(encode(outbox, scratch), Some(false));
        scratch.out.to_vec()
    }

    fn piece(letter: u8) -> Bytes {
        Bytes::from(vec![letter; 3])
    }

    #[test]
    fn what_the_socket_before_was_told_too_is_framed_once() {
        let mut scratch = Scratch::default();
        let (a, b) = (piece(b'1'), piece(b'2'));
        let both = frames(&outbox(Encoding::Json), &[&a, &b], &mut scratch);
        assert_eq!(both, b"\x81\x07111\n222");
        // Written by nobody else: it shows that the frame is not made again.
        scratch.out[2] = b'*';
        assert_eq!(encode(&outbox(Encoding::Json), &mut scratch), None);
        let again = frames(&outbox(Encoding::Json), &[&a, &b], &mut scratch);
        assert_eq!(again, b"\x81\x07*11\n222");
        assert!(!a.is_unique() && !b.is_unique(), "held");
        // The same text elsewhere is another piece.
        let fresh = frames(&outbox(Encoding::Json), &[&piece(b'1'), &b], &mut scratch);
        assert_eq!(fresh, both);
    }

    #[test]
    fn nothing_else_is_taken_for_it() {
        let mut scratch = Scratch::default();
        let (a, b) = (piece(b'1'), piece(b'2'));
        let json = || outbox(Encoding::Json);
        frames(&json(), &[&a, &b], &mut scratch);
        assert_eq!(frames(&json(), &[&b, &a], &mut scratch), b"\x81\x07222\n111");
        assert_eq!(frames(&json(), &[&b], &mut scratch), b"\x81\x03222");
        let with_pong = json();
        with_pong.borrow_mut().push_pong(Bytes::from_static(b"!"));
        assert_eq!(frames(&with_pong, &[&b], &mut scratch), b"\x8a\x01!\x81\x03222");
        assert_eq!(frames(&json(), &[&b], &mut scratch), b"\x81\x03222");
        let protobuf = outbox(Encoding::Protobuf);
        assert_eq!(frames(&protobuf, &[&b], &mut scratch), b"\x82\x03222");
    }

    #[test]
    fn the_end_is_not_repeated_to_the_next_socket() {
        let piece = Bytes::from_static(b"{}");
        let (first, second) = (outbox(Encoding::Json), outbox(Encoding::Json));
        let mut scratch = Scratch::default();
        first.borrow_mut().push(piece.clone());
        first.borrow_mut().end(Disconnect::SLOW);
        assert_eq!(encode(&first, &mut scratch), Some(true));
        second.borrow_mut().push(piece);
        assert_eq!(encode(&second, &mut scratch), Some(false));
        assert_eq!(&*scratch.out, b"\x81\x02{}");
    }
}
