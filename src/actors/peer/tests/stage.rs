//! Two nodes and channels on them: how sockets come, how is published, and what is heard.

use super::FOREST;
use super::socket::TestSocket;
use crate::actors::channels::{self, Comer, Draft, Home, Place, Position, Way, way};
use crate::actors::hub::Released;
use crate::actors::mailbox::{Reply, wait};
use crate::actors::node::DEADLINE;
use crate::actors::peer::message::{ChannelAct, ChannelQuestion, Client, Question};
use crate::actors::test_node::{TestNode, plan, run_pair_with, wait_until};
use crate::bus::BusConfig;
use crate::config::{ChannelSettings, Limits};
use crate::domain::refusal::Refusal;
use crate::wire::push::ClientInfo;
use crate::wire::request::StreamPosition;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;

/// Where a channel is, as a client knows it.
pub(super) type Since<'a> = Option<(&'a str, u64)>;

/// Runs a test once both nodes know who has what.
pub(super) fn run<F: Future<Output = ()>>(body: impl FnOnce(TestNode, TestNode) -> F) {
    let unlimited = Limits {
        unlimited: true,
        ..Limits::default()
    };
    on_pair(&BusConfig::default(), unlimited, ChannelSettings::default(), body);
}

/// As `run`, with nodes that reach one another in this way, these rates and counts, and channels that are so.
pub(super) fn on_pair<F: Future<Output = ()>>(
    bus: &BusConfig,
    limits: Limits,
    settings: ChannelSettings,
    body: impl FnOnce(TestNode, TestNode) -> F,
) {
    let plans = [plan("plaza"), plan("forest")];
    run_pair_with(
        bus,
        limits,
        settings,
        &plans,
        async |first: TestNode, second: TestNode| {
            second.take_shard(&first, FOREST).await;
            wait_until("both know all homes", || async {
                let charts = [&first, &second].map(|node| node.node().channels.chart());
                charts[0] == charts[1] && charts[0].home("public.a").is_some()
            })
            .await;
            body(first, second).await;
        },
    );
}

/// A channel whose home is a node.
pub(super) fn channel_of(at: &TestNode) -> String {
    let is_its = |name: &String| {
        let home = at.node().channels.chart().home(name);
        home.is_some_and(|home| home.node == at.node().id)
    };
    (0..).map(|n| format!("public.{n}")).find(is_its).unwrap()
}

pub(super) async fn ask<T: DeserializeOwned + Send + 'static>(
    node: &TestNode,
    home: Home,
    name: &str,
    what: ChannelAct,
) -> Result<T, Refusal> {
    let (reply, answer) = Reply::awaited();
    let name = name.to_owned();
    let question = Question::Channel(Box::new(ChannelQuestion { home, name, what }));
    node.node().peers.ask(home.node, question, reply);
    wait(DEADLINE, answer).await
}

pub(super) fn info(socket: &TestSocket) -> ClientInfo {
    ClientInfo {
        client: socket.session.to_string(),
        ..ClientInfo::default()
    }
}

/// Subscribes as a session does: held from before the question until the answer.
pub(super) async fn subscribe(
    node: &TestNode,
    socket: &TestSocket,
    name: &str,
    since: Since<'_>,
) -> Result<Position, Refusal> {
    let (position, way) = come(node, socket, name, since).await?;
    let from = position.missed.as_ref().and_then(|missed| missed.last());
    let from = from.map_or(position.top, |last| last.offset);
    let mut table = socket.table.borrow_mut();
    match way {
        (home, None) => table.subscribe_at(socket.session, name.into(), from, Some(home)),
        (_, Some(ticket)) => match table.release(socket.session, name, ticket, from) {
            Released::On(pieces) => socket.push(pieces),
            other => panic!("{other:?}"),
        },
    }
    Ok(position)
}

pub(super) async fn come(
    node: &TestNode,
    socket: &TestSocket,
    name: &str,
    since: Since<'_>,
) -> Result<(Position, (Home, Option<u64>)), Refusal> {
    let session = socket.session;
    match way(node.node(), name)? {
        Way::Here(home) => {
            let place = Place {
                directory: &node.node().directory,
                name,
                home,
            };
            let comer = Comer {
                info: Some(info(socket)),
                guest: None,
            };
            let since = since.map(|(epoch, offset)| StreamPosition {
                epoch: epoch.to_owned(),
                offset,
            });
            let now = node.node().now();
            let came = node
                .node()
                .channels
                .come(&place, comer, since.as_ref(), false, now)?;
            Ok((came.unwrap(), (home.unwrap(), None)))
        }
        Way::There(home) => {
            let ticket = socket.table.borrow_mut().hold(session, name.into(), home);
            let come = ChannelAct::Come {
                session,
                info: Some(Client::from(info(socket))),
                since: since.map(|(epoch, offset)| (epoch.to_owned(), offset)),
                must_recover: false,
            };
            let position: Option<Position> = ask(node, home, name, come).await?;
            Ok((position.unwrap(), (home, Some(ticket))))
        }
    }
}

pub(super) async fn publish(node: &TestNode, name: &str, data: impl ToString) -> Result<(), Refusal> {
    publish_as(node, name, data, "").await
}

pub(super) async fn publish_as(
    node: &TestNode,
    name: &str,
    data: impl ToString,
    key: &str,
) -> Result<(), Refusal> {
    let (data, publisher) = (Bytes::from(data.to_string()), ClientInfo::default());
    let (key, is_kept) = (key.to_owned(), true);
    match way(node.node(), name)? {
        Way::Here(home) => {
            let draft = Draft {
                data,
                publisher: Some(publisher),
                key,
                is_kept,
            };
            channels::publish(node.node(), name, home, draft).map(|_position| ())
        }
        Way::There(home) => {
            let publish = ChannelAct::Publish {
                data,
                publisher: publisher.into(),
                key: Some(key),
                is_kept,
                wants_position: false,
            };
            ask(node, home, name, publish).await
        }
    }
}

/// The publications that a socket has got until there are so many: offsets and payloads.
pub(super) async fn heard(socket: &TestSocket, count: usize) -> Vec<(u64, Value)> {
    let all = std::cell::RefCell::new(Vec::new());
    wait_until("all publications", || async {
        let pushes = socket.pushes().into_iter();
        let publications = pushes.filter(|push| !push["pub"].is_null());
        all.borrow_mut().extend(publications.map(|push| {
            (
                push["pub"]["offset"].as_u64().unwrap(),
                push["pub"]["data"].clone(),
            )
        }));
        all.borrow().len() >= count
    })
    .await;
    all.into_inner()
}

/// As `heard`, of publications that have no offset: the payloads.
pub(super) async fn heard_data(socket: &TestSocket, count: usize) -> Vec<Value> {
    let all = std::cell::RefCell::new(Vec::new());
    wait_until("all publications", || async {
        let pushes = socket.pushes().into_iter();
        let publications = pushes.filter(|push| !push["pub"].is_null());
        all.borrow_mut().extend(publications.map(|push| {
            assert!(push["pub"]["offset"].is_null(), "{push}");
            push["pub"]["data"].clone()
        }));
        all.borrow().len() >= count
    })
    .await;
    all.into_inner()
}

/// Waits until a socket is told that it lost a channel.
pub(super) async fn lost(socket: &TestSocket, name: &str) {
    wait_until("the channel is lost", || async {
        socket.lost_channels().iter().any(|lost| lost == name)
    })
    .await;
}
