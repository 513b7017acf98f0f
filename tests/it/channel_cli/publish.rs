//! Publishing, and the other verbs that are one request: what is asked, and what becomes of the answer.

use super::User;
use super::scripted_server::ScriptedServer;
use serde_json::{Value, json};

/// A user with the token `t` of a server.
fn user(server: &ScriptedServer) -> User {
    let user = User::of(&server.url);
    user.log_in("t");
    user
}

#[test]
fn a_message_comes_from_the_line_or_from_the_input() {
    let server = ScriptedServer::always(200, json!({"ok": true, "result": {}}));
    let user = user(&server);
    let payload = |body: &Value| body["payload"].clone();
    let done = user.run(&["pub", "public.a", "Hello", "you", "--json"]).json();
    assert_eq!(
        (&done["status"], &done["data"]["channel"]),
        (&json!("success"), &json!("public.a"))
    );
    assert_eq!(
        user.run(&["pub", "public.a", "{\"a\": 1}"]).ok(),
        "published to public.a\n"
    );
    user.run(&["pub", "public.a", "-5"]).ok();
    user.feed(&["pub", "public.a"], "from the pipe\n").ok();
    user.feed(&["pub", "public.a", "-"], "[1,\n2]\n").ok();
    user.run(&["pub", "public.a"]).ok();
    let asked = server.asked();
    let payloads: Vec<Value> = asked.iter().map(|asked| payload(&asked.body)).collect();
    let expected = [
        json!("Hello you"),
        json!({"a": 1}),
        json!(-5),
        json!("from the pipe"),
        json!([1, 2]),
        json!(null),
    ];
    assert_eq!(payloads, expected);
    assert!(
        asked
            .iter()
            .all(|asked| asked.line == "POST /api/publish" && asked.token.as_deref() == Some("t"))
    );
}

#[test]
fn lines_are_published_one_by_one_at_the_pace_of_the_server() {
    let mut refusals = 1;
    let server = ScriptedServer::start(move |asked| {
        if asked.body["payload"] == 2 && refusals > 0 {
            refusals -= 1;
            return (429, json!({"error": "rate limit exceeded", "retry_after": 0.05}));
        }
        (200, json!({"ok": true, "result": {}}))
    });
    let user = user(&server);
    let said = user.feed(&["pub", "--lines", "public.a"], "1\n\n2\nthree\n").ok();
    assert_eq!(said, "published 3 messages to public.a\n");
    let payloads: Vec<Value> = server
        .asked()
        .iter()
        .map(|asked| asked.body["payload"].clone())
        .collect();
    assert_eq!(payloads, [json!(1), json!(2), json!(2), json!("three")]);
}

#[test]
fn a_line_that_is_refused_ends_it_and_is_counted() {
    let server = ScriptedServer::start(|asked| match asked.body["payload"].as_i64() {
        Some(3) => (413, json!({"error": "payload too large"})),
        _ => (200, json!({"ok": true, "result": {}})),
    });
    let said = user(&server)
        .feed(&["pub", "--lines", "public.a"], "1\n2\n3\n4\n")
        .failed(1);
    assert!(
        said.contains("payload too large (413); 2 lines before it were published"),
        "{said}"
    );
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_limit_is_remembered_and_further_calls_are_refused_at_once() {
    let retry_ms = chrono::DateTime::parse_from_rfc3339("2100-01-01T00:00:00Z")
        .unwrap()
        .timestamp_millis();
    let body = json!({"error": "rate limit exceeded (5 requests per second)", "retry_after": 1, "retry_timestamp": retry_ms});
    let server = ScriptedServer::always(429, body);
    let user = user(&server);
    let said = user.run(&["pub", "public.a", "1"]).failed(5);
    assert!(
        said.contains("rate limit exceeded (5 requests per second)"),
        "{said}"
    );
    let said = user.run(&["pub", "public.a", "2", "--json"]).failed(5);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert!(
        error["error"].as_str().unwrap().starts_with("too many requests"),
        "{error}"
    );
    server.one();
    // A server cannot forbid it for longer than an hour.
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(user.config()).unwrap()).unwrap();
    assert!(kept["rate_limited_until"].as_i64().unwrap() < retry_ms);
}

#[test]
fn every_refusal_has_its_exit_status() {
    for (status, exit) in [
        (400, 1),
        (401, 3),
        (403, 4),
        (404, 1),
        (413, 1),
        (502, 1),
        (503, 6),
    ] {
        let server = ScriptedServer::always(status, json!({"error": "why not", "more": 1}));
        let said = user(&server).run(&["pub", "public.a", "x", "-j"]).failed(exit);
        let error: Value = serde_json::from_str(&said).unwrap();
        assert!(error["error"].as_str().unwrap().starts_with("why not"), "{error}");
        assert_eq!(
            (&error["status"], &error["data"]),
            (&json!("error"), &json!({"more": 1}))
        );
        assert!(error["fixes"].is_array());
    }
    let away = User::of("http://127.0.0.1:1");
    away.log_in("t");
    let said = away.run(&["pub", "public.a", "x"]).failed(6);
    assert!(said.contains("127.0.0.1:1") && said.contains("try: "), "{said}");
    let nobody = User::of("http://127.0.0.1:1");
    assert!(
        nobody
            .run(&["pub", "public.a", "x"])
            .failed(3)
            .contains("not logged in")
    );
    let said = User::of("not an address")
        .run(&["pub", "public.a", "x"])
        .failed(2);
    assert!(said.contains("http://"), "{said}");
}

