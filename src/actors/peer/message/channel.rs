//! What nodes ask the home of a channel.

use crate::actors::channels::Home;
use crate::base::id::SessionId;
use crate::wire::push::ClientInfo;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Something about a channel, for its home.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChannelQuestion {
    /// The home, as the asker knows it.
    pub home: Home,
    /// The channel.
    pub name: String,
    /// What.
    pub what: ChannelAct,
}

/// What a channel's home is asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum ChannelAct {
    /// A socket of mine comes. Answered with where the channel is; nothing when what it must recover is not known any more.
    Come {
        /// Its session.
        session: SessionId,
        /// As the others see it; none on a channel without presence.
        info: Option<Client>,
        /// The epoch and the offset that it knows.
        since: Option<(String, u64)>,
        /// Whether it comes only when all after that is known.
        must_recover: bool,
    },
    /// Publish this. Answered with nothing, or with where the channel is then.
    Publish {
        /// JSON text.
        data: Bytes,
        /// Who publishes it; one without any name is the server's own backend, which is not told.
        publisher: Client,
        /// What it is the newest of; its publisher's, from a node of an earlier version.
        #[serde(default)]
        key: Option<String>,
        /// Whether the channel has a history.
        is_kept: bool,
        /// Whether the answer is where the channel is.
        #[serde(default)]
        wants_position: bool,
    },
    /// What is kept?
    History,
    /// Who is there?
    Presence,
    /// How many clients are there, and how many users?
    Count,
}

/// A client as others on a channel see it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Client {
    /// Its user; empty for a nameless one.
    pub user: String,
    /// Its session, as text.
    pub client: String,
    /// What its token says of it: JSON text.
    pub info: Bytes,
}

impl From<ClientInfo> for Client {
    fn from(info: ClientInfo) -> Self {
        Self {
            user: info.user,
            client: info.client,
            info: info.conn_info,
        }
    }
}

impl From<Client> for ClientInfo {
    fn from(client: Client) -> Self {
        Self {
            user: client.user,
            client: client.client,
            conn_info: client.info,
            ..Self::default()
        }
    }
}
