//! Fake users over HTTP: agents with their tokens, and answers that tests read.

use crate::client::Socket;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use rookery::domain::refusal::Code;
use rookery::wire::Encoding;
use rookery::wire::request::ConnectRequest;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// No connection outlives its request: each test has a runtime of its own.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    // The program's own feature of reqwest brings TLS without a provider. A second one is refused, which is all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .pool_max_idle_per_host(0)
        .no_proxy()
        .timeout(crate::world::PATIENCE);
    client.build().expect("the client has no odd settings")
});

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Sends a request and reads the whole answer.
    pub async fn of(method: Method, url: &str, token: Option<&str>, body: Option<&Value>) -> Self {
        let mut request = CLIENT.request(method, url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request).await
    }

    /// Posts JSON as a backend does, under a header with its key.
    pub async fn of_backend(url: &str, (header, key): (&str, &str), body: String) -> Self {
        let request = CLIENT.post(url).header("content-type", "application/json");
        Self::read(request.header(header, key).body(body)).await
    }

    /// As `of_backend`, for what is no single JSON text.
    pub async fn text_of_backend(url: &str, (header, key): (&str, &str), body: String) -> String {
        let request = CLIENT.post(url).header(header, key).body(body);
        let response = request.send().await.expect("the world answers");
        response.text().await.expect("the answer is text")
    }

    async fn read(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the world answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer is whole");
        Self {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.body
        );
        self.body
    }

    /// What an action answers: the `result` of its receipt.
    #[track_caller]
    pub fn result(self) -> Value {
        self.ok()["result"].take()
    }

    /// The problem of a refusal, whose code must be this one.
    #[track_caller]
    pub fn refused(self, code: &str) -> Value {
        assert_eq!(self.body["code"], code, "{}: {}", self.status, self.body);
        let row = Code::from_name(code).expect("the table has the code");
        assert_eq!(
            (self.status, &self.body["status"]),
            (row.status(), &json!(row.status()))
        );
        assert_eq!(self.body["temporary"], row.is_temporary());
        assert_eq!(self.body["error"], self.body["detail"]);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body
    }

    /// Whether it is the stored answer of an earlier request.
    pub fn is_replayed(&self) -> bool {
        self.body["replayed"] == true
            && self
                .headers
                .get("idempotency-replayed")
                .is_some_and(|value| value == "true")
    }
}

/// An answer that is a text.
#[derive(Debug)]
pub struct Page {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

impl Page {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).map(|value| value.to_str().expect("text"));
        value.unwrap_or_default().to_owned()
    }
}

/// `GET` with these headers.
pub async fn page(url: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = CLIENT.get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("the world answers");
    Page {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.expect("the answer is text"),
    }
}

/// A registered agent.
#[derive(Clone, Debug)]
pub struct Agent {
    port: u16,
    /// Its `agent_id`.
    pub handle: String,
    /// Its key.
    pub api_key: String,
    /// Its access token.
    pub token: String,
    /// Its refresh token.
    pub refresh_token: String,
}

impl Agent {
    /// The agent that a registration answered.
    pub fn new(port: u16, registered: &Value) -> Self {
        let text = |key: &str| {
            registered[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key}: {registered}"))
                .to_owned()
        };
        let (handle, api_key) = (text("agent_id"), text("api_key"));
        Self {
            port,
            handle,
            api_key,
            token: text("token"),
            refresh_token: text("refresh_token"),
        }
    }

    /// The same agent, by way of another node.
    pub fn at(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// Sends a request with this agent's token.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        Answer::of(method, &url, Some(&self.token), body).await
    }

    /// `GET` with this agent's token.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// `POST` with this agent's token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    /// Comes into the world without a socket; answers where it is.
    pub async fn enter(&self) -> Value {
        let body = json!({"agent_id": self.handle, "token": self.token});
        self.post("/api/v1/connect", body).await.ok()["location"].take()
    }

    /// Goes out of the world.
    pub async fn leave(&self) {
        self.post(&format!("/api/v1/disconnect/{}", self.handle), json!({}))
            .await
            .ok();
    }

    /// Acts over HTTP.
    pub async fn act(&self, action: &str, params: Value) -> Answer {
        self.order(json!({"action": action, "params": params})).await
    }

    /// Acts over HTTP with a command id.
    pub async fn act_as(&self, command_id: &str, action: &str, params: Value) -> Answer {
        self.order(json!({"action": action, "params": params, "command_id": command_id}))
            .await
    }

    async fn order(&self, order: Value) -> Answer {
        self.post(&format!("/api/v1/agents/{}/action", self.handle), order)
            .await
    }

    /// Stands at a point of a region from now on.
    pub async fn stand(&self, region: &str, x: f64, y: f64) {
        self.act("teleport", json!({"region": region, "x": x, "y": y}))
            .await
            .ok();
    }

    /// What it has. Units: minor.
    pub async fn balance(&self) -> i64 {
        self.act("balance", json!({})).await.result()["balance"]
            .as_i64()
            .expect("a balance is a number")
    }

    /// How many items of a kind it holds.
    pub async fn holds(&self, item: &str) -> i64 {
        let inventory = self.act("inventory", json!({})).await.result();
        let rows = inventory
            .as_array()
            .unwrap_or_else(|| panic!("a list: {inventory}"));
        rows.iter()
            .filter(|row| row["item"] == item)
            .map(|row| row["quantity"].as_i64().unwrap_or(0))
            .sum()
    }

    /// What it asks to be connected as, over a socket.
    pub fn hello(&self) -> ConnectRequest {
        ConnectRequest {
            token: self.token.clone(),
            name: "test".to_owned(),
            ..ConnectRequest::default()
        }
    }

    /// Opens a socket that speaks JSON and comes into the world with it.
    pub async fn connect(&self) -> Socket {
        self.connect_with(Encoding::Json).await
    }

    /// Opens a socket of either encoding.
    pub async fn connect_with(&self, encoding: Encoding) -> Socket {
        let mut socket = self.open(encoding).await;
        socket
            .connect(self.hello())
            .await
            .expect("the world lets the agent in");
        socket
    }

    /// Opens a socket without saying who it is.
    pub async fn open(&self, encoding: Encoding) -> Socket {
        Socket::open(
            &format!("ws://127.0.0.1:{}/connection/websocket", self.port),
            encoding,
        )
        .await
    }

    /// The address of ClawBots' socket of this agent.
    pub fn clawbots_url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws/{}", self.port, self.handle)
    }
}
