//! A socket as its hub sees it: what would be written to it is kept.

use crate::actors::directory::Hub;
use crate::actors::gateway::{Caller, Guest};
use crate::actors::homes::Moored;
use crate::actors::hub::{HubActor, Listener, SharedTable};
use crate::actors::outbox::{Outbox, SharedOutbox};
use crate::actors::peer::message::SocketInfo;
use crate::actors::publication::{Dialect, Publication};
use crate::actors::test_node::{TestNode, wait_until};
use crate::actors::watch;
use crate::base::id::SessionId;
use crate::base::time::Tick;
use crate::domain::space;
use crate::wire::Encoding;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// A socket of a node.
pub struct TestSocket {
    pub session: SessionId,
    pub hub: usize,
    /// What its hub knows.
    pub table: SharedTable,
    ear: Rc<Ear>,
}

/// What was written to it and what its hub told it, in that order.
struct Ear {
    outbox: SharedOutbox,
    region: RefCell<Option<String>>,
    all: RefCell<VecDeque<Value>>,
    lost_channels: RefCell<Vec<String>>,
}

impl Ear {
    /// Takes what is to be written.
    fn flush(&self) {
        let mut pieces = Vec::new();
        self.outbox.borrow_mut().take(&mut pieces);
        let pushes = pieces
            .iter()
            .flat_map(|piece| serde_json::Deserializer::from_slice(piece).into_iter::<Value>())
            .map(|push| push.unwrap()["push"]["pub"]["data"].clone());
        self.all.borrow_mut().extend(pushes);
    }

    fn tell(&self, told: Value) {
        self.flush();
        self.all.borrow_mut().push_back(told);
    }
}

impl Listener for Ear {
    fn inbox(&self, publication: &Arc<Publication>) {
        let entry: Value = serde_json::from_slice(&publication.data).unwrap();
        self.tell(json!({"inbox": entry}));
    }

    fn region(&self, _: Option<&str>, to: Option<&str>) {
        *self.region.borrow_mut() = to.map(str::to_owned);
        self.tell(json!({"region": to}));
    }

    fn is_elsewhere(&self, region: &str) -> bool {
        self.region.borrow().as_deref() != Some(region)
    }

    fn settle(&self, region: &str) {
        self.region(None, Some(region));
    }

    fn lose_cells(&self, cells: &[space::Cell], _: Tick) {
        self.tell(json!({"lost": cells}));
    }

    fn follow(&self, _: Option<&str>, to: Option<&str>) {
        self.tell(json!({"follow": to}));
    }

    fn unsubscribe(&self, _: &str) {}

    fn lose_channel(&self, channel: &str, _: bool) {
        self.lost_channels.borrow_mut().push(channel.to_owned());
    }
}

impl TestSocket {
    /// A socket of nobody, on a hub of its own.
    pub fn open(node: &TestNode, agent: Option<&Caller>) -> Self {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let table = SharedTable::default();
        let ear = Rc::new(Ear {
            outbox: outbox.clone(),
            region: RefCell::default(),
            all: RefCell::default(),
            lost_channels: RefCell::default(),
        });
        let session = node.node().session_id();
        let listener: Rc<dyn Listener> = ear.clone();
        table
            .borrow_mut()
            .attach(session, agent.map(|agent| agent.id), outbox, listener);
        let homes = Arc::clone(&node.node().homes);
        let hub = HubActor::Here {
            table: SharedTable::clone(&table),
            homes,
        };
        let seat = watch::start_here(&node.node().quarantine, hub);
        let hub = node.node().directory.put_hub(Hub::new(seat, None));
        Self {
            session,
            hub,
            table,
            ear,
        }
    }

    /// A socket of an agent that is brought into the world by it.
    pub async fn join(node: &TestNode, agent: &Caller, region: Option<&str>) -> Self {
        let socket = Self::open(node, Some(agent));
        let info = SocketInfo {
            session: socket.session,
            token_id: "token".to_owned(),
            connected_at: node.node().now(),
        };
        let moored = Moored {
            socket: info,
            hub: socket.hub,
        };
        let region = region.map(str::to_owned);
        let joined = node
            .gateway
            .join(&agent.handle, Guest::Socket(moored), region)
            .await;
        *socket.ear.region.borrow_mut() = Some(joined.unwrap().region);
        socket
    }

    /// The pushes that were written since this was last asked.
    pub fn pushes(&self) -> Vec<Value> {
        let mut pieces = Vec::new();
        self.ear.outbox.borrow_mut().take(&mut pieces);
        pieces
            .iter()
            .flat_map(|piece| serde_json::Deserializer::from_slice(piece).into_iter::<Value>())
            .map(|push| push.unwrap()["push"].take())
            .collect()
    }

    /// The channels that it lost since this was last asked.
    pub fn lost_channels(&self) -> Vec<String> {
        self.ear.lost_channels.take()
    }

    /// Writes to it.
    pub fn push(&self, pieces: Vec<bytes::Bytes>) {
        let mut outbox = self.ear.outbox.borrow_mut();
        pieces.into_iter().for_each(|piece| outbox.push(piece));
    }

    /// Waits until something was written or told that is so, while the world ticks. Gives all until then; what came after it is
    /// for the next time.
    pub async fn hear(&self, node: &TestNode, what: &str, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        let found = Cell::new(0);
        wait_until(what, || async {
            node.clock.advance(100);
            self.ear.flush();
            let place = self.ear.all.borrow().iter().position(&is_so);
            found.set(place.map_or(0, |place| place + 1));
            place.is_some()
        })
        .await;
        self.ear.all.borrow_mut().drain(..found.get()).collect()
    }

    /// Why it is to be closed, if it is.
    pub fn is_closed(&self) -> bool {
        self.ear.outbox.borrow().end_reason().is_some()
    }
}
