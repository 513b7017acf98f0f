//! E3, E5-E7 and E16 on sockets: frames that break the rules.

use super::socket::{Frame, Line, TEXT, frame};
use super::{Attack, Row, Stage, row};
use serde_json::json;
use std::rc::Rc;

/// FIN alone is in the first byte of a whole message.
const OPEN_TEXT: u8 = 0x01;
const CONTINUED: u8 = 0x00;
const LAST: u8 = 0x80;

/// The rows.
pub fn rows(stage: &Rc<Stage>) -> Vec<Row> {
    let hello = br#"{"id":1,"ping":{}}"#;
    let fragments = |sizes: &[usize]| {
        let last = sizes.len() - 1;
        let piece = |(index, size): (usize, &usize)| {
            let head = match index {
                0 => OPEN_TEXT,
                other if other == last => LAST,
                _ => CONTINUED,
            };
            frame(head, &vec![b' '; *size])
        };
        sizes.iter().enumerate().flat_map(piece).collect::<Vec<u8>>()
    };
    let unmasked = Frame {
        head: TEXT,
        is_masked: false,
        payload: hello,
    }
    .bytes();
    let close = |code: u16| frame(0x88, &code.to_be_bytes());
    let broken = &["close 1002"][..];
    let large = &["close 1009"][..];
    let cases: Vec<(&str, Vec<u8>, &'static [&'static str])> = vec![
        (
            "E3 invalid UTF-8",
            frame(TEXT, b"{\"id\":1,\"ping\":{\"a\":\"\xff\"}}"),
            &["close 1007"],
        ),
        ("E5 message of 16,385 bytes", frame(TEXT, &[b' '; 16_385]), large),
        ("E5 frame of 1 MB", frame(TEXT, &vec![b' '; 1_000_000]), large),
        ("E6 61 fragments of 16,000 bytes", fragments(&[16_000; 61]), large),
        ("E6 two fragments, a byte over", fragments(&[16_384, 1]), large),
        ("E6 20,000 fragments of a byte", fragments(&[1; 20_000]), large),
        ("E7 unmasked", unmasked, broken),
        ("E7 RSV1", frame(TEXT | 0x40, hello), broken),
        ("E7 RSV2", frame(TEXT | 0x20, hello), broken),
        ("E7 RSV3", frame(TEXT | 0x10, hello), broken),
        ("E7 opcode 3", frame(0x83, hello), broken),
        ("E7 opcode 11", frame(0x8b, b""), broken),
        ("E7 orphan continuation", frame(LAST, hello), broken),
        ("E7 open orphan continuation", frame(CONTINUED, hello), broken),
        (
            "E7 interleaved message",
            [frame(OPEN_TEXT, b"{"), frame(TEXT, hello)].concat(),
            broken,
        ),
        (
            "E7 interleaved start",
            [frame(OPEN_TEXT, b"{"), frame(OPEN_TEXT, b"{")].concat(),
            broken,
        ),
        ("E7 fragmented ping", frame(0x09, b"a"), broken),
        ("E7 fragmented close", frame(0x08, b""), broken),
        ("E7 ping of 126 bytes", frame(0x89, &[b'a'; 126]), broken),
        ("E7 close code 1005", close(1005), broken),
        ("E7 close code 1006", close(1006), broken),
        ("E7 close code 999", close(999), broken),
        ("E7 close code 0", close(0), broken),
        ("E7 close code 5000", close(5000), broken),
        ("E7 close code of a byte", frame(0x88, b"a"), broken),
        (
            "E7 close reason is no UTF-8",
            frame(0x88, b"\x03\xe8\xff\xff"),
            &["close 1002", "close 1007"],
        ),
    ];
    let mut rows = Vec::new();
    for (name, bytes, expected) in cases {
        for path in ["/connection/websocket", "/ws/alice"] {
            rows.push(row(
                format!("{name} at {path}"),
                Attack::Frames(path, bytes.clone()),
                expected,
            ));
        }
    }
    let centrifuge = "/connection/websocket";
    rows.extend([
        row(
            "E1 no JSON, on a socket",
            Attack::Frames(centrifuge, frame(TEXT, b"hello")),
            &["close 3501"],
        ),
        row(
            "E2 16,000 [, on a socket",
            Attack::Frames(centrifuge, frame(TEXT, "[".repeat(16_000).as_bytes())),
            &["close 3501"],
        ),
        row(
            "E16 binary on a JSON socket",
            Attack::Frames(centrifuge, frame(0x82, b"\x02\x08\x01")),
            &["close 3506"],
        ),
        row(
            "E16 command before connect",
            Attack::Frames(centrifuge, frame(TEXT, hello)),
            &["close 3501"],
        ),
        row(
            "E16 a bad action never closes",
            Attack::Script(Box::pin(bad_actions(Rc::clone(stage)))),
            &["error 104 x 5, then ok"],
        )
        .grows(&[("sessions", 1)]),
    ]);
    rows
}

async fn bad_actions(stage: Rc<Stage>) -> String {
    let mut line = Line::open(stage.server.port(), "/connection/websocket").await;
    let connected = line.connect(Some(&stage.dora.token)).await;
    if connected != "ok" {
        return connected;
    }
    let mut refused = Vec::new();
    for id in 2..7 {
        line.command(&json!({"id": id, "rpc": {"method": "fly_to_the_moon", "data": {}}}))
            .await;
        refused.push(line.reply(id).await);
    }
    line.command(&json!({"id": 9, "rpc": {"method": "ping", "data": {}}}))
        .await;
    let last = line.reply(9).await;
    refused.dedup();
    format!("{} x 5, then {last}", refused.join(", "))
}
