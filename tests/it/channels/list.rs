//! CE-27 and CE-28: that it is there, and who is.

use super::Somebody;
use crate::world::TestWorld;
use serde_json::json;

#[tokio::test]
async fn health_and_the_names_of_all() {
    let world = TestWorld::shared();
    assert_eq!(world.get("/health").await.ok()["ok"], json!(true));
    let [zoe, adam] = [
        Somebody::agent(world, "zoe").await,
        Somebody::agent(world, "adam").await,
    ];
    let listed = world.get("/agents").await.ok();
    let agents: Vec<&str> = listed["agents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|name| name.as_str())
        .collect();
    assert_eq!(listed["count"], json!(agents.len()));
    assert!(agents.is_sorted(), "{agents:?}");
    for name in [&zoe.name, &adam.name] {
        assert!(agents.contains(&name.as_str()), "{name} of {agents:?}");
    }
}
