//! Hostile frames are refused with the right error and never panic.

use proptest::prelude::*;

use crate::wire::*;

fn json(frame: &[u8]) -> DecodeError {
    decode_commands(Encoding::Json, frame, 4).expect_err("must be refused")
}

fn protobuf(frame: &[u8]) -> DecodeError {
    decode_commands(Encoding::Protobuf, frame, 4).expect_err("must be refused")
}

#[test]
fn deep_nesting_is_refused_before_parsing() {
    assert!(matches!(json(&[b'['; 200_000]), DecodeError::NotAnObject));
    assert!(matches!(json(&[b'{'; 200_000]), DecodeError::TooDeep { .. }));
    let nested = |levels: usize| {
        format!(
            "{{\"id\":1,\"rpc\":{{\"data\":{}{}}}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
        .into_bytes()
    };
    assert!(matches!(
        json(&nested(100_000)),
        DecodeError::TooDeep {
            max_depth: MAX_JSON_DEPTH
        }
    ));
    assert!(matches!(
        json(&nested(MAX_JSON_DEPTH - 1)),
        DecodeError::TooDeep { .. }
    ));
    assert_eq!(
        decode_commands(Encoding::Json, &nested(MAX_JSON_DEPTH - 2), 4)
            .expect("deep enough")
            .len(),
        1
    );
}

#[test]
fn depth_ignores_brackets_in_strings_and_siblings() {
    assert!(check_json_depth(br#"{"a":"[[[[\"[[[["}"#, 1).is_ok());
    assert!(check_json_depth(br#"["\\",["\\\""]]"#, 2).is_ok());
    assert!(check_json_depth(br"[[],[],[],{}]", 2).is_ok());
    assert!(check_json_depth(br#"["\\",[]]"#, 1).is_err());
    assert!(check_json_depth(b"\"no end [[[", 0).is_ok());
}

#[test]
fn empty_frames_are_refused() {
    for frame in [&b""[..], b" ", b"\n\n", b"\r\n\t"] {
        assert!(matches!(json(frame), DecodeError::Empty));
    }
    assert!(matches!(protobuf(b""), DecodeError::Empty));
}

#[test]
fn broken_texts_are_refused() {
    assert!(matches!(
        json(b"{\"id\":1,\"rpc\":{\"method\":\"\xff\"}}"),
        DecodeError::Utf8 { .. }
    ));
    assert!(matches!(json(b"{\"x\":\"\xc3\"}"), DecodeError::Utf8 { .. }));
    assert!(matches!(json("\u{feff}{}".as_bytes()), DecodeError::NotAnObject));
    assert!(matches!(json(b"\0"), DecodeError::NotAnObject));
    assert!(matches!(json(b"{}\0"), DecodeError::Json { .. }));
    assert!(matches!(
        json(b"{\"id\":1,\"rpc\":{\"data\":\"\0\"}}"),
        DecodeError::Json { .. }
    ));
    assert!(matches!(json(b"{\"unknown\":\"\0\"}"), DecodeError::Json { .. }));
}

#[test]
fn lone_surrogates_are_refused_even_in_raw_data() {
    for text in [
        r"\ud834",
        r"\udd1e",
        r"\udd1e\ud834",
        r"\ud834\ud834\udd1e",
        r"\ud834x",
        r"\ud834\n",
        r"\\\uD834",
    ] {
        let frame = format!("{{\"id\":1,\"rpc\":{{\"data\":\"{text}\"}}}}");
        assert!(
            matches!(json(frame.as_bytes()), DecodeError::LoneSurrogate),
            "{text}"
        );
    }
    for text in [
        r"\ud834\udd1e",
        r"\\ud834",
        r"\ue000\ud7ff",
        r"\uD834\uDD1E\ud834\udd1e",
    ] {
        let frame = format!("{{\"id\":1,\"rpc\":{{\"data\":\"{text}\"}}}}");
        assert!(
            decode_commands(Encoding::Json, frame.as_bytes(), 4).is_ok(),
            "{text}"
        );
    }
    assert!(matches!(
        json(br#"{"id":1,"x":"\u12"}"#),
        DecodeError::Json { .. }
    ));
}

#[test]
fn what_is_no_command_is_refused() {
    for frame in [
        &b"[]"[..],
        b"[1,{}]",
        b"null",
        b"1",
        b"\"{}\"",
        b"{}\n\n{}",
        b"x{}",
        b",{}",
    ] {
        assert!(matches!(json(frame), DecodeError::NotAnObject), "{frame:?}");
    }
    for frame in [
        &b"{"[..],
        b"{}}",
        b"{}{}",
        b"{\"id\":1} x",
        b"{\"id\":-1}",
        b"{\"id\":1.5}",
        b"{\"id\":4294967296}",
        b"{\"id\":\"1\"}",
        b"{\"id\":1,}",
        b"{'id':1}",
        b"{\"id\":1,\"id\":2}",
        b"{\"id\":1,\"connect\":1}",
        b"{\"id\":1,\"history\":{\"since\":{\"offset\":18446744073709551616}}}",
        b"{\"id\":NaN}",
    ] {
        assert!(matches!(json(frame), DecodeError::Json { .. }), "{frame:?}");
    }
}

#[test]
fn too_many_commands_are_refused() {
    assert_eq!(
        decode_commands(Encoding::Json, b"{}\n{}\n{}\n{}", 4)
            .expect("four")
            .len(),
        4
    );
    assert!(matches!(
        json(b"{}\n{}\n{}\n{}\n{}"),
        DecodeError::TooMany { max_messages: 4 }
    ));
    assert_eq!(
        decode_commands(Encoding::Protobuf, &[0; 4], 4)
            .expect("four")
            .len(),
        4
    );
    assert!(matches!(
        protobuf(&[0; 5]),
        DecodeError::TooMany { max_messages: 4 }
    ));
    assert!(matches!(protobuf(&[0; 100_000]), DecodeError::TooMany { .. }));
}

#[test]
fn broken_lengths_are_refused() {
    assert!(matches!(protobuf(&[0x80]), DecodeError::Length { .. }));
    assert!(matches!(protobuf(&[0xff; 9]), DecodeError::Length { .. }));
    assert!(matches!(protobuf(&[0xff; 10]), DecodeError::Length { .. }));
    assert!(matches!(protobuf(&[0xff; 11]), DecodeError::Length { .. }));
    let longest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert!(matches!(
        protobuf(&longest),
        DecodeError::Truncated | DecodeError::Length { .. }
    ));
    assert!(matches!(protobuf(&[3, 8, 1]), DecodeError::Truncated));
    assert!(matches!(
        protobuf(&[0x80, 0x80, 0x80, 0x80, 0x08, 1]),
        DecodeError::Truncated
    ));
    // A whole message with half a length behind it.
    assert!(matches!(protobuf(&[2, 8, 1, 0x80]), DecodeError::Length { .. }));
}

#[test]
fn broken_protobuf_is_refused() {
    for body in [
        &[8][..],                  // id without its value
        &[0x08, 0x80],             // id cut short
        &[0x6a, 5, 1],             // rpc longer than its message
        &[0x6a, 2, 0x12, 9],       // method longer than the rpc
        &[0x6a, 3, 0x12, 1, 0xff], // method that is not UTF-8
        &[0x0a, 1, 0],             // id with the wrong wire type
        &[0x00, 0],                // field number 0
        &[0x0f],                   // wire type 7
    ] {
        let mut frame = vec![u8::try_from(body.len()).expect("short")];
        frame.extend_from_slice(body);
        assert!(
            matches!(protobuf(&frame), DecodeError::Protobuf { .. }),
            "{body:?}"
        );
    }
}

#[test]
fn deep_protobuf_is_refused() {
    // subscribe.tf.nodes.nodes...: each level is one more field 6 around the last.
    let mut body = Vec::new();
    for tag in std::iter::repeat_n(0x32_u8, 5_000).chain([0x6a, 0x2a]) {
        let mut outer = vec![tag];
        prost::encoding::encode_varint(u64::try_from(body.len()).expect("fits"), &mut outer);
        outer.extend_from_slice(&body);
        body = outer;
    }
    let mut frame = Vec::new();
    prost::encoding::encode_varint(u64::try_from(body.len()).expect("fits"), &mut frame);
    frame.extend_from_slice(&body);
    assert!(matches!(protobuf(&frame), DecodeError::Protobuf { .. }));
}

proptest! {
    #[test]
    fn no_bytes_panic(frame in proptest::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let _ = decode_commands(encoding, &frame, 16);
            let _ = decode_replies(encoding, &frame, 16);
        }
        let _ = check_json(&frame, 8);
    }

    #[test]
    fn no_text_of_json_signs_panics(frame in r#"[{}\[\]",:\\u0-9a-f \n]{0,200}"#) {
        let _ = decode_commands(Encoding::Json, frame.as_bytes(), 16);
        // What passes the check is what serde_json takes, but for depth and surrogates.
        if check_json(frame.as_bytes(), 16).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&frame).is_ok());
        }
    }

    #[test]
    fn a_broken_copy_of_a_good_frame_never_panics(at in 0_usize..59, byte in any::<u8>(), cut in 0_usize..59) {
        let mut frame = b"{\"id\":1,\"rpc\":{\"method\":\"say\",\"data\":{\"message\":\"\\u00e4\"}}}".to_vec();
        frame[at] = byte;
        let _ = decode_commands(Encoding::Json, &frame, 4);
        let _ = decode_commands(Encoding::Json, &frame[..cut], 4);
    }
}
