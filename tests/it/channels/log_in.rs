//! CE-11, CE-12, CE-14, CE-15 and CE-38: log-ins by the real `ssh-keygen`, and what their tokens are good for.

use super::key::{KeyPair, place};
use super::{Somebody, payload};
use crate::agent::Answer;
use crate::world::{Settings, TestWorld, unique};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The namespace of signatures.
const NAMESPACE: &str = "claw.events";

/// A world with an operator's folder of keys.
struct Stage {
    world: TestWorld,
    folder: TempDir,
}

impl Stage {
    fn start(is_dev: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut variables = vec![(
            "ROOKERY_AUTH__SSH_KEYS_FOLDER",
            folder.path().display().to_string(),
        )];
        if is_dev {
            variables.push(("ROOKERY_SERVER__DEV", "true".to_owned()));
        }
        let world = TestWorld::start(Settings {
            variables,
            ..Settings::default()
        });
        Self { world, folder }
    }

    async fn begin(&self, username: &str, key_name: Option<&str>) -> Answer {
        let body = match key_name {
            Some(name) => json!({"username": username, "key_name": name}),
            None => json!({"username": username}),
        };
        self.world.post("/auth/agent/init", body).await
    }

    /// What proves a log-in that began.
    fn proof(begun: &Value, pair: &KeyPair) -> Value {
        let message = begun["message"].as_str().expect("a message");
        json!({
            "username": begun["username"], "key_name": begun["key_name"], "nonce": begun["nonce"],
            "signature": pair.sign(NAMESPACE, message),
        })
    }

    async fn log_in(&self, username: &str, key_name: Option<&str>, pair: &KeyPair) -> Answer {
        let begun = self.begin(username, key_name).await.ok();
        self.world
            .post("/auth/agent/verify", Self::proof(&begun, pair))
            .await
    }
}

