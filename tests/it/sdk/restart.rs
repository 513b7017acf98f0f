//! CE-64: clients resume by themselves when their node comes back, with the rights that they have by then.

use super::done;
use super::driver::{Driver, Encoding, Sdk};
use crate::agent::Agent;
use crate::channels::Somebody;
use crate::world::{Nodes, Settings, TestWorld, unique};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// An owner, a reader with both SDKs, and what it listens to.
struct Listening {
    owner: Agent,
    reader: Agent,
    sdks: [Driver; 2],
    /// One that is everybody's, and one that was granted.
    channels: [String; 2],
    /// One that is locked while the reader is away, where somebody can do that.
    taken: String,
}

async fn publish(owner: &Somebody<'_>, channel: &str, payload: &str) {
    let body = json!({"channel": channel, "payload": payload});
    done(owner, "/api/publish", body).await;
}

impl Listening {
    /// Owners decide by way of the first node, the reader is connected to the other.
    async fn begin(here: &TestWorld, there: &TestWorld) -> Self {
        let (owner, reader) = (here.agent("owner").await, here.agent("reader").await);
        let own = |topic: &str| format!("agent.{}.{topic}", owner.handle);
        let channels = [format!("public.it-{}", unique()), own("granted")];
        let taken = own("taken");
        let mut sdks = [
            Driver::start(Sdk::Python, there, Encoding::Json),
            Driver::start(Sdk::Npm, there, Encoding::Protobuf),
        ];
        let (alice, bob) = (Somebody::of(here, &owner), Somebody::of(there, &reader));
        let on = json!({"channel": channels[1], "target": bob.name});
        for path in ["/api/lock", "/api/grant"] {
            done(&alice, path, on.clone()).await;
        }
        for sdk in &mut sdks {
            sdk.connect(&bob).await.expect("it is let in");
            for channel in channels.iter().chain([&taken]) {
                sdk.subscribe(&bob, channel).await.expect("it may");
                sdk.event(&bob, channel, "subscribed").await;
            }
        }
        for channel in channels.iter().chain([&taken]) {
            publish(&alice, channel, "before").await;
            for sdk in &mut sdks {
                assert_eq!(sdk.payload(&bob, channel).await, "before");
            }
        }
        Self {
            owner,
            reader,
            sdks,
            channels,
            taken,
        }
    }

    /// Each SDK comes back by itself and hears what it may.
    async fn goes_on(&mut self, here: &TestWorld, there: &TestWorld) {
        let (alice, bob) = (Somebody::of(here, &self.owner), Somebody::of(there, &self.reader));
        for sdk in &mut self.sdks {
            for channel in &self.channels {
                sdk.event(&bob, channel, "subscribed").await;
            }
        }
        for sdk in &mut self.sdks {
            for channel in &self.channels {
                hears_again(sdk, channel, &alice).await;
            }
        }
    }
}

/// Publishes until it is heard: of nodes that share a world the one that came back takes shards, and with them the homes of channels,
/// and who is told so subscribes again.
async fn hears_again(sdk: &mut Driver, channel: &str, owner: &Somebody<'_>) {
    let is_after = |told: &Value| told["channel"] == json!(channel) && told["data"]["payload"] == "after";
    for _ in 0..20 {
        publish(owner, channel, "after").await;
        let heard = timeout(Duration::from_secs(1), sdk.hears("what comes later", is_after)).await;
        if heard.is_ok() {
            return;
        }
    }
    panic!("{:?} hears nothing on {channel}", sdk.sdk);
}

async fn comes_back(signal: Signal) {
    let mut world = TestWorld::start(Settings::default());
    let mut listening = Listening::begin(&world, &world).await;
    world.restart(signal);
    listening.goes_on(&world, &world).await;
}

#[tokio::test]
async fn clients_resume_when_their_server_was_told_to_stop_and_started_again() {
    comes_back(Signal::SIGTERM).await;
}

#[tokio::test]
async fn clients_resume_when_their_server_was_killed_and_started_again() {
    comes_back(Signal::SIGKILL).await;
}

#[tokio::test]
async fn clients_of_a_node_that_comes_back_have_the_rights_that_were_left_to_them() {
    let mut world = Nodes::start(2).await;
    world.until_even().await;
    let mut listening = Listening::begin(&world.nodes[0], &world.nodes[1]).await;
    world.nodes[1].stop(Signal::SIGTERM);
    let alice = Somebody::of(&world.nodes[0], &listening.owner);
    done(&alice, "/api/lock", json!({"channel": listening.taken})).await;
    publish(&alice, &listening.taken, "secret").await;
    world.nodes[1].restart(Signal::SIGTERM);
    listening.goes_on(&world.nodes[0], &world.nodes[1]).await;
    let (alice, bob) = (
        Somebody::of(&world.nodes[0], &listening.owner),
        Somebody::of(&world.nodes[1], &listening.reader),
    );
    let taken = &listening.taken;
    for sdk in &mut listening.sdks {
        // It asked anew, was refused and does not ask again.
        let ended = sdk.event(&bob, taken, "unsubscribed").await;
        assert_eq!(ended["code"], 103, "{:?}", sdk.sdk);
        sdk.settle(&bob, &alice).await;
        assert!(!sdk.has_heard(&bob, taken, "publication"), "{:?}", sdk.sdk);
        assert_eq!(sdk.state(&bob, taken).await, "unsubscribed");
    }
}
