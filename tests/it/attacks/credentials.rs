//! B1-B3, B8-B10 and A19: keys, logins and names.

use super::raw::{self, post};
use super::{Attack, Row, Stage, row};
use futures_util::future::join_all;
use rookery::host::clock::Clock;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// What a new agent adds.
const NEW_AGENT: &[(&str, i64)] = &[
    ("agents", 1),
    ("handle", 1),
    ("account", 1),
    ("transfer", 1),
    ("inbox_head", 1),
    ("refresh_token", 1),
];
/// Logins at once. Source: security.md B2.
const LOGINS: usize = 1_000;
/// Memory that they may cost together. Units: KiB.
const LOGINS_RSS_MAX_KIB: u64 = 192 * 1_024;

/// The rows.
pub fn rows(stage: &Rc<Stage>) -> Vec<Row> {
    let register = |body: serde_json::Value| Attack::Http(post("/api/v1/register", None, body.to_string()));
    let mut rows = vec![
        row(
            "B1 unknown and wrong key are one thing",
            script(stage, one_answer_for_all_wrong_keys),
            &["same"],
        ),
        row(
            "B2 1,000 logins at once",
            script(stage, logins_at_once),
            &["bounded"],
        ),
        row(
            "B3 key of 1 MB",
            login(stage, "k".repeat(1_000_000)),
            &["413 too_large"],
        ),
        row(
            "B3 key of 50 KB",
            login(stage, "k".repeat(50_000)),
            &["401 unauthenticated"],
        ),
        row(
            "B8 name with NUL",
            register(json!({"name": "al\0ice"})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 name with RTL",
            register(json!({"name": "a\u{202e}lice"})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 homoglyph",
            register(json!({"name": "\u{430}lice"})),
            &["409 name_taken"],
        ),
        row(
            "B8 homoglyph in capitals",
            register(json!({"name": "AL\u{406}CE"})),
            &["409 name_taken"],
        ),
        row(
            "B8 name of 129 characters",
            register(json!({"name": "x".repeat(129)})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 name of spaces",
            register(json!({"name": "   "})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 empty name",
            register(json!({"name": ""})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 reserved handle",
            register(json!({"name": "Root", "agent_id": "system"})),
            &["422 invalid_parameter"],
        ),
        row(
            "B8 handle of somebody",
            register(json!({"name": "Other", "agent_id": "alice"})),
            &["409 already_exists"],
        ),
        row(
            "B10 one name twice at once",
            script(stage, one_name_twice),
            &["201, 409 name_taken"],
        )
        .grows(NEW_AGENT),
        row(
            "A19 20 refreshes at once",
            script(stage, refreshes_at_once),
            &["1 pair"],
        )
        .grows(&[("refresh_token", 1)]),
        row(
            "A19 replay by somebody else",
            script(stage, replay),
            &["401 token_revoked"],
        )
        .grows(&[("revocation", 1)]),
    ];
    for sql in [
        "'; DROP TABLE agents; --",
        "\" OR \"\"=\"",
        "Robert'); DELETE FROM account; --",
        "$1 %s {} \\",
    ] {
        let attack = Attack::Script(Box::pin(sql_in_every_field(Rc::clone(stage), sql)));
        rows.push(row(format!("B9 {sql}"), attack, &["stored as text"]).grows(NEW_AGENT));
    }
    rows
}

fn script<F: Future<Output = String> + 'static>(stage: &Rc<Stage>, play: impl Fn(Rc<Stage>) -> F) -> Attack {
    Attack::Script(Box::pin(play(Rc::clone(stage))))
}

fn exchange_of(handle: &str, key: &str) -> Vec<u8> {
    post(
        "/api/v1/token",
        None,
        json!({"agent_id": handle, "api_key": key}).to_string(),
    )
}

fn login(stage: &Stage, key: String) -> Attack {
    Attack::Http(exchange_of(&stage.alice.handle, &key))
}

/// A key of the right form whose last letters are others.
fn wrong(key: &str) -> String {
    let kept: String = key.chars().take(key.chars().count() - 8).collect();
    format!("{kept}AAAAAAAA")
}

async fn one_answer_for_all_wrong_keys(stage: Rc<Stage>) -> String {
    let clock = Clock::system();
    let nobody = format!(
        "rk_live_ZZZZZZZZ{}",
        stage.alice.key.chars().skip(16).collect::<String>()
    );
    let kinds = [
        exchange_of("alice", &wrong(&stage.alice.key)),
        exchange_of("alice", &nobody),
        exchange_of("alice", &stage.bob.key),
        exchange_of("nobody", &stage.alice.key),
    ];
    let mut times = vec![Vec::new(); kinds.len()];
    let mut bodies = BTreeSet::new();
    for _ in 0..20 {
        for (request, times) in kinds.iter().zip(&mut times) {
            let began = clock.monotonic();
            let answer = raw::exchange(stage.server.port(), request.clone())
                .await
                .expect("an answer");
            times.push(clock.monotonic() - began);
            let mut body = answer.body.clone();
            body["request_id"] = json!(null);
            bodies.insert(format!("{} {body}", answer.status));
        }
    }
    // The quickest answer of each kind: the others waited for whatever else this machine does. A hash is most of the
    // time of a login; without it the answer would come many times faster.
    let quickest: Vec<Duration> = times
        .iter()
        .map(|times| *times.iter().min().expect("some"))
        .collect();
    let (least, most) = (
        quickest.iter().min().expect("four"),
        quickest.iter().max().expect("four"),
    );
    if bodies.len() == 1 && *most < *least * 3 {
        "same".to_owned()
    } else {
        format!("{bodies:?} in {quickest:?}")
    }
}

async fn logins_at_once(stage: Rc<Stage>) -> String {
    let port = stage.server.port();
    let before_kib = stage.server.rss_kib();
    let request = exchange_of("alice", &wrong(&stage.alice.key));
    let logins = join_all((0..LOGINS).map(|_| raw::tell(port, request.clone())));
    let mut rss_kib = before_kib;
    let looks = async {
        let mut probes = Vec::new();
        for _ in 0..10 {
            probes.push(raw::tell(port, raw::get("/health/live", None)).await);
            rss_kib = rss_kib.max(stage.server.rss_kib());
        }
        probes
    };
    let (answers, probes) = tokio::join!(logins, looks);
    let mut counts = BTreeMap::new();
    for answer in &answers {
        *counts.entry(answer.as_str()).or_insert(0) += 1;
    }
    let is_shed = counts.get("503 busy").is_some_and(|count| *count > 0);
    let is_known = counts
        .keys()
        .all(|answer| ["503 busy", "401 unauthenticated"].contains(answer));
    let grown_kib = rss_kib.saturating_sub(before_kib);
    let is_alive = probes.iter().all(|probe| probe == "200");
    if is_shed && is_known && is_alive && grown_kib < LOGINS_RSS_MAX_KIB {
        "bounded".to_owned()
    } else {
        format!("{counts:?}, probes {probes:?}, {grown_kib} KiB more")
    }
}

async fn sql_in_every_field(stage: Rc<Stage>, sql: &'static str) -> String {
    let body =
        json!({"name": sql, "owner_id": sql, "description": sql, "avatar": sql, "skills_map": {sql: sql}});
    let answer = stage
        .server
        .ok(post("/api/v1/register", None, body.to_string()))
        .await;
    let config = &answer.body["config"];
    let fields = ["name", "owner_id", "description", "avatar"]
        .iter()
        .all(|field| config[field] == sql);
    let is_text = fields && config["skills_map"][sql] == sql;
    // In places that name something else, it names nothing.
    let agent = answer.body["agent_id"].as_str().expect("a handle").to_owned();
    let token = answer.body["token"].as_str().expect("a token").to_owned();
    let act = |action: &str, params: serde_json::Value| {
        let body = json!({"action": action, "params": params}).to_string();
        raw::tell(
            stage.server.port(),
            post(&format!("/api/v1/agents/{agent}/action"), Some(&token), body),
        )
    };
    let others = [
        (
            act("teleport", json!({"region": sql})).await,
            vec!["404 region_not_found", "409 not_in_world"],
        ),
        (
            act("use_object", json!({"object_id": sql, "action": sql})).await,
            vec![
                "404 object_not_found",
                "409 not_in_world",
                "422 invalid_parameter",
            ],
        ),
        (
            act("whisper", json!({"target_id": sql, "message": sql})).await,
            vec!["422 invalid_parameter"],
        ),
        (
            act("pay", json!({"to": sql, "amount": 1, "note": sql})).await,
            vec!["422 invalid_parameter"],
        ),
        (act(sql, json!({})).await, vec!["404 unknown_action"]),
        (
            raw::tell(stage.server.port(), exchange_of(sql, sql)).await,
            vec!["401 unauthenticated"],
        ),
    ];
    let odd: Vec<_> = others
        .iter()
        .filter(|(answer, allowed)| !allowed.contains(&answer.as_str()))
        .collect();
    if is_text && odd.is_empty() {
        "stored as text".to_owned()
    } else {
        format!("{odd:?}, {config}")
    }
}

async fn one_name_twice(stage: Rc<Stage>) -> String {
    let request = post("/api/v1/register", None, json!({"name": "Twice"}).to_string());
    let port = stage.server.port();
    let (one, other) = tokio::join!(raw::tell(port, request.clone()), raw::tell(port, request));
    let mut both = [one, other];
    both.sort();
    both.join(", ")
}

fn refresh_of(token: &str, user_agent: &str) -> Vec<u8> {
    let body = json!({"refresh_token": token}).to_string();
    let headers = [("Content-Type", "application/json"), ("User-Agent", user_agent)];
    raw::request("POST", "/api/v1/token/refresh", &headers, body.as_bytes())
}

async fn refreshes_at_once(stage: Rc<Stage>) -> String {
    let port = stage.server.port();
    // Registered without a user agent, like all raw requests here.
    let request = post(
        "/api/v1/token/refresh",
        None,
        json!({"refresh_token": stage.carol.refresh}).to_string(),
    );
    let answers = join_all((0..20).map(|_| raw::exchange(port, request.clone()))).await;
    let text = |answer: &Option<raw::Answer>| {
        let answer = answer.as_ref().expect("an answer");
        format!("{} {}", answer.status, answer.body["refresh_token"])
    };
    let pairs: BTreeSet<String> = answers.iter().map(text).collect();
    let is_good = pairs.iter().all(|pair| pair.starts_with("200 \"rt_"));
    if is_good {
        format!("{} pair", pairs.len())
    } else {
        format!("{pairs:?}")
    }
}

async fn replay(stage: Rc<Stage>) -> String {
    let port = stage.server.port();
    let successor = raw::exchange(port, refresh_of(&stage.carol.refresh, "")).await;
    drop(successor);
    let replayed = raw::tell(port, refresh_of(&stage.carol.refresh, "somebody else")).await;
    // The family is gone with it: the access token of the same login, too.
    let own = format!("/api/v1/agents/{}/inventory", stage.carol.handle);
    let access = raw::tell(port, raw::get(&own, Some(&stage.carol.token))).await;
    if access == replayed {
        replayed
    } else {
        format!("{replayed}, the access token {access}")
    }
}
