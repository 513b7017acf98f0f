//! A fake Centrifuge client: one socket, both encodings.

use crate::world::PATIENCE;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rookery::wire::push::{Publication, Push};
use rookery::wire::reply::{ConnectResult, Error, ReplyBody};
use rookery::wire::request::{
    Command, ConnectRequest, PublishRequest, Request, RpcRequest, SendRequest, UnsubscribeRequest,
};
use rookery::wire::subscription::{SubscribeRequest, SubscribeResult};
use rookery::wire::{self, Encoding};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Most replies in one frame that a test reads.
const REPLIES_MAX: usize = 4_096;

/// An event as a client saw it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The channel that it came on.
    pub channel: String,
    /// Its place in the inbox; 0 elsewhere.
    pub offset: u64,
    /// The event.
    pub event: Value,
}

/// A client's socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    encoding: Encoding,
    next_id: u32,
    is_answering_pings: bool,
    replies: BTreeMap<u32, ReplyBody>,
    closed: Option<u16>,
    /// Pings so far.
    pub pings: usize,
    /// Pushes that no test took yet, without those whose events are in `events`.
    pub pushes: Vec<Push>,
    /// Events that no test took yet.
    pub events: Vec<Heard>,
    /// The answer to `connect`.
    pub hello: ConnectResult,
}

impl Socket {
    /// Opens a socket without saying who it is.
    pub async fn open(url: &str, encoding: Encoding) -> Self {
        let mut request = url.into_client_request().expect("a good address");
        if encoding == Encoding::Protobuf {
            let protocol = "centrifuge-protobuf".parse().expect("a header value");
            request.headers_mut().insert("sec-websocket-protocol", protocol);
        }
        let (stream, response) = connect_async(request).await.expect("the handshake succeeds");
        let protocol = response.headers().get("sec-websocket-protocol");
        assert_eq!(protocol.is_some(), encoding == Encoding::Protobuf);
        Self {
            stream,
            encoding,
            next_id: 1,
            is_answering_pings: true,
            replies: BTreeMap::new(),
            closed: None,
            pings: 0,
            pushes: Vec::new(),
            events: Vec::new(),
            hello: ConnectResult::default(),
        }
    }

    /// From now on pings stay unanswered.
    pub fn ignore_pings(&mut self) {
        self.is_answering_pings = false;
    }

    /// Says who it is.
    pub async fn connect(&mut self, request: ConnectRequest) -> Result<ConnectResult, Error> {
        match self.ask(Request::Connect(Box::new(request))).await? {
            ReplyBody::Connect(result) => {
                self.hello = (*result).clone();
                Ok(*result)
            }
            other => panic!("not an answer to connect: {other:?}"),
        }
    }

