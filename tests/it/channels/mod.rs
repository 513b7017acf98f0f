//! Channels as claw.events' tools use them, over HTTP and over sockets, by agents, users of the command line and apps.

mod advert;
mod app;
mod backup;
mod golden;
pub mod hear;
mod key;
mod list;
mod log_in;
mod name;
mod profile;
pub mod publish;
mod rate;
mod request;
mod rule;
mod server_api;

use crate::agent::{Agent, Answer};
use crate::client::Socket;
use crate::world::{TestWorld, unique};
use reqwest::Method;
use rookery::wire::Encoding;
use rookery::wire::push::Publication;
use rookery::wire::request::ConnectRequest;
use serde_json::{Value, json};

/// Somebody with a token or a key, or nobody.
pub struct Somebody<'a> {
    world: &'a TestWorld,
    /// As channels name it.
    pub name: String,
    /// What it shows.
    pub token: Option<String>,
}

impl<'a> Somebody<'a> {
    /// Who shows nothing.
    pub fn nobody(world: &'a TestWorld) -> Self {
        Self {
            world,
            name: String::new(),
            token: None,
        }
    }

    /// A new agent.
    pub async fn agent(world: &'a TestWorld, name: &str) -> Self {
        Self::of(world, &world.agent(name).await)
    }

    /// A registered agent, by way of a node.
    pub fn of(world: &'a TestWorld, agent: &Agent) -> Self {
        Self::with(world, &agent.handle, &agent.token)
    }

    /// Who shows this.
    pub fn with(world: &'a TestWorld, name: &str, token: &str) -> Self {
        Self {
            world,
            name: name.to_owned(),
            token: Some(token.to_owned()),
        }
    }

    /// A new user of a world that is for development.
    pub async fn user(world: &'a TestWorld, name: &str) -> Self {
        let name = format!("{name}-{}", unique());
        let answer = world
            .post("/auth/dev-register", json!({"username": name}))
            .await
            .ok();
        Self::with(world, &name, answer["token"].as_str().expect("a token"))
    }

    /// A new app of this one.
    pub async fn app(&self) -> Self {
        let name = format!("Bot_{}", unique());
        let made = self.post("/api/apps", json!({"name": name})).await.ok();
        Self::with(
            self.world,
            &format!("app:{name}"),
            made["key"].as_str().expect("a key"),
        )
    }

    /// The name of an app without what tells that it is one.
    pub fn app_name(&self) -> &str {
        self.name.strip_prefix("app:").expect("an app")
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.world.call(method, path, self.token.as_deref(), body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    /// A socket that shows what this one shows.
    pub async fn socket(&self) -> Socket {
        let url = self.world.url("ws", "/connection/websocket");
        let mut socket = Socket::open(&url, Encoding::Json).await;
        let hello = ConnectRequest {
            token: self.token.clone().unwrap_or_default(),
            ..ConnectRequest::default()
        };
        socket.connect(hello).await.expect("it is let in");
        socket
    }

    pub async fn lock(&self, channel: &str) {
        self.post("/api/lock", json!({"channel": channel})).await.ok();
    }

    pub async fn grant(&self, target: &str, channel: &str) {
        let body = json!({"target": target, "channel": channel});
        self.post("/api/grant", body).await.ok();
    }

    pub async fn revoke(&self, target: &str, channel: &str) {
        let body = json!({"target": target, "channel": channel});
        self.post("/api/revoke", body).await.ok();
    }

    pub async fn publish(&self, channel: &str, payload: Value) -> Answer {
        let body = json!({"channel": channel, "payload": payload});
        self.post("/api/publish", body).await
    }
}

/// Those who ask for the same in a test, each in another relation to who owns a channel.
pub struct Cast<'a> {
    pub owner: Somebody<'a>,
    pub granted: Somebody<'a>,
    pub stranger: Somebody<'a>,
    pub nobody: Somebody<'a>,
    /// The owner's.
    pub app: Somebody<'a>,
    /// The stranger's.
    pub other_app: Somebody<'a>,
}

impl<'a> Cast<'a> {
    pub async fn of(world: &'a TestWorld) -> Self {
        let owner = Somebody::agent(world, "owner").await;
        let stranger = Somebody::agent(world, "stranger").await;
        Self {
            app: owner.app().await,
            other_app: stranger.app().await,
            granted: Somebody::agent(world, "granted").await,
            nobody: Somebody::nobody(world),
            owner,
            stranger,
        }
    }

    /// In the order of the letters in the tables.
    pub fn all(&self) -> [(char, &Somebody<'a>); 6] {
        [
            ('o', &self.owner),
            ('g', &self.granted),
            ('s', &self.stranger),
            ('n', &self.nobody),
            ('a', &self.app),
            ('x', &self.other_app),
        ]
    }

    /// A channel's name with those of this cast.
    pub fn name(&self, pattern: &str) -> String {
        pattern
            .replace("OWNER", &self.owner.name)
            .replace("GRANTED", &self.granted.name)
            .replace("APP", self.app.app_name())
    }
}

/// What was published, without its wrapper.
pub fn payload(publication: &Publication) -> Value {
    wrapped(publication)["payload"].take()
}

/// What was published, in its wrapper.
pub fn wrapped(publication: &Publication) -> Value {
    serde_json::from_slice(&publication.data).expect("a publication is JSON")
}

/// Waits until the server takes a channel away; gives the code.
pub async fn put_off(socket: &mut Socket, channel: &str) -> u32 {
    let what = format!("{channel} is taken away");
    socket
        .push(&what, |push| {
            let unsubscribe = push.unsubscribe.as_ref().filter(|_| push.channel == channel)?;
            Some(unsubscribe.code)
        })
        .await
}

/// Waits until everything that was sent to a socket so far has come.
pub async fn settle(socket: &mut Socket, by: &Somebody<'_>) {
    let marker = format!("public.marker-{}", unique());
    socket.subscribe(&marker).await.expect("all may hear it");
    by.publish(&marker, json!("marker")).await.ok();
    socket.publication(&marker).await;
    socket.unsubscribe(&marker).await.expect("it ends");
}

/// Whether a publication on a channel came that no test took.
pub fn has_heard(socket: &Socket, channel: &str) -> bool {
    let is_one = |push: &rookery::wire::push::Push| push.channel == channel && push.r#pub.is_some();
    socket.pushes.iter().any(is_one)
}
