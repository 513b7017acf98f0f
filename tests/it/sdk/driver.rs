//! A process with an SDK in it, which does what it is told and tells what it hears.

use crate::channels::Somebody;
use crate::examples::Tool;
use crate::world::{PATIENCE, TestWorld, unique};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Whose SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// `centrifuge-python`.
    Python,
    /// `centrifuge`.
    Npm,
}

/// How it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Protobuf,
}

/// Why something was not done, as the SDK says.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Refused {
    pub code: u32,
    pub message: String,
    pub temporary: bool,
}

/// The process; it goes with this value.
pub struct Driver {
    pub sdk: Sdk,
    encoding: Encoding,
    /// Where its people connect.
    url: String,
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    answers: HashMap<u64, Result<Value, Refused>>,
    /// What was heard and not taken yet.
    heard: Vec<Value>,
}

impl Driver {
    /// Starts one whose people connect to a node.
    pub fn start(sdk: Sdk, world: &TestWorld, encoding: Encoding) -> Self {
        let (tool, script) = match sdk {
            Sdk::Python => (Tool::python(), "driver.py"),
            Sdk::Npm => (Tool::node(), "driver.mjs"),
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/sdk")
            .join(script);
        let mut process = Command::new(tool.program)
            .arg(script)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the driver starts");
        let input = process.stdin.take().expect("its input is ours");
        let output = process.stdout.take().expect("its output is ours");
        Self {
            sdk,
            encoding,
            url: world.url("ws", "/connection/websocket"),
            _process: process,
            input,
            output: BufReader::new(output).lines(),
            answers: HashMap::new(),
            heard: Vec::new(),
        }
    }

    /// Gives an order that is not waited for; gives its id.
    pub async fn order(&mut self, mut order: Value) -> u64 {
        let id = u64::from(unique());
        order["id"] = json!(id);
        let line = format!("{order}\n");
        let written = self.input.write_all(line.as_bytes()).await;
        written.expect("the driver reads");
        id
    }

    /// What came of an order.
    pub async fn answer(&mut self, id: u64) -> Result<Value, Refused> {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            self.read(&format!("an answer to {id}")).await;
        }
    }

    async fn ask(&mut self, order: Value) -> Result<Value, Refused> {
        let id = self.order(order).await;
        self.answer(id).await
    }

    /// As `ask`; what is refused for the moment is asked again. Not what is too much: that is what a test wants to know.
    async fn ask_patiently(&mut self, order: Value) -> Result<Value, Refused> {
        for _ in 0..400 {
            match self.ask(order.clone()).await {
                Err(refused) if refused.temporary && refused.code != 111 => {
                    tokio::time::sleep(std::time::Duration::from_millis(25)).await;
                }
                answer => return answer,
            }
        }
        panic!("{:?} was never done: {order}", self.sdk);
    }

    /// Reads a line.
    async fn read(&mut self, what: &str) {
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line =
            line.unwrap_or_else(|_| panic!("{:?} waits in vain for {what}: {:?}", self.sdk, self.heard));
        let line = line
            .expect("its output is text")
            .unwrap_or_else(|| panic!("the driver of {:?} ended", self.sdk));
        let mut told: Value = serde_json::from_str(&line).expect("it prints JSON");
        let Some(id) = told["id"].as_u64() else {
            return self.heard.push(told);
        };
        let answer = match told["error"].take() {
            Value::Null => Ok(told["ok"].take()),
            error => Err(serde_json::from_value(error).expect("an error has three fields")),
        };
        self.answers.insert(id, answer);
    }

