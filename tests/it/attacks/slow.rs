//! A15, E9-E11: what takes seconds. These run side by side.

use super::raw::{self, get, post};
use super::socket::{Line, TEXT, frame};
use super::{Attack, Row, Stage, row};
use rookery::host::clock::Clock;
use serde_json::json;
use std::rc::Rc;
use std::time::Duration;

const CENTRIFUGE: &str = "/connection/websocket";
/// Publications until a stalled reader must be gone. Each is 15 KB; the kernel and the queue hold about 2 MiB.
const PUBLICATIONS_MAX: usize = 600;

/// The rows.
pub fn rows(stage: &Rc<Stage>) -> Vec<Row> {
    vec![
        row(
            "A15 revoked token: HTTP and the open socket",
            script(stage, revoked),
            &["200, 401 token_revoked, close 3500 in time"],
        )
        .grows(&[("sessions", 1), ("revocation", 1)]),
        row("E9 no hello", script(stage, no_hello), &["close 3502 in time"]),
        row(
            "E9 no hello at /ws",
            script(stage, no_hello_at_ws),
            &["close 3502 in time", "close 4002 in time"],
        ),
        row(
            "E9 half a handshake",
            script(stage, half_a_handshake),
            &["408 timeout", "408", "closed"],
        ),
        row(
            "E10 stops reading",
            script(stage, stops_reading),
            &["close 3008", "cut"],
        )
        .grows(&[("sessions", 1)]),
        row(
            "E11 a byte each second",
            script(stage, drip),
            &["close 1002 in time"],
        ),
    ]
}

fn script<F: Future<Output = String> + 'static>(stage: &Rc<Stage>, play: impl Fn(Rc<Stage>) -> F) -> Attack {
    Attack::Script(Box::pin(play(Rc::clone(stage))))
}

/// Adds ` in time` when the end came between the two times, else the time it took.
async fn timed(least_s: f64, most_s: f64, end: impl Future<Output = String>) -> String {
    let clock = Clock::system();
    let began = clock.monotonic();
    let end = end.await;
    let took_s = (clock.monotonic() - began).as_secs_f64();
    let mark = if (least_s..most_s).contains(&took_s) {
        "in time".to_owned()
    } else {
        format!("after {took_s:.1} s")
    };
    format!("{end} {mark}")
}

async fn revoked(stage: Rc<Stage>) -> String {
    let (port, frank) = (stage.server.port(), &stage.frank);
    let mut line = Line::open(port, CENTRIFUGE).await;
    assert_eq!(line.connect(Some(&frank.token)).await, "ok");
    let body = json!({"scope": "token"}).to_string();
    let told = raw::tell(port, post("/api/v1/token/revoke", Some(&frank.token), body)).await;
    timed(0.0, 2.5, async {
        let own = format!("/api/v1/agents/{}/inventory", frank.handle);
        let refused = raw::tell(port, get(&own, Some(&frank.token))).await;
        format!("{told}, {refused}, {}", line.end().await)
    })
    .await
}

async fn no_hello(stage: Rc<Stage>) -> String {
    let mut line = Line::open(stage.server.port(), CENTRIFUGE).await;
    timed(4.5, 8.0, line.end()).await
}

async fn no_hello_at_ws(stage: Rc<Stage>) -> String {
    let mut line = Line::open(stage.server.port(), "/ws/alice").await;
    timed(4.5, 8.0, line.end()).await
}

async fn half_a_handshake(stage: Rc<Stage>) -> String {
    raw::tell(
        stage.server.port(),
        b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\nUpgr".to_vec(),
    )
    .await
}

async fn stops_reading(stage: Rc<Stage>) -> String {
    let port = stage.server.port();
    let mut stalled = Line::open(port, CENTRIFUGE).await;
    assert_eq!(stalled.connect(None).await, "ok");
    stalled
        .command(&json!({"id": 2, "subscribe": {"channel": "public.flood"}}))
        .await;
    assert_eq!(stalled.reply(2).await, "ok");
    let mut talker = Line::open(port, CENTRIFUGE).await;
    assert_eq!(talker.connect(Some(&stage.gina.token)).await, "ok");
    let data = "x".repeat(15_000);
    for id in 3..PUBLICATIONS_MAX + 3 {
        talker
            .command(&json!({"id": id, "publish": {"channel": "public.flood", "data": data}}))
            .await;
        let reply = talker.reply(u64::try_from(id).expect("small")).await;
        if reply != "ok" {
            return format!("publication {id}: {reply}");
        }
    }
    // Others are served as if nothing was, and what the kernel still held is read to the end now.
    stalled.end().await
}

async fn drip(stage: Rc<Stage>) -> String {
    let mut line = Line::open(stage.server.port(), CENTRIFUGE).await;
    assert_eq!(line.connect(None).await, "ok");
    let bytes = frame(TEXT, &[b' '; 120]);
    timed(9.0, 14.0, async {
        for byte in bytes.chunks(1) {
            line.send(byte).await;
            if let Ok(end) = tokio::time::timeout(Duration::from_secs(1), line.end()).await {
                return end;
            }
        }
        "open".to_owned()
    })
    .await
}
