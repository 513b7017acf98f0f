//! Users that publish by way of several nodes, and channels of which only the newest is sent.

use super::socket::TestSocket;
use super::stage::{channel_of, heard_data, on_pair, publish_as, subscribe};
use crate::actors::channels::{self, keep_latest};
use crate::actors::test_node::{TestNode, wait_until};
use crate::bus::BusConfig;
use crate::bus::tests::Server;
use crate::config::{ChannelSettings, Limits, NamespaceSettings, Period};
use crate::domain::refusal::Code;
use serde_json::json;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// One a second, so that the window of all of them outlasts any test.
const BURST: u32 = 60;

fn limits() -> Limits {
    Limits {
        publishes_per_s: 1,
        publishes_burst: BURST,
        ..Limits::default()
    }
}

/// How many of so many publications on each node may pass, all counted at once; checks why the others may not.
async fn passed(nodes: [&TestNode; 2], user: &str) -> usize {
    let count = |number: u32| {
        let node = nodes[usize::from(!number.is_multiple_of(2))].node();
        channels::count_publish(node, "public.a", user)
    };
    let counted = futures_util::future::join_all((0..2 * BURST).map(count)).await;
    let refused = counted.iter().filter_map(|counted| counted.as_ref().err());
    for refusal in refused {
        assert_eq!(refusal.code, Code::RateLimited);
        assert!(refusal.retry_after_ms > Some(0), "{refusal:?}");
    }
    counted.iter().filter(|counted| counted.is_ok()).count()
}

#[test]
fn a_user_publishes_no_more_over_two_nodes_than_over_one_and_its_share_while_redis_is_away() {
    let runtime = Runtime::new().unwrap();
    let mut server = runtime.block_on(Server::start());
    let (bus, all) = (server.config(1), usize::try_from(BURST).unwrap());
    on_pair(
        &bus,
        limits(),
        ChannelSettings::default(),
        async |first, second| {
            let nodes = [&first, &second];
            wait_until("redis is there", || async {
                !first.node().bus.status().is_degraded
            })
            .await;
            assert_eq!(passed(nodes, "alice").await, all);
            let counted: u64 = server.ask(&["GET", "rookery:ratelimit:alice"]).await;
            assert_eq!(counted, u64::from(2 * BURST), "each was asked for");
            assert_eq!(passed(nodes, "bob").await, all);
            server.stop();
            wait_until("redis is away", || async {
                first.node().bus.status().is_degraded
            })
            .await;
            assert_eq!(passed(nodes, "carol").await, all, "half of it on each node");
            let alone = channels::count_publish(first.node(), "public.a", "carol").await;
            assert_eq!(alone.unwrap_err().code, Code::RateLimited);
        },
    );
}

#[test]
fn of_a_key_the_newest_is_heard_on_both_nodes_and_the_first_at_once() {
    let settings = ChannelSettings {
        public: NamespaceSettings {
            latest_only: Some(Period::from_ms(100)),
        },
        ..ChannelSettings::default()
    };
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    on_pair(
        &BusConfig::default(),
        unlimited,
        settings,
        async |first, second| {
            for node in [&first, &second] {
                actix_rt::spawn(keep_latest(Arc::clone(node.node())));
            }
            let name = channel_of(&first);
            let sockets = [TestSocket::open(&first, None), TestSocket::open(&second, None)];
            for (node, socket) in [&first, &second].into_iter().zip(&sockets) {
                subscribe(node, socket, &name, None).await.unwrap();
            }
            let epoch = first.node().channels.history(&name, first.node().now()).epoch;
            for number in 0..10 {
                for (node, key) in [(&first, "a"), (&second, "b")] {
                    publish_as(node, &name, json!([key, number]), key).await.unwrap();
                }
            }
            for socket in &sockets {
                assert_eq!(heard_data(socket, 2).await, [json!(["a", 0]), json!(["b", 0])]);
            }
            // The interval ends only when the clock says so.
            first.clock.advance(100);
            for socket in &sockets {
                assert_eq!(heard_data(socket, 2).await, [json!(["a", 9]), json!(["b", 9])]);
            }
            first.clock.advance(100);
            publish_as(&second, &name, json!("last"), "c").await.unwrap();
            for socket in &sockets {
                assert_eq!(heard_data(socket, 1).await, [json!("last")]);
                assert!(
                    socket.lost_channels().is_empty(),
                    "nobody misses what was left out"
                );
            }
            let history = first.node().channels.history(&name, first.node().now());
            assert_eq!((history.epoch, history.top, history.kept.len()), (epoch, 21, 21));
        },
    );
}
