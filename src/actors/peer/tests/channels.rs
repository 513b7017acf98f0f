//! Channels: one home for each, wherever who publishes and who listens is connected.

use super::FOREST;
use super::socket::TestSocket;
use super::stage::{ask, channel_of, heard, lost, publish, run, subscribe};
use crate::actors::channels::{self, Home, Way, way};
use crate::actors::peer::forget;
use crate::actors::peer::message::{ChannelAct, Client, News};
use crate::actors::roster;
use crate::actors::test_node::wait_until;
use crate::bus::Topic;
use crate::domain::agent::Handle;
use crate::domain::refusal::Code;
use crate::store::lease::Holding;
use serde_json::{Value, json};

#[test]
fn publications_of_all_nodes_reach_all_nodes_in_one_order_and_once() {
    run(async |first, second| {
        for name in [channel_of(&first), channel_of(&second)] {
            let sockets = [TestSocket::open(&first, None), TestSocket::open(&second, None)];
            let mut tools = first.node().bus.subscribe(Topic::Channel(name.clone()));
            for (node, socket) in [&first, &second].into_iter().zip(&sockets) {
                subscribe(node, socket, &name, None).await.unwrap();
            }
            for n in 0..20 {
                publish([&first, &second][n % 2], &name, n).await.unwrap();
            }
            let expected: Vec<(u64, Value)> = (0..20).map(|n| (n + 1, json!(n))).collect();
            for socket in &sockets {
                assert_eq!(heard(socket, 20).await, expected, "{name}");
            }
            // One node tells tools of it, which here share the bus with both.
            for _ in 0..20 {
                assert!(tools.recv().await.is_some());
            }
            assert!(futures_util::FutureExt::now_or_never(tools.recv()).is_none());
        }
    });
}

