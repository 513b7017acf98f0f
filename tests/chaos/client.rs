//! A client that speaks Centrifuge's protocol in JSON over a real socket: just what the bots need.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(10);

/// Why a socket is of no more use.
#[derive(Debug)]
pub struct Gone(pub String);

/// What stands before the seconds in the reason of a refused handshake.
const COME_BACK: &str = "come back after ";

impl Gone {
    /// A handshake that failed, with the time that a refusal names.
    fn shaking_hands(error: &tungstenite::Error) -> Self {
        let tungstenite::Error::Http(response) = error else {
            return Self(error.to_string());
        };
        let after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok());
        Self(match after {
            Some(seconds) => format!("{COME_BACK}{seconds}"),
            None => error.to_string(),
        })
    }

    /// When the server wants to see us again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.0.strip_prefix(COME_BACK)?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// An open socket.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    replies: VecDeque<Value>,
    next: u64,
    /// Whether pushes are thrown away unread: what many agents see is not looked at.
    pub is_deaf: bool,
}

impl Client {
    /// Connects with a token, or without one as somebody who watches.
    pub async fn connect(address: SocketAddr, token: Option<&str>) -> Result<Self, Gone> {
        tokio::time::timeout(OPENING, Self::open(address, token))
            .await
            .map_err(|_elapsed| Gone("opening took too long".into()))?
    }

    async fn open(address: SocketAddr, token: Option<&str>) -> Result<Self, Gone> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| Gone(error.to_string()))?;
        stream
            .set_nodelay(true)
            .map_err(|error| Gone(error.to_string()))?;
        let url = format!("ws://{address}/connection/websocket");
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .map_err(|error| Gone::shaking_hands(&error))?;
        let mut client = Self {
            socket,
            replies: VecDeque::new(),
            next: 0,
            is_deaf: false,
        };
        let connect = token.map_or(json!({}), |token| json!({"token": token}));
        let id = client.send(json!({"connect": connect})).await?;
        loop {
            let reply = client.reply().await?;
            if reply["id"] == id {
                return if reply["error"].is_null() {
                    Ok(client)
                } else {
                    Err(Gone(reply["error"].to_string()))
                };
            }
        }
    }

    /// Sends a command and gives its number.
    pub async fn send(&mut self, mut command: Value) -> Result<u64, Gone> {
        self.next += 1;
        command["id"] = json!(self.next);
        self.socket
            .send(Message::text(command.to_string()))
            .await
            .map_err(|error| Gone(error.to_string()))?;
        Ok(self.next)
    }

    /// Asks for an action.
    pub async fn act(&mut self, action: &str, data: &Value) -> Result<u64, Gone> {
        self.send(json!({"rpc": {"method": action, "data": data}})).await
    }

    /// Subscribes to a channel and waits until it is done.
    pub async fn subscribe(&mut self, channel: &str) -> Result<(), Gone> {
        let id = self.send(json!({"subscribe": {"channel": channel}})).await?;
        loop {
            let reply = self.reply().await?;
            if reply["id"] == id {
                return if reply["error"].is_null() {
                    Ok(())
                } else {
                    Err(Gone(reply["error"].to_string()))
                };
            }
        }
    }

    /// The next reply or push; pings are answered on the way. Dropping the future loses nothing.
    pub async fn reply(&mut self) -> Result<Value, Gone> {
        loop {
            if let Some(reply) = self.replies.pop_front() {
                return Ok(reply);
            }
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    for line in text.lines().filter(|line| !line.is_empty()) {
                        if self.is_deaf && line.starts_with("{\"push\"") {
                            continue;
                        }
                        let reply: Value =
                            serde_json::from_str(line).map_err(|error| Gone(format!("{error}: {line}")))?;
                        self.replies.push_back(reply);
                    }
                    if self.replies.iter().any(is_ping) {
                        self.replies.retain(|reply| !is_ping(reply));
                        self.socket
                            .send(Message::text("{}"))
                            .await
                            .map_err(|error| Gone(error.to_string()))?;
                    }
                }
                Some(Ok(Message::Close(frame))) => return Err(Gone(format!("closed: {frame:?}"))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Gone(error.to_string())),
                None => return Err(Gone("closed".into())),
            }
        }
    }
}

fn is_ping(reply: &Value) -> bool {
    reply.as_object().is_some_and(serde_json::Map::is_empty)
}
