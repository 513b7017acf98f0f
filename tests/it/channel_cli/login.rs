//! Getting a token.

use super::scripted_server::ScriptedServer;
use super::{User, done};
use crate::world::TestWorld;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// A key of `ssh-keygen`'s own, and the line that allows it to sign as `alice`.
fn key(user: &User) -> (PathBuf, String) {
    let path = user.home().join("key");
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&path);
    done(&mut command).ok();
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    (path, format!("alice {public}"))
}

/// A server's side of the login: a challenge, and the token for whatever is signed.
fn challenger(message: &'static str) -> ScriptedServer {
    ScriptedServer::start(move |asked| match asked.line.as_str() {
        "POST /auth/agent/init" => (
            200,
            json!({"nonce": "n1", "message": message, "key_name": "main"}),
        ),
        "POST /auth/agent/verify" => (200, json!({"token": "T", "username": "alice", "hint": "h"})),
        _ => (404, json!({"error": "not found"})),
    })
}

const MESSAGE: &str = "claw.events login\nusername: alice\nkey: main\nnonce: n1\nts: 1750000000";

#[test]
fn a_login_is_signed_by_ssh_keygen_and_its_token_is_kept() {
    let server = challenger(MESSAGE);
    let user = User::of(&server.url);
    let (path, allowed) = key(&user);
    let said = user
        .run(&["login", "--user", "alice", "--key-path", path.to_str().unwrap()])
        .ok();
    assert!(said.starts_with("logged in as alice\n"), "{said}");
    let verify = server.asked().remove(1);
    assert_eq!(
        (
            &verify.body["username"],
            &verify.body["key_name"],
            &verify.body["nonce"]
        ),
        (&json!("alice"), &json!("main"), &json!("n1"))
    );
    // OpenSSH itself says whether the signature is good.
    let file = |name: &str, text: &str| {
        let path = user.home().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (signers, signature) = (
        file("allowed", &allowed),
        file("sig", verify.body["signature"].as_str().unwrap()),
    );
    let mut check = Command::new("ssh-keygen");
    check
        .args(["-Y", "verify", "-I", "alice", "-n", "claw.events", "-f"])
        .arg(signers)
        .arg("-s")
        .arg(signature);
    check.stdin(std::fs::File::open(file("message", MESSAGE)).unwrap());
    done(&mut check).ok();
    let who = user.run(&["whoami", "-j"]).json();
    assert_eq!(who["data"]["username"], "alice");
}

#[test]
fn nothing_else_than_a_login_is_signed() {
    let server =
        challenger("claw.events login\nusername: alice\nkey: main\nnonce: n1\nts: 1\npay: everything");
    let user = User::of(&server.url);
    let (path, _) = key(&user);
    let said = user
        .run(&["login", "--user", "alice", "--key-path", path.to_str().unwrap()])
        .failed(1);
    assert!(said.contains("nothing was signed"), "{said}");
    assert_eq!(server.asked().len(), 1);
    let said = user.run(&["login", "--user", "alice"]).failed(2);
    assert!(
        said.contains("no key to sign with") && said.contains("ssh-keygen -t ed25519"),
        "{said}"
    );
    let said = user
        .run(&["login", "--user", "alice", "--key-path", "nowhere"])
        .failed(2);
    assert!(said.contains("nowhere is not there"), "{said}");
}

#[test]
fn the_profile_form_shows_the_signature_and_verify_finishes_it() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "POST /auth/init" => (
            200,
            json!({"username": "alice", "signature": "claw-sig-x", "instructions": "put it there"}),
        ),
        "POST /auth/verify" => (200, json!({"token": "T", "username": "alice"})),
        _ => (404, json!({"error": "not found"})),
    });
    let user = User::of(&server.url);
    let said = user.run(&["login", "--user", "alice", "--profile"]).ok();
    assert!(
        said.contains("\nclaw-sig-x\nput it there\n") && said.contains("rookery channel verify"),
        "{said}"
    );
    assert!(user.run(&["whoami"]).failed(3).contains("not logged in"));
    user.run(&["verify"]).ok();
    assert_eq!(server.asked()[1].body, json!({"username": "alice"}));
    assert!(user.run(&["whoami"]).ok().starts_with("alice\n"));
    let nobody = User::of(&server.url);
    nobody.run(&["verify"]).failed(2);
}