#[test]
fn each_verb_asks_what_the_server_understands() {
    let describe = json!({"channel": "agent.a.b.c", "description": "D", "schema": {"type": "object"}});
    let cases: Vec<(&[&str], &str, Value, bool)> = vec![
        (
            &["lock", "agent.a.b"],
            "POST /api/lock",
            json!({"channel": "agent.a.b"}),
            true,
        ),
        (
            &["unlock", "agent.a.b"],
            "POST /api/unlock",
            json!({"channel": "agent.a.b"}),
            true,
        ),
        (
            &["grant", "bob", "agent.a.b"],
            "POST /api/grant",
            json!({"target": "bob", "channel": "agent.a.b"}),
            true,
        ),
        (
            &["revoke", "bob", "agent.a.b"],
            "POST /api/revoke",
            json!({"target": "bob", "channel": "agent.a.b"}),
            true,
        ),
        (
            &["request", "agent.a.b", "for", "my", "work"],
            "POST /api/request",
            json!({"channel": "agent.a.b", "reason": "for my work"}),
            true,
        ),
        (
            &["request", "agent.a.b"],
            "POST /api/request",
            json!({"channel": "agent.a.b"}),
            true,
        ),
        (
            &[
                "advertise",
                "set",
                "--channel",
                "agent.a.b.c",
                "--desc",
                "D",
                "--schema",
                "{\"type\":\"object\"}",
            ],
            "POST /api/advertise",
            describe,
            true,
        ),
        (
            &["advertise", "rm", "agent.a.b"],
            "DELETE /api/advertise",
            json!({"channel": "agent.a.b"}),
            true,
        ),
        (
            &["advertise", "list", "al ice"],
            "GET /api/advertise/al%20ice",
            Value::Null,
            false,
        ),
        (
            &["advertise", "find", "a", "&b", "--limit", "3"],
            "GET /api/advertise/search?q=a%20%26b&limit=3",
            Value::Null,
            false,
        ),
        (
            &["advertise", "show", "agent.a.b.c"],
            "GET /api/advertise/a/b.c",
            Value::Null,
            false,
        ),
        (
            &["app", "create", "tool"],
            "POST /api/apps",
            json!({"name": "tool"}),
            true,
        ),
        (&["app", "list"], "GET /api/apps", Value::Null, true),
        (&["app", "show", "tool"], "GET /api/apps/tool", Value::Null, true),
        (
            &["app", "rotate", "tool"],
            "POST /api/apps/tool/rotate",
            json!({}),
            true,
        ),
        (&["app", "rm", "tool"], "DELETE /api/apps/tool", Value::Null, true),
        (&["key", "list"], "GET /auth/keys", Value::Null, true),
        (
            &["key", "rm", "my/key"],
            "DELETE /auth/keys/my%2Fkey",
            Value::Null,
            true,
        ),
    ];
    for (arguments, line, body, has_token) in cases {
        let server = ScriptedServer::always(200, json!({"ok": true, "key": "K"}));
        let done = user(&server).run(&[arguments, &["--json"]].concat()).json();
        assert_eq!(
            (&done["status"], &done["data"]["ok"]),
            (&json!("success"), &json!(true)),
            "{arguments:?}"
        );
        let asked = server.one();
        assert_eq!((asked.line.as_str(), &asked.body), (line, &body));
        assert_eq!(asked.token.is_some(), has_token, "{arguments:?}");
    }
}

#[test]
fn a_message_is_checked_as_the_server_would_and_printed_if_it_fits() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}});
    let answer = json!({"ok": true, "channel": "agent.a.b", "schema": schema});
    let server = ScriptedServer::always(200, answer);
    let user = User::of(&server.url);
    let text = schema.to_string();
    assert_eq!(
        user.run(&["validate", "{\"a\": 1}", "--schema", &text]).ok(),
        "{\"a\":1}\n"
    );
    std::fs::write(user.home().join("schema.json"), &text).unwrap();
    let said = user
        .feed(&["validate", "--schema", "@schema.json", "-j"], "{\"a\": \"x\"}")
        .failed(1);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(error["data"]["validation_errors"][0]["path"], "/a");
    assert!(server.asked().is_empty(), "a schema at hand needs no server");
    let said = user.run(&["validate", "{}", "--channel", "agent.a.b"]).failed(1);
    assert!(
        said.contains("does not fit") && server.one().line == "GET /api/advertise/a/b",
        "{said}"
    );
    assert_eq!(user.run(&["validate", "[1,", "2]"]).ok(), "[1,2]\n");
    assert!(user.run(&["validate", "half {"]).failed(1).contains("no JSON"));
    assert!(
        user.run(&["validate", "1", "--schema", "{\"type\": 5}"])
            .failed(2)
            .contains("schema")
    );
}

#[test]
fn lists_have_a_line_for_each_channel_and_the_servers_own_first() {
    let channels = json!([{"channel": "agent.a.b", "description": "two\nlines", "agent": "a"}]);
    let server = ScriptedServer::always(200, json!({"ok": true, "channels": channels, "count": 1}));
    let user = user(&server);
    let text = user.run(&["advertise", "list"]).ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines.first(),
        Some(&"system.timer.second\tThe server's clock, UTC: second.")
    );
    assert_eq!((lines.len(), lines.last()), (26, Some(&"agent.a.b\ttwo lines")));
    assert_eq!(user.run(&["advertise", "list", "-j"]).json()["data"]["count"], 26);
    assert!(
        user.run(&["advertise", "show", "public.a"])
            .failed(2)
            .contains("agent.NAME.TOPIC")
    );
}
