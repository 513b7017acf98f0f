//! Exact texts and bytes of the important messages, frames and codes.

use bytes::{Bytes, BytesMut};

use crate::wire::reply::*;
use crate::wire::request::*;
use crate::wire::subscription::SubRefreshResult;
use crate::wire::tests::captured::{captured_commands, raw, replies};
use crate::wire::{
    ClientError, DecodeError, Encoding, UnsubscribeCode, check_json, code, decode_commands, decode_replies,
    encode_publication, encode_reply, encode_rpc, join, ping,
};

fn bytes(hex: &str) -> Vec<u8> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty());
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    pairs.iter().map(|pair| byte(pair.as_slice())).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn captured_commands_decode_in_both_encodings() {
    for (command, json, protobuf) in captured_commands() {
        let decoded = decode_commands(Encoding::Json, json.as_bytes(), 1).expect(json);
        assert_eq!(decoded.to_vec(), std::slice::from_ref(&command), "{json}");
        let decoded = decode_commands(Encoding::Protobuf, &bytes(protobuf), 1).expect(json);
        assert_eq!(decoded.to_vec(), [command], "{json}");
    }
}

#[test]
fn a_pipelined_frame_decodes_whole() {
    let all = captured_commands();
    let expected: Vec<_> = all.iter().map(|(command, ..)| command.clone()).collect();
    let json: Vec<_> = all.iter().map(|(_, json, _)| *json).collect();
    let decoded = decode_commands(Encoding::Json, format!("{}\r\n", json.join("\n")).as_bytes(), 10);
    assert_eq!(decoded.expect("json").to_vec(), expected);
    let protobuf: String = all.iter().map(|(.., protobuf)| *protobuf).collect();
    assert_eq!(
        decode_commands(Encoding::Protobuf, &bytes(&protobuf), 10)
            .expect("protobuf")
            .to_vec(),
        expected
    );
}

#[test]
fn replies_have_the_exact_text_and_the_bytes_of_the_official_schema() {
    for (reply, json, protobuf) in replies() {
        let text = encode_reply(Encoding::Json, &reply);
        assert_eq!(std::str::from_utf8(&text).expect("UTF-8"), json);
        assert_eq!(hex(&encode_reply(Encoding::Protobuf, &reply)), protobuf, "{json}");
        assert_eq!(
            decode_replies(Encoding::Json, json.as_bytes(), 1)
                .expect(json)
                .to_vec(),
            std::slice::from_ref(&reply)
        );
        assert_eq!(
            decode_replies(Encoding::Protobuf, &bytes(protobuf), 1)
                .expect(json)
                .to_vec(),
            [reply]
        );
    }
}

#[test]
fn the_answer_to_an_rpc_is_the_reply_that_carries_it() {
    let answer = serde_json::json!({"result": {"text": "a \"line\"\nand one more"}, "tick": 7});
    let data = Bytes::from(serde_json::to_vec(&answer).unwrap());
    let reply = Reply::of(4_294_967_295_u32, ReplyBody::Rpc(RpcResult { data }));
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        assert_eq!(
            encode_rpc(encoding, 4_294_967_295, &answer).unwrap(),
            encode_reply(encoding, &reply)
        );
    }
}

#[test]
fn an_empty_result_is_an_empty_object_under_its_name() {
    let names =
        "connect subscribe unsubscribe publish presence presence_stats history ping rpc refresh sub_refresh";
    let bodies = [
        ReplyBody::Connect(Box::default()),
        ReplyBody::Subscribe(Box::default()),
        ReplyBody::Unsubscribe(UnsubscribeResult::default()),
        ReplyBody::Publish(PublishResult::default()),
        ReplyBody::Presence(PresenceResult::default()),
        ReplyBody::PresenceStats(PresenceStatsResult::default()),
        ReplyBody::History(Box::default()),
        ReplyBody::Ping(PingResult::default()),
        ReplyBody::Rpc(RpcResult::default()),
        ReplyBody::Refresh(Box::default()),
        ReplyBody::SubRefresh(SubRefreshResult::default()),
    ];
    assert_eq!(names.split(' ').count(), bodies.len());
    for (name, body) in names.split(' ').zip(bodies) {
        let reply = Reply::of(7_u32, body);
        assert_eq!(
            encode_reply(Encoding::Json, &reply),
            format!("{{\"id\":7,\"{name}\":{{}}}}")
        );
        let piece = encode_reply(Encoding::Protobuf, &reply);
        assert_eq!(
            decode_replies(Encoding::Protobuf, &piece, 1)
                .expect(name)
                .to_vec(),
            [reply]
        );
    }
}

#[test]
fn a_null_parameter_keeps_its_text() {
    let json = r#"{"rpc":{"method":"null","data":null},"id":9}"#;
    let expected = Command::of(
        9_u32,
        Request::Rpc(RpcRequest {
            data: raw("null"),
            method: "null".into(),
        }),
    );
    assert_eq!(
        decode_commands(Encoding::Json, json.as_bytes(), 1)
            .expect(json)
            .to_vec(),
        [expected]
    );
}

