//! CE-65: a backend drives the channels with Centrifugo's server API.

use super::{Somebody, payload};
use crate::agent::Answer;
use crate::world::{Settings, TestWorld, unique};
use rookery::wire::push::Publication;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::OnceLock;

/// The key of these tests' world.
const KEY: &str = "of-the-tests-only-kX2vv9Qm4rT7bN1sLw8Z";
/// The code of a subscription that the server ends for good.
const UNSUBSCRIBED: u32 = 2000;

fn world() -> &'static TestWorld {
    static WORLD: OnceLock<TestWorld> = OnceLock::new();
    WORLD.get_or_init(|| {
        TestWorld::start(Settings {
            variables: vec![("ROOKERY_SERVER__API_KEY", KEY.to_owned())],
            ..Settings::default()
        })
    })
}

async fn post(world: &TestWorld, credential: (&str, &str), body: &str) -> Answer {
    Answer::of_backend(&world.url("http", "/api"), credential, body.to_owned()).await
}

/// What a command is answered.
async fn order(method: &str, params: Value) -> Value {
    let body = json!({"method": method, "params": params}).to_string();
    post(world(), ("X-API-Key", KEY), &body).await.ok()
}

async fn code(method: &str, params: Value) -> Value {
    let answer = order(method, params.clone()).await;
    assert!(
        answer["error"]["message"].is_string(),
        "{method} {params}: {answer}"
    );
    answer["error"]["code"].clone()
}

fn raw(publication: &Publication) -> Value {
    serde_json::from_slice(&publication.data).expect("a publication is JSON")
}

