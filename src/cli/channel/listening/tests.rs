use bytes::Bytes;
use serde_json::json;

use super::*;

fn listening(names: &[&str]) -> Listening {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let mut listening = Listening::new(names, Clock::manual(1_000));
    listening.begin(None);
    listening
}

/// What is told of a message, one word each, and how the connection ends.
fn hear(listening: &mut Listening, replies: &[serde_json::Value]) -> (Vec<String>, Option<Lost>) {
    let lines: Vec<String> = replies.iter().map(ToString::to_string).collect();
    let mut told = Vec::new();
    let lost = listening.hear(&Bytes::from(lines.join("\n")), &mut told).err();
    let word = |heard| match heard {
        Heard::Event(event) => event.payload.to_string(),
        Heard::Note(_) => "note".to_owned(),
        Heard::Detail(_) => "detail".to_owned(),
    };
    (told.into_iter().map(word).collect(), lost)
}

fn publication(offset: u64) -> serde_json::Value {
    json!({"offset": offset, "data": offset})
}

fn news(offset: u64) -> serde_json::Value {
    json!({"push": {"channel": "public.a", "pub": publication(offset)}})
}

fn exit(lost: Option<Lost>) -> Option<Exit> {
    match lost {
        Some(Lost::ForGood(failure)) => Some(failure.exit),
        _ => None,
    }
}

#[test]
fn each_publication_of_a_stream_is_told_once_over_connections() {
    let mut listening = listening(&["public.a"]);
    let begun = [
        json!({"id": 1, "connect": {"client": "c", "ping": 25, "pong": true}}),
        json!({"id": 2, "subscribe": {"recoverable": true, "epoch": "e", "offset": 4}}),
    ];
    assert_eq!(hear(&mut listening, &begun).0, ["detail"]);
    assert_eq!(
        hear(&mut listening, &[news(5), news(5), news(4), news(6)]).0,
        ["5", "6"]
    );
    let commands = listening.begin(None);
    let again = commands[1].subscribe.as_ref().unwrap();
    assert_eq!(
        (again.recover, again.epoch.as_str(), again.offset),
        (true, "e", 6)
    );
    let recovered = [json!({"id": 2, "subscribe": {
        "recoverable": true, "epoch": "e", "offset": 6, "recovered": true, "was_recovering": true,
        "publications": [publication(7), publication(8)],
    }})];
    assert_eq!(hear(&mut listening, &recovered).0, ["detail", "7", "8"]);
    assert_eq!(hear(&mut listening, &[news(8), news(9)]).0, ["9"]);
}

#[test]
fn a_stream_that_begins_anew_is_followed_and_said() {
    let mut listening = listening(&["public.a"]);
    let begun = json!({"id": 2, "subscribe": {"recoverable": true, "epoch": "e", "offset": 90}});
    hear(&mut listening, &[begun]);
    listening.begin(None);
    let other = json!({"id": 2, "subscribe": {"recoverable": true, "epoch": "f", "offset": 1, "was_recovering": true}});
    assert_eq!(hear(&mut listening, &[other, news(2)]).0, ["detail", "note", "2"]);
}

#[test]
fn a_subscription_that_ends_for_a_while_is_asked_for_again_where_it_was() {
    let mut listening = listening(&["public.a"]);
    let begun = json!({"id": 2, "subscribe": {"recoverable": true, "epoch": "e", "offset": 1}});
    hear(&mut listening, &[begun]);
    let end =
        |code: u32| json!({"push": {"channel": "public.a", "unsubscribe": {"code": code, "reason": "r"}}});
    let (told, lost) = hear(&mut listening, &[end(2500)]);
    assert!(told.is_empty() && lost.is_none() && listening.wake_at.is_some());
    let commands = listening.wake();
    let again = commands[0].subscribe.as_ref().unwrap();
    assert_eq!((commands[0].id, again.recover, again.offset), (3, true, 1));
    hear(&mut listening, &[end(2502)]);
    assert!(!listening.wake()[0].subscribe.as_ref().unwrap().recover);
}

#[test]
fn a_revoked_channel_is_said_and_the_last_one_ends_it() {
    let mut listening = listening(&["public.a", "agent.b.c"]);
    let end = |name: &str| json!({"push": {"channel": name, "unsubscribe": {"code": 2000, "reason": "r"}}});
    let (told, lost) = hear(&mut listening, &[end("agent.b.c")]);
    assert_eq!((told, lost.is_none()), (vec!["note".to_owned()], true));
    assert_eq!(
        exit(hear(&mut listening, &[end("public.a")]).1),
        Some(Exit::Denied)
    );
}

#[test]
fn a_refusal_ends_it_unless_it_is_temporary() {
    let refuse = |id: u32, code: u32, temporary: bool| {
        let mut listening = listening(&["public.a"]);
        let error = json!({"id": id, "error": {"code": code, "message": "m", "temporary": temporary}});
        let (_, lost) = hear(&mut listening, &[error]);
        (exit(lost), listening.wake_at.is_some())
    };
    assert_eq!(refuse(2, 103, false), (Some(Exit::Denied), false));
    assert_eq!(refuse(2, 102, false), (Some(Exit::Failed), false));
    assert_eq!(refuse(2, 111, true), (None, true));
    assert_eq!(refuse(2, 105, false), (None, false));
    assert_eq!(refuse(1, 109, false), (Some(Exit::Unauthenticated), false));
    assert_eq!(refuse(1, 100, true), (None, false));
}

#[test]
fn pings_are_answered_when_the_server_wants_it() {
    let mut listening = listening(&["public.a"]);
    let ping = Bytes::from_static(b"{}");
    assert_eq!(listening.hear(&ping, &mut Vec::new()).unwrap(), []);
    hear(
        &mut listening,
        &[json!({"id": 1, "connect": {"ping": 25, "pong": true}})],
    );
    assert_eq!(
        listening.hear(&ping, &mut Vec::new()).unwrap(),
        [Command::default()]
    );
    assert_eq!(
        listening.patience(),
        COMMAND_PATIENCE,
        "the subscription is not answered"
    );
    hear(&mut listening, &[json!({"id": 2, "subscribe": {}})]);
    assert_eq!(listening.patience(), Duration::from_secs(35));
}

#[test]
fn the_code_of_an_end_says_whether_to_come_again() {
    for (code, expected) in [
        (1006, None),
        (3001, None),
        (3012, None),
        (4000, None),
        (1009, Some(Exit::Failed)),
        (3500, Some(Exit::Unauthenticated)),
        (3503, Some(Exit::Failed)),
        (3507, Some(Exit::Denied)),
        (4500, Some(Exit::Failed)),
    ] {
        assert_eq!(exit(Some(closed(code, ""))), expected, "{code}");
    }
}
