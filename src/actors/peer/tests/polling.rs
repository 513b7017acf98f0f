//! While Redis is away, nodes hear of one another by way of the database.

use super::PLAZA;
use super::socket::TestSocket;
use crate::actors::homes::Moored;
use crate::actors::peer::message::{Presence, SocketInfo};
use crate::actors::roster;
use crate::actors::test_node::{NOW, plan, run_pair_on, wait_until};
use crate::bus::BusConfig;
use crate::config::RedisAddress;
use serde_json::{Value, json};
use std::net::TcpListener;

#[test]
fn what_others_commit_is_heard_when_redis_is_away_from_the_start() {
    // Takes connections and never says a word.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let bus = BusConfig {
        redis: Some(RedisAddress::parse(&format!("redis://{}", deaf.local_addr().unwrap())).unwrap()),
        ..BusConfig::default()
    };
    let plans = [plan("plaza"), plan("forest")];
    run_pair_on(&bus, &plans, async |first, second| {
        let both = [first.node().id, second.node().id];
        let holdings = second.read(|reader| reader.holdings(NOW)).await;
        roster::note_turn(second.node(), &holdings, &both);
        assert_eq!(second.node().directory.owner(PLAZA), Some(both[0]));
        let alice = first.join("alice", 100.0, 100.0).await;
        let bob = first.join("bob", 101.0, 100.0).await;
        // What the second one knows of bob, whose socket it has.
        let socket = TestSocket::open(&second, Some(&bob));
        let info = SocketInfo {
            session: socket.session,
            token_id: "token".to_owned(),
            connected_at: NOW,
        };
        let moored = Moored {
            socket: info,
            hub: socket.hub,
        };
        second.node().homes.moor(&bob.handle, both[0], moored);
        let presence = Presence {
            handle: bob.handle.clone(),
            id: bob.id,
            hop: 0,
            name: "bob".to_owned(),
            region: "plaza".into(),
            shard: None,
            is_public: false,
        };
        second.node().directory.put_online(presence, Some(both[0]));
        // Not before the second one has looked how far the others are.
        let mut said = 0;
        let mut heard: Vec<Value> = Vec::new();
        wait_until("bob hears her", || {
            said += 1;
            heard.extend(socket.pushes());
            let is_heard = heard.iter().any(|push| push.to_string().contains("over here"));
            let say = first.act(&alice, "say", json!({"message": format!("over here {said}")}));
            async move { say.await.is_ok() && is_heard }
        })
        .await;
    });
}
