//! Redis in each of its forms, and buses that use it.

use super::authority::Authority;
use super::server::{Manner, PASSWORD, PASSWORD_ENCODED, Server, config_at, free_port, password};
use super::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Slots of a Cluster, and the ranges that they are dealt in.
const SLOTS: usize = 16_384;
const RANGES: usize = 12;
/// A port where no test's server ever listens.
const AWAY: u16 = 1;

/// Some servers, and the address by which a bus finds them.
pub(in crate::bus) struct Setup {
    pub(in crate::bus) servers: Vec<Server>,
    config: BusConfig,
    /// The command that counts listeners.
    count: &'static str,
}

impl Setup {
    /// One server.
    pub async fn single() -> Self {
        Self::single_as(Manner::default()).await
    }

    /// One server that speaks TLS, with a password.
    pub async fn single_tls() -> Self {
        Self::single_as(Manner {
            authority: Some(Arc::new(Authority::new())),
            has_password: true,
            ..Manner::default()
        })
        .await
    }

    async fn single_as(manner: Manner) -> Self {
        let server = Server::start_as(manner.clone()).await;
        let hosts = format!("127.0.0.1:{}/1", server.port());
        Self::new(vec![server], &manner, "", &hosts, "NUMSUB")
    }

    /// A master, a replica of it, and a sentinel that replaces the one by the other three seconds after it is gone: longer
    /// than any pause of a busy machine. The address names a second sentinel, which is away. All have a password.
    pub async fn sentinel(authority: Option<Arc<Authority>>) -> Self {
        let manner = Manner {
            authority,
            has_password: true,
            ..Manner::default()
        };
        let master = Server::start_as(manner.clone()).await;
        let replica = Server::start_as(Manner {
            lines: vec![format!("replicaof 127.0.0.1 {}", master.port())],
            ..manner.clone()
        })
        .await;
        until(async || {
            master
                .ask::<String>(&["INFO", "replication"])
                .await
                .contains("state=online")
        })
        .await;
        let sentinel = Server::start_as(Manner {
            is_sentinel: true,
            lines: vec![
                format!("sentinel monitor mymaster 127.0.0.1 {} 1", master.port()),
                format!("sentinel auth-pass mymaster {PASSWORD}"),
                "sentinel down-after-milliseconds mymaster 3000".to_owned(),
                "sentinel failover-timeout mymaster 3000".to_owned(),
            ],
            ..manner.clone()
        })
        .await;
        // It looks and tells every few seconds otherwise, which is its pace and not what is tested.
        let pace = ["info-period", "200", "publish-period", "200"];
        let hurry = ["SENTINEL", "DEBUG"].into_iter().chain(pace).collect::<Vec<_>>();
        let _: () = sentinel.ask(&hurry).await;
        // It promotes none that it has not asked yet.
        until(async || {
            let known: Vec<HashMap<String, String>> =
                sentinel.ask(&["SENTINEL", "REPLICAS", "mymaster"]).await;
            let link = known
                .first()
                .and_then(|replica| replica.get("master-link-status"));
            link.is_some_and(|link| link == "ok")
        })
        .await;
        let hosts = format!("127.0.0.1:{AWAY},127.0.0.1:{}/mymaster/2", sentinel.port());
        let servers = vec![master, replica, sentinel];
        let mut setup = Self::new(servers, &manner, "+sentinel", &hosts, "NUMSUB");
        setup.config.sentinel_password = Some(password());
        setup
    }

