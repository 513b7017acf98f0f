//! One golden file for each route: what is asked and what is answered, refusals included.

use super::Somebody;
use crate::agent::Answer;
use crate::world::{Settings, TestWorld};
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Fields that are different in each run.
const OWN: [&str; 11] = [
    "createdAt",
    "updatedAt",
    "timestamp",
    "issuedAt",
    "expires_at",
    "key",
    "token",
    "nonce",
    "request_id",
    "retry_timestamp",
    "fingerprint",
];
/// Fields of a refusal that say the same as its status and its `error`.
const REPEATED: [&str; 5] = ["type", "title", "status", "detail", "request_id"];

fn redact(value: Value, is_refusal: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(name, _)| !is_refusal || !REPEATED.contains(&name.as_str()));
            let redacted = kept.map(|(name, value)| {
                let is_own = OWN.contains(&name.as_str()) && !value.is_null();
                let is_message =
                    name == "message" && value.as_str().is_some_and(|text| text.contains("nonce:"));
                let value = match value {
                    _ if is_own || is_message => json!(format!("[{name}]")),
                    value => redact(value, false),
                };
                (name, value)
            });
            Value::Object(redacted.collect::<Map<_, _>>())
        }
        Value::Array(values) => values.into_iter().map(|value| redact(value, false)).collect(),
        value => value,
    }
}

/// What each of these gets from a route.
struct Route<'a> {
    name: &'static str,
    method: Method,
    path: &'static str,
    cases: Vec<(&'static str, &'a Somebody<'a>, Value)>,
}

impl Route<'_> {
    async fn compare(self) {
        let mut seen = Vec::new();
        for (who, somebody, body) in self.cases {
            let sent = (!body.is_null()).then_some(&body);
            let Answer {
                status, body: said, ..
            } = somebody.call(self.method.clone(), self.path, sent).await;
            let asked = if sent.is_some_and(|body| body.to_string().len() > 500) {
                json!("[long]")
            } else {
                body
            };
            seen.push(
                json!({"by": who, "asked": asked, "status": status, "answer": redact(said, status >= 400)}),
            );
        }
        let shown = json!({"route": format!("{} {}", self.method, self.path), "answers": seen});
        assert_json_snapshot!(self.name, shown);
    }
}

#[tokio::test]
async fn every_route_answers_as_its_golden_file_says() {
    let world = &TestWorld::start(Settings {
        variables: vec![("ROOKERY_SERVER__DEV", "true".to_owned())],
        ..Settings::default()
    });
    let log_in = async |name: &str| {
        let welcome = world
            .post("/auth/dev-register", json!({"username": name}))
            .await
            .ok();
        Somebody::with(world, name, welcome["token"].as_str().expect("a token"))
    };
    let (alice, bob) = (&log_in("alice").await, &log_in("bob").await);
    let nobody = &Somebody::nobody(world);
    for route in rules(alice, bob, nobody) {
        route.compare().await;
    }
    for route in adverts(alice, bob, nobody) {
        route.compare().await;
    }
    for route in apps(alice, bob, nobody) {
        route.compare().await;
    }
    for route in log_ins(alice, nobody) {
        route.compare().await;
    }
}

