use crate::plot::Plot;
use serde_json::json;

#[tokio::test]
async fn the_tick_goes_on_and_never_back() {
    let plot = Plot::new().await;
    let alice = plot.agent("alice").await;
    let first = alice.act("get_time", json!({})).await.result();
    assert!(first["time_ms"].is_i64(), "{first}");
    crate::world::until("the tick goes on", async || {
        let time = alice.act("get_time", json!({})).await.result();
        assert!(time["tick"].as_i64() >= first["tick"].as_i64(), "{first} {time}");
        (time["tick"] != first["tick"]).then_some(())
    })
    .await;
}
