//! The examples as a newcomer runs them: twice each, the second time with the key of the first.

use crate::services::program;
use crate::world::{Settings, TestWorld};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// How long who listens stays, and who is heard. Units: seconds.
const LISTENER_S: &str = "8";
const SPEAKER_S: &str = "1";

/// What an example needs besides a world.
pub struct Tool {
    /// What runs the script.
    pub program: PathBuf,
    script: PathBuf,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file that `scripts/examples.sh` makes.
fn prepared(path: &str) -> PathBuf {
    let path = root().join(path);
    assert!(
        path.exists(),
        "{} is missing: run scripts/examples.sh",
        path.display()
    );
    path
}

impl Tool {
    /// Python with the SDK of PyPI.
    pub fn python() -> Self {
        Self {
            program: prepared(".venv/bin/python"),
            script: root().join("examples/agent.py"),
        }
    }

    /// Node.js, beside the SDK of npm.
    pub fn node() -> Self {
        prepared("examples/node_modules/.package-lock.json");
        let node = program("node", &[], "nodejs").unwrap_or_else(|error| panic!("{error}"));
        Self {
            program: node,
            script: root().join("examples/agent.mjs"),
        }
    }

    fn curl() -> Self {
        program("curl", &[], "curl").unwrap_or_else(|error| panic!("{error}"));
        let sh = program("sh", &[], "dash").unwrap_or_else(|error| panic!("{error}"));
        Self {
            program: sh,
            script: root().join("examples/curl.sh"),
        }
    }
}

/// Somebody who tries the examples: a home folder for keys.
struct Visitor<'a> {
    world: &'a TestWorld,
    home: TempDir,
}

/// A run of an example.
struct Run {
    child: Child,
    output: BufReader<ChildStdout>,
    lines: String,
}

impl Visitor<'_> {
    fn of(world: &TestWorld) -> Visitor<'_> {
        Visitor {
            world,
            home: TempDir::new().expect("a folder"),
        }
    }

    /// Starts an example; its agent has this name and stays so long.
    fn start(&self, tool: &Tool, name: &str, protocol: &str, stay_s: &str) -> Run {
        let path: OsString = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(&tool.program);
        command
            .arg(&tool.script)
            .arg(name)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home.path());
        command
            .env("ROOKERY_URL", self.world.url("http", ""))
            .env("ROOKERY_PROTOCOL", protocol)
            .env("ROOKERY_SECONDS", stay_s);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the example starts");
        let output = BufReader::new(child.stdout.take().expect("its output is ours"));
        Run {
            child,
            output,
            lines: String::new(),
        }
    }

    /// The agent's id, once its key is stored.
    fn agent_id(&self, name: &str) -> String {
        let file = self
            .home
            .path()
            .join(format!(".config/rookery/{}.json", name.to_lowercase()));
        let key: Value =
            serde_json::from_slice(&fs::read(file).expect("the key is stored")).expect("it is JSON");
        key["agent_id"].as_str().expect("an id").to_owned()
    }

    /// How many agents the world has.
    async fn agents(&self) -> usize {
        self.world.get("/api/v1/agents?limit=200").await.ok()["agents"]
            .as_array()
            .expect("a list")
            .len()
    }
}

impl Run {
    /// Reads its output up to the line that begins so; false at the end.
    fn reads(&mut self, beginning: &str) -> bool {
        loop {
            let from = self.lines.len();
            let length = self
                .output
                .read_line(&mut self.lines)
                .expect("its output is text");
            if length == 0
                || self
                    .lines
                    .get(from..)
                    .is_some_and(|line| line.starts_with(beginning))
            {
                return length > 0;
            }
        }
    }

    /// All that it printed; it must end well.
    fn output(mut self) -> String {
        self.reads("\0 is never printed");
        let output = self.child.wait_with_output().expect("the example ends");
        assert!(
            output.status.success(),
            "{}\n{}\n{}",
            output.status,
            self.lines,
            String::from_utf8_lossy(&output.stderr)
        );
        self.lines
    }
}

fn world() -> TestWorld {
    TestWorld::start(Settings::default())
}

fn assert_acted(output: &str) {
    assert!(
        output.contains("move_to ") && output.contains("arrives_in_s"),
        "{output}"
    );
    assert!(output.contains("say ") && output.contains("heard_by"), "{output}");
}

/// One is there when the other comes and speaks, and is heard.
fn meet(visitor: &Visitor<'_>, protocol: &str, listener: (&Tool, &str), speaker: (&Tool, &str)) {
    let mut first = visitor.start(listener.0, listener.1, protocol, LISTENER_S);
    let has_spoken = first.reads("say ");
    let second = visitor.start(speaker.0, speaker.1, protocol, SPEAKER_S).output();
    let first = first.output();
    assert!(has_spoken, "{first}");
    assert_acted(&first);
    assert_acted(&second);
    let source = format!(" {}:", visitor.agent_id(speaker.1));
    let is_heard = first
        .lines()
        .any(|line| line.starts_with("region:") && line.contains(&source));
    assert!(
        is_heard,
        "{} did not hear {}:\n{first}\n{second}",
        listener.1, speaker.1
    );
}

/// Two agents hear each other, in turn; both register once.
async fn two_hear_each_other(one: &Tool, other: &Tool, protocol: &str) {
    let world = world();
    let visitor = Visitor::of(&world);
    meet(&visitor, protocol, (one, "Ada"), (other, "Ben"));
    let ids = ["Ada", "Ben"].map(|name| visitor.agent_id(name));
    assert_eq!(visitor.agents().await, 2);
    meet(&visitor, protocol, (other, "Ben"), (one, "Ada"));
    assert_eq!(
        (
            ["Ada", "Ben"].map(|name| visitor.agent_id(name)),
            visitor.agents().await
        ),
        (ids, 2)
    );
}

#[tokio::test]
async fn python_agents_act_and_hear_in_json() {
    two_hear_each_other(&Tool::python(), &Tool::python(), "json").await;
}

#[tokio::test]
async fn python_agents_act_and_hear_in_protobuf() {
    two_hear_each_other(&Tool::python(), &Tool::python(), "protobuf").await;
}

#[tokio::test]
async fn javascript_agents_act_and_hear_in_json() {
    two_hear_each_other(&Tool::node(), &Tool::node(), "json").await;
}

#[tokio::test]
async fn javascript_agents_act_and_hear_in_protobuf() {
    two_hear_each_other(&Tool::node(), &Tool::node(), "protobuf").await;
}

#[tokio::test]
async fn python_and_javascript_agents_hear_each_other() {
    two_hear_each_other(&Tool::python(), &Tool::node(), "json").await;
}

#[tokio::test]
async fn curl_walk_through_commits_a_sentence_and_comes_back_with_its_key() {
    let world = world();
    let (visitor, tool) = (Visitor::of(&world), Tool::curl());
    let mut known = None;
    for _ in 0..2 {
        let output = visitor.start(&tool, "Curly", "json", SPEAKER_S).output();
        assert!(
            output.contains("\"status\":\"connected\"") && output.contains("\"durability\":\"committed\""),
            "{output}"
        );
        assert!(
            output
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("{\"events\":")),
            "{output}"
        );
        let agent_id = visitor.agent_id("Curly");
        assert_eq!(*known.get_or_insert_with(|| agent_id.clone()), agent_id);
        assert_eq!(visitor.agents().await, 1);
    }
}
