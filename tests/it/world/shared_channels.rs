//! Channels of nodes that share a world: whoever is on one meets everybody else who is, wherever they are connected.

use super::shared::Nodes;
use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{unique, until};
use nix::sys::signal::Signal;
use rookery::wire::Encoding;
use rookery::wire::push::{Publication, Push};
use rookery::wire::reply::{Error, ReplyBody};
use rookery::wire::request::{PresenceRequest, PresenceStatsRequest, Request};
use rookery::wire::subscription::{SubscribeRequest, SubscribeResult};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many channels that each of two nodes is the home of some.
const CHANNELS: usize = 12;

/// Two nodes that have their parts of the world and keep them, and an agent's socket on each.
struct Stage {
    world: Nodes,
    agents: [Agent; 2],
    sockets: [Socket; 2],
    channels: Vec<String>,
}

impl Stage {
    async fn start() -> Self {
        let world = Nodes::start(2).await;
        world.show_logs_on_panic();
        world.until_even().await;
        let agents = [
            world.nodes[0].agent("alice").await,
            world.nodes[0].agent("bob").await,
        ];
        let [first, second] = [world.nodes[0].port(), world.nodes[1].port()];
        let sockets = [
            agents[0].at(first).connect().await,
            agents[1].at(second).connect_with(Encoding::Protobuf).await,
        ];
        let channels = (0..CHANNELS)
            .map(|n| format!("public.it-{}-{n}", unique()))
            .collect();
        Self {
            world,
            agents,
            sockets,
            channels,
        }
    }
}

/// Asks until it is not refused for the moment, as every client does.
async fn patiently<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, Error>) -> T {
    until(what, async || match ask().await {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(error.temporary, "{what}: {error:?}");
            None
        }
    })
    .await
}

async fn subscribe(socket: &mut Socket, channel: &str) -> SubscribeResult {
    patiently("a subscription", async || socket.subscribe(channel).await).await
}

async fn publish(socket: &mut Socket, channel: &str, data: &Value) {
    patiently("a publication", async || socket.publish(channel, data).await).await;
}

fn payload(publication: &Publication) -> Value {
    serde_json::from_slice::<Value>(&publication.data).expect("JSON")["payload"].take()
}

/// The node's own part of an epoch.
fn home_of(epoch: &str) -> &str {
    epoch.split_once('-').map_or(epoch, |(home, _)| home)
}

/// The code by which a channel was taken away.
fn lost(push: &Push, channel: &str) -> Option<u32> {
    let unsubscribe = push.unsubscribe.as_ref().filter(|_| push.channel == channel)?;
    Some(unsubscribe.code)
}

#[tokio::test]
async fn publications_of_both_nodes_reach_both_in_one_order() {
    let mut stage = Stage::start().await;
    let mut homes = Vec::new();
    for channel in &stage.channels {
        for socket in &mut stage.sockets {
            let result = subscribe(socket, channel).await;
            assert!(result.recoverable && result.positioned);
            homes.push(home_of(&result.epoch).to_owned());
        }
    }
    homes.sort_unstable();
    homes.dedup();
    assert_eq!(homes.len(), 2, "both nodes are homes");
    for n in 0..10 {
        for channel in &stage.channels {
            let publisher = &mut stage.sockets[n % 2];
            publish(publisher, channel, &json!(n)).await;
        }
    }
    for socket in &mut stage.sockets {
        for channel in &stage.channels {
            for (n, offset) in (0..10).zip(1_u64..) {
                let publication = socket.publication(channel).await;
                assert_eq!((payload(&publication), publication.offset), (json!(n), offset));
                let publisher = publication.info.expect("who published").user;
                assert_eq!(publisher, stage.agents[n % 2].handle);
            }
        }
    }
    // An agent's own channel, which keeps nothing.
    let own = format!("agent.{}.notes", stage.agents[0].handle);
    let mut other = stage.agents[0].at(stage.world.nodes[1].port()).connect().await;
    subscribe(&mut other, &own).await;
    subscribe(&mut stage.sockets[0], &own).await;
    for (from, data) in [(0, json!("here")), (1, json!("there"))] {
        let publisher = [&mut stage.sockets[0], &mut other];
        let [first, second] = publisher;
        publish(if from == 0 { first } else { second }, &own, &data).await;
        assert_eq!(payload(&stage.sockets[0].publication(&own).await), data);
        assert_eq!(payload(&other.publication(&own).await), data);
    }
}

