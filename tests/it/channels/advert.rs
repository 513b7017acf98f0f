//! CE-20 to CE-25 and CE-35: what owners say of their channels, and payloads that must look like that.

use super::{Cast, Somebody, payload};
use crate::world::{TestWorld, unique};
use reqwest::Method;
use serde_json::{Value, json};

async fn advertise(who: &Somebody<'_>, channel: &str, description: &str, schema: Value) -> Value {
    let body = json!({"channel": channel, "description": description, "schema": schema});
    who.post("/api/advertise", body).await.ok()["data"].take()
}

#[tokio::test]
async fn an_advert_is_shown_replaced_and_taken_back() {
    let cast = Cast::of(TestWorld::shared()).await;
    for (owner, pattern) in [
        (&cast.owner, "agent.OWNER.news.daily"),
        (&cast.app, "app.APP.news.daily"),
    ] {
        let channel = cast.name(pattern);
        let one = format!("/api/advertise/{}/news.daily", owner.name);
        cast.nobody.get(&one).await.refused("not_found");
        advertise(owner, &channel, "first", Value::Null).await;
        let schema = json!({"type": "object", "properties": {"n": {"type": "number"}}});
        let said = advertise(owner, &channel, "second", schema.clone()).await;
        assert!(said["updatedAt"].is_i64());
        let expected = json!({
            "channel": channel, "description": "second", "schema": schema, "updatedAt": said["updatedAt"],
        });
        assert_eq!(said, expected);
        let mut shown = expected.clone();
        shown["ok"] = json!(true);
        assert_eq!(cast.nobody.get(&one).await.ok(), shown);
        let all = format!("/api/advertise/{}", owner.name);
        let of_owner = json!({"ok": true, "agent": owner.name, "advertisements": [expected]});
        assert_eq!(cast.nobody.get(&all).await.ok(), of_owner);
        let profile = cast
            .nobody
            .get(&format!("/api/profile/{}", owner.name))
            .await
            .ok();
        assert_eq!(
            profile,
            json!({"ok": true, "agent": owner.name, "channels": [expected], "count": 1})
        );
        let listed = cast.nobody.get("/api/advertise/list").await.ok();
        let mut with_owner = expected.clone();
        with_owner["agent"] = json!(owner.name);
        let channels = listed["channels"].as_array().expect("a list");
        assert!(channels.contains(&with_owner), "{listed}");
        assert_eq!(listed["count"], json!(channels.len()));
        for removed in [true, false] {
            let body = json!({"channel": channel});
            let answer = owner
                .call(Method::DELETE, "/api/advertise", Some(&body))
                .await
                .ok();
            assert_eq!(answer, json!({"ok": true, "removed": removed}));
        }
        cast.nobody.get(&one).await.refused("not_found");
    }
    for path in [
        "/api/advertise/nobody-here",
        "/api/profile/nobody-here",
        "/api/profile/No%20Name",
    ] {
        let none = cast.nobody.get(path).await.ok();
        let list = none
            .get("advertisements")
            .or(none.get("channels"))
            .expect("a list");
        assert_eq!(list, &json!([]), "{path}");
    }
}

