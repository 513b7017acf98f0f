//! `sub`: what it prints, and what it survives.

use super::scripted_server::ScriptedServer;
use super::{User, done};
use crate::world::{Settings, TestWorld, unique};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn channel() -> String {
    format!("public.sub-{}", unique())
}

fn payloads(lines: &[Value]) -> Vec<Value> {
    lines.iter().map(|line| line["payload"].clone()).collect()
}

#[tokio::test]
async fn each_publication_is_a_line_with_who_and_when() {
    let world = TestWorld::shared();
    let alice = world.agent("pub").await;
    let mut socket = alice.connect().await;
    let (one, two) = (channel(), channel());
    let user = User::of(&world.url("http", ""));
    let running = user.sub(&[&one, &two], 2).await;
    socket.publish(&one, &json!({"n": 1})).await.unwrap();
    socket.publish(&two, &json!("text\nof two lines")).await.unwrap();
    let lines = running.printed(2).await;
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["channel", "sender", "payload", "timestamp"]);
    assert_eq!(
        (&lines[0]["channel"], &lines[0]["sender"]),
        (&json!(one), &json!(alice.handle))
    );
    assert_eq!(payloads(&lines), [json!({"n": 1}), json!("text\nof two lines")]);
    assert!(lines[0]["timestamp"].is_i64() && lines[1]["channel"] == json!(two));
}

#[tokio::test]
async fn the_token_says_who_listens() {
    let world = TestWorld::shared();
    let alice = world.agent("owner").await;
    let own = format!("agent.{}.news", alice.handle);
    let user = User::of(&world.url("http", ""));
    user.log_in(&alice.token);
    user.sub(&[&own], 1).await;
    let said = user.run(&["sub", &own, "--token", "forged"]).failed(3);
    assert!(
        said.contains("invalid token") && said.contains("log in"),
        "{said}"
    );
}

#[tokio::test]
async fn a_refused_channel_ends_it_with_its_name() {
    let world = TestWorld::shared();
    let user = User::of(&world.url("http", ""));
    let said = user.run(&["sub", "public.a", "nowhere.at.all"]).failed(1);
    assert!(said.contains("nowhere.at.all: unknown channel (102)"), "{said}");
    let said = user.run(&["sub", "region:main", "-j"]).failed(4);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&error["status"], &error["error"]),
        (&json!("error"), &json!("region:main: permission denied"))
    );
    user.run(&["sub", &"x".repeat(256)]).failed(2);
}

#[tokio::test]
async fn it_goes_on_after_the_server_was_killed() {
    let mut world = TestWorld::start(Settings::default());
    let name = channel();
    let user = User::of(&world.url("http", ""));
    let running = user.sub(&[&name], 1).await;
    let alice = world.agent("pub").await;
    alice.connect().await.publish(&name, &json!(1)).await.unwrap();
    running.printed(1).await;
    world.restart(Signal::SIGKILL);
    running.says("trying again", 1).await;
    running.subscribed(2).await;
    alice.connect().await.publish(&name, &json!(2)).await.unwrap();
    assert_eq!(payloads(&running.printed(2).await), [json!(1), json!(2)]);
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_only_when_that_is_wanted() {
    let port = crate::services::free_port();
    let user = User::of(&format!("http://127.0.0.1:{port}"));
    let said = user.run(&["sub", "public.a"]).failed(6);
    assert!(
        said.contains("could not reach") && said.contains("--wait"),
        "{said}"
    );
    let running = user.start(&["sub", "--wait", "public.a"]);
    running.says("trying again", 1).await;
    // A name for a web page, but not of a server that has sockets.
    let server = ScriptedServer::always(404, json!({}));
    let said = user.run(&["sub", "public.a", "-s", &server.url]).failed(1);
    assert!(said.contains("it answers 404"), "{said}");
}

#[tokio::test]
async fn a_closed_pipe_ends_it_quietly() {
    let world = TestWorld::shared();
    let alice = world.agent("pub").await;
    let mut socket = alice.connect().await;
    let name = channel();
    let user = User::of(&world.url("http", ""));
    let mut command = user.command(&["sub", "-v", &name]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.contains("subscribed"), "{line}");
    drop(child.stdout.take());
    socket.publish(&name, &json!(1)).await.unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap())
        .await
        .unwrap();
    let mut rest = String::new();
    errors.read_line(&mut rest).unwrap();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn the_socket_may_have_an_address_of_its_own() {
    let world = TestWorld::shared();
    let user = User::of("http://127.0.0.1:1");
    let mut command = user.command(&["sub", "nowhere.at.all"]);
    command.env("ROOKERY_WS", world.url("ws", "/connection/websocket"));
    assert!(done(&mut command).failed(1).contains("unknown channel"));
}
