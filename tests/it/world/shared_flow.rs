//! How much flows on channels of nodes that share a world: a user's rate, the newest of a key, the ticks of timers.

use super::shared::Nodes;
use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{unique, until};
use rookery::wire::Encoding;
use rookery::wire::push::Publication;
use rookery::wire::reply::ReplyBody;
use rookery::wire::request::{HistoryRequest, PublishRequest, Request};
use rookery::wire::subscription::SubscribeResult;
use serde_json::{Value, json};

/// Publications of a user at once; at one a second their window outlasts the test.
const BURST: usize = 30;

/// Two nodes, two agents, and a socket of each agent on each node.
struct Stage {
    // It goes with this value.
    _world: Nodes,
    sockets: [[Socket; 2]; 2],
    channel: String,
}

impl Stage {
    async fn start(variables: &[(&'static str, String)]) -> Self {
        // Nobody is to lose a shard on a busy machine: what is not sent, or not answered, because it moves is another test's.
        let lease = ("ROOKERY_STORE__LEASE_TTL_MS", "6000".to_owned());
        let variables: Vec<_> = variables.iter().cloned().chain([lease]).collect();
        let world = Nodes::start_with(2, &variables).await;
        world.show_logs_on_panic();
        world.until_even().await;
        let ports = [world.nodes[0].port(), world.nodes[1].port()];
        let open = async |agent: Agent| {
            [
                agent.at(ports[0]).connect().await,
                agent.at(ports[1]).connect_with(Encoding::Protobuf).await,
            ]
        };
        let sockets = [
            open(world.nodes[0].agent("alice").await).await,
            open(world.nodes[0].agent("bob").await).await,
        ];
        Self {
            _world: world,
            sockets,
            channel: format!("public.flow-{}", unique()),
        }
    }
}

/// Asks until it is not refused for the moment, as every client does.
async fn subscribe(socket: &mut Socket, channel: &str) -> SubscribeResult {
    until("a subscription", async || match socket.subscribe(channel).await {
        Ok(result) => Some(result),
        Err(error) => {
            assert!(error.temporary, "{error:?}");
            None
        }
    })
    .await
}

fn payload(publication: &Publication) -> Value {
    let data: Value = serde_json::from_slice(&publication.data).expect("JSON");
    data["payload"].clone()
}

fn publish(channel: &str, data: &Value) -> Request {
    Request::Publish(Box::new(PublishRequest {
        channel: channel.to_owned(),
        data: data.to_string().into(),
        ..PublishRequest::default()
    }))
}

#[tokio::test]
async fn a_user_publishes_as_much_over_two_nodes_as_over_one_and_each_socket_in_its_order() {
    let limit = |name, value: usize| (name, value.to_string());
    let mut stage = Stage::start(&[
        limit("ROOKERY_LIMITS__PUBLISHES_PER_S", 1),
        limit("ROOKERY_LIMITS__PUBLISHES_BURST", BURST),
        limit("ROOKERY_LIMITS__SOCKET_MESSAGES_PER_MIN", 10_000),
        limit("ROOKERY_LIMITS__SOCKET_MESSAGES_BURST", 10_000),
    ])
    .await;
    let [publishers, [listener, _]] = &mut stage.sockets;
    subscribe(listener, &stage.channel).await;
    let mut asked = [Vec::new(), Vec::new()];
    for number in 0..BURST {
        for (at, socket) in publishers.iter_mut().enumerate() {
            asked[at].push(socket.start(publish(&stage.channel, &json!([at, number]))).await);
        }
    }
    let mut passed = [Vec::new(), Vec::new()];
    for (at, socket) in publishers.iter_mut().enumerate() {
        for (number, id) in asked[at].iter().enumerate() {
            match socket.reply(*id).await {
                Ok(_) => passed[at].push(json!([at, number])),
                Err(error) => assert_eq!((error.code, error.temporary), (111, true), "{error:?}"),
            }
        }
    }
    let count = passed[0].len() + passed[1].len();
    assert_eq!(count, BURST, "{passed:?}");
    let mut heard = [Vec::new(), Vec::new()];
    for _ in 0..count {
        let data = payload(&listener.publication(&stage.channel).await);
        heard[usize::from(data[0] == json!(1))].push(data);
    }
    assert_eq!(heard, passed);
}

#[tokio::test]
async fn subscribers_get_the_first_of_a_key_at_once_and_history_has_all() {
    let minute = ("ROOKERY_CHANNEL__PUBLIC__LATEST_ONLY", "1m".to_owned());
    let mut stage = Stage::start(&[minute]).await;
    let [[alice, alice_there], [bob, bob_there]] = &mut stage.sockets;
    for socket in [&mut *alice_there, &mut *bob] {
        let result = subscribe(socket, &stage.channel).await;
        assert!(!result.recoverable && !result.positioned, "{result:?}");
    }
    for number in 0..5 {
        alice
            .ask(publish(&stage.channel, &json!(number)))
            .await
            .expect("published");
    }
    bob_there
        .ask(publish(&stage.channel, &json!("bob")))
        .await
        .expect("published");
    for socket in [&mut *alice_there, &mut *bob] {
        for expected in [json!(0), json!("bob")] {
            let publication = socket.publication(&stage.channel).await;
            assert_eq!((payload(&publication), publication.offset), (expected, 0));
        }
    }
    let request = HistoryRequest {
        channel: stage.channel.clone(),
        limit: 100,
        ..HistoryRequest::default()
    };
    let answer = bob
        .ask(Request::History(Box::new(request)))
        .await
        .expect("history");
    let ReplyBody::History(history) = answer else {
        panic!("{answer:?}")
    };
    let kept: Vec<Value> = history.publications.iter().map(payload).collect();
    assert_eq!(
        kept,
        [json!(0), json!(1), json!(2), json!(3), json!(4), json!("bob")]
    );
}

#[tokio::test]
async fn each_tick_of_a_timer_is_heard_once_on_every_node() {
    let mut stage = Stage::start(&[]).await;
    let [sockets, _] = &mut stage.sockets;
    let name = "system.timer.second";
    for socket in &mut *sockets {
        subscribe(socket, name).await;
    }
    let mut heard = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        for (socket, heard) in sockets.iter_mut().zip(&mut heard) {
            let publication = socket.publication(name).await;
            let data: Value = serde_json::from_slice(&publication.data).expect("JSON");
            assert_eq!(data["_claw"]["sender"], "system", "{data}");
            heard.push(data["payload"]["unix"].as_i64().expect("a time"));
        }
    }
    for heard in heard {
        assert!(heard.iter().all(|unix| unix % 1_000 == 0), "{heard:?}");
        assert!(heard.is_sorted_by(|one, next| one < next), "{heard:?}");
    }
}
