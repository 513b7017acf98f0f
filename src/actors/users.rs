//! The sockets of users by name, on this node and on all others: orders about them, and how many there are.

use super::hub::HubMessage;
use super::node::Node;
use super::peer::message::{NodeStats, Question, UserOrder};
use crate::base::id::NodeId;
use crate::domain::refusal::Refusal;
use futures_util::future::{join, join_all};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a hub or another node may take. A node of a version that knows no such question never answers.
const DEADLINE: Duration = Duration::from_secs(2);

/// What a hub counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct HubCount {
    /// Sockets.
    pub sockets: usize,
    /// Whether some of them are in no name.
    pub has_nameless: bool,
    /// The users, each by a hash of its name: the same user may be with several hubs.
    pub users: Vec<u64>,
    /// The channels, as the users.
    pub channels: Vec<u64>,
    /// Subscriptions.
    pub subscriptions: usize,
}

/// What the nodes that answered count, and which did not answer.
#[derive(Debug, Default)]
pub struct Everywhere {
    /// Those that answered, this one first.
    pub nodes: Vec<NodeStats>,
    /// Those that are there and did not answer in time.
    pub silent: Vec<NodeId>,
}

impl Node {
    /// Gives an order about a user's sockets to all nodes.
    /// Errors: temporary ones when a node cannot be told; the others have done it by then.
    pub async fn order_user(&self, order: UserOrder) -> Result<(), Refusal> {
        let order = Arc::new(order);
        self.order_user_here(Arc::clone(&order));
        let asks = self.peers.all().into_iter().map(|other| {
            let question = Question::User(Box::new(UserOrder::clone(&order)));
            self.ask_soon::<()>(other, question)
        });
        join_all(asks).await.into_iter().collect()
    }

    /// Gives an order about a user's sockets to this node's hubs.
    pub fn order_user_here(&self, order: Arc<UserOrder>) {
        self.directory
            .order_own_hubs(|| HubMessage::User(Arc::clone(&order)));
    }

    async fn ask_soon<T: DeserializeOwned + Send + 'static>(
        &self,
        other: NodeId,
        question: Question,
    ) -> Result<T, Refusal> {
        let asked = tokio::time::timeout(DEADLINE, self.ask_there(other, question)).await;
        asked.unwrap_or_else(|_elapsed| Err(Refusal::unavailable()))
    }

    /// What this node counts; of its sockets only when that is wanted, as hubs go through all of them for it.
    /// Errors: temporary ones when a hub does not answer.
    pub async fn stats_here(&self, wants_sockets: bool) -> Result<NodeStats, Refusal> {
        let hubs = match wants_sockets {
            true => self.directory.own_hubs(),
            false => Vec::new(),
        };
        let asks = hubs.iter().map(|seat| seat.ask(DEADLINE, HubMessage::Count));
        let (mut sockets, mut subscriptions, mut nameless) = (0_usize, 0_usize, 0_usize);
        let (mut users, mut channels) = (BTreeSet::new(), BTreeSet::new());
        for counted in join_all(asks).await {
            let counted = counted?;
            sockets = sockets.saturating_add(counted.sockets);
            subscriptions = subscriptions.saturating_add(counted.subscriptions);
            nameless = nameless.max(usize::from(counted.has_nameless));
            users.extend(counted.users);
            channels.extend(counted.channels);
        }
        Ok(NodeStats {
            node: self.id,
            uptime_s: self.clock.monotonic().as_secs(),
            sockets,
            users: users.len().saturating_add(nameless),
            channels: channels.len(),
            subscriptions,
            published: self.channels.published(self.now()),
        })
    }

    /// What all nodes count. Errors: as `stats_here`.
    pub async fn stats_everywhere(&self, wants_sockets: bool) -> Result<Everywhere, Refusal> {
        let others = self.peers.all();
        let asks = others
            .iter()
            .map(|other| self.ask_soon::<NodeStats>(*other, Question::Stats(wants_sockets)));
        let (here, told) = join(self.stats_here(wants_sockets), join_all(asks)).await;
        let mut all = Everywhere {
            nodes: vec![here?],
            silent: Vec::new(),
        };
        for (other, told) in others.into_iter().zip(told) {
            match told {
                Ok(stats) => all.nodes.push(stats),
                Err(_late) => all.silent.push(other),
            }
        }
        Ok(all)
    }
}
