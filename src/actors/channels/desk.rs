//! What is done at a channel's home, whoever asks for it, and how a socket leaves.

use super::home::{Home, Way, way};
use super::{Comer, Place};
use crate::actors::node::Node;
use crate::actors::peer::message::{ChannelAct, ChannelQuestion, Client, News};
use crate::actors::publication::Publisher;
use crate::base::id::{NodeId, SessionId};
use crate::bus::Topic;
use crate::domain::refusal::Refusal;
use crate::wire::push::ClientInfo;
use crate::wire::request::StreamPosition;
use bytes::Bytes;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Publishes on a channel whose home is here, also to outside tools. Errors: `overloaded`.
pub fn publish(
    node: &Node,
    name: &str,
    home: Option<Home>,
    data: Bytes,
    publisher: Publisher,
    is_kept: bool,
) -> Result<(), Refusal> {
    let place = Place {
        directory: &node.directory,
        name,
        home,
    };
    let (told, now) = (data.clone(), node.now());
    node.channels
        .publish(&place, data, Some(publisher), is_kept, now)?;
    // Tools hear of it as they can; here it is done.
    let _ = node.bus.publish(Topic::Channel(name.to_owned()), told);
    Ok(())
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
            is_kept,
        } => desk.done(publish(node, &name, Some(home), data, publisher.into(), is_kept)),
        ChannelAct::History => desk.done(Ok(node.channels.history(&name, node.now()))),
        ChannelAct::Presence => {
            let all = node.channels.presence(&name);
            let all: Vec<Client> = all.into_values().map(Client::from).collect();
            desk.done(Ok(all));
        }
        ChannelAct::Count => desk.done(Ok(count(&node.channels.presence(&name)))),
    }
}