#[tokio::test]
async fn commands_of_one_socket_that_do_not_wait_for_each_other_keep_their_order() {
    let mut stage = Stage::start().await;
    let socket = &mut stage.sockets[0];
    for channel in &stage.channels {
        // Known to be there, so that nothing of it is refused for the moment.
        publish(socket, channel, &json!("first")).await;
        let subscribe = SubscribeRequest {
            channel: channel.clone(),
            ..SubscribeRequest::default()
        };
        let mut asked = vec![socket.start(Request::Subscribe(Box::new(subscribe))).await];
        for n in 0..5 {
            let publish = rookery::wire::request::PublishRequest {
                channel: channel.clone(),
                data: json!(n).to_string().into(),
                ..Default::default()
            };
            asked.push(socket.start(Request::Publish(Box::new(publish))).await);
        }
        for id in asked {
            socket.reply(id).await.expect("it is done");
        }
        for n in 0..5 {
            assert_eq!(payload(&socket.publication(channel).await), json!(n));
        }
    }
}

#[tokio::test]
async fn a_client_recovers_by_way_of_another_node() {
    let mut stage = Stage::start().await;
    for channel in &stage.channels {
        let before = subscribe(&mut stage.sockets[0], channel).await;
        for n in 0..3 {
            publish(&mut stage.sockets[n % 2], channel, &json!(n)).await;
        }
        let request = SubscribeRequest {
            channel: channel.clone(),
            recover: true,
            epoch: before.epoch.clone(),
            offset: 1,
            ..SubscribeRequest::default()
        };
        let there = &mut stage.sockets[1];
        let result = patiently("a recovery", async || there.subscribe_with(request.clone()).await).await;
        assert!(result.recovered && result.was_recovering);
        assert_eq!(result.epoch, before.epoch);
        let missed: Vec<(u64, Value)> = result
            .publications
            .iter()
            .map(|publication| (publication.offset, payload(publication)))
            .collect();
        assert_eq!(missed, [(2, json!(1)), (3, json!(2))]);
        publish(&mut stage.sockets[0], channel, &json!(3)).await;
        assert_eq!(stage.sockets[1].publication(channel).await.offset, 4);
    }
}

#[tokio::test]
async fn who_comes_and_goes_on_one_node_is_told_and_listed_on_the_other() {
    let mut stage = Stage::start().await;
    let (first, second) = (stage.world.nodes[0].port(), stage.world.nodes[1].port());
    for channel in &stage.channels {
        let [here, _] = &mut stage.sockets;
        subscribe(here, channel).await;
        let mut there = stage.agents[1].at(second).connect().await;
        subscribe(&mut there, channel).await;
        let client = there.hello.client.clone();
        let is_it = |info: Option<&rookery::wire::push::ClientInfo>| {
            info.is_some_and(|info| info.client == client).then_some(())
        };
        here.push("bob joins", |push| is_it(push.join.as_ref()?.info.as_ref()))
            .await;
        let mut third = stage.agents[0].at(first).connect().await;
        for socket in [&mut *here, &mut there, &mut third] {
            let asked = patiently("presence", async || {
                let channel = channel.clone();
                socket.ask(Request::Presence(PresenceRequest { channel })).await
            })
            .await;
            let ReplyBody::Presence(result) = asked else {
                panic!("{asked:?}")
            };
            let mut users: Vec<&str> = result.presence.values().map(|info| info.user.as_str()).collect();
            users.sort_unstable();
            let mut expected = stage.agents.each_ref().map(|agent| agent.handle.as_str());
            expected.sort_unstable();
            assert_eq!(users, expected);
            let asked = patiently("counts", async || {
                let channel = channel.clone();
                socket
                    .ask(Request::PresenceStats(PresenceStatsRequest { channel }))
                    .await
            })
            .await;
            let ReplyBody::PresenceStats(stats) = asked else {
                panic!("{asked:?}")
            };
            assert_eq!((stats.num_clients, stats.num_users), (2, 2));
        }
        drop(there);
        here.push("bob leaves", |push| is_it(push.leave.as_ref()?.info.as_ref()))
            .await;
    }
}