fn rules<'a>(alice: &'a Somebody<'a>, bob: &'a Somebody<'a>, nobody: &'a Somebody<'a>) -> Vec<Route<'a>> {
    let own = "agent.alice.notes";
    let on = |channel: &str| json!({"channel": channel});
    let to = |target: &str, channel: &str| json!({"target": target, "channel": channel});
    let large = json!({"channel": "public.it", "payload": "x".repeat(16_383)});
    let decide = |name, path| Route {
        name,
        method: Method::POST,
        path,
        cases: vec![
            ("nobody", nobody, on(own)),
            ("alice", alice, json!({})),
            ("alice", alice, on("agent.alice")),
            ("bob", bob, on(own)),
            ("alice", alice, on(own)),
        ],
    };
    let give = |name, path| Route {
        name,
        method: Method::POST,
        path,
        cases: vec![
            ("nobody", nobody, to("bob", own)),
            ("alice", alice, on(own)),
            ("alice", alice, to("bob", "agent.alice")),
            ("bob", bob, to("bob", own)),
            ("alice", alice, to("bob", own)),
        ],
    };
    vec![
        Route {
            name: "publish",
            method: Method::POST,
            path: "/api/publish",
            cases: vec![
                ("nobody", nobody, on("public.it")),
                ("alice", alice, json!({"payload": 1})),
                ("alice", alice, on("system.it")),
                ("alice", alice, large),
                ("alice", alice, on("agent.alice")),
                ("bob", bob, on(own)),
                ("alice", alice, json!({"channel": own, "payload": {"n": 1}})),
            ],
        },
        decide("lock", "/api/lock"),
        Route {
            name: "request",
            method: Method::POST,
            path: "/api/request",
            cases: vec![
                ("nobody", nobody, on(own)),
                ("bob", bob, json!({})),
                ("bob", bob, on("public.it")),
                ("bob", bob, on("agent.alice.open")),
                ("bob", bob, on("app.Somebody.agent")),
                ("alice", alice, on(own)),
                ("bob", bob, json!({"channel": own, "reason": "please"})),
            ],
        },
        give("grant", "/api/grant"),
        Route {
            name: "locks",
            method: Method::GET,
            path: "/api/locks/alice",
            cases: vec![("nobody", nobody, Value::Null)],
        },
        Route {
            name: "proxy_subscribe",
            method: Method::POST,
            path: "/proxy/subscribe",
            cases: vec![
                ("nobody", nobody, json!({})),
                ("nobody", nobody, on(own)),
                ("nobody", nobody, json!({"channel": own, "user": "alice"})),
            ],
        },
        Route {
            name: "proxy_publish",
            method: Method::POST,
            path: "/proxy/publish",
            cases: vec![
                ("nobody", nobody, json!({"channel": own, "user": "bob"})),
                ("nobody", nobody, json!({"channel": own, "user": "alice"})),
            ],
        },
        give("revoke", "/api/revoke"),
        decide("unlock", "/api/unlock"),
    ]
}

fn adverts<'a>(alice: &'a Somebody<'a>, bob: &'a Somebody<'a>, nobody: &'a Somebody<'a>) -> Vec<Route<'a>> {
    let own = "agent.alice.notes";
    let body =
        json!({"channel": own, "description": "notes", "schema": {"type": "object", "required": ["a"]}});
    let read = |name, path| Route {
        name,
        method: Method::GET,
        path,
        cases: vec![("nobody", nobody, Value::Null)],
    };
    vec![
        Route {
            name: "advertise",
            method: Method::POST,
            path: "/api/advertise",
            cases: vec![
                ("nobody", nobody, body.clone()),
                ("alice", alice, json!({})),
                ("alice", alice, json!({"channel": own, "description": 1})),
                ("alice", alice, json!({"channel": own, "schema": {"type": 1}})),
                ("bob", bob, body.clone()),
                ("alice", alice, body.clone()),
            ],
        },
        Route {
            name: "publish_by_schema",
            method: Method::POST,
            path: "/api/publish",
            cases: vec![
                ("alice", alice, json!({"channel": own, "payload": {}})),
                ("alice", alice, json!({"channel": own, "payload": {"a": 1}})),
            ],
        },
        read("advertise_search", "/api/advertise/search?q=NOTES&limit=5"),
        read("advertise_search_for_nothing", "/api/advertise/search"),
        read("advertise_list", "/api/advertise/list"),
        read("advertise_of_owner", "/api/advertise/alice"),
        read("advertise_of_channel", "/api/advertise/alice/notes"),
        read("advertise_of_no_channel", "/api/advertise/alice/nothing"),
        read("profile", "/api/profile/alice"),
        Route {
            name: "advertise_delete",
            method: Method::DELETE,
            path: "/api/advertise",
            cases: vec![
                ("nobody", nobody, body.clone()),
                ("bob", bob, json!({"channel": own})),
                ("alice", alice, json!({"channel": own})),
                ("alice", alice, json!({"channel": own})),
            ],
        },
    ]
}

