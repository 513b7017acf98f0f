//! CE-5 to CE-9, CE-14 to CE-28: claw.events' HTTP interface as its own tools use it, by clients of Python and JavaScript in turn, on two
//! nodes by way of both.

use super::driver::Driver;
use super::{Place, until};
use crate::world::unique;
use serde_json::{Value, json};

on_one_node_and_on_two!(every_route_does_what_tools_of_claw_events_expect);

/// A request, and what comes of it: a status, and the names in the body of a success or the words of a refusal.
struct Case {
    method: &'static str,
    path: String,
    /// Whose token: `a` of alice, `b` of bob, nothing of nobody.
    who: &'static str,
    body: Option<Value>,
    status: u64,
    told: &'static str,
}

fn case(method: &'static str, path: &str, who: &'static str, status: u64, told: &'static str) -> Case {
    Case {
        method,
        path: path.to_owned(),
        who,
        body: None,
        status,
        told,
    }
}

fn send(
    method: &'static str,
    path: &str,
    who: &'static str,
    body: Value,
    status: u64,
    told: &'static str,
) -> Case {
    Case {
        body: Some(body),
        ..case(method, path, who, status, told)
    }
}

/// Who asks, and by what.
struct Visit {
    place: Place,
    clients: [Driver; 2],
    count: usize,
    tokens: Vec<(&'static str, String)>,
}

impl Visit {
    /// The next client asks the next node.
    async fn ask(&mut self, case: &Case) -> (u64, Value) {
        let node = if (self.count / 2).is_multiple_of(2) {
            self.place.here
        } else {
            self.place.there
        };
        let client = &mut self.clients[self.count % 2];
        self.count += 1;
        let token = self.tokens.iter().find(|(letter, _)| *letter == case.who);
        let token = token.map(|(_, token)| token.as_str());
        let url = node.url("http", &case.path);
        client.http(case.method, &url, token, case.body.as_ref()).await
    }

    /// Asks, and gives the body when it is what is expected. What one node decided the other may know a moment later; then it is
    /// asked again.
    async fn meets(&mut self, case: Case) -> Value {
        let mut last = Value::Null;
        let is_one = self.place.is_one();
        let what = format!("{} {}", case.method, case.path);
        until(&what, async || {
            let (status, body) = self.ask(&case).await;
            last = json!([status, body]);
            let is_expected = status == case.status && is_told(&body, &case);
            assert!(is_expected || !is_one, "{what}: {last}");
            is_expected.then_some(body)
        })
        .await
    }

    async fn register(&mut self, letter: &'static str, name: &str) {
        let body = json!({"username": name});
        let told = "expires_at hint token username";
        let case = send("POST", "/auth/dev-register", "", body, 200, told);
        let welcome = self.meets(case).await;
        let token = welcome["token"].as_str().expect("a token").to_owned();
        self.tokens.push((letter, token));
    }
}

/// Whether a success has these names, or a refusal these words.
fn is_told(body: &Value, case: &Case) -> bool {
    if case.status >= 400 {
        return body["error"]
            .as_str()
            .is_some_and(|error| error.contains(case.told));
    }
    let mut names: Vec<&str> = body
        .as_object()
        .map_or_else(Vec::new, |fields| fields.keys().map(String::as_str).collect());
    names.sort_unstable();
    names.join(" ") == case.told
}

fn publishing(own: &str) -> Vec<Case> {
    let publish = |who, body, status, told| send("POST", "/api/publish", who, body, status, told);
    let large = json!({"channel": own, "payload": "x".repeat(16_384)});
    vec![
        publish("", json!({"channel": own}), 401, "token"),
        publish("a", json!({"payload": 1}), 400, "channel required"),
        publish(
            "a",
            json!({"channel": "system.x"}),
            403,
            "cannot publish to system channels",
        ),
        publish("a", large, 413, "payload exceeds 16384 bytes"),
        publish("a", json!({"channel": "agent.x"}), 400, "invalid channel format"),
        publish("b", json!({"channel": own}), 403, "somebody else"),
        publish(
            "a",
            json!({"channel": own, "payload": {"n": 1}}),
            200,
            "ok result",
        ),
        publish("a", json!({"channel": own}), 200, "ok result"),
        publish(
            "b",
            json!({"channel": "public.it", "payload": "x"}),
            200,
            "ok result",
        ),
    ]
}

fn deciding(own: &str, alice: &str, bob: &str) -> Vec<Case> {
    let on = || json!({"channel": own});
    let to = |target: &str| json!({"target": target, "channel": own});
    let post = |path, who, body, status, told| send("POST", path, who, body, status, told);
    let locks = format!("/api/locks/{alice}");
    vec![
        post("/api/lock", "", on(), 401, "token"),
        post("/api/lock", "a", json!({}), 400, "channel required"),
        post(
            "/api/lock",
            "a",
            json!({"channel": "agent.x"}),
            400,
            "invalid channel format",
        ),
        post("/api/lock", "b", on(), 403, "can only lock your own channels"),
        post("/api/request", "b", on(), 400, "channel is not locked"),
        post("/api/lock", "a", on(), 200, "channel locked ok"),
        post("/api/lock", "a", on(), 200, "channel locked ok"),
        case("GET", &locks, "", 200, "agent count lockedChannels ok"),
        post("/api/request", "b", json!({}), 400, "channel required"),
        post(
            "/api/request",
            "b",
            json!({"channel": own, "reason": "please"}),
            200,
            "message ok request",
        ),
        post("/api/grant", "b", to(bob), 403, "can only grant"),
        post("/api/grant", "a", on(), 400, "target and channel required"),
        post("/api/grant", "a", to(bob), 200, "channel granted ok target"),
        post("/api/request", "b", on(), 400, "you already have access"),
        post("/api/revoke", "b", to(bob), 403, "can only revoke"),
        post("/api/revoke", "a", to(bob), 200, "channel ok revoked target"),
        post("/api/unlock", "b", on(), 403, "can only unlock"),
        post("/api/unlock", "a", on(), 200, "channel ok unlocked"),
    ]
}

fn advertising(own: &str, alice: &str) -> Vec<Case> {
    let advertise = |who, body, status, told| send("POST", "/api/advertise", who, body, status, told);
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}});
    let whole = json!({"channel": own, "description": format!("Notes of {alice}"), "schema": schema});
    let get = |path: &str, status, told| case("GET", path, "", status, told);
    let topic = own.rsplit('.').next().expect("it has a topic");
    let publish = |payload, status, told| {
        let body = json!({"channel": own, "payload": payload});
        send("POST", "/api/publish", "a", body, status, told)
    };
    let delete = |who, status, told| {
        send(
            "DELETE",
            "/api/advertise",
            who,
            json!({"channel": own}),
            status,
            told,
        )
    };
    vec![
        advertise("", whole.clone(), 401, "token"),
        advertise("a", json!({}), 400, "channel required"),
        advertise("a", json!({"channel": own, "description": 7}), 400, "string"),
        advertise(
            "a",
            json!({"channel": own, "description": "x".repeat(5_001)}),
            413,
            "5000",
        ),
        advertise(
            "a",
            json!({"channel": own, "schema": {"title": "x".repeat(32_768)}}),
            413,
            "32768",
        ),
        advertise("b", whole.clone(), 403, "own"),
        advertise("a", whole, 200, "data ok"),
        publish(json!({"a": "no number"}), 400, "Schema validation failed"),
        publish(json!({"a": 1}), 200, "ok result"),
        get("/api/advertise/search", 400, "'q' required"),
        get(
            &format!("/api/advertise/search?q=notes%20OF%20{alice}"),
            200,
            "count ok query results total",
        ),
        get("/api/advertise/list", 200, "channels count ok"),
        get(&format!("/api/advertise/{alice}"), 200, "advertisements agent ok"),
        get(
            &format!("/api/advertise/{alice}/{topic}"),
            200,
            "channel description ok schema updatedAt",
        ),
        get(&format!("/api/advertise/{alice}/nothing"), 404, "not found"),
        get(&format!("/api/profile/{alice}"), 200, "agent channels count ok"),
        delete("b", 403, "can only delete your own advertisements"),
        delete("a", 200, "ok removed"),
        get(&format!("/api/advertise/{alice}/{topic}"), 404, "not found"),
    ]
}

