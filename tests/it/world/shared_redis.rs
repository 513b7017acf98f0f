//! Nodes share a world over a Redis Cluster, and over a Redis behind Sentinel that loses its master.

use super::shared::{Nodes, Pair};
use crate::services::{Cell, Redis, free_port, program, wait_until};
use crate::world::until;
use nix::sys::signal::Signal;
use std::fs;
use std::net::TcpStream;

/// Three masters with all slots.
struct Cluster(Vec<Redis>);

impl Cluster {
    fn start() -> Self {
        let slots = ["0 5460", "5461 10922", "10923 16383"];
        let mut masters: Vec<(Redis, String)> = Vec::new();
        for (place, slots) in slots.into_iter().enumerate() {
            // The port by which nodes speak to one another is 10,000 above the other unless it is named.
            let port = free_port().to_string();
            let master = Redis::start_with(&["--cluster-enabled", "yes", "--cluster-port", &port]);
            done(&master, &format!("CLUSTER ADDSLOTSRANGE {slots}"));
            done(&master, &format!("CLUSTER SET-CONFIG-EPOCH {}", place + 1));
            if let Some((first, _)) = masters.first() {
                let host = master.host().replace(':', " ");
                done(first, &format!("CLUSTER MEET {host} {port}"));
            }
            masters.push((master, port));
        }
        let masters: Vec<Redis> = masters.into_iter().map(|(master, _)| master).collect();
        for master in &masters {
            wait_until("the cluster is whole", || {
                let info = master.ask("CLUSTER INFO")?;
                (info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3\r")).then_some(())
            });
        }
        Self(masters)
    }
}

fn done(redis: &Redis, command: &str) {
    assert_eq!(redis.ask(command).as_deref(), Some("+OK\r\n"), "{command}");
}

/// A master, its replica, and a sentinel that watches them.
struct Watched {
    master: Redis,
    replica: Redis,
    /// It goes with this.
    _sentinel: Cell,
    port: u16,
}

impl Watched {
    fn start() -> Self {
        let master = Redis::start_with(&["--repl-diskless-sync-delay", "0"]);
        let host = master.host().replace(':', " ");
        let replica = Redis::start_with(&["--replicaof", &host]);
        wait_until("the replica follows", || {
            master
                .ask("INFO replication")?
                .contains("state=online")
                .then_some(())
        });
        let mut sentinel = Cell::own("sentinel", Signal::SIGKILL);
        let port = free_port();
        let settings = [
            "bind 127.0.0.1".to_owned(),
            format!("port {port}"),
            format!("sentinel monitor world {host} 1"),
            "sentinel down-after-milliseconds world 3000".to_owned(),
            "sentinel failover-timeout world 3000".to_owned(),
        ];
        let file = sentinel.folder.join("sentinel.conf");
        fs::write(&file, settings.join("\n")).expect("its folder is ours");
        let redis = program("redis-server", &[], "redis-server").unwrap_or_else(|error| panic!("{error}"));
        let mut command = sentinel.command(&redis);
        command.arg(&file).arg("--sentinel");
        let log = sentinel.folder.join("log");
        let started = sentinel.start(&mut command, |_| {
            let knows_the_replica = fs::read_to_string(&log).is_ok_and(|log| log.contains("+slave"));
            knows_the_replica && TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        started.unwrap_or_else(|log| panic!("the sentinel does not start:\n{log}"));
        Self {
            master,
            replica,
            _sentinel: sentinel,
            port,
        }
    }

    fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/world", self.port)
    }
}

#[tokio::test]
async fn nodes_share_a_world_over_a_cluster() {
    let cluster = Cluster::start();
    let url = format!("redis+cluster://{}", cluster.0[2].host());
    let world = Nodes::start_on(cluster, url, 2, &[]).await;
    world.show_logs_on_panic();
    Pair::of(&world).await.meets_everywhere(&world).await;
    // Each of the nodes has a channel of its own, and the mirror has keys with every master.
    let heard = |master: &Redis| master.ask("PUBSUB SHARDCHANNELS node:*").unwrap_or_default();
    let channels: usize = world
        .redis
        .0
        .iter()
        .map(|master| heard(master).matches("node:").count())
        .sum();
    assert_eq!(channels, 2);
    for master in &world.redis.0 {
        wait_until("the mirror is spread", || {
            master.ask("DBSIZE").filter(|size| size.as_str() != ":0\r\n")
        });
    }
}

#[tokio::test]
async fn nodes_share_a_world_over_a_redis_whose_master_dies() {
    let watched = Watched::start();
    let url = watched.url();
    let mut world = Nodes::start_on(watched, url, 2, &[]).await;
    world.show_logs_on_panic();
    let mut pair = Pair::of(&world).await;
    pair.meets_everywhere(&world).await;
    world.redis.master.kill();
    let replica = &world.redis.replica;
    wait_until("the replica is master", || {
        replica
            .ask("INFO replication")?
            .contains("role:master")
            .then_some(())
    });
    for node in &world.nodes {
        until("redis is there again", async || {
            (node.get("/health/ready").await.body["redis"] == "ok").then_some(())
        })
        .await;
    }
    pair.meets_everywhere(&world).await;
    // Twice 7 in each of two regions, each of them once.
    for node in &world.nodes {
        let balance = pair
            .alice
            .at(node.port())
            .act("balance", serde_json::json!({}))
            .await
            .result();
        assert_eq!(balance["balance"], 100_000 - 28);
    }
}
