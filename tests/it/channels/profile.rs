//! CE-13: log-ins by a signature that a profile elsewhere shows.

use super::key::{KeyPair, place};
use crate::services::free_port;
use crate::world::{Settings, TestWorld};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server of profiles: all have the same description. It goes with this value.
struct Profiles {
    port: u16,
    status: u16,
    description: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Profiles {
    async fn start(port: u16, status: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("the port is free");
        let (description, asked) = (
            Arc::<Mutex<String>>::default(),
            Arc::<Mutex<Vec<String>>>::default(),
        );
        let shared = (Arc::clone(&description), Arc::clone(&asked));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answer(stream, status, &shared.0, &shared.1).await;
            }
        });
        Self {
            port,
            status,
            description,
            asked,
            serving,
        }
    }

    fn show(&self, text: &str) {
        text.clone_into(&mut self.description.lock().expect("no test panicked"));
    }

    /// Ends it, and starts one with another status on the same port.
    async fn restart(self, status: u16) -> Self {
        let port = self.port;
        assert_ne!(self.status, status);
        self.stop().await;
        Self::start(port, status).await
    }

    async fn stop(self) {
        self.serving.abort();
        // Once it is joined its port is free.
        assert!(self.serving.await.is_err_and(|error| error.is_cancelled()));
    }
}

async fn answer(mut stream: TcpStream, status: u16, shown: &Mutex<String>, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_gone) => return,
        }
    }
    let line = String::from_utf8_lossy(&head)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    asked.lock().expect("no test panicked").push(line);
    let description = shown.lock().expect("no test panicked").clone();
    let body = json!({"success": true, "agent": {"name": "x", "description": description}}).to_string();
    let response = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that is gone hears nothing.
    let _ = stream.write_all(response.as_bytes()).await;
}

#[tokio::test]
async fn a_signature_that_a_profile_shows_logs_in() {
    let profiles = Profiles::start(free_port(), 200).await;
    let folder = tempfile::tempdir().expect("a folder");
    let world = TestWorld::start(Settings {
        variables: vec![
            (
                "ROOKERY_AUTH__PROFILE_URL",
                format!("http://127.0.0.1:{}/api/v1", profiles.port),
            ),
            ("ROOKERY_AUTH__PROFILE_IS_PRIVATE", "true".to_owned()),
            (
                "ROOKERY_AUTH__SSH_KEYS_FOLDER",
                folder.path().display().to_string(),
            ),
        ],
        ..Settings::default()
    });
    let (init, verify) = (json!({"username": "carol"}), json!({"username": "carol"}));
    let none = world
        .post("/auth/verify", verify.clone())
        .await
        .refused("malformed");
    assert_eq!(none["error"], "no pending signature");
    assert!(profiles.asked.lock().unwrap().is_empty(), "nobody was asked");
    let begun = world.post("/auth/init", init.clone()).await.ok();
    let signature = begun["signature"].as_str().expect("a signature").to_owned();
    assert!(
        signature.starts_with("claw-sig-") && signature.len() > 30,
        "{signature}"
    );
    assert_eq!(begun["username"], "carol");
    assert!(
        begun["instructions"]
            .as_str()
            .is_some_and(|text| text.contains(&signature))
    );
    let almost = signature.get(..signature.len() - 1).expect("plain letters");
    for shown in ["", "an agent of mine", almost] {
        profiles.show(shown);
        let refused = world
            .post("/auth/verify", verify.clone())
            .await
            .refused("unauthenticated");
        assert_eq!(refused["error"], "signature not found in profile");
    }
    // Not the server's day: the signature waits.
    let profiles = profiles.restart(503).await;
    let failed = world.post("/auth/verify", verify.clone()).await;
    assert_eq!(
        (failed.status, &failed.body["error"]),
        (502, &json!("profile fetch failed (503)"))
    );
    let port = profiles.port;
    profiles.stop().await;
    let failed = world.post("/auth/verify", verify.clone()).await;
    assert_eq!(
        (failed.status, &failed.body["error"]),
        (502, &json!("profile fetch failed (no answer)"))
    );
    let profiles = Profiles::start(port, 200).await;
    profiles.show(&format!("an agent of mine {signature}, and proud"));
    let welcome = world.post("/auth/verify", verify.clone()).await.ok();
    assert_eq!(welcome["username"], "carol");
    let asked = profiles.asked.lock().unwrap().clone();
    assert_eq!(asked, ["GET /api/v1/agents/profile?name=carol HTTP/1.1"]);
    let token = welcome["token"].as_str().expect("a token");
    let carol = super::Somebody::with(&world, "carol", token);
    carol.publish("agent.carol.notes", json!(1)).await.ok();
    // It is used up.
    world.post("/auth/verify", verify).await.refused("malformed");
    // Who begins again is shown what waits; it is not the one that was used up.
    let first = world.post("/auth/init", init.clone()).await.ok();
    let second = world.post("/auth/init", init).await.ok();
    assert_eq!(first["signature"], second["signature"]);
    profiles.show(&signature);
    let old = world.post("/auth/verify", json!({"username": "carol"})).await;
    old.refused("unauthenticated");
    // Nor does a made-up nonce use it up.
    let forged = json!({"username": "carol", "nonce": "profile:carol:127.0.0.1", "signature": "x"});
    world.post("/auth/verify", forged).await.refused("malformed");
    profiles.show(first["signature"].as_str().expect("a text"));
    world
        .post("/auth/verify", json!({"username": "carol"}))
        .await
        .ok();
    // An agent's name is not a profile's to give.
    let agent = world.agent("alice").await;
    let begun = world
        .post("/auth/init", json!({"username": agent.handle}))
        .await
        .ok();
    profiles.show(begun["signature"].as_str().expect("a text"));
    let held = world
        .post("/auth/verify", json!({"username": agent.handle}))
        .await;
    held.refused("already_exists");
    // Who has a key logs in by that.
    let pair = KeyPair::new();
    place(folder.path(), "dave", None, &pair);
    let begun = world.post("/auth/init", json!({"username": "dave"})).await.ok();
    assert!(
        begun["nonce"].is_string() && begun["signature"].is_null(),
        "{begun}"
    );
    let begun = world
        .post("/auth/init", json!({"username": "dave", "method": "profile"}))
        .await
        .ok();
    assert!(begun["signature"].is_string());
    let odd = world
        .post("/auth/init", json!({"username": "dave", "method": "magic"}))
        .await;
    odd.refused("malformed");
}
