use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn the_weather_is_the_one_that_everybody_is_told() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    crate::world::until("both ask in the same spell of weather", async || {
        let told = alice.act("get_weather", json!({})).await.result();
        let published = plot
            .world
            .get(&format!("/api/v1/weather/{}", plot.name))
            .await
            .ok();
        let kind = told.get("condition").or_else(|| told.get("type")).cloned();
        assert!(told.is_object() && published.is_object(), "{told} {published}");
        (kind.is_none() || published.to_string().contains(&kind.unwrap().to_string())).then_some(())
    })
    .await;
}
