//! A master dies and another takes its place: the bus is degraded, and then it is not.

use super::server::Server;
use super::setup::Setup;
use super::*;
use crate::bus::servers::{Connection, Servers, plain};

/// Both nodes lose the link, whose listeners are told, and hear one another again without being touched.
async fn is_survived(mut setup: Setup, topic: Topic) {
    let (one, two) = (setup.bus(1), setup.bus(2));
    let (mut at_one, mut at_two) = (one.subscribe(topic.clone()), two.subscribe(topic.clone()));
    setup.heard_by(&topic, 2).await;
    for bus in [&one, &two] {
        well(bus).await;
    }
    assert_eq!(one.publish(topic.clone(), "before".into()), Ok(()));
    assert_eq!(next(&mut at_one).await, message(&topic, "before"));
    assert_eq!(next(&mut at_two).await, message(&topic, "before"));

    setup.servers[0].stop();
    for bus in [&one, &two] {
        degraded(bus).await;
    }
    assert_eq!(one.publish(topic.clone(), "alone".into()), Ok(()));
    assert_eq!(next(&mut at_one).await, message(&topic, "alone"));
    for bus in [&one, &two] {
        well(bus).await;
    }
    setup.heard_by(&topic, 2).await;
    for listener in [&mut at_one, &mut at_two] {
        assert_eq!(next(listener).await, Heard::Gap { missed: None });
    }
    assert_eq!(one.publish(topic.clone(), "together".into()), Ok(()));
    assert_eq!(two.publish(topic.clone(), "as ever".into()), Ok(()));
    // What was said meanwhile may come late or not at all.
    while next(&mut at_two).await != message(&topic, "together") {}
    while next(&mut at_one).await != message(&topic, "as ever") {}

    // The old master comes back as a replica, and nobody minds.
    setup.servers[0].start_again().await;
    is_replica(&setup.servers[0]).await;
    setup.heard_by(&topic, 2).await;
    assert_eq!(two.publish(topic.clone(), "end".into()), Ok(()));
    while next(&mut at_one).await != message(&topic, "end") {}
}

async fn is_replica(server: &Server) {
    until(async || {
        // Its connections may be closed when it changes its role.
        let role = server.try_ask::<String>(&["INFO", "replication"]).await;
        role.is_ok_and(|info| info.contains("role:slave"))
    })
    .await;
}

/// The first master is told to step down, and goes on as a replica.
async fn is_followed(setup: Setup, at: usize, order: &[&str]) {
    let topic = Topic::Control;
    let (one, two) = (setup.bus(1), setup.bus(2));
    let mut at_two = two.subscribe(topic.clone());
    setup.heard_by(&topic, 1).await;
    for bus in [&one, &two] {
        well(bus).await;
    }
    // Refused for as long as a sentinel does not know the replica well.
    until(async || setup.servers[at].try_ask::<String>(order).await.is_ok()).await;
    is_replica(&setup.servers[0]).await;
    // What is said before the new master is known may be lost.
    let again = async {
        loop {
            let _ = one.publish(topic.clone(), "to the new master".into());
            let heard = timeout(Duration::from_millis(200), at_two.recv()).await;
            if heard == Ok(Some(message(&topic, "to the new master"))) {
                return;
            }
        }
    };
    timeout(PATIENCE, again).await.expect("nothing is heard");
    for bus in [&one, &two] {
        well(bus).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_steps_down_for_sentinel_is_followed() {
    let order = ["SENTINEL", "FAILOVER", "mymaster"];
    is_followed(Setup::sentinel(None).await, 2, &order).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_steps_down_in_the_cluster_is_followed() {
    is_followed(Setup::cluster(None, true).await, 3, &["CLUSTER", "FAILOVER"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replica_that_sentinel_promotes_is_found() {
    is_survived(Setup::sentinel(None).await, Topic::Control).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_became_a_replica_is_no_master() {
    let setup = Setup::sentinel(None).await;
    let servers = Servers::new(&setup.config(1)).unwrap();
    let mut connection = Connection::open(&servers, &plain()).await.unwrap();
    assert_eq!(connection.check().await, Ok(()));
    // It keeps its connections, and takes publications that nobody else hears.
    let other = setup.servers[1].port().to_string();
    let _: () = setup.servers[0].ask(&["REPLICAOF", "127.0.0.1", &other]).await;
    assert!(connection.check().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replica_that_the_cluster_promotes_is_found() {
    // Its slot, 13,638, is one of the first master's.
    is_survived(Setup::cluster(None, true).await, Topic::Control).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_to_another_master_takes_its_listeners_along() {
    let setup = Setup::cluster(None, false).await;
    let (one, two) = (setup.bus(1), setup.bus(2));
    let topic = Topic::Control;
    let (mut at_one, mut at_two) = (one.subscribe(topic.clone()), two.subscribe(topic.clone()));
    setup.heard_by(&topic, 2).await;
    for bus in [&one, &two] {
        well(bus).await;
    }
    let slot: u16 = setup.servers[0]
        .ask(&["CLUSTER", "KEYSLOT", &topic.name("rookery:")])
        .await;
    let slot = slot.to_string();
    let mut owners = Vec::new();
    for (place, server) in setup.servers.iter().enumerate() {
        if server
            .ask::<Vec<String>>(&["PUBSUB", "SHARDCHANNELS"])
            .await
            .len()
            == 1
        {
            owners.push(place);
        }
    }
    assert_eq!(owners.len(), 1);
    let target = &setup.servers[(owners[0] + 1) % 3];
    let target: String = target.ask(&["CLUSTER", "MYID"]).await;
    for server in [(owners[0] + 1) % 3, owners[0], (owners[0] + 2) % 3] {
        let move_it = ["CLUSTER", "SETSLOT", &slot, "NODE", &target];
        let _: () = setup.servers[server].ask(&move_it).await;
    }
    for listener in [&mut at_one, &mut at_two] {
        assert_eq!(next(listener).await, Heard::Gap { missed: None });
    }
    setup.heard_by(&topic, 2).await;
    until(async || !one.status().is_degraded && one.publish(topic.clone(), "moved".into()).is_ok()).await;
    while next(&mut at_two).await != message(&topic, "moved") {}
}
