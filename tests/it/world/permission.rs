//! What an agent may do is what its row says, at once.

use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until};
use rookery::domain::agent::Permission;
use serde_json::json;

#[tokio::test]
async fn a_permission_that_was_taken_away_is_missing_in_every_action_that_needs_it() {
    let postgres = Postgres::shared();
    let url = postgres.fresh_database();
    let database = url.rsplit('/').next().unwrap().to_owned();
    let world = TestWorld::start(Settings {
        database: Some(url),
        ..Settings::default()
    });
    let plot = crate::plot::Plot::in_world(&world).await;
    let (alice, bob) = (
        plot.agent_at("alice", 80.0, 20.0).await,
        plot.agent_at("bob", 81.0, 20.0).await,
    );
    alice.leave().await;
    postgres.query(
        &database,
        &format!(
            "UPDATE agents SET permissions = '[]' WHERE agent_id = '{}'",
            alice.handle
        ),
    );
    until("the change is noticed", async || {
        alice.enter().await;
        let answer = alice.act("emote", json!({"action": "wave"})).await;
        alice.leave().await;
        (answer.status == 403).then_some(())
    })
    .await;
    alice.enter().await;
    for row in crate::actions::sample::actions() {
        let answer = alice
            .act(row.name, crate::actions::sample::params(row.name, &plot, &bob))
            .await;
        if row.permission == Permission::Perceive {
            answer.ok();
        } else {
            answer.refused("permission_missing");
        }
    }
}