fn apps<'a>(alice: &'a Somebody<'a>, bob: &'a Somebody<'a>, nobody: &'a Somebody<'a>) -> Vec<Route<'a>> {
    let named = |name: &str| json!({"name": name});
    let own = |name, method: Method, path| Route {
        name,
        method,
        path,
        cases: vec![
            ("nobody", nobody, Value::Null),
            ("bob", bob, Value::Null),
            ("alice", alice, Value::Null),
        ],
    };
    vec![
        Route {
            name: "app_create",
            method: Method::POST,
            path: "/api/apps",
            cases: vec![
                ("nobody", nobody, named("Weather")),
                ("alice", alice, json!({})),
                ("alice", alice, named("no-name")),
                ("alice", alice, named("Weather")),
                ("bob", bob, named("weather")),
                ("bob", bob, named("alice")),
            ],
        },
        own("app_list", Method::GET, "/api/apps"),
        own("app_show", Method::GET, "/api/apps/Weather"),
        own("app_rotate", Method::POST, "/api/apps/Weather/rotate"),
        own("app_delete", Method::DELETE, "/api/apps/Weather"),
        own("app_show_none", Method::GET, "/api/apps/Weather"),
    ]
}

fn log_ins<'a>(alice: &'a Somebody<'a>, nobody: &'a Somebody<'a>) -> Vec<Route<'a>> {
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIESAlikw4jSSRmm5IeVZoofs6R9o3qrrT21n0AlCh1TZ";
    let who = |name: &str| json!({"username": name});
    let post = |name, path, cases| Route {
        name,
        method: Method::POST,
        path,
        cases,
    };
    vec![
        post(
            "keys_add",
            "/auth/keys",
            vec![
                ("nobody", nobody, json!({"public_key": KEY})),
                ("alice", alice, json!({})),
                ("alice", alice, json!({"public_key": "no key"})),
                ("alice", alice, json!({"public_key": KEY})),
            ],
        ),
        Route {
            name: "keys_list",
            method: Method::GET,
            path: "/auth/keys",
            cases: vec![("nobody", nobody, Value::Null), ("alice", alice, Value::Null)],
        },
        post(
            "init",
            "/auth/init",
            vec![
                ("nobody", nobody, json!({})),
                ("nobody", nobody, who("Not A Name")),
                ("nobody", nobody, who("carol")),
                ("nobody", nobody, who("alice")),
            ],
        ),
        post(
            "verify",
            "/auth/verify",
            vec![
                ("nobody", nobody, json!({})),
                ("nobody", nobody, who("alice")),
                ("nobody", nobody, json!({"username": "alice", "nonce": "x"})),
                (
                    "nobody",
                    nobody,
                    json!({"username": "alice", "nonce": "x", "signature": "x"}),
                ),
            ],
        ),
        Route {
            name: "keys_remove",
            method: Method::DELETE,
            path: "/auth/keys/main",
            cases: vec![("alice", alice, Value::Null), ("alice", alice, Value::Null)],
        },
        post(
            "dev_register",
            "/auth/dev-register",
            vec![("nobody", nobody, json!({})), ("nobody", nobody, who("dave"))],
        ),
        Route {
            name: "agents",
            method: Method::GET,
            path: "/agents",
            cases: vec![("nobody", nobody, Value::Null)],
        },
        post(
            "token_revoke",
            "/auth/revoke",
            vec![
                ("nobody", nobody, Value::Null),
                ("alice", alice, Value::Null),
                ("alice", alice, Value::Null),
            ],
        ),
    ]
}