#[tokio::test]
async fn an_advert_has_bounds_and_an_owner() {
    let cast = Cast::of(TestWorld::shared()).await;
    let own = cast.name("agent.OWNER.news");
    let with = |field: &str, value: Value| json!({"channel": own, field: value});
    let schema_of = |bytes: usize| {
        let empty = json!({"description": ""}).to_string().len();
        json!({"description": "x".repeat(bytes - empty)})
    };
    let cases = [
        (&cast.nobody, with("description", json!("x")), 401, None),
        (&cast.owner, json!({}), 400, Some("channel required")),
        (
            &cast.owner,
            json!({"channel": "agent.x"}),
            400,
            Some("invalid channel format"),
        ),
        (
            &cast.stranger,
            with("description", json!("x")),
            403,
            Some("can only advertise your own channels"),
        ),
        (
            &cast.owner,
            with("description", json!(5)),
            400,
            Some("description must be a string"),
        ),
        (
            &cast.owner,
            with("description", json!("ä".repeat(5_000))),
            200,
            None,
        ),
        (
            &cast.owner,
            with("description", json!("ä".repeat(5_001))),
            413,
            Some("description exceeds 5000 characters"),
        ),
        (&cast.owner, with("schema", schema_of(32_768)), 200, None),
        (
            &cast.owner,
            with("schema", schema_of(32_769)),
            413,
            Some("schema exceeds 32768 bytes"),
        ),
        (&cast.owner, with("schema", json!({"type": 7})), 400, None),
        (
            &cast.owner,
            with("schema", json!({"$ref": "http://127.0.0.1/x"})),
            400,
            None,
        ),
        (
            &cast.owner,
            with("schema", json!("https://example.org/schema")),
            200,
            None,
        ),
    ];
    for (who, body, status, error) in cases {
        let answer = who.post("/api/advertise", body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if let Some(error) = error {
            assert_eq!(answer.body["error"], error);
        }
    }
    let body = json!({"channel": own});
    let refused = cast
        .stranger
        .call(Method::DELETE, "/api/advertise", Some(&body))
        .await;
    assert_eq!(
        refused.refused("not_owner")["error"],
        "can only delete your own advertisements"
    );
    cast.nobody
        .call(Method::DELETE, "/api/advertise", Some(&body))
        .await
        .refused("unauthenticated");
}

#[tokio::test]
async fn a_search_finds_parts_in_any_case_newest_first() {
    let cast = Cast::of(TestWorld::shared()).await;
    let word = format!("Word{}x", unique());
    for n in 0..25 {
        advertise(
            &cast.owner,
            &cast.name(&format!("agent.OWNER.t{n}")),
            &format!("about {word}"),
            Value::Null,
        )
        .await;
    }
    advertise(&cast.app, &cast.name(&format!("app.APP.{word}")), "", Value::Null).await;
    let find = async |query: String| cast.nobody.get(&format!("/api/advertise/search?{query}")).await;
    // What no database takes, and what no channel is called.
    for odd in ["q=a%00b".to_owned(), format!("q={}", "x".repeat(256))] {
        find(odd).await.refused("malformed");
    }
    let found = find(format!("q={}", word.to_uppercase())).await.ok();
    let results = found["results"].as_array().expect("a list");
    assert_eq!(
        (&found["ok"], &found["query"]),
        (&json!(true), &json!(word.to_uppercase()))
    );
    assert_eq!(
        (&found["count"], &found["total"], results.len()),
        (&json!(20), &json!(26), 20)
    );
    assert_eq!(
        results[0]["channel"],
        json!(cast.name(&format!("app.APP.{word}")))
    );
    assert_eq!(results[0]["agent"], json!(cast.app.name));
    let times: Vec<i64> = results
        .iter()
        .filter_map(|one| one["updatedAt"].as_i64())
        .collect();
    assert!(
        times.len() == 20 && times.is_sorted_by(|a, b| a >= b),
        "{times:?}"
    );
    for (query, count) in [("&limit=3", 3), ("&limit=0", 1), ("&limit=1000", 26)] {
        assert_eq!(
            find(format!("q={word}{query}")).await.ok()["count"],
            json!(count),
            "{query}"
        );
    }
    assert_eq!(
        find(format!("q={}", cast.owner.name)).await.ok()["total"],
        json!(25)
    );
    assert_eq!(find(format!("q={word}%25")).await.ok()["total"], json!(0));
    for query in ["", "q=", "limit=5"] {
        let refused = find(query.to_owned()).await.refused("malformed");
        assert_eq!(refused["error"], "query parameter 'q' required");
    }
}

#[tokio::test]
async fn a_payload_must_look_like_the_schema_however_it_is_published() {
    let cast = Cast::of(TestWorld::shared()).await;
    let channel = cast.name("agent.OWNER.checked");
    let schema = json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": "number"}, "b": {"type": "array", "minItems": 1, "items": {"pattern": "^x"}}},
    });
    advertise(&cast.owner, &channel, "", schema).await;
    let mut socket = cast.owner.socket().await;
    socket.subscribe(&channel).await.expect("it is open");
    let refused = cast.owner.publish(&channel, json!({"a": "1", "b": ["y"]})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["error"], "Schema validation failed");
    let mut paths: Vec<&str> = refused.body["validation_errors"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|error| {
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        })
        .filter_map(|error| error["path"].as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/a", "/b/0"]);
    for bad in [
        json!({}),
        json!({"a": 1, "c": 2}),
        json!({"a": 1, "b": []}),
        json!(null),
        json!("x"),
    ] {
        assert_eq!(
            cast.owner.publish(&channel, bad.clone()).await.status,
            400,
            "{bad}"
        );
        let error = socket.publish(&channel, &bad).await.expect_err("it does not fit");
        assert!(error.message.contains("Schema validation failed"), "{error:?}");
        assert!(!error.temporary && error.code > 0, "{error:?}");
    }
    cast.owner.publish(&channel, json!({"a": 1})).await.ok();
    socket
        .publish(&channel, &json!({"a": 2, "b": ["x"]}))
        .await
        .expect("it fits");
    for expected in [json!({"a": 1}), json!({"a": 2, "b": ["x"]})] {
        assert_eq!(payload(&socket.publication(&channel).await), expected);
    }
    // One that says only where a schema is checks nothing, and neither does none.
    advertise(&cast.owner, &channel, "", json!("https://example.org/schema")).await;
    crate::world::until("the schema is gone", async || {
        let answer = cast.owner.publish(&channel, json!("anything")).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