#[tokio::test]
async fn curl_publishes_as_to_a_centrifugo() {
    let mut socket = Somebody::nobody(world()).socket().await;
    socket.subscribe("public.t").await.expect("it is public");
    let output = Command::new("curl")
        .args(["-sS", "-H", &format!("Authorization: apikey {KEY}"), "-d"])
        .arg(r#"{"method":"publish","params":{"channel":"public.t","data":{}}}"#)
        .arg(world().url("http", "/api"))
        .output()
        .expect("curl runs: apt-get install curl");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer in JSON");
    let heard = socket.publication("public.t").await;
    assert_eq!(
        (raw(&heard), heard.info),
        (json!({}), None),
        "as it is, in nobody's name"
    );
    let again = socket.subscribe("public.t").await;
    assert!(again.is_err(), "it is still on it");
    let epoch = order("history", json!({"channel": "public.t"})).await["result"]["epoch"].take();
    assert_eq!(
        answer,
        json!({"result": {"offset": heard.offset, "epoch": epoch}})
    );
}

#[tokio::test]
async fn without_the_key_nothing_is_done_and_without_one_in_the_settings_there_is_no_route() {
    let body = json!({"method": "info"}).to_string();
    for credential in [
        ("X-API-Key", "another-key-of-more-than-32-characters"),
        ("Authorization", "apikey"),
        ("Authorization", &format!("Bearer {KEY}")),
        ("X-Nothing", KEY),
    ] {
        let refused = post(world(), credential, &body).await;
        assert!(!refused.headers["www-authenticate"].is_empty());
        refused.refused("unauthenticated");
    }
    for credential in [("X-API-Key", KEY), ("X-API-Key", "")] {
        post(TestWorld::shared(), credential, &body)
            .await
            .refused("not_found");
    }
    let log = world().log();
    assert!(!log.contains(KEY), "the log shows the key");
}

#[tokio::test]
async fn a_centrifugo_that_asks_about_users_shows_the_key() {
    let question = json!({"channel": "public.t", "user": "alice"}).to_string();
    for path in ["/proxy/subscribe", "/proxy/publish"] {
        let url = world().url("http", path);
        let ask = |credential| Answer::of_backend(&url, credential, question.clone());
        assert_eq!(ask(("X-API-Key", KEY)).await.ok(), json!({"result": {}}));
        ask(("X-Nothing", KEY)).await.refused("unauthenticated");
    }
}

#[tokio::test]
async fn bodies_have_their_bounds() {
    let key = ("X-API-Key", KEY);
    for (body, code) in [
        (String::new(), "malformed"),
        ("{".to_owned(), "malformed"),
        ("[".repeat(40), "malformed"),
        ("[]".to_owned(), "invalid_parameter"),
        (" ".repeat(2_200_000), "too_large"),
        (r#"{"method":"info"}"#.repeat(65), "too_large"),
    ] {
        post(world(), key, &body).await.refused(code);
    }
}

#[tokio::test]
async fn what_a_backend_publishes_goes_out_as_it_is() {
    let owner = Somebody::agent(world(), "owner").await;
    let app = owner.app().await;
    let own = format!("agent.{}.notes", owner.name);
    owner.lock(&own).await;
    let schema = json!({"channel": own, "schema": {"type": "number"}});
    owner.post("/api/advertise", schema).await.ok();
    let mut socket = owner.socket().await;
    // Also where nobody else may publish, and what fits no schema: it is the operator's word.
    for channel in [
        own,
        format!("app.{}.news", app.app_name()),
        format!("system.it-{}", unique()),
    ] {
        socket.subscribe(&channel).await.expect("it may hear it");
        for data in [
            json!(null),
            json!({"_claw": {"sender": "x"}, "payload": 1}),
            json!("ä\n"),
        ] {
            let answer = order("publish", json!({"channel": channel, "data": data})).await;
            assert_eq!(answer, json!({"result": {}}), "{channel}");
            assert_eq!(raw(&socket.publication(&channel).await), data, "{channel}");
        }
    }
    // A payload of the most that a claw.events server takes, in its wrapper.
    let channel = format!("public.it-{}", unique());
    socket.subscribe(&channel).await.expect("it is public");
    let most = json!({"_claw": {"sender": "s".repeat(64), "timestamp": 1_700_000_000_000_i64}, "payload": "x".repeat(16_382)});
    order("publish", json!({"channel": channel, "data": most})).await;
    assert_eq!(raw(&socket.publication(&channel).await), most);
    assert_eq!(
        code("publish", json!({"channel": channel, "data": "x".repeat(17_000)})).await,
        107
    );
    // What is not kept has no place in the stream.
    let skipped = json!({"channel": channel, "data": 1, "skip_history": true});
    assert_eq!(order("publish", skipped).await, json!({"result": {}}));
    assert_eq!(socket.publication(&channel).await.offset, 0);
}

#[tokio::test]
async fn what_would_break_the_world_or_makes_no_sense_is_refused() {
    let agent = Somebody::agent(world(), "inbox").await;
    let inbox = format!("#{}", agent.name);
    for (method, params, expected) in [
        ("publish", json!({"channel": inbox, "data": 1}), 103),
        ("publish", json!({"channel": "region:main", "data": 1}), 103),
        ("publish", json!({"channel": "spectator:x", "data": 1}), 103),
        ("publish", json!({"channel": "nowhere.x", "data": 1}), 102),
        ("publish", json!({"channel": "public.a b", "data": 1}), 107),
        ("publish", json!({"channel": "public.a"}), 107),
        ("publish", json!({"data": 1}), 107),
        (
            "publish",
            json!({"channel": "public.a", "data": 1, "tags": {"a": "b"}}),
            108,
        ),
        ("broadcast", json!({"channels": [], "data": 1}), 107),
        (
            "broadcast",
            json!({"channels": vec!["public.a"; 1_001], "data": 1}),
            107,
        ),
        ("unsubscribe", json!({"user": "a", "channel": "region:main"}), 103),
        ("unsubscribe", json!({"channel": "public.a"}), 107),
        ("disconnect", json!({}), 107),
        ("presence", json!({"channel": "system.timer.second"}), 108),
        ("history", json!({"channel": "region:main"}), 103),
        ("channels", json!({}), 104),
        ("subscribe", json!({"user": "a", "channel": "public.a"}), 104),
        ("", json!({}), 104),
    ] {
        assert_eq!(code(method, params.clone()).await, expected, "{method} {params}");
    }
}

#[tokio::test]
async fn a_broadcast_has_an_answer_for_each_channel_and_commands_one_for_each_line() {
    let [first, second] = [(); 2].map(|()| format!("public.it-{}", unique()));
    let mut socket = Somebody::nobody(world()).socket().await;
    for channel in [&first, &second] {
        socket.subscribe(channel).await.expect("it is public");
    }
    let params = json!({"channels": [first, "nowhere.x", second], "data": {"n": 1}});
    let answer = order("broadcast", params).await;
    let responses = answer["result"]["responses"].as_array().expect("a list");
    assert_eq!(
        (responses.len(), &responses[1]["error"]["code"]),
        (3, &json!(102))
    );
    for (channel, response) in [(&first, &responses[0]), (&second, &responses[2])] {
        assert_eq!(response["result"]["offset"], 1, "{answer}");
        assert_eq!(raw(&socket.publication(channel).await), json!({"n": 1}));
    }
    // As clients of Centrifugo 2 and 3 send several.
    let lines: Vec<String> = (0..20)
        .map(|n| {
            json!({"id": n + 1, "method": "publish", "params": {"channel": first, "data": n}}).to_string()
        })
        .collect();
    let url = world().url("http", "/api");
    let told = Answer::text_of_backend(&url, ("X-API-Key", KEY), lines.join("\n")).await;
    assert_eq!(told.lines().count(), 20);
    for (n, line) in told.lines().enumerate() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(
            (&line["id"], &line["result"]["offset"]),
            (&json!(n + 1), &json!(n + 2))
        );
        assert_eq!(raw(&socket.publication(&first).await), json!(n));
    }
}

#[tokio::test]
async fn sockets_of_a_user_are_unsubscribed_and_closed() {
    let (alice, bob) = (
        Somebody::agent(world(), "alice").await,
        Somebody::agent(world(), "bob").await,
    );
    let channel = format!("public.it-{}", unique());
    let (mut first, mut second, mut other) = (alice.socket().await, alice.socket().await, bob.socket().await);
    for socket in [&mut first, &mut second, &mut other] {
        socket.subscribe(&channel).await.expect("it is public");
    }
    let stats = order("presence_stats", json!({"channel": channel})).await;
    assert_eq!(stats, json!({"result": {"num_clients": 3, "num_users": 2}}));
    let client = first.hello.client.clone();
    let one = json!({"user": alice.name, "channel": channel, "client": client});
    assert_eq!(order("unsubscribe", one).await, json!({"result": {}}));
    assert_eq!(super::put_off(&mut first, &channel).await, UNSUBSCRIBED);
    let presence = order("presence", json!({"channel": channel})).await["result"]["presence"].take();
    let presence = presence.as_object().expect("by client");
    assert_eq!(presence.len(), 2);
    assert_eq!(presence[&second.hello.client]["user"], json!(alice.name));
    let spared = json!({"user": alice.name, "whitelist": [first.hello.client], "disconnect": {"code": 4001}});
    assert_eq!(order("disconnect", spared).await, json!({"result": {}}));
    assert_eq!(second.closed().await, 4001);
    order("disconnect", json!({"user": alice.name})).await;
    assert_eq!(first.closed().await, 3503);
    order(
        "publish",
        json!({"channel": channel, "data": {"payload": "still here"}}),
    )
    .await;
    assert_eq!(payload(&other.publication(&channel).await), json!("still here"));
}

#[tokio::test]
async fn a_history_is_paged_from_a_position() {
    let channel = format!("public.it-{}", unique());
    let empty = order("history", json!({"channel": channel, "limit": 10})).await;
    assert_eq!(empty["result"]["publications"], json!([]));
    for n in 0..5 {
        order("publish", json!({"channel": channel, "data": n})).await;
    }
    let ask = async |params: Value| {
        let mut all = json!({"channel": channel});
        all.as_object_mut()
            .expect("fields")
            .extend(params.as_object().expect("fields").clone());
        order("history", all).await
    };
    let numbers = |answer: &Value| -> Vec<Value> {
        let publications = answer["result"]["publications"].as_array().expect("a list");
        publications.iter().map(|one| one["data"].clone()).collect()
    };
    let place = ask(json!({})).await;
    assert_eq!((numbers(&place), &place["result"]["offset"]), (vec![], &json!(5)));
    let epoch = &place["result"]["epoch"];
    let page = ask(json!({"limit": 2, "since": {"offset": 1, "epoch": epoch}})).await;
    assert_eq!(numbers(&page), [json!(1), json!(2)]);
    let last = ask(json!({"limit": 1, "reverse": true})).await;
    assert_eq!(numbers(&last), [json!(4)]);
    let other = ask(json!({"limit": 2, "since": {"offset": 1, "epoch": "another"}})).await;
    assert_eq!(other["error"]["code"], 112);
    let empty = order("presence", json!({"channel": channel})).await;
    assert_eq!(empty, json!({"result": {"presence": {}}}));
}

#[tokio::test]
async fn info_tells_of_the_node() {
    let _socket = Somebody::agent(world(), "counted").await.socket().await;
    let answer = order("info", json!({})).await;
    let nodes = answer["result"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0]["name"], "node-a");
    assert_eq!(nodes[0]["version"], env!("CARGO_PKG_VERSION"));
    for count in ["num_clients", "num_users"] {
        assert!(nodes[0][count].as_u64() > Some(0), "{answer}");
    }
}

