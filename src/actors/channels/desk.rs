//! What is done at a channel's home, whoever asks for it, and how a socket leaves.

use super::home::{Home, Way, way};
use super::label::namespace_label;
use super::latest::latest_key;
use super::{Comer, Place, Position};
use crate::actors::node::Node;
use crate::actors::peer::message::{ChannelAct, ChannelQuestion, Client, News};
use crate::actors::publication::Publisher;
use crate::base::id::{NodeId, SessionId};
use crate::bus::Topic;
use crate::domain::channel::Namespace;
use crate::domain::refusal::Refusal;
use crate::telemetry::metric;
use crate::wire::push::ClientInfo;
use crate::wire::request::StreamPosition;
use bytes::Bytes;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Something to publish.
#[derive(Clone)]
pub struct Draft {
    /// As subscribers get it: JSON text.
    pub data: Bytes,
    /// Who publishes it, where that is told.
    pub publisher: Option<Publisher>,
    /// What it is the newest of, where only the newest is sent.
    pub key: String,
    /// Whether the channel has a history.
    pub is_kept: bool,
}

/// Publishes on a channel whose home is here, also to outside tools. Gives where the channel is then, when it has a history.
/// Errors: `overloaded`.
pub fn publish(
    node: &Node,
    name: &str,
    home: Option<Home>,
    draft: Draft,
) -> Result<Option<Position>, Refusal> {
    let place = Place {
        directory: &node.directory,
        name,
        home,
    };
    let told = draft.data.clone();
    let position = node.channels.publish(&place, draft, &node.clock)?;
    let namespace = namespace_label(name);
    metric::channel_messages(namespace).increment(1);
    // The timers go on whether anybody is there or not.
    if namespace != Namespace::System.word() {
        node.channels.meter.count(node.now());
    }
    // Tools hear of it as they can; here it is done.
    let _ = node.bus.publish(Topic::Channel(name.to_owned()), told);
    Ok(position)
}

/// Sends what is due of the channels of which only the newest is sent, for as long as the node runs.
pub async fn keep_latest(node: Arc<Node>) {
    let latest = &node.channels.latest;
    loop {
        let Some(due_ms) = latest.next_ms() else {
            latest.news().await;
            continue;
        };
        let left_ms = due_ms.saturating_sub(node.clock.monotonic_ms());
        let nap = Duration::from_millis(u64::try_from(left_ms).unwrap_or_default());
        tokio::select! {
            () = node.clock.sleep(nap) => send_latest(&node),
            () = latest.news() => {}
        }
    }
}

/// Sends what is due of the channels whose home is here; what waits for another home is forgotten.
fn send_latest(node: &Node) {
    let now_ms = node.clock.monotonic_ms();
    for (name, home) in node.channels.latest.due(now_ms) {
        if way(node, &name) != Ok(Way::Here(home)) {
            node.channels.latest.forget(&name);
            continue;
        }
        let place = Place {
            directory: &node.directory,
            name: &name,
            home,
        };
        node.channels.send_latest(&place, now_ms);
    }
}

/// A socket of this node left a channel. `home`: where it came to it.
pub fn leave(node: &Node, name: &str, session: SessionId, home: Option<Home>) {
    match home.filter(|home| home.node != node.id) {
        Some(home) => node
            .peers
            .tell(home.node, News::LeftChannel(name.to_owned(), session)),
        None => node.channels.go(&node.directory, name, &session.to_string()),
    }
}

/// How many clients are among these, and how many users. The nameless count as one user.
pub fn count(presence: &BTreeMap<String, ClientInfo>) -> (u32, u32) {
    let users: BTreeSet<&str> = presence.values().map(|info| info.user.as_str()).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (count(presence.len()), count(users.len()))
}

/// What a home answers.
pub trait Desk {
    /// Answers.
    fn done<T: Serialize>(self, result: Result<T, Refusal>);
    /// This is not the channel's home, or no more.
    fn missing(self);
}

/// Does what another node asks of a channel's home.
pub fn serve(node: &Node, from: NodeId, question: ChannelQuestion, desk: impl Desk) {
    let ChannelQuestion { home, name, what } = question;
    if way(node, &name) != Ok(Way::Here(Some(home))) {
        return desk.missing();
    }
    let place = Place {
        directory: &node.directory,
        name: &name,
        home: Some(home),
    };
    match what {
        ChannelAct::Come {
            session,
            info,
            since,
            must_recover,
        } => {
            let comer = Comer {
                info: info.map(ClientInfo::from),
                guest: Some((from, session)),
            };
            let since = since.map(|(epoch, offset)| StreamPosition { offset, epoch });
            desk.done(
                node.channels
                    .come(&place, comer, since.as_ref(), must_recover, node.now()),
            );
        }
        ChannelAct::Publish {
            data,
            publisher,
            key,
            is_kept,
            wants_position,
        } => {
            let publisher = Publisher::from(publisher);
            let draft = Draft {
                data,
                key: key.unwrap_or_else(|| latest_key("", &publisher.user)),
                publisher: Some(publisher).filter(|one| *one != Publisher::default()),
                is_kept,
            };
            let published = publish(node, &name, Some(home), draft);
            if wants_position {
                desk.done(published);
            } else {
                desk.done(published.map(|_position| ()));
            }
        }
        ChannelAct::History => desk.done(Ok(node.channels.history(&name, node.now()))),
        ChannelAct::Presence => {
            let all = node.channels.presence(&name);
            let all: Vec<Client> = all.into_values().map(Client::from).collect();
            desk.done(Ok(all));
        }
        ChannelAct::Count => desk.done(Ok(count(&node.channels.presence(&name)))),
    }
}