#[test]
fn unknown_fields_and_nulls_of_a_newer_sdk_are_tolerated() {
    let json =
        r#"{"id":1,"shiny":[{}],"connect":{"token":null,"subs":null,"data":null,"pace":{"a":1}},"rpc":null}"#;
    let connect = ConnectRequest {
        data: raw("null"),
        ..ConnectRequest::default()
    };
    let expected = Command::of(1_u32, Request::Connect(Box::new(connect)));
    assert_eq!(
        decode_commands(Encoding::Json, json.as_bytes(), 1)
            .expect(json)
            .to_vec(),
        std::slice::from_ref(&expected)
    );
    // Field 30 in the command and in the request, whose `data` is "null".
    let protobuf = bytes("100801f00101220912046e756c6cf00105");
    assert_eq!(
        decode_commands(Encoding::Protobuf, &protobuf, 1)
            .expect("protobuf")
            .to_vec(),
        [expected]
    );
}

#[test]
fn raw_data_is_copied_verbatim_but_for_line_ends() {
    let push = |data| encode_publication(Encoding::Json, "a\"b\n", data, Some(5), None);
    assert_eq!(
        push(b"{\"n\": 1.50, \"u\":\"\\u00e4\"}"),
        &b"{\"push\":{\"channel\":\"a\\\"b\\n\",\"pub\":{\"data\":{\"n\": 1.50, \"u\":\"\\u00e4\"},\"offset\":5}}}"[..],
    );
    assert_eq!(
        push(b"{\r\n  \"a\": [\n1]}"),
        &b"{\"push\":{\"channel\":\"a\\\"b\\n\",\"pub\":{\"data\":{    \"a\": [ 1]},\"offset\":5}}}"[..],
    );
    let command = decode_commands(
        Encoding::Json,
        br#"{"id":1,"rpc":{"data": { "a" : [ 1.0e2 ] } }}"#,
        1,
    );
    assert_eq!(
        command.expect("rpc")[0].rpc,
        Some(RpcRequest {
            data: raw(r#"{ "a" : [ 1.0e2 ] }"#),
            ..RpcRequest::default()
        })
    );
}

#[test]
fn a_frame_joins_replies_pushes_and_a_ping() {
    let pieces = |encoding| {
        let rpc = Reply::of(2_u32, ReplyBody::Rpc(RpcResult { data: raw("1") }));
        vec![
            encode_reply(encoding, &rpc),
            encode_publication(encoding, "c", b"2", None, None),
            ping(encoding),
        ]
    };
    let mut json = BytesMut::new();
    join(Encoding::Json, &pieces(Encoding::Json), &mut json);
    assert_eq!(
        json,
        "{\"id\":2,\"rpc\":{\"data\":1}}\n{\"push\":{\"channel\":\"c\",\"pub\":{\"data\":2}}}\n{}"
    );
    join(Encoding::Json, &[], &mut json);
    join(Encoding::Json, &[ping(Encoding::Json)], &mut json);
    assert!(json.ends_with(b"}\n{}\n{}"));
    assert_eq!(decode_replies(Encoding::Json, &json, 9).expect("json").len(), 4);

    let mut protobuf = BytesMut::new();
    join(Encoding::Protobuf, &pieces(Encoding::Protobuf), &mut protobuf);
    assert_eq!(
        hex(&protobuf),
        "0708026a030a0131".to_owned() + "0a22081201632203220132" + "00"
    );
    let replies = decode_replies(Encoding::Protobuf, &protobuf, 9).expect("protobuf");
    assert!(replies[2].is_ping() && !replies[1].is_ping());
}

#[test]
fn only_an_empty_command_is_a_pong() {
    let decode =
        |text: &str| decode_commands(Encoding::Json, text.as_bytes(), 1).expect("command")[0].is_pong();
    assert!(decode("{}") && decode(" { } ") && decode("{\"id\":0}"));
    assert!(!decode("{\"send\":{}}") && !decode("{\"id\":1}"));
}

#[test]
fn check_json_takes_exactly_one_value() {
    for good in ["1", "\"a\"", " {\"a\":[]} ", "null"] {
        assert!(check_json(good.as_bytes(), 4).is_ok(), "{good}");
    }
    assert!(matches!(check_json(b"", 4), Err(DecodeError::Json { .. })));
    assert!(matches!(check_json(b"1 2", 4), Err(DecodeError::Json { .. })));
    assert!(matches!(check_json(b"\xff", 4), Err(DecodeError::Utf8 { .. })));
    assert!(matches!(
        check_json(b"[[[[[]]]]]", 4),
        Err(DecodeError::TooDeep { .. })
    ));
}

#[test]
fn codes_ascend_and_say_what_sdks_do() {
    assert_eq!(
        ClientError::ALL
            .iter()
            .map(|known| known.code)
            .collect::<Vec<_>>(),
        (100..=113).collect::<Vec<_>>()
    );
    assert!(code::Disconnect::ALL.is_sorted_by_key(|known| known.code));
    assert_eq!(code::Disconnect::ALL.len(), 22);
    for known in code::Disconnect::ALL {
        assert_eq!(known.is_reconnect(), known.code < 3500);
        assert!(known.reason.len() < 124);
    }
    assert_eq!(code::Disconnect::from_code(3008), Some(code::Disconnect::SLOW));
    assert_eq!(code::Disconnect::from_code(3007), None);
    let temporary = ClientError::ALL
        .iter()
        .filter(|known| known.is_temporary)
        .map(|known| known.code);
    assert_eq!(temporary.collect::<Vec<_>>(), [100, 111, 113]);
    assert!(!UnsubscribeCode::SERVER.is_resubscribe() && UnsubscribeCode::EXPIRED.is_resubscribe());
}