    /// Sends a command and gives the id that its reply will have.
    pub async fn start(&mut self, request: Request) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_command(&Command::of(id, request)).await;
        id
    }

    /// Sends a command as it is.
    pub async fn send_command(&mut self, command: &Command) {
        let bytes = wire::encode_command(self.encoding, command);
        self.send_frame(bytes).await;
    }

    /// Sends bytes as one frame of the socket's encoding.
    pub async fn send_frame(&mut self, bytes: Bytes) {
        let message = match self.encoding {
            Encoding::Json => Message::text(String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8")),
            Encoding::Protobuf => Message::binary(bytes),
        };
        self.send_message(message).await;
    }

    /// Sends any message. A socket that is closing may not take it any more.
    pub async fn send_message(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    /// Sends a command and waits for its reply.
    pub async fn ask(&mut self, request: Request) -> Result<ReplyBody, Error> {
        let id = self.start(request).await;
        self.reply(id).await
    }

    /// Waits for the reply to a command.
    pub async fn reply(&mut self, id: u32) -> Result<ReplyBody, Error> {
        match self
            .until(&format!("a reply to {id}"), |socket| socket.replies.remove(&id))
            .await
        {
            ReplyBody::Error(error) => Err(error),
            body => Ok(body),
        }
    }

    /// Calls a method: an action.
    pub async fn rpc(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        let id = self.start_rpc(method, &params).await;
        self.rpc_reply(id).await
    }

    /// Calls a method without waiting.
    pub async fn start_rpc(&mut self, method: &str, params: &Value) -> u32 {
        let data = Bytes::from(params.to_string());
        self.start(Request::Rpc(RpcRequest {
            data,
            method: method.to_owned(),
        }))
        .await
    }

    /// Waits for the answer to a call.
    pub async fn rpc_reply(&mut self, id: u32) -> Result<Value, Error> {
        match self.reply(id).await? {
            ReplyBody::Rpc(result) => Ok(serde_json::from_slice(&result.data).expect("an answer is JSON")),
            other => panic!("not an answer to rpc: {other:?}"),
        }
    }

    /// Subscribes to a channel.
    pub async fn subscribe(&mut self, channel: &str) -> Result<SubscribeResult, Error> {
        self.subscribe_with(SubscribeRequest {
            channel: channel.to_owned(),
            ..SubscribeRequest::default()
        })
        .await
    }

    /// Subscribes as asked.
    pub async fn subscribe_with(&mut self, request: SubscribeRequest) -> Result<SubscribeResult, Error> {
        match self.ask(Request::Subscribe(Box::new(request))).await? {
            ReplyBody::Subscribe(result) => Ok(*result),
            other => panic!("not an answer to subscribe: {other:?}"),
        }
    }

    /// Ends a subscription.
    pub async fn unsubscribe(&mut self, channel: &str) -> Result<ReplyBody, Error> {
        self.ask(Request::Unsubscribe(UnsubscribeRequest {
            channel: channel.to_owned(),
        }))
        .await
    }

    /// Publishes.
    pub async fn publish(&mut self, channel: &str, data: &Value) -> Result<ReplyBody, Error> {
        let (channel, data) = (channel.to_owned(), Bytes::from(data.to_string()));
        self.ask(Request::Publish(Box::new(PublishRequest {
            channel,
            data,
            ..PublishRequest::default()
        })))
        .await
    }

    /// Sends a message that has no answer.
    pub async fn send_async(&mut self, data: &Value) {
        let request = Request::Send(SendRequest {
            data: Bytes::from(data.to_string()),
        });
        self.send_command(&Command::of(0_u32, request)).await;
    }

    /// Waits for an event of a kind and takes it.
    pub async fn heard(&mut self, kind: &str) -> Heard {
        self.until(&format!("an event {kind}"), |socket| {
            let found = socket
                .events
                .iter()
                .position(|heard| heard.event["type"] == kind)?;
            Some(socket.events.remove(found))
        })
        .await
    }

    /// Waits for a push that gives something.
    pub async fn push<T>(&mut self, what: &str, mut pick: impl FnMut(&Push) -> Option<T>) -> T {
        self.until(what, |socket| {
            let (found, value) = socket
                .pushes
                .iter()
                .enumerate()
                .find_map(|(i, push)| Some((i, pick(push)?)))?;
            socket.pushes.remove(found);
            Some(value)
        })
        .await
    }

    /// Waits for a publication on a channel.
    pub async fn publication(&mut self, channel: &str) -> Publication {
        self.push(&format!("a publication on {channel}"), |push| {
            (push.channel == channel)
                .then(|| push.r#pub.as_deref().cloned())
                .flatten()
        })
        .await
    }

    /// Waits for the frame of a cell that tells of an agent, and gives that agent's entry.
    pub async fn entry(&mut self, agent: &str) -> Value {
        self.push(&format!("an entry of {agent}"), |push| {
            let frame: Value = serde_json::from_slice(&push.r#pub.as_ref()?.data).ok()?;
            frame["agents"]
                .as_array()?
                .iter()
                .find(|entry| entry["id"] == agent)
                .cloned()
        })
        .await
    }

    /// Waits until something is there, reading what comes.
    pub async fn until<T>(&mut self, what: &str, look: impl FnMut(&mut Self) -> Option<T>) -> T {
        self.until_within(PATIENCE, what, look).await
    }

    /// Waits so long at the most.
    pub async fn until_within<T>(
        &mut self,
        patience: Duration,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let waited = tokio::time::timeout(patience, async {
            loop {
                if let Some(value) = look(self) {
                    return value;
                }
                assert!(
                    self.closed.is_none(),
                    "closed with {:?} while waiting for {what}",
                    self.closed
                );
                self.read().await;
            }
        });
        let Ok(value) = waited.await else {
            panic!(
                "waited in vain: {what}; events {:?}; pushes {:?}",
                self.events, self.pushes
            )
        };
        value
    }

    /// Waits until the server closes the socket; gives the code.
    pub async fn closed(&mut self) -> u16 {
        self.closed_within(PATIENCE).await
    }

    /// Waits so long at the most.
    pub async fn closed_within(&mut self, patience: Duration) -> u16 {
        let waited = tokio::time::timeout(patience, async {
            loop {
                if let Some(code) = self.closed {
                    return code;
                }
                self.read().await;
            }
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("the socket stays open: {:?}", self.pushes))
    }

    /// Reads one frame.
    async fn read(&mut self) {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => {
                assert_eq!(self.encoding, Encoding::Json, "a text on a protobuf socket");
                self.take(text.as_bytes()).await;
            }
            Some(Ok(Message::Binary(bytes))) => {
                assert_eq!(
                    self.encoding,
                    Encoding::Protobuf,
                    "a binary message on a JSON socket"
                );
                self.take(&bytes).await;
            }
            Some(Ok(Message::Close(frame))) => {
                self.closed = Some(frame.map_or(1005, |frame| frame.code.into()))
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                self.closed.get_or_insert(1006);
            }
        }
    }

    async fn take(&mut self, frame: &[u8]) {
        let replies =
            wire::decode_replies(self.encoding, frame, REPLIES_MAX).expect("the server speaks the protocol");
        for reply in replies {
            if reply.is_ping() {
                self.pings += 1;
                if self.is_answering_pings {
                    self.send_command(&Command::default()).await;
                }
                continue;
            }
            let id = reply.id;
            match reply.into_body() {
                Some(ReplyBody::Push(push)) => self.take_push(*push),
                Some(body) => {
                    assert!(self.replies.insert(id, body).is_none(), "two replies to {id}");
                }
                None => panic!("a reply to {id} without a body"),
            }
        }
    }

    fn take_push(&mut self, push: Push) {
        let publication = push.r#pub.as_deref();
        let data: Value = publication
            .and_then(|it| serde_json::from_slice(&it.data).ok())
            .unwrap_or(Value::Null);
        let events = data["events"].as_array().cloned().unwrap_or_default();
        let offset = publication.map_or(0, |it| it.offset);
        self.events.extend(events.into_iter().map(|event| Heard {
            channel: push.channel.clone(),
            offset,
            event,
        }));
        if data.get("events").is_none() || data.get("cell").is_some() {
            self.pushes.push(push);
        }
    }
}
