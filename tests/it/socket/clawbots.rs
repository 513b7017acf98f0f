//! ClawBots' own socket.

use crate::agent::Agent;
use crate::plot::Plot;
use crate::world::PATIENCE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

struct Bot(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Bot {
    async fn open(agent: &Agent, token: Option<&str>) -> Self {
        let mut request = agent.clawbots_url().into_client_request().unwrap();
        if let Some(token) = token {
            request
                .headers_mut()
                .insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        Self(connect_async(request).await.unwrap().0)
    }

    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The first frame that a test wants.
    async fn frame(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        if is_wanted(&frame) {
                            return frame;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("not a frame: {other:?}"),
                }
            }
        });
        waited.await.expect("the frame comes")
    }

    async fn closed(&mut self) -> u16 {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map_or(1005, |frame| frame.code.into()),
                    Some(Ok(_)) => {}
                    other => panic!("closed without a code: {other:?}"),
                }
            }
        });
        waited.await.expect("the server closes")
    }
}

#[tokio::test]
async fn a_bot_connects_with_its_header_or_its_first_message_and_acts() {
    let plot = Plot::new().await;
    let alice = plot.stranger("alice").await;
    let mut first = Bot::open(&alice, Some(&alice.token)).await;
    let mut second = Bot::open(&alice, None).await;
    second
        .send(json!({"action": "auth", "params": {"token": alice.token}}))
        .await;
    for bot in [&mut first, &mut second] {
        let hello = bot.frame(|frame| frame["type"] == "connected").await;
        assert_eq!(
            (&hello["agent_id"], &hello["location"]["region"]),
            (&json!(alice.handle), &json!(plot.name))
        );
        bot.send(json!({"action": "get_location", "request_id": 7})).await;
        let answer = bot.frame(|frame| frame["request_id"] == 7).await;
        assert_eq!(
            (&answer["type"], &answer["result"], &answer["error"]),
            (&json!("response"), &json!("success"), &Value::Null)
        );
        assert_eq!(answer["data"]["result"]["region"], plot.name.as_str());
        bot.send(json!({"action": "say", "params": {"message": "hi"}}))
            .await;
        let answer = bot.frame(|frame| frame["type"] == "action_result").await;
        assert_eq!(
            (&answer["action"], &answer["result"]["durability"]),
            (&json!("say"), &json!("committed"))
        );
        bot.send(json!({"action": "fly", "request_id": "f"})).await;
        let answer = bot.frame(|frame| frame["request_id"] == "f").await;
        assert_eq!(
            (&answer["result"], &answer["error"]["code"]),
            (&json!("unknown_action"), &json!("unknown_action"))
        );
        bot.send(json!({"action": "get_events", "request_id": "e"})).await;
        assert_eq!(
            bot.frame(|frame| frame["request_id"] == "e").await["result"],
            "success"
        );
    }
}

#[tokio::test]
async fn a_bot_hears_what_is_said_around_it_and_to_it() {
    let plot = Plot::new().await;
    let (alice, bob) = (
        plot.agent_at("alice", 50.0, 50.0).await,
        plot.agent_at("bob", 52.0, 50.0).await,
    );
    let mut bot = Bot::open(&alice, Some(&alice.token)).await;
    bot.frame(|frame| frame["type"] == "connected").await;
    bob.act("say", json!({"message": "good morning"})).await.ok();
    bot.frame(|frame| frame.to_string().contains("good morning"))
        .await;
    bob.act(
        "whisper",
        json!({"target_id": alice.handle, "message": "for your ears"}),
    )
    .await
    .ok();
    bot.frame(|frame| frame.to_string().contains("for your ears"))
        .await;
}

#[tokio::test]
async fn a_bot_without_a_good_token_of_its_own_is_closed_with_4002() {
    let plot = Plot::new().await;
    let (alice, bob) = (plot.stranger("alice").await, plot.stranger("bob").await);
    for token in ["nonsense", bob.token.as_str()] {
        assert_eq!(Bot::open(&alice, Some(token)).await.closed().await, 4002);
        let mut bot = Bot::open(&alice, None).await;
        bot.send(json!({"action": "auth", "params": {"token": token}}))
            .await;
        assert_eq!(bot.closed().await, 4002);
    }
    let mut bot = Bot::open(&alice, None).await;
    bot.send(json!({"action": "say", "params": {"message": "hi"}}))
        .await;
    assert_eq!(bot.closed().await, 4002);
}

#[tokio::test]
async fn a_bot_that_is_no_agent_is_closed_with_4001() {
    let alice = Plot::new().await.stranger("alice").await;
    let outsider = super::token::token("outsider", super::token::FUTURE_S);
    assert_eq!(Bot::open(&alice, Some(&outsider)).await.closed().await, 4001);
}

#[tokio::test]
async fn a_frame_that_is_none_is_refused_and_the_bot_goes_on() {
    let alice = Plot::new().await.stranger("alice").await;
    let mut bot = Bot::open(&alice, Some(&alice.token)).await;
    bot.frame(|frame| frame["type"] == "connected").await;
    bot.0.send(Message::text("{\"action\":")).await.unwrap();
    let answer = bot.frame(|frame| frame["type"] == "action_result").await;
    assert_eq!(answer["error"]["code"], "malformed");
    bot.send(json!({"action": "ping", "request_id": 1})).await;
    assert_eq!(
        bot.frame(|frame| frame["request_id"] == 1).await["result"],
        "success"
    );
}
