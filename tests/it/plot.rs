//! A plot: a region of a test's own in the shared world, so that tests do not hear one another.

use crate::agent::Agent;
use crate::client::Socket;
use crate::world::{TestWorld, unique};
use serde_json::json;

/// A region with one object of each kind. Units: metres.
pub struct Plot<'a> {
    /// The world that it is in.
    pub world: &'a TestWorld,
    /// The region's name.
    pub name: String,
    /// A bench at 20, 20.
    pub bench: String,
    /// A fountain at 40, 20.
    pub fountain: String,
    /// A notice board at 60, 20.
    pub board: String,
    /// A market stall at 80, 20.
    pub stall: String,
}

impl Plot<'static> {
    /// A plot in the shared world.
    pub async fn new() -> Self {
        Self::in_world(TestWorld::shared()).await
    }
}

impl<'a> Plot<'a> {
    /// A plot in a world.
    pub async fn in_world(world: &'a TestWorld) -> Self {
        Self::of_size(world, 256).await
    }

    /// A plot with sides of so many metres.
    pub async fn of_size(world: &'a TestWorld, size_m: u32) -> Self {
        let name = format!("plot-{}", unique());
        let id = |kind: &str| format!("{name}-{kind}");
        let object =
            |kind: &str, x: f64| json!({"id": id(kind), "name": kind, "kind": kind, "x": x, "y": 20.0});
        let objects = json!([
            object("bench", 20.0),
            object("fountain", 40.0),
            object("notice_board", 60.0),
            object("market_stall", 80.0)
        ]);
        let body = json!({"name": name, "display_name": name, "size_m": size_m, "objects": objects});
        let answer = world.post_as_admin("/api/v1/admin/regions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Self {
            bench: id("bench"),
            fountain: id("fountain"),
            board: id("notice_board"),
            stall: id("market_stall"),
            world,
            name,
        }
    }

    /// An agent at home here, not in the world yet.
    pub async fn stranger(&self, name: &str) -> Agent {
        self.world.agent_of(name, &self.name).await
    }

    /// An agent at home here that is in the world, near the middle.
    pub async fn agent(&self, name: &str) -> Agent {
        let agent = self.stranger(name).await;
        let location = agent.enter().await;
        assert_eq!(location["region"], self.name.as_str());
        agent
    }

    /// An agent that stands at a point.
    pub async fn agent_at(&self, name: &str, x: f64, y: f64) -> Agent {
        let agent = self.agent(name).await;
        agent.stand(&self.name, x, y).await;
        agent
    }

    /// Two agents 2 m from each other, and the socket of the second, which has seen the first.
    pub async fn alice_and_bob(&self) -> (Agent, Agent, Socket) {
        let alice = self.agent_at("alice", 50.0, 50.0).await;
        let bob = self.agent_at("bob", 52.0, 50.0).await;
        let mut seen = bob.connect().await;
        seen.entry(&alice.handle).await;
        (alice, bob, seen)
    }
}

impl Drop for Plot<'_> {
    fn drop(&mut self) {
        self.world.show_log_on_panic();
    }
}
