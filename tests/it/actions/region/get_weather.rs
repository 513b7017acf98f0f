use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn the_weather_is_the_one_that_everybody_is_told() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let path = format!("/api/v1/weather/{}", plot.name);
    // The weather may change between two questions, but not each time.
    crate::world::until("both are told the same", async || {
        let told = alice.act("get_weather", json!({})).await.result();
        let kind = told["type"]
            .as_str()
            .unwrap_or_else(|| panic!("no type: {told}"))
            .to_owned();
        let published = plot.world.get(&path).await.ok().to_string();
        published.contains(&format!("\"{kind}\"")).then_some(())
    })
    .await;
}
