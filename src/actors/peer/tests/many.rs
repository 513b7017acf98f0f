//! More than one batch can hold is told all the same.

use super::run;
use super::socket::TestSocket;
use crate::actors::directory::{Socket, Watcher};
use crate::actors::gateway::{Caller, Guest};
use crate::actors::homes::Moored;
use crate::actors::peer::message::{News, SocketInfo};
use crate::actors::test_node::{TestNode, wait_until};
use crate::base::id::SessionId;
use crate::base::time::Timestamp;
use crate::bus::PAYLOAD_MAX_BYTES;
use crate::domain::agent::Handle;
use std::collections::HashSet;

/// Bytes of a session's id on its way.
const SESSION_BYTES: usize = 18;
/// Sockets of one agent.
const SOCKETS: usize = 1_000;

fn info(session: SessionId) -> SocketInfo {
    SocketInfo {
        session,
        token_id: String::new(),
        connected_at: Timestamp(0),
    }
}

/// An agent in the forest with many sockets of the first node that both nodes know.
async fn crowd(first: &TestNode, second: &TestNode, name: &str) -> Caller {
    let agent = first.register(name).await;
    let region = Some("forest".to_owned());
    let joined = second.gateway.join(&agent.handle, Guest::Rest, region).await;
    joined.unwrap();
    for _ in 0..SOCKETS {
        let session = first.node().session_id();
        let moored = Moored {
            socket: info(session),
            hub: 0,
        };
        first.node().homes.moor(&agent.handle, second.node().id, moored);
        know(first, second, &agent, session);
    }
    agent
}

/// The second node knows of a socket that an agent of its own has on the first one.
fn know(first: &TestNode, second: &TestNode, agent: &Caller, session: SessionId) {
    let socket = Socket {
        session,
        token_id: String::new(),
        connected_at: Timestamp(0),
        node: Some(first.node().id),
        hub: second.node().directory.hub_of(first.node().id).unwrap(),
    };
    second.node().directory.put_socket(&agent.handle, socket);
}

fn sessions(node: &TestNode, agent: &Caller) -> HashSet<SessionId> {
    let sockets = node.node().directory.sockets(&agent.handle);
    sockets.iter().map(|socket| socket.session).collect()
}

#[test]
fn nodes_compare_more_sockets_than_a_batch_holds() {
    run(async |first, second| {
        let alice = first.register("alice").await;
        let socket = TestSocket::join(&first, &alice, Some("forest")).await;
        let mut crowds = Vec::new();
        for number in 0..=PAYLOAD_MAX_BYTES / SESSION_BYTES / SOCKETS {
            crowds.push(crowd(&first, &second, &format!("crowd-{number}")).await);
        }
        let gone = first.node().session_id();
        know(&first, &second, &crowds[0], gone);
        second
            .node()
            .directory
            .remove_socket(&alice.handle, socket.session);
        wait_until("they know the same", || async {
            let is_gone = !sessions(&second, &crowds[0]).contains(&gone);
            is_gone && sessions(&second, &alice).contains(&socket.session)
        })
        .await;
        for agent in &crowds {
            assert_eq!(sessions(&second, agent).len(), SOCKETS);
        }
    });
}

#[test]
fn a_node_hears_of_more_followers_than_a_batch_holds() {
    run(async |first, second| {
        let handles: Vec<Handle> = (0..PAYLOAD_MAX_BYTES / SESSION_BYTES)
            .map(|number| Handle::new(&format!("agent-{number}")).unwrap())
            .collect();
        for handle in &handles {
            let watcher = Watcher {
                session: first.node().session_id(),
                node: None,
            };
            first.node().directory.put_watcher(handle, watcher);
        }
        second.node().peers.tell(first.node().id, News::Recount);
        let is_known = |handle: &Handle| {
            let watchers = second.node().directory.watchers(handle);
            watchers
                .iter()
                .any(|watcher| watcher.node == Some(first.node().id))
        };
        wait_until("all are known", || async { handles.iter().all(is_known) }).await;
    });
}
