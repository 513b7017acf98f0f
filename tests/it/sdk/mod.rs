//! Channels as other people's SDKs use them: `centrifuge-python` of PyPI and `centrifuge` of npm, on one node and on two that share a
//! world. What owners do over HTTP comes by the first node, the SDKs are connected to the last. Rows are those of features.md.

/// A test of each scenario for one node, and one for two.
macro_rules! on_one_node_and_on_two {
    ($($scenario:ident),+ $(,)?) => {
        mod on_one_node {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::sdk::Place::one()).await;
            })+
        }
        mod on_two_nodes {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::sdk::Place::two().await).await;
            })+
        }
    };
}

mod decide;
mod driver;
mod flow;
mod http;
mod may;
mod rate;
mod restart;
mod told;

use crate::channels::Somebody;
use crate::world::{Nodes, Settings, TestWorld, until};
use driver::{Driver, Encoding, Sdk};
use serde_json::Value;
use std::sync::OnceLock;
use tokio::sync::OnceCell;

/// Where a scenario happens, in a world without limits that many share.
#[derive(Clone, Copy)]
pub struct Place {
    /// Where owners decide.
    here: &'static TestWorld,
    /// Where the SDKs are connected.
    there: &'static TestWorld,
}

/// What both worlds are started with.
fn variables() -> Vec<(&'static str, String)> {
    vec![
        ("ROOKERY_SERVER__DEV", "true".to_owned()),
        ("ROOKERY_CHANNEL__APP__LATEST_ONLY", "500ms".to_owned()),
        // Nobody is to lose a shard on a busy machine.
        ("ROOKERY_STORE__LEASE_TTL_MS", "6000".to_owned()),
    ]
}

impl Place {
    fn one() -> Self {
        static WORLD: OnceLock<TestWorld> = OnceLock::new();
        let start = || {
            TestWorld::start(Settings {
                variables: variables(),
                ..Settings::default()
            })
        };
        let world = WORLD.get_or_init(start);
        Self {
            here: world,
            there: world,
        }
    }

    async fn two() -> Self {
        static WORLD: OnceCell<Nodes> = OnceCell::const_new();
        let start = async || {
            let world = Nodes::start_with(2, &variables()).await;
            world.until_even().await;
            world
        };
        let world = WORLD.get_or_init(start).await;
        Self {
            here: &world.nodes[0],
            there: &world.nodes[1],
        }
    }

    fn is_one(self) -> bool {
        std::ptr::eq(self.here, self.there)
    }

    /// Both SDKs; they speak JSON to one node and protobuf to two.
    fn sdks(self) -> [Driver; 2] {
        let encoding = if self.is_one() {
            Encoding::Json
        } else {
            Encoding::Protobuf
        };
        [Sdk::Python, Sdk::Npm].map(|sdk| Driver::start(sdk, self.there, encoding))
    }
}

/// Asks over HTTP; what is refused for the moment is asked again, as every client does.
async fn done(who: &Somebody<'_>, path: &str, body: Value) -> Value {
    until(&format!("{path} is done"), async || {
        let answer = who.post(path, body.clone()).await;
        if answer.status == 200 {
            return Some(answer.body);
        }
        assert_eq!(answer.body["temporary"], true, "{path}: {}", answer.body);
        None
    })
    .await
}