fn token_of(answer: Answer) -> String {
    answer.ok()["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_key_of_the_folder_logs_its_user_in_once_a_challenge() {
    let stage = Stage::start(false);
    let (pair, other) = (KeyPair::new(), KeyPair::new());
    place(stage.folder.path(), "carol", None, &pair);
    place(stage.folder.path(), "carol", Some("laptop"), &other);
    let begun = stage.begin("carol", None).await.ok();
    let message = begun["message"].as_str().expect("a message");
    let lines: Vec<&str> = message.split('\n').collect();
    let nonce = begun["nonce"].as_str().expect("a nonce");
    let issued_at = begun["issuedAt"].as_i64().expect("seconds");
    assert_eq!(lines.len(), 5, "{message:?}");
    assert_eq!(lines[0], "claw.events login");
    let fields = [("username", "carol"), ("key", "main"), ("nonce", nonce)];
    for (line, (name, value)) in lines[1..4].iter().zip(fields) {
        assert_eq!(
            line.split_once(':').map(|(name, value)| (name, value.trim())),
            Some((name, value))
        );
    }
    assert_eq!(
        lines[4].split_once(':').expect("a line").1.trim(),
        issued_at.to_string()
    );
    assert_eq!(
        (&begun["username"], &begun["key_name"]),
        (&json!("carol"), &json!("main"))
    );
    assert_eq!(begun["namespace"], NAMESPACE);
    let expires_at = begun["expires_at"].as_i64().expect("milliseconds");
    assert_eq!((expires_at - 120_000).div_euclid(1_000), issued_at);
    let verify = async |body: Value| stage.world.post("/auth/verify", body).await;
    let proof = Stage::proof(&begun, &pair);
    let welcome = verify(proof.clone()).await.ok();
    assert_eq!(welcome["username"], "carol");
    assert!(welcome["hint"].is_string() && welcome["token"].is_string());
    // A challenge is for one proof, a good one or a bad one.
    let used = verify(proof).await.refused("malformed");
    assert_eq!(used["error"], "invalid or expired challenge");
    let begun = stage.begin("carol", None).await.ok();
    let refused = verify(Stage::proof(&begun, &other))
        .await
        .refused("unauthenticated");
    assert_eq!(refused["error"], "signature verification failed");
    verify(Stage::proof(&begun, &pair)).await.refused("malformed");
    token_of(stage.log_in("carol", Some("laptop"), &other).await);
    // Signed for something else, changed afterwards, or somebody else's.
    let begun = stage.begin("carol", None).await.ok();
    let mut proof = Stage::proof(&begun, &pair);
    proof["signature"] = json!(pair.sign("git", begun["message"].as_str().expect("a message")));
    verify(proof).await.refused("unauthenticated");
    let begun = stage.begin("carol", Some("laptop")).await.ok();
    let mut proof = Stage::proof(&begun, &other);
    proof["key_name"] = json!("main");
    verify(proof).await.refused("malformed");
}

#[tokio::test]
async fn what_is_missing_of_a_log_in_is_told() {
    let stage = Stage::start(false);
    let long = "x".repeat(65);
    for missing in [json!({}), json!({"username": ""}), json!({"username": 7})] {
        for path in [
            "/auth/init",
            "/auth/verify",
            "/auth/agent/init",
            "/auth/agent/verify",
        ] {
            let refused = stage.world.post(path, missing.clone()).await.refused("malformed");
            assert_eq!(refused["error"], "username required", "{path}");
        }
    }
    for odd in ["Carol", "a/b", "..", &long] {
        stage.begin(odd, None).await.refused("malformed");
    }
    for odd in ["", "../x", "a/b", ".hidden"] {
        stage.begin("carol", Some(odd)).await.refused("malformed");
    }
    let none = stage.begin("nobody-here", None).await.refused("not_found");
    assert_eq!(none["error"], "public key not found");
    let cases = [
        (json!({"username": "carol"}), "nonce required"),
        (json!({"username": "carol", "signature": "x"}), "nonce required"),
        (json!({"username": "carol", "nonce": "x"}), "signature required"),
        (
            json!({"username": "carol", "nonce": "x", "signature": "x"}),
            "invalid or expired challenge",
        ),
    ];
    for (body, error) in cases {
        let refused = stage.world.post("/auth/verify", body).await.refused("malformed");
        assert_eq!(refused["error"], error);
    }
    // Only a server for development believes names.
    let answer = stage
        .world
        .post("/auth/dev-register", json!({"username": "carol"}))
        .await;
    assert_eq!(answer.refused("not_found")["error"], "not available");
}

#[tokio::test]
async fn an_agents_name_is_for_who_has_a_key_that_the_agent_bound() {
    let stage = Stage::start(true);
    let (of_folder, of_agent) = (KeyPair::new(), KeyPair::new());
    let agent = stage.world.agent("alice").await;
    // The operator's folder is not the agent's word.
    place(stage.folder.path(), &agent.handle, None, &of_folder);
    let refused = stage.log_in(&agent.handle, None, &of_folder).await;
    refused.refused("already_exists");
    let by_dev = stage
        .world
        .post("/auth/dev-register", json!({"username": agent.handle}))
        .await;
    by_dev.refused("already_exists");
    let body = json!({"key_name": "desk", "public_key": of_agent.public()});
    let added = agent.post("/auth/keys", body).await.ok();
    assert!(
        added["fingerprint"]
            .as_str()
            .is_some_and(|text| text.starts_with("SHA256:")),
        "{added}"
    );
    let token = token_of(stage.log_in(&agent.handle, Some("desk"), &of_agent).await);
    let user = Somebody::with(&stage.world, &agent.handle, &token);
    // Its channels are the agent's, yet it never acts.
    let channel = format!("agent.{}.notes", agent.handle);
    let mut socket = user.socket().await;
    user.lock(&channel).await;
    crate::world::until("it hears its own", async || socket.subscribe(&channel).await.ok()).await;
    user.publish(&channel, json!("mine")).await.ok();
    assert_eq!(payload(&socket.publication(&channel).await), json!("mine"));
    let action = format!("/api/v1/agents/{}/action", agent.handle);
    let refused = user.post(&action, json!({"action": "ping", "params": {}})).await;
    refused.refused("permission_missing");
    assert!(socket.rpc("ping", json!({})).await.is_err());
    let mut acting = agent.connect().await;
    let refresh = rookery::wire::request::RefreshRequest { token: token.clone() };
    let refreshed = acting
        .start(rookery::wire::request::Request::Refresh(refresh))
        .await;
    assert!(refreshed > 0);
    assert_eq!(acting.closed().await, 3500, "it keeps no agent's socket open");
    // The key counts as long as the agent leaves it there.
    let listed = agent.get("/auth/keys").await.ok();
    assert_eq!(
        (&listed["count"], &listed["keys"][0]["key_name"]),
        (&json!(1), &json!("desk"))
    );
    let begun = stage.begin(&agent.handle, Some("desk")).await.ok();
    agent.call(Method::DELETE, "/auth/keys/desk", None).await.ok();
    agent
        .call(Method::DELETE, "/auth/keys/desk", None)
        .await
        .refused("not_found");
    let gone = stage
        .world
        .post("/auth/verify", Stage::proof(&begun, &of_agent))
        .await;
    gone.refused("not_found");
    let body = json!({"public_key": "ssh-ed25519 nonsense"});
    agent.post("/auth/keys", body).await.refused("malformed");
}

#[tokio::test]
async fn a_users_token_is_good_for_channels_until_it_is_revoked() {
    let stage = Stage::start(true);
    let pair = KeyPair::new();
    let name = format!("carol-{}", unique());
    place(stage.folder.path(), &name, None, &pair);
    let token = token_of(stage.log_in(&name, None, &pair).await);
    let other = token_of(stage.log_in(&name, None, &pair).await);
    let user = Somebody::with(&stage.world, &name, &token);
    let again = Somebody::with(&stage.world, &name, &other);
    let claims = claims_of(&token);
    assert_eq!((&claims["sub"], &claims["perms"]), (&json!(name), &json!([])));
    let life_s = claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(life_s, 7 * 86_400);
    let channel = format!("agent.{name}.notes");
    user.publish(&channel, json!(1)).await.ok();
    let app = user.app().await;
    app.publish("public.it", json!(1)).await.ok();
    let action = format!("/api/v1/agents/{name}/action");
    let body = json!({"action": "ping", "params": {}});
    user.post(&action, body).await.refused("permission_missing");
    user.get("/api/v1/admin/regions")
        .await
        .refused("permission_missing");
    let mut socket = user.socket().await;
    socket.subscribe(&channel).await.expect("its own");
    let revoked = user.post("/auth/revoke", json!({})).await.ok();
    assert_eq!(
        (&revoked["ok"], &revoked["revoked"], &revoked["username"]),
        (&json!(true), &json!(true), &json!(name))
    );
    user.publish(&channel, json!(1)).await.refused("token_revoked");
    user.post("/auth/revoke", json!({}))
        .await
        .refused("token_revoked");
    assert_eq!(socket.closed().await, 3500);
    // Only the token that asked.
    again.publish(&channel, json!(1)).await.ok();
    Somebody::nobody(&stage.world)
        .post("/auth/revoke", json!({}))
        .await
        .refused("unauthenticated");
}

/// What a token says.
fn claims_of(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&bytes.expect("base64url")).expect("JSON")
}