    /// Three masters with every third range of slots each, so that the topics are spread over them, and a replica of the
    /// first when that is asked for. The address names only the last of them, and a node that is away.
    pub(in crate::bus) async fn cluster(authority: Option<Arc<Authority>>, has_replica: bool) -> Self {
        let manner = Manner {
            authority,
            ..Manner::default()
        };
        let count = if has_replica { 4 } else { 3 };
        let mut servers = Vec::new();
        let mut ports = Vec::new();
        for _ in 0..count {
            let port = free_port();
            let mut lines = vec![
                "cluster-enabled yes".to_owned(),
                format!("cluster-port {port}"),
                "cluster-node-timeout 2000".to_owned(),
            ];
            lines.extend(manner.authority.as_ref().map(|_| "tls-cluster yes".to_owned()));
            let manner = manner.clone();
            servers.push(Server::start_as(Manner { lines, ..manner }).await);
            ports.push(port);
        }
        for (place, server) in servers.iter().take(3).enumerate() {
            let ranges = (place..RANGES).step_by(3);
            let ends = ranges.flat_map(|range| [range * SLOTS / RANGES, (range + 1) * SLOTS / RANGES - 1]);
            let ends: Vec<String> = ends.map(|slot| slot.to_string()).collect();
            let words = ["CLUSTER", "ADDSLOTSRANGE"]
                .into_iter()
                .chain(ends.iter().map(String::as_str));
            let _: () = server.ask(&words.collect::<Vec<_>>()).await;
            let epoch = (place + 1).to_string();
            let _: () = server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
        }
        for (server, port) in servers.iter().zip(&ports).skip(1) {
            let (own, bus) = (server.port().to_string(), port.to_string());
            let _: () = servers[0]
                .ask(&["CLUSTER", "MEET", "127.0.0.1", &own, &bus])
                .await;
        }
        let is_well = async |server: &Server| {
            let info: String = server.ask(&["CLUSTER", "INFO"]).await;
            info.contains("cluster_state:ok") && info.contains(&format!("cluster_known_nodes:{count}\r"))
        };
        for server in &servers {
            until(async || is_well(server).await).await;
        }
        if let Some(replica) = servers.get(3) {
            let master: String = servers[0].ask(&["CLUSTER", "MYID"]).await;
            let _: () = replica.ask(&["CLUSTER", "REPLICATE", &master]).await;
            let first = &servers[0];
            until(async || {
                first
                    .ask::<String>(&["INFO", "replication"])
                    .await
                    .contains("state=online")
            })
            .await;
            // A master that takes it for one of its own kind does not vote for it.
            for server in &servers {
                until(async || {
                    server
                        .ask::<String>(&["CLUSTER", "NODES"])
                        .await
                        .contains("slave")
                })
                .await;
            }
        }
        let hosts = format!("127.0.0.1:{AWAY},127.0.0.1:{}", servers[2].port());
        Self::new(servers, &manner, "+cluster", &hosts, "SHARDNUMSUB")
    }

    fn new(servers: Vec<Server>, manner: &Manner, kind: &str, hosts: &str, count: &'static str) -> Self {
        let scheme = if manner.authority.is_some() {
            "rediss"
        } else {
            "redis"
        };
        let login = if manner.has_password {
            format!(":{PASSWORD_ENCODED}@")
        } else {
            String::new()
        };
        let mut config = config_at(&format!("{scheme}{kind}://{login}{hosts}"), 0);
        // What is lost when an answer is late is tested elsewhere.
        config.command_timeout = Duration::from_secs(5);
        if let Some(authority) = &manner.authority {
            config.certificates = authority.certificates();
        }
        Self {
            servers,
            config,
            count,
        }
    }

    pub(in crate::bus) fn config(&self, node: u128) -> BusConfig {
        BusConfig {
            node: Uuid::from_u128(node),
            ..self.config.clone()
        }
    }

    pub(in crate::bus) fn bus(&self, node: u128) -> Bus {
        start(&self.config(node))
    }

    /// Waits until as many connections listen to the topic, at all servers that are there.
    pub(in crate::bus) async fn heard_by(&self, topic: &Topic, listeners: u64) {
        let name = topic.name("rookery:");
        until(async || {
            let mut found = 0;
            for server in &self.servers {
                let answer = server
                    .try_ask::<(String, u64)>(&["PUBSUB", self.count, &name])
                    .await;
                found += answer.map_or(0, |(_, count)| count);
            }
            found == listeners
        })
        .await;
    }
}