#[test]
fn a_socket_recovers_from_the_home_by_way_of_any_node_and_misses_nothing_of_what_goes_on() {
    run(async |first, second| {
        let name = channel_of(&first);
        let here = TestSocket::open(&first, None);
        let epoch = subscribe(&first, &here, &name, None).await.unwrap().epoch;
        for n in 0..5 {
            publish(&second, &name, n).await.unwrap();
        }
        let there = TestSocket::open(&second, None);
        let asked = subscribe(&second, &there, &name, Some((&epoch, 2)));
        let (position, ()) = tokio::join!(asked, async {
            for n in 5..30 {
                publish(&first, &name, n).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let missed = position.unwrap().missed.unwrap();
        let mut offsets: Vec<u64> = missed.iter().map(|kept| kept.offset).collect();
        let left = 28 - offsets.len();
        offsets.extend(heard(&there, left).await.into_iter().map(|(offset, _)| offset));
        assert_eq!(offsets, (3..=30).collect::<Vec<u64>>());
        let other = TestSocket::open(&second, None);
        let unknown = subscribe(&second, &other, &name, Some(("another", 2)))
            .await
            .unwrap();
        assert_eq!((unknown.missed.is_none(), unknown.epoch), (true, epoch));
    });
}

#[test]
fn who_is_on_a_channel_is_known_at_its_home_until_it_leaves_or_its_node_is_gone() {
    run(async |first, second| {
        let name = channel_of(&first);
        let here = TestSocket::open(&first, None);
        subscribe(&first, &here, &name, None).await.unwrap();
        let there = [TestSocket::open(&second, None), TestSocket::open(&second, None)];
        for socket in &there {
            subscribe(&second, socket, &name, None).await.unwrap();
        }
        let is_there = |socket: &TestSocket| {
            let presence = first.node().channels.presence(&name);
            presence.contains_key(&socket.session.to_string())
        };
        assert!(there.iter().all(is_there));
        let Ok(Way::There(home)) = way(second.node(), &name) else {
            panic!("it is at the first")
        };
        let counts: (u32, u32) = ask(&second, home, &name, ChannelAct::Count).await.unwrap();
        assert_eq!(counts, (3, 1));
        let listed: Vec<Client> = ask(&second, home, &name, ChannelAct::Presence).await.unwrap();
        assert_eq!(listed.len(), 3);
        let leaves = async |socket: &TestSocket| {
            wait_until("the others are told", || async {
                let left = |push: &Value| push["leave"]["info"]["client"] == socket.session.to_string();
                here.pushes().iter().any(left)
            })
            .await;
        };
        channels::leave(second.node(), &name, there[0].session, Some(home));
        leaves(&there[0]).await;
        assert!(!is_there(&there[0]) && is_there(&there[1]));
        forget(first.node(), second.node().id);
        leaves(&there[1]).await;
        assert!(!is_there(&there[1]) && is_there(&here));
    });
}

#[test]
fn who_is_on_a_channel_is_told_when_its_home_moves_and_finds_another_stream_there() {
    run(async |first, second| {
        let name = {
            let is_there = |name: &String| {
                let home = first.node().channels.chart().home(name);
                home.is_some_and(|home| home.shard == FOREST)
            };
            (0..).map(|n| format!("public.{n}")).find(is_there).unwrap()
        };
        let sockets = [TestSocket::open(&first, None), TestSocket::open(&second, None)];
        let both = [&first, &second];
        let mut epochs = Vec::new();
        for (to, from) in [(&first, &second), (&second, &first)] {
            for (node, socket) in both.into_iter().zip(&sockets) {
                epochs.push(subscribe(node, socket, &name, None).await.unwrap().epoch);
                publish(node, &name, json!("before")).await.unwrap();
            }
            to.take_shard(from, FOREST).await;
            for socket in &sockets {
                lost(socket, &name).await;
            }
            wait_until("nothing of it is left there", || async {
                from.node().channels.presence(&name).is_empty()
            })
            .await;
            for (node, socket) in both.into_iter().zip(&sockets) {
                let known = epochs.last().unwrap().clone();
                socket.pushes();
                let position = subscribe(node, socket, &name, Some((&known, 2))).await.unwrap();
                assert_ne!(position.epoch, known);
                assert_eq!((position.top, position.missed.is_none()), (0, true));
            }
            publish(from, &name, json!("after")).await.unwrap();
            for socket in &sockets {
                assert_eq!(heard(socket, 1).await, [(1, json!("after"))]);
            }
            for (node, socket) in both.into_iter().zip(&sockets) {
                let Ok(way) = way(node.node(), &name) else {
                    panic!()
                };
                let (Way::Here(Some(home)) | Way::There(home)) = way else {
                    panic!()
                };
                socket.table.borrow_mut().unsubscribe(socket.session, &name);
                channels::leave(node.node(), &name, socket.session, Some(home));
            }
        }
        epochs.dedup();
        assert_eq!(epochs.len(), 2);
    });
}

#[test]
fn a_batch_that_got_lost_ends_the_subscriptions_between_the_two_nodes_and_no_others() {
    run(async |first, second| {
        let names = [channel_of(&first), channel_of(&second)];
        let sockets = [TestSocket::open(&first, None), TestSocket::open(&second, None)];
        for (node, socket) in [&first, &second].into_iter().zip(&sockets) {
            for name in &names {
                subscribe(node, socket, name, None).await.unwrap();
            }
        }
        // Too long to be sent: its number is left out.
        let too_long = "x".repeat(crate::bus::PAYLOAD_MAX_BYTES).into();
        let news = News::Went(Handle::new("a").unwrap(), too_long);
        first.node().peers.tell(second.node().id, news);
        first.node().peers.tell(second.node().id, News::Recount);
        for (node, socket, name) in [
            (&first, &sockets[0], &names[1]),
            (&second, &sockets[1], &names[0]),
        ] {
            lost(socket, name).await;
            // As a session does.
            let home = node.node().channels.chart().home(name);
            channels::leave(node.node(), name, socket.session, home);
        }
        for (name, home, afar) in [(&names[0], 0, 1), (&names[1], 1, 0)] {
            let nodes = [&first, &second];
            let presence = || nodes[home].node().channels.presence(name);
            wait_until("only its own is there", || async { presence().len() == 1 }).await;
            subscribe(nodes[afar], &sockets[afar], name, None).await.unwrap();
            assert_eq!(presence().len(), 2);
            sockets.iter().for_each(|socket| drop(socket.pushes()));
            publish(nodes[afar], name, 1).await.unwrap();
            for socket in &sockets {
                assert_eq!(heard(socket, 1).await.len(), 1);
            }
        }
    });
}

#[test]
fn what_a_home_that_cannot_be_reached_should_do_is_refused_as_moving_and_the_rest_goes_on() {
    run(async |first, second| {
        let (here, there) = (channel_of(&first), channel_of(&second));
        let socket = TestSocket::open(&first, None);
        subscribe(&first, &socket, &there, None).await.unwrap();
        let (_, epoch) = first.node().directory.holder(FOREST).unwrap();
        let freed = Holding {
            shard: FOREST,
            owner: None,
            epoch,
            wish: None,
            agents: 0,
        };
        roster::note_turn(first.node(), &[freed], &[first.node().id, second.node().id]);
        lost(&socket, &there).await;
        let refused = subscribe(&first, &socket, &there, None).await.unwrap_err();
        assert_eq!(refused.code, Code::Moving);
        assert_eq!(publish(&first, &there, 1).await.unwrap_err().code, Code::Moving);
        subscribe(&first, &socket, &here, None).await.unwrap();
        publish(&first, &here, 1).await.unwrap();
        assert_eq!(heard(&socket, 1).await, [(1, json!(1))]);
        // A node that is not the home of a channel, or under another epoch, does nothing about it.
        let home = way(second.node(), &there).unwrap();
        let Way::Here(Some(home)) = home else { panic!() };
        let wrong = Home {
            epoch: home.epoch - 1,
            ..home
        };
        for home in [
            wrong,
            Home {
                node: home.node,
                shard: super::PLAZA,
                ..home
            },
        ] {
            let asked = ask::<()>(&first, home, &there, ChannelAct::History).await;
            assert_eq!(asked.unwrap_err().code, Code::Moving);
        }
    });
}
