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
use crate::domain::space::Cell;
use crate::wire::Encoding;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A socket of a node.
pub struct TestSocket {
    pub session: SessionId,
    pub hub: usize,
    /// What its hub knows.
    pub table: SharedTable,
    outbox: SharedOutbox,
    ear: Rc<Ear>,
}

/// What its hub told it, beside what is written.
#[derive(Default)]
struct Ear {
    region: RefCell<Option<String>>,
    told: RefCell<Vec<Value>>,
}

impl Listener for Ear {
    fn inbox(&self, publication: &Arc<Publication>) {
        let entry: Value = serde_json::from_slice(&publication.data).unwrap();
        self.told.borrow_mut().push(json!({"inbox": entry}));
    }

    fn region(&self, _: Option<&str>, to: Option<&str>) {
        *self.region.borrow_mut() = to.map(str::to_owned);
        self.told.borrow_mut().push(json!({"region": to}));
    }

    fn is_elsewhere(&self, region: &str) -> bool {
        self.region.borrow().as_deref() != Some(region)
    }

    fn settle(&self, region: &str) {
        self.region(None, Some(region));
    }

    fn lose_cells(&self, cells: &[Cell], _: Tick) {
        self.told.borrow_mut().push(json!({"lost": cells}));
    }

    fn follow(&self, _: Option<&str>, to: Option<&str>) {
        self.told.borrow_mut().push(json!({"follow": to}));
    }

    fn unsubscribe(&self, _: &str) {}

    fn lose_channel(&self, channel: &str, is_held: bool) {
        self.told
            .borrow_mut()
            .push(json!({"lost_channel": channel, "is_held": is_held}));
    }
}

impl TestSocket {
    /// A socket of nobody, on a hub of its own.
    pub fn open(node: &TestNode, agent: Option<&Caller>) -> Self {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let (table, ear) = (SharedTable::default(), Rc::new(Ear::default()));
        let session = node.node().session_id();
        let listener: Rc<dyn Listener> = ear.clone();
        table
            .borrow_mut()
            .attach(session, agent.map(|agent| agent.id), outbox.clone(), listener);
        let homes = Arc::clone(&node.node().homes);
        let hub = HubActor::Here {
            table: SharedTable::clone(&table),
            homes,
        };
        let seat = watch::start_here(&node.node().quarantine, hub);
        let hub = node.node().directory.put_hub(Hub { seat, node: None });
        Self {
            session,
            hub,
            table,
            outbox,
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
        self.outbox.borrow_mut().take(&mut pieces);
        pieces
            .iter()
            .flat_map(|piece| serde_json::Deserializer::from_slice(piece).into_iter::<Value>())
            .map(|push| push.unwrap()["push"].take())
            .collect()
    }

    /// What it was told since this was last asked.
    pub fn told(&self) -> Vec<Value> {
        self.ear.told.take()
    }

    /// Writes to it.
    pub fn push(&self, pieces: Vec<bytes::Bytes>) {
        let mut outbox = self.outbox.borrow_mut();
        pieces.into_iter().for_each(|piece| outbox.push(piece));
    }

    /// What was written and told since this was last asked.
    pub fn take(&self) -> Vec<Value> {
        let pushes = self.pushes();
        let mut all: Vec<Value> = pushes.iter().map(|push| push["pub"]["data"].clone()).collect();
        all.append(&mut self.told());
        all
    }

    /// Waits until something was written or told that is so, while the world ticks. Gives all until then.
    pub async fn hear(&self, node: &TestNode, what: &str, is_so: impl Fn(&Value) -> bool) -> Vec<Value> {
        let all = RefCell::new(Vec::new());
        wait_until(what, || async {
            node.clock.advance(100);
            all.borrow_mut().extend(self.take());
            all.borrow().iter().any(&is_so)
        })
        .await;
        all.into_inner()
    }

    /// Why it is to be closed, if it is.
    pub fn is_closed(&self) -> bool {
        self.outbox.borrow().end_reason().is_some()
    }
}