#[tokio::test]
async fn subscribers_of_a_home_that_was_killed_are_told_and_go_on_elsewhere() {
    let mut stage = Stage::start().await;
    let mut epochs = BTreeMap::new();
    let [socket, other] = &mut stage.sockets;
    let own = (0..CHANNELS).map(|n| format!("agent.{}.notes-{n}", stage.agents[0].handle));
    let own: Vec<String> = own.collect();
    for channel in &stage.channels {
        subscribe(other, channel).await;
        let result = subscribe(socket, channel).await;
        publish(other, channel, &json!("before")).await;
        assert_eq!(payload(&socket.publication(channel).await), json!("before"));
        epochs.insert(channel.clone(), result.epoch);
    }
    for channel in &own {
        subscribe(socket, channel).await;
    }
    stage.world.nodes[1].stop(Signal::SIGKILL);
    stage.world.until_shared(0, 1).await;
    // Now all channels have their home here: what another epoch says was the other node's.
    let mut probe = stage.agents[1].at(stage.world.nodes[0].port()).connect().await;
    let mut moved = 0;
    for (channel, epoch) in &epochs {
        let now = subscribe(&mut probe, channel).await;
        if now.epoch != *epoch {
            moved += usize::from(home_of(&now.epoch) != home_of(epoch));
            let code = socket
                .push(&format!("{channel} is lost"), |push| lost(push, channel))
                .await;
            assert_eq!(code, 2500);
            let request = SubscribeRequest {
                channel: channel.clone(),
                recover: true,
                epoch: epoch.clone(),
                offset: 1,
                ..SubscribeRequest::default()
            };
            let again = patiently("a subscription", async || {
                socket.subscribe_with(request.clone()).await
            })
            .await;
            assert!(!again.recovered && again.was_recovering);
            assert_eq!(again.epoch, now.epoch);
        }
        publish(&mut probe, channel, &json!("after")).await;
        assert_eq!(payload(&socket.publication(channel).await), json!("after"));
    }
    assert!(
        (1..CHANNELS).contains(&moved),
        "{moved} of {CHANNELS} had their home there"
    );
    for channel in &own {
        if socket.pushes.iter().any(|push| lost(push, channel).is_some()) {
            subscribe(socket, channel).await;
        }
        publish(socket, channel, &json!("still here")).await;
        assert_eq!(payload(&socket.publication(channel).await), json!("still here"));
    }
}

#[tokio::test]
async fn without_redis_the_channels_of_a_node_go_on_and_the_others_come_back_with_it() {
    let mut stage = Stage::start().await;
    let socket = &mut stage.sockets[0];
    let mut epochs = BTreeMap::new();
    for channel in &stage.channels {
        let result = subscribe(socket, channel).await;
        epochs.insert(channel.clone(), result.epoch);
    }
    stage.world.redis.kill();
    let here = until("a channel that goes on", async || {
        for (channel, epoch) in &epochs {
            match socket.publish(channel, &json!("away")).await {
                Ok(_) => return Some(home_of(epoch).to_owned()),
                Err(error) => assert!(error.temporary, "{error:?}"),
            }
        }
        None
    })
    .await;
    let is_here = |epoch: &String| home_of(epoch) == here;
    for (channel, epoch) in &epochs {
        if is_here(epoch) {
            publish(socket, channel, &json!("here")).await;
            socket
                .push("a publication", |push| {
                    let publication = push.r#pub.as_deref().filter(|_| push.channel == *channel)?;
                    (payload(publication) == "here").then_some(())
                })
                .await;
        } else {
            let error = socket
                .publish(channel, &json!("there"))
                .await
                .expect_err("not now");
            assert!(error.temporary, "{error:?}");
        }
    }
    assert!(epochs.values().any(|epoch| !is_here(epoch)));
    stage.world.redis.restart();
    for channel in epochs
        .iter()
        .filter(|(_, epoch)| !is_here(epoch))
        .map(|(channel, _)| channel)
    {
        let code = socket
            .push(&format!("{channel} is lost"), |push| lost(push, channel))
            .await;
        assert_eq!(code, 2500);
        subscribe(socket, channel).await;
        publish(socket, channel, &json!("back")).await;
        assert_eq!(payload(&socket.publication(channel).await), json!("back"));
    }
}
