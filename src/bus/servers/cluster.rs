//! The masters of a Cluster.

use std::sync::{Mutex, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{Client, ErrorKind, RedisError, RedisResult, Value};

use super::access::Access;
use super::slots::Slots;
use super::{Masters, connection};
use crate::config::{HOSTS_MAX, RedisHost};

/// Masters of a Cluster; one with more is not used. Source: Redis Cluster specification.
const MASTERS_MAX: usize = 1_000;

/// A Cluster, by some of its nodes.
pub(in crate::bus) struct Cluster {
    access: Access,
    /// The nodes of the address.
    nodes: Vec<RedisHost>,
    /// Nodes that were heard of last: those of the address may all be gone some day.
    known: Mutex<Vec<RedisHost>>,
}

impl Cluster {
    pub(super) fn new(access: Access, nodes: &[RedisHost]) -> RedisResult<Self> {
        for node in nodes {
            access.client(&node.name, node.port)?;
        }
        Ok(Self {
            access,
            nodes: nodes.to_vec(),
            known: Mutex::default(),
        })
    }

    /// The masters that a node names which thinks the Cluster well. All nodes are asked at once, so one that is away
    /// keeps nobody waiting.
    pub(super) async fn masters(&self) -> RedisResult<Masters> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let unknown = self.nodes.iter().filter(|node| !known.contains(node));
        let asked: Vec<&RedisHost> = known.iter().chain(unknown).collect();
        let (all, masters) = connection::first(asked.into_iter().map(|node| self.ask(node))).await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(masters)
    }

    async fn ask(&self, node: &RedisHost) -> RedisResult<(Vec<RedisHost>, Masters)> {
        let mut connection = connection::connect(&self.access.client(&node.name, node.port)?).await?;
        let mut question = redis::pipe();
        question.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
        let (info, slots): (String, Vec<Value>) = question.query_async(&mut connection).await?;
        // A node that was cut off from the others still names the masters that it knew.
        check_info(&info)?;
        let (mut all, ranges) = masters_of(&slots, &node.name).ok_or_else(unwell)?;
        let clients: Vec<Client> = all
            .iter()
            .map(|master| self.access.client(&master.name, master.port))
            .collect::<RedisResult<_>>()?;
        all.truncate(HOSTS_MAX);
        Ok((
            all,
            Masters {
                clients,
                slots: ranges,
            },
        ))
    }
}

/// Errors: the node does not answer, or is cut off from the others: it takes publications all the same, which few hear.
pub(super) async fn check_state(mut node: MultiplexedConnection) -> RedisResult<()> {
    let mut question = redis::cmd("CLUSTER");
    let info: String = question.arg("INFO").query_async(&mut node).await?;
    check_info(&info)
}

fn check_info(info: &str) -> RedisResult<()> {
    if info.contains("cluster_state:ok") {
        Ok(())
    } else {
        Err(unwell())
    }
}

fn unwell() -> RedisError {
    (ErrorKind::ClusterConnectionNotFound, "the cluster is not well").into()
}

/// The masters, and which slots each has, from the answer of `CLUSTER SLOTS`: ranges, each
/// `[first, last, [name, port, ...], replicas...]`. None when it is not whole.
fn masters_of(answer: &[Value], answering: &str) -> Option<(Vec<RedisHost>, Slots)> {
    let mut masters: Vec<RedisHost> = Vec::new();
    let mut ranges = Vec::with_capacity(answer.len());
    for range in answer {
        let Value::Array(range) = range else {
            return None;
        };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = range.as_slice() else {
            return None;
        };
        let [name, Value::Int(port), ..] = master.as_slice() else {
            return None;
        };
        let name = match name {
            // Not known to the node, whatever its name.
            Value::BulkString(name) if name == b"?" => return None,
            Value::BulkString(name) if !name.is_empty() => String::from_utf8(name.clone()).ok()?,
            // The node's own, as it was reached.
            Value::BulkString(_) | Value::Nil => answering.to_owned(),
            _ => return None,
        };
        let port = u16::try_from(*port).ok()?;
        let host = RedisHost { name, port };
        let place = masters.iter().position(|master| *master == host);
        let place = place.unwrap_or_else(|| {
            masters.push(host);
            masters.len() - 1
        });
        if masters.len() > MASTERS_MAX {
            return None;
        }
        ranges.push((u16::try_from(*first).ok()?, u16::try_from(*last).ok()?, place));
    }
    Some((masters, Slots::ranges(ranges)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, name: Value, port: i64) -> Value {
        let master = Value::Array(vec![name, Value::Int(port), Value::BulkString(b"id".to_vec())]);
        Value::Array(vec![Value::Int(first), Value::Int(last), master.clone(), master])
    }

    fn named(name: &str) -> Value {
        Value::BulkString(name.as_bytes().to_vec())
    }

    #[test]
    fn masters_are_read_each_once() {
        let answer = [
            range(0, 99, named("10.0.0.1"), 1),
            range(100, 8_000, named("10.0.0.2"), 2),
            range(8_001, 16_383, named("10.0.0.1"), 1),
        ];
        let (masters, slots) = masters_of(&answer, "seed").unwrap();
        let places: Vec<_> = masters
            .iter()
            .map(|host| (host.name.as_str(), host.port))
            .collect();
        assert_eq!(places, [("10.0.0.1", 1), ("10.0.0.2", 2)]);
        let expected = Slots::ranges(vec![(0, 99, 0), (100, 8_000, 1), (8_001, 16_383, 0)]);
        assert_eq!(Some(slots), expected);
    }

    #[test]
    fn a_node_without_a_name_is_the_one_that_answered() {
        for name in [Value::Nil, named("")] {
            let (masters, _) = masters_of(&[range(0, 16_383, name, 7)], "seed").unwrap();
            assert_eq!((masters[0].name.as_str(), masters[0].port), ("seed", 7));
        }
    }

    #[test]
    fn what_is_not_whole_is_no_cluster() {
        for answer in [
            vec![],
            vec![Value::Nil],
            vec![range(0, 100, named("a"), 1)],
            vec![range(0, 16_383, named("?"), 1)],
            vec![range(0, 16_383, named("a"), 70_000)],
            vec![range(-1, 16_383, named("a"), 1)],
        ] {
            assert!(masters_of(&answer, "seed").is_none(), "{answer:?}");
        }
    }
}
