//! The same bodies for the local bus and for each form of Redis, then what only Redis can do: go away and come back.

mod authority;
mod conformance;
mod failover;
mod network;
mod server;
mod setup;
mod tally;
mod tls;

pub(crate) use server::Server;
pub(super) use setup::Setup;

use super::subscription::WAITING_MAX;
use super::*;
use bytes::Bytes;
use futures_util::FutureExt;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{interval, timeout};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

/// Who waits for a frozen Redis waits at least for the timeout of a command.
pub(super) const PAUSE_MS: i64 = 450;

pub(super) async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let mut tick = interval(Duration::from_millis(20));
    let wait = async {
        while !is_so().await {
            tick.tick().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it never came to be");
}

fn start(config: &BusConfig) -> Bus {
    Bus::start(config, Clock::system(), Entropy::seeded(1), &Handle::current()).unwrap()
}

async fn well(bus: &Bus) {
    until(async || !bus.status().is_degraded).await;
}

async fn degraded(bus: &Bus) {
    until(async || bus.status().is_degraded).await;
}

async fn next(subscription: &mut Subscription) -> Heard {
    timeout(PATIENCE, subscription.recv())
        .await
        .expect("nothing is heard")
        .expect("the bus is gone")
}

fn message(topic: &Topic, payload: impl Into<Bytes>) -> Heard {
    Heard::Message(topic.clone(), payload.into())
}

fn every_topic() -> [Topic; 6] {
    [
        Topic::Channel("public.chat".into()),
        Topic::RegionEvents("main".into()),
        Topic::RegionPositions("main".into()),
        Topic::Spectator("alice".into()),
        Topic::Broadcast,
        Topic::Control,
    ]
}