#[test]
fn the_server_may_void_a_token_and_register_without_proof() {
    let server = ScriptedServer::start(|asked| match asked.line.as_str() {
        "POST /auth/dev-register" => (200, json!({"token": "D", "username": "bob"})),
        "POST /auth/revoke" => (200, json!({"ok": true, "revoked": true})),
        _ => (401, json!({"error": "who are you"})),
    });
    let user = User::of(&server.url);
    user.run(&["dev-register", "--user", "bob"]).ok();
    assert!(user.run(&["whoami", "--check"]).failed(3).contains("who are you"));
    user.run(&["logout", "--revoke"]).ok();
    assert_eq!(server.asked()[2].token.as_deref(), Some("D"));
    user.run(&["logout", "--revoke"]).failed(3);
}

#[tokio::test]
async fn a_token_of_the_world_names_its_agent() {
    let world = TestWorld::shared();
    let agent = world.agent("who").await;
    let user = User::of(&world.url("http", ""));
    let said = user.run(&["login", "--token", &agent.token, "--json"]).json();
    assert_eq!(said["data"]["username"], json!(agent.handle));
    let who: Value = user.run(&["whoami", "--json"]).json();
    assert_eq!(who["data"]["username"], json!(agent.handle));
    assert!(who["data"]["expires_at"].is_i64());
}

#[tokio::test]
async fn a_key_that_was_added_logs_its_agent_in_until_it_is_removed() {
    let world = TestWorld::shared();
    let agent = world.agent("key").await;
    let user = User::of(&world.url("http", ""));
    let (path, _) = key(&user);
    let (private, public) = (path.to_str().unwrap(), path.with_extension("pub"));
    assert!(user.run(&["key", "add", private]).failed(3).contains("log in: "));
    user.log_in(&agent.token);
    assert_eq!(user.run(&["key", "list"]).ok(), "\n");
    let said = user.run(&["key", "add", private, "--key-name", "desk"]).ok();
    assert!(
        said.starts_with("key desk is SHA256:") && said.contains("--key-name desk"),
        "{said}"
    );
    // The same by its public part, for programs.
    let added = user.run(&["key", "add", public.to_str().unwrap(), "-j"]).json();
    let fingerprint = added["data"]["fingerprint"].as_str().unwrap();
    assert!(said.contains(fingerprint), "{added}");
    assert_eq!(added["data"]["key_name"], "main");
    let text = std::fs::read_to_string(&public).unwrap();
    let sent: Vec<&str> = text.split(' ').take(2).collect();
    let lines = user.run(&["key", "ls"]).ok();
    let mut listed: Vec<&str> = lines.lines().collect();
    listed.sort_unstable();
    let expected = ["desk", "main"].map(|name| format!("{name}\t{}", sent.join(" ")));
    assert_eq!(listed, expected);
    let login = [
        "login",
        "--user",
        &agent.handle,
        "--key-name",
        "desk",
        "--key-path",
        private,
    ];
    let said = user.run(&login).ok();
    assert!(
        said.starts_with(&format!("logged in as {}\n", agent.handle)),
        "{said}"
    );
    assert_eq!(user.run(&["key", "rm", "desk"]).ok(), "key desk is removed\n");
    let said = user.run(&["key", "rm", "desk"]).failed(1);
    assert!(
        said.contains("public key not found (404)") && said.contains("try: see which there are"),
        "{said}"
    );
    assert!(user.run(&login).failed(1).contains("public key not found"));
}

#[test]
fn only_the_public_part_of_a_key_is_sent() {
    let server = ScriptedServer::always(200, json!({"ok": true, "key_name": "main", "fingerprint": "f"}));
    let user = User::of(&server.url);
    user.log_in("t");
    let said = user.run(&["key", "add"]).failed(2);
    assert!(
        said.contains("there is no public key") && said.contains("ssh-keygen -t ed25519"),
        "{said}"
    );
    let (path, allowed) = key(&user);
    // A name with a dot in it, as people give them, and first without its public part.
    let dotted = user.home().join("id.work");
    std::fs::copy(&path, &dotted).unwrap();
    let said = user.run(&["key", "add", "id.work", "--json"]).failed(2);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert!(
        error["error"].as_str().unwrap().contains("not a public key"),
        "{error}"
    );
    assert!(server.asked().is_empty());
    std::fs::copy(path.with_extension("pub"), user.home().join("id.work.pub")).unwrap();
    user.run(&["key", "add", "id.work"]).ok();
    let asked = server.one();
    let text: Vec<&str> = allowed.split(' ').skip(1).take(2).collect();
    assert_eq!(
        asked.body,
        json!({"key_name": "main", "public_key": text.join(" ")})
    );
    assert_eq!(
        (asked.line.as_str(), asked.token.as_deref()),
        ("POST /auth/keys", Some("t"))
    );
}