#[tokio::test]
async fn commands_of_a_node_have_a_rate() {
    let world = TestWorld::start(Settings {
        is_limited: true,
        variables: vec![
            ("ROOKERY_SERVER__API_KEY", KEY.to_owned()),
            ("ROOKERY_LIMITS__SERVER_CALLS_PER_S", "1".to_owned()),
            ("ROOKERY_LIMITS__SERVER_CALLS_BURST", "3".to_owned()),
        ],
        ..Settings::default()
    });
    let body = json!({"method": "publish", "params": {"channel": "system.it", "data": 1}}).to_string();
    let url = world.url("http", "/api");
    let told = Answer::text_of_backend(&url, ("X-API-Key", KEY), body.repeat(20)).await;
    let code = |line: &str| {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        answer["error"]["code"].as_u64().unwrap_or_default()
    };
    let codes: Vec<u64> = told.lines().map(code).collect();
    assert_eq!(codes[..3], [0; 3]);
    assert!(codes[3..].contains(&111), "{codes:?}");
    let params = json!({"channels": vec!["system.it"; 10], "data": 1});
    let body = json!({"method": "broadcast", "params": params}).to_string();
    let answer = post(&world, ("X-API-Key", KEY), &body).await.ok();
    let responses = answer["result"]["responses"].as_array().expect("a list");
    let refused = responses.iter().filter(|one| one["error"]["code"] == 111).count();
    assert!(refused > 5, "each channel counts: {answer}");
}
