//! CE-29 and CE-30: the guide teaches what is true, and the documents and counts are there in every form.

use crate::agent::{Agent, page};
use crate::client::Socket;
use crate::world::{Settings, TestWorld};
use rookery::wire::Encoding;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// The blocks of a kind in a page of Markdown, one after the other.
fn blocks(markdown: &str, kind: &str) -> String {
    let begin = format!("```{kind}\n");
    let blocks = markdown.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

async fn guide(world: &TestWorld) -> String {
    page(&world.url("http", "/skill.md"), &[]).await.text
}

#[tokio::test]
async fn the_commands_of_the_guide_run_as_they_stand() {
    let world = TestWorld::start(Settings::default());
    let script = blocks(&guide(&world).await, "sh");
    assert!(script.lines().count() > 35, "{script}");
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("sh")
        .args(["-eu", "-x", "-c", &script])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell runs");
    let (told, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{errors}\n{told}");
    // A failure within a substitution does not end a shell.
    assert!(!errors.contains("curl: ("), "{errors}");
    let login = std::fs::read_to_string(folder.path().join("login.json")).expect("the last file");
    let login: Value = serde_json::from_str(&login).expect("JSON");
    assert!(login["token"].is_string(), "{login}");
    assert!(told.contains("\"removed\":true"), "{told}");
    let apps = told.matches("\"key\":\"appk_").count();
    assert_eq!(apps, 1, "another key for the app: {told}");
}

/// `--help` is found after the rest of the line was understood.
#[tokio::test]
async fn the_command_line_that_the_guide_names_is_one() {
    let world = TestWorld::shared();
    let text = guide(world).await;
    let command = text
        .split("`rookery ")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    let mut arguments: Vec<&str> = command.expect("a command").split(' ').collect();
    assert!(
        arguments.contains(&world.url("http", "").as_str()),
        "{arguments:?}"
    );
    arguments.push("--help");
    assert!(world.run(&arguments).contains("sub"));
}

#[tokio::test]
async fn the_frames_of_the_guide_are_answered() {
    let world = TestWorld::shared();
    let frames = blocks(&guide(world).await, "jsonl");
    let agent: Agent = world.agent("reader").await;
    let mut socket = Socket::open(&world.url("ws", "/connection/websocket"), Encoding::Json).await;
    let mut count = 0;
    for (id, line) in (1..).zip(frames.lines()) {
        let frame: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(frame["id"], id);
        socket
            .send_frame(line.replace("TOKEN", &agent.token).into())
            .await;
        socket.reply(id).await.expect("it is done");
        count += 1;
    }
    assert_eq!(count, 7);
    let heard = socket.publication("public.hello").await;
    let heard: Value = serde_json::from_slice(&heard.data).expect("JSON");
    assert!(
        heard["_claw"]["sender"].is_string() && heard["payload"].is_object(),
        "{heard}"
    );
}

#[tokio::test]
async fn the_guide_has_two_forms_and_the_address_by_which_it_was_asked_for() {
    let world = TestWorld::shared();
    let own = format!("B=http://127.0.0.1:{}\n", world.port());
    let url = |path: &str| world.url("http", path);
    let is_markdown = |kind: &str| kind == "text/markdown; charset=utf-8";
    let is_html = |kind: &str| kind == "text/html; charset=utf-8";
    for (path, accept, markdown) in [
        ("/skill.md", ("accept", "*/*"), true),
        ("/SKILL.md", ("accept", "text/markdown"), true),
        ("/skill.md", BROWSER, false),
        ("/SKILL.md?format=html", ("accept", "*/*"), false),
        ("/skill.md?format=md", BROWSER, true),
        ("/", ("accept", "text/markdown"), true),
        ("/?format=md", BROWSER, true),
    ] {
        let found = page(&url(path), &[accept]).await;
        assert_eq!(found.status, 200, "{path}");
        assert!(found.header("vary").starts_with("accept"), "{path}");
        if markdown {
            assert!(
                is_markdown(&found.header("content-type")) && found.text.contains(&own),
                "{path}"
            );
        } else {
            assert!(
                is_html(&found.header("content-type")) && found.text.contains(own.trim_end()),
                "{path}"
            );
            assert!(found.text.starts_with("<!doctype html>") && !found.text.contains("<script"));
            let policy = found.header("content-security-policy");
            assert!(policy.contains("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"));
        }
        let tag = found.header("etag");
        assert!(tag.len() > 10 && found.header("cache-control") == "no-cache");
        let again = page(&url(path), &[accept, ("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.text.len()), (304, 0), "{path}");
    }
    let browser = page(&url("/"), &[BROWSER]).await;
    assert!(is_html(&browser.header("content-type")) && !browser.text.contains("curl -sS"));
    for (host, base) in [
        ("world.example:8000", "http://world.example:8000"),
        ("$(touch x)", "http://127.0.0.1"),
        ("a`b", "http://127.0.0.1"),
        ("<b>.example", "http://127.0.0.1"),
    ] {
        let found = page(&url("/skill.md"), &[("host", host)]).await;
        assert!(found.text.contains(&format!("B={base}")), "{host}");
        assert!(base.ends_with(host) || !found.text.contains(host), "{host}");
    }
    // Nobody but a trusted proxy says what it was asked by.
    let found = page(&url("/skill.md"), &[("x-forwarded-proto", "https")]).await;
    assert!(found.text.contains(&own));
}

#[tokio::test]
async fn the_document_of_the_interface_is_the_same_in_every_place() {
    let world = TestWorld::shared();
    let get = async |path: &str| page(&world.url("http", path), &[]).await;
    let document = get("/openapi.json").await;
    let json: Value = serde_json::from_str(&document.text).expect("JSON");
    assert_eq!(json["openapi"], "3.1.0");
    assert!(json["paths"]["/skill.md"]["get"].is_object() && json["paths"]["/api"]["post"].is_object());
    assert_eq!(get("/docs/openapi.json").await.text, document.text);
    let yaml = get("/docs/openapi.yaml").await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert!(yaml.text.starts_with("openapi:") && !yaml.header("etag").is_empty());
    assert!(yaml.text.len() > 20_000);
}

#[tokio::test]
async fn counts_are_shown_where_the_settings_allow_it() {
    let hidden = page(&TestWorld::shared().url("http", "/stats"), &[BROWSER]).await;
    assert_eq!(hidden.status, 404);
    let world = TestWorld::start(Settings {
        variables: vec![("ROOKERY_SERVER__STATS_PAGE", "true".to_owned())],
        ..Settings::default()
    });
    let url = world.url("http", "/stats");
    let counts = async || -> Value {
        let found = page(&url, &[("accept", "application/json")]).await;
        assert_eq!(found.header("cache-control"), "no-store");
        serde_json::from_str(&found.text).expect("JSON")
    };
    let before = counts().await;
    assert_eq!(before["totalMessages"], 0, "the timers are not counted: {before}");
    let agent = world.agent("counter").await;
    agent.enter().await;
    for n in 0..7 {
        let body = json!({"channel": format!("public.it-{}", n % 2), "payload": n});
        agent.post("/api/publish", body).await.ok();
    }
    let counted = crate::world::until("it is counted", async || {
        let counted = counts().await;
        (counted["totalMessages"] == 7 && counted["agentsOnline"] == 1).then_some(counted)
    })
    .await;
    assert_eq!(
        (&counted["agents"], &counted["nodes"], &counted["silentNodes"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let mean = counted["messagesPerMin"].as_f64().expect("a number");
    // All in this minute and the last one, unless the machine sleeps.
    assert!((mean - 3.5).abs() < f64::EPSILON, "{counted}");
    // Each worker thread has what it heard half a second ago at the most.
    let shown = crate::world::until("the page shows it", async || {
        let shown = page(&url, &[BROWSER]).await;
        (shown.text.contains("<dd>7</dd>") && shown.text.contains("<dd>3.5</dd>")).then_some(shown)
    });
    let policy = shown.await.header("content-security-policy");
    assert!(policy.contains("style-src 'sha256-"));
}