    /// Waits until something is heard that a test looks for, and takes it.
    pub async fn hears(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.heard.iter().position(&is_it) {
                return self.heard.remove(at);
            }
            self.read(what).await;
        }
    }

    fn is_of(told: &Value, who: &Somebody<'_>, channel: &str, what: &str) -> bool {
        told["who"] == json!(who.name) && told["channel"] == json!(channel) && told["heard"] == json!(what)
    }

    /// Waits for an event of somebody's subscription.
    pub async fn event(&mut self, who: &Somebody<'_>, channel: &str, what: &str) -> Value {
        let wanted = format!("{what} of {} on {channel}", who.name);
        self.hears(&wanted, |told| Self::is_of(told, who, channel, what))
            .await
    }

    /// Waits for a publication; gives it in its wrapper.
    pub async fn publication(&mut self, who: &Somebody<'_>, channel: &str) -> Value {
        self.event(who, channel, "publication").await["data"].take()
    }

    /// Waits for a publication; gives what was published.
    pub async fn payload(&mut self, who: &Somebody<'_>, channel: &str) -> Value {
        self.publication(who, channel).await["payload"].take()
    }

    /// Whether something of a subscription was heard that no test took.
    pub fn has_heard(&self, who: &Somebody<'_>, channel: &str, what: &str) -> bool {
        self.heard
            .iter()
            .any(|told| Self::is_of(told, who, channel, what))
    }

    /// Waits until all that was sent to somebody before is heard.
    pub async fn settle(&mut self, who: &Somebody<'_>, by: &Somebody<'_>) {
        let marker = format!("public.marker-{}", unique());
        self.subscribe(who, &marker).await.expect("all may hear it");
        super::done(by, "/api/publish", json!({"channel": marker})).await;
        self.publication(who, &marker).await;
        self.unsubscribe(who, &marker).await;
    }

    /// Connects somebody with what it shows, and waits for what comes of it.
    pub async fn connect(&mut self, who: &Somebody<'_>) -> Result<Value, Refused> {
        let is_binary = self.encoding == Encoding::Protobuf;
        let mut order = json!({"do": "connect", "who": who.name, "url": self.url, "protobuf": is_binary});
        if let Some(token) = &who.token {
            order["token"] = json!(token);
        }
        self.ask(order).await
    }

    /// Disconnects somebody; `connect` comes back as the same client.
    pub async fn disconnect(&mut self, who: &Somebody<'_>) {
        let order = json!({"do": "disconnect", "who": who.name});
        self.ask(order).await.expect("who is connected may go");
    }

    /// Subscribes, and waits for what comes of it.
    pub async fn subscribe(&mut self, who: &Somebody<'_>, channel: &str) -> Result<Value, Refused> {
        self.ask(json!({"do": "subscribe", "who": who.name, "channel": channel}))
            .await
    }

    pub async fn unsubscribe(&mut self, who: &Somebody<'_>, channel: &str) {
        let order = json!({"do": "unsubscribe", "who": who.name, "channel": channel});
        self.ask(order).await.expect("who is subscribed may go");
    }

    /// What the SDK says of a subscription: `subscribed`, `subscribing` or `unsubscribed`.
    pub async fn state(&mut self, who: &Somebody<'_>, channel: &str) -> Value {
        let order = json!({"do": "state", "who": who.name, "channel": channel});
        self.ask(order).await.expect("it knows")
    }

    pub async fn publish(
        &mut self,
        who: &Somebody<'_>,
        channel: &str,
        data: Value,
    ) -> Result<Value, Refused> {
        self.ask_patiently(publication(who, channel, &data)).await
    }

    /// The users that are on a channel.
    pub async fn presence(&mut self, who: &Somebody<'_>, channel: &str) -> Result<Value, Refused> {
        let order = json!({"do": "presence", "who": who.name, "channel": channel});
        self.ask_patiently(order).await
    }

    /// What a channel keeps, in its wrappers.
    pub async fn history(&mut self, who: &Somebody<'_>, channel: &str) -> Result<Value, Refused> {
        let order = json!({"do": "history", "who": who.name, "channel": channel, "limit": 100});
        self.ask_patiently(order).await
    }

    /// A request with the language's own client; gives the status and the body.
    pub async fn http(
        &mut self,
        method: &str,
        url: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (u64, Value) {
        let mut order = json!({"do": "http", "method": method, "url": url, "token": token});
        if let Some(body) = body {
            order["body"] = body.clone();
        }
        let mut answer = self.ask(order).await.expect("the node answers");
        (
            answer["status"].as_u64().expect("a status"),
            answer["body"].take(),
        )
    }
}

/// The order to publish.
pub fn publication(who: &Somebody<'_>, channel: &str, data: &Value) -> Value {
    json!({"do": "publish", "who": who.name, "channel": channel, "data": data})
}