fn apps(app: &str) -> Vec<Case> {
    let one = format!("/api/apps/{app}");
    let rotate = format!("{one}/rotate");
    let make =
        |who, name: &str, status, told| send("POST", "/api/apps", who, json!({"name": name}), status, told);
    vec![
        make("", app, 401, "token"),
        make("a", "no-name", 400, "an app's name is"),
        make("a", app, 200, "app hint key ok"),
        make("b", &app.to_lowercase(), 409, "somebody has this name"),
        case("GET", "/api/apps", "a", 200, "apps count ok"),
        case("GET", &one, "a", 200, "app ok"),
        case("GET", &one, "b", 403, "somebody else's app"),
        send("POST", &rotate, "b", json!({}), 403, "somebody else's app"),
        send("POST", &rotate, "a", json!({}), 200, "app hint key ok"),
        case("DELETE", &one, "b", 403, "somebody else's app"),
        case("DELETE", &one, "a", 200, "appName deleted ok"),
        case("GET", &one, "a", 404, "no such app"),
    ]
}

async fn every_route_does_what_tools_of_claw_events_expect(place: Place) {
    let mut visit = Visit {
        place,
        clients: place.sdks(),
        count: 0,
        tokens: Vec::new(),
    };
    let (alice, bob) = (format!("alice{}", unique()), format!("bob{}", unique()));
    visit.register("a", &alice).await;
    visit.register("b", &bob).await;
    let own = |topic: &str| format!("agent.{alice}.{topic}");
    let known = vec![
        case("GET", "/health", "", 200, "ok status uptime_s version"),
        case("GET", "/agents", "", 200, "agents count"),
        send("POST", "/auth/init", "", json!({}), 400, "username required"),
        send(
            "POST",
            "/auth/init",
            "",
            json!({"username": alice}),
            404,
            "public key not found",
        ),
        send(
            "POST",
            "/auth/verify",
            "",
            json!({"username": alice}),
            400,
            "nonce required",
        ),
    ];
    let gone = vec![
        case("POST", "/auth/revoke", "", 401, "token"),
        case("POST", "/auth/revoke", "a", 200, "hint ok revoked username"),
        send(
            "POST",
            "/api/publish",
            "a",
            json!({"channel": own("x")}),
            401,
            "revoked",
        ),
    ];
    // What is published, decided and described is of different channels: what a node knows of one may be a moment old.
    let parts = [
        known,
        publishing(&own("published")),
        deciding(&own("decided"), &alice, &bob),
        advertising(&own("described"), &alice),
        apps(&format!("Tool_{}", unique())),
        gone,
    ];
    for case in parts.into_iter().flatten() {
        visit.meets(case).await;
    }
    assert!(visit.count > 60, "{} requests", visit.count);
}
