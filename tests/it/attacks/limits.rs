//! B5-B7 and E8: how often somebody may register, or ping.

use super::raw::{self, post, request};
use super::server::Server;
use super::socket::{Line, frame};
use serde_json::json;

fn body(name: &str) -> Vec<u8> {
    json!({"name": name}).to_string().into_bytes()
}

/// A registration that comes through a proxy, if the world trusts it.
fn forwarded(name: &str, address: &str) -> Vec<u8> {
    let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", address)];
    request("POST", "/api/v1/register", &headers, &body(name))
}

/// Fills the hour of an address that nobody vouches for, then tries once more with and without lies.
pub async fn sixth_registration(server: &Server) -> Vec<(&'static str, String, &'static str)> {
    let port = server.port();
    for number in 0..5 {
        server
            .ok(post(
                "/api/v1/register",
                None,
                body(&format!("Early Bird {number}")),
            ))
            .await;
    }
    let sixth = raw::exchange(port, post("/api/v1/register", None, body("Late Bird")))
        .await
        .expect("an answer");
    let wait_s: u64 = sixth
        .header("retry-after")
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let headers = ["ratelimit", "ratelimit-policy"].map(|name| sixth.header(name).is_some());
    let is_told = (1..=3_600).contains(&wait_s) && headers == [true, true];
    let mut seen = vec![
        ("B5 the sixth in an hour", sixth.summary(), "429 rate_limited"),
        ("B5 is told when to come back", is_told.to_string(), "true"),
    ];
    for address in [
        "203.0.113.7",
        "2001:db8::7",
        "127.0.0.1, 198.51.100.9",
        "unknown",
        "",
    ] {
        let answer = raw::tell(port, forwarded("Liar", address)).await;
        seen.push(("B7 a spoofed X-Forwarded-For", answer, "429 rate_limited"));
    }
    seen
}

/// The same behind a proxy that is trusted, from ever new addresses of one IPv6 network.
pub async fn rotating_addresses(server: &Server) -> Vec<(&'static str, String, &'static str)> {
    let port = server.port();
    for number in 0..5 {
        let answer = raw::tell(
            port,
            forwarded(
                &format!("Rotating {number}"),
                &format!("2001:db8:1:2:{number}::1"),
            ),
        )
        .await;
        assert_eq!(answer, "201");
    }
    let sixth = raw::tell(port, forwarded("Rotating 6", "2001:db8:1:2:ffff::9")).await;
    let behind_a_lie = raw::tell(port, forwarded("Rotating 7", "2001:db8:9:9::1, 2001:db8:1:2::77")).await;
    vec![
        ("B6 another address of the same /64", sixth, "429 rate_limited"),
        (
            "B7 a lie left of the proxy's word",
            behind_a_lie,
            "429 rate_limited",
        ),
    ]
}

/// Another network has an hour of its own.
pub async fn other_network(server: &Server) -> String {
    raw::tell(server.port(), forwarded("Neighbour", "2001:db8:1:3::1")).await
}

/// Pings count as messages: past three times the rate of a minute the socket is closed.
pub async fn ping_flood(server: &Server) -> String {
    let mut line = Line::open(server.port(), "/connection/websocket").await;
    assert_eq!(line.connect(None).await, "ok");
    for _ in 0..1_000 {
        line.send(&frame(0x89, b"flood")).await;
    }
    line.end().await
}
