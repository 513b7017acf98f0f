//! One space of names: agents, users of the command line, and apps.

use super::{Somebody, unique};
use crate::world::{Settings, TestWorld};
use serde_json::{Value, json};

#[tokio::test]
async fn a_name_belongs_to_one_of_them() {
    let world = &TestWorld::start(Settings {
        variables: vec![("ROOKERY_SERVER__DEV", "true".to_owned())],
        ..Settings::default()
    });
    let user = Somebody::user(world, "user").await;
    let made = user.post("/api/apps", json!({"name": "Some_App"})).await;
    made.ok();
    let agent = format!("agent{}", unique());
    let register = async |name: &str| {
        let body = json!({"name": format!("Name {}", unique()), "agent_id": name});
        world.post("/api/v1/register", body).await
    };
    let log_in = async |name: &str| world.post("/auth/dev-register", json!({"username": name})).await;
    let make_app = async |name: &str| user.post("/api/apps", json!({"name": name})).await;
    assert_eq!(register(&agent).await.status, 201);
    let other: Value = log_in("other_user").await.ok();
    assert_eq!(other["username"], "other_user");
    // Nobody gets what somebody else has, in whatever case of its letters.
    for taken in [agent.as_str(), "other_user", "some_app"] {
        assert_eq!(register(taken).await.status, 409, "{taken}");
        let app = make_app(&taken.to_uppercase()).await;
        app.refused("already_exists");
    }
    for taken in [agent.as_str(), "some_app"] {
        log_in(taken).await.refused("already_exists");
    }
    // A user comes back.
    log_in("other_user").await.ok();
    for reserved in ["system", "admin", "public", "app", "me"] {
        log_in(reserved).await.refused("already_exists");
    }
    // An app's name is free when the app is gone.
    user.call(reqwest::Method::DELETE, "/api/apps/some_app", None)
        .await
        .ok();
    log_in("some_app").await.ok();
}
