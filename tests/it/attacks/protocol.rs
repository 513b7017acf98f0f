//! E1-E5, E12, E13, E15-E17, E20, E21: texts, bodies, heads, origins.

use super::raw::{get, post, request};
use super::{Attack, Row, Stage, row};
use serde_json::json;

/// The rows.
pub fn rows(stage: &Stage) -> Vec<Row> {
    let mut rows = bodies(stage);
    rows.extend(heads());
    rows.extend(places(stage));
    rows.extend(origins());
    rows
}

fn bodies(stage: &Stage) -> Vec<Row> {
    let alice = &stage.alice;
    let to = |body: &[u8]| Attack::Http(post(&alice.action_path(), Some(&alice.token), body));
    let mut rows = Vec::new();
    for (name, body) in [
        ("E1 empty", &b""[..]),
        ("E1 white space", b" \n\t"),
        ("E1 open object", b"{"),
        ("E1 no JSON", b"hello"),
        ("E1 BOM", b"\xef\xbb\xbf{\"action\":\"ping\"}"),
        ("E1 garbage behind", b"{\"action\":\"ping\"} x"),
        ("E1 two values", b"{\"action\":\"ping\"}{\"action\":\"ping\"}"),
        ("E1 comment", b"/* hi */ {\"action\":\"ping\"}"),
        ("E1 comment of a line", b"{\"action\":\"ping\"} // hi"),
        ("E1 comma behind", b"{\"action\":\"ping\",}"),
        ("E1 single quotes", b"{'action':'ping'}"),
        (
            "E3 invalid UTF-8",
            b"{\"action\":\"say\",\"params\":{\"message\":\"\xff\xfe\"}}",
        ),
        (
            "E3 overlong UTF-8",
            b"{\"action\":\"say\",\"params\":{\"message\":\"\xc0\xaf\"}}",
        ),
        (
            "E3 lone surrogate",
            br#"{"action":"say","params":{"message":"\ud800"}}"#,
        ),
        (
            "E3 low surrogate first",
            br#"{"action":"say","params":{"message":"\udc00\ud800"}}"#,
        ),
    ] {
        rows.push(row(name, to(body), &["400 malformed"]));
    }
    rows.push(row(
        "E2 200,000 [",
        to("[".repeat(200_000).as_bytes()),
        &["400 malformed"],
    ));
    rows.push(row(
        "E2 20,000 [",
        to("[".repeat(20_000).as_bytes()),
        &["400 malformed"],
    ));
    let deep = format!(
        r#"{{"action":"ping","params":{}{}}}"#,
        r#"{"a":"#.repeat(40),
        "1".to_owned() + &"}".repeat(40)
    );
    rows.push(row("E2 40 levels", to(deep.as_bytes()), &["400 malformed"]));
    rows.push(row(
        "E4 NUL in a text",
        to(br#"{"action":"say","params":{"message":"a\u0000b"}}"#),
        &["422 invalid_parameter"],
    ));
    rows.push(row(
        "E4 NUL in a command's id",
        to(br#"{"action":"ping","command_id":"a\u0000"}"#),
        &["422 invalid_parameter"],
    ));
    let large = format!(
        r#"{{"action":"say","params":{{"message":"{}"}}}}"#,
        "a".repeat(65_536)
    );
    rows.push(row(
        "E5 body over 64 KiB",
        to(large.as_bytes()),
        &["413 too_large"],
    ));
    let long = format!(
        r#"{{"action":"say","params":{{"message":"{}"}}}}"#,
        "a".repeat(16_385)
    );
    rows.push(row(
        "E5 message of 16,385 characters",
        to(long.as_bytes()),
        &["422 invalid_parameter"],
    ));
    rows.extend(encodings(stage));
    let unknown = r#"{"action":"fly_to_the_moon","params":{}}"#;
    rows.push(row(
        "E16 unknown action",
        to(unknown.as_bytes()),
        &["404 unknown_action"],
    ));
    rows
}

/// Ten megabytes of zeros, packed by gzip at its best: about ten kilobytes.
fn bomb() -> Vec<u8> {
    // A stored head, then one deflate block that repeats a zero; what is inside does not matter, since nobody unpacks it.
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xec, 0xc0, 0x81];
    bytes.extend(std::iter::repeat_n(0_u8, 10_200));
    bytes
}

fn encodings(stage: &Stage) -> Vec<Row> {
    let alice = &stage.alice;
    let bearer = format!("Bearer {}", alice.token);
    let send = |headers: &[(&str, &str)], body: &[u8]| {
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain([("Authorization", bearer.as_str())])
            .collect();
        Attack::Http(request("POST", &alice.action_path(), &headers, body))
    };
    let mut rows = Vec::new();
    for encoding in ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip"] {
        let headers = [
            ("Content-Type", "application/json"),
            ("Content-Encoding", encoding),
        ];
        rows.push(row(
            format!("E12 {encoding} bomb"),
            send(&headers, &bomb()),
            &["413 too_large"],
        ));
    }
    for media_type in [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "",
    ] {
        let attack = send(&[("Content-Type", media_type)], br#"{"action":"ping"}"#);
        rows.push(row(
            format!("E13 content type {media_type:?}"),
            attack,
            &["415 unsupported_media_type"],
        ));
    }
    rows.push(row(
        "E13 no content type",
        send(&[], br#"{"action":"ping"}"#),
        &["415 unsupported_media_type"],
    ));
    rows
}

fn heads() -> Vec<Row> {
    let many: Vec<(String, String)> = (0..1_000)
        .map(|number| (format!("X-{number}"), "1".to_owned()))
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let (long, huge) = ("a".repeat(100_000), "a".repeat(1_000_000));
    let url = |length| format!("/health?q={}", "a".repeat(length));
    let raw = |head: &str| Attack::Http(head.replace('\n', "\r\n").into_bytes());
    vec![
        row(
            "E15 1,000 headers",
            Attack::Http(request("GET", "/health", &many, b"")),
            &["431 too_large", "431", "400", "closed"],
        ),
        row(
            "E15 header of 100 KB",
            Attack::Http(request("GET", "/health", &[("X-Long", &long)], b"")),
            &["431 too_large"],
        ),
        row(
            "E15 header of 1 MB",
            Attack::Http(request("GET", "/health", &[("X-Long", &huge)], b"")),
            &["431 too_large", "431", "400", "closed"],
        ),
        row(
            "E15 URL of 64 KB",
            Attack::Http(get(&url(65_000), None)),
            &["414 too_large"],
        ),
        // Past 65,534 bytes the HTTP library takes it for no URL at all.
        row(
            "E15 URL of 100 KB",
            Attack::Http(get(&url(100_000), None)),
            &["400"],
        ),
        row(
            "E14 two lengths",
            raw("POST /api/v1/token HTTP/1.1\nHost: a\nContent-Length: 2\nContent-Length: 3\n\n{}"),
            &["400", "closed"],
        ),
        row(
            "E14 length and chunks",
            raw(
                "POST /api/v1/token HTTP/1.1\nHost: a\nConnection: close\nContent-Length: 5\nTransfer-Encoding: xchunked\n\n0\n\n",
            ),
            &["400", "closed", "400 malformed"],
        ),
        row("E14 no HTTP", raw("hello\n\n"), &["400", "closed"]),
        row(
            "E23 TRACE",
            Attack::Http(request("TRACE", "/health", &[], b"")),
            &["405 method_not_allowed"],
        ),
        row(
            "E23 CONNECT",
            Attack::Http(request("CONNECT", "world.example:443", &[], b"")),
            &["405 method_not_allowed"],
        ),
    ]
}

fn places(stage: &Stage) -> Vec<Row> {
    let mut rows = Vec::new();
    for (x, expected) in [
        ("NaN", &["400 malformed"][..]),
        ("Infinity", &["400 malformed"]),
        ("-Infinity", &["400 malformed"]),
        ("1e400", &["400 malformed", "422 invalid_parameter"]),
        ("1e308", &["422 out_of_bounds"]),
        ("-1e308", &["422 out_of_bounds"]),
        ("-0.0", &["422 out_of_bounds"]),
        ("-0", &["422 out_of_bounds"]),
        ("-0.01", &["422 out_of_bounds"]),
        ("100000", &["422 out_of_bounds"]),
        ("\"12\"", &["422 invalid_parameter"]),
        ("null", &["422 invalid_parameter"]),
    ] {
        let attack = Attack::Http(stage.alice.act("move_to", &format!(r#"{{"x":{x},"y":10}}"#)));
        rows.push(row(format!("E17 move_to x {x}"), attack, expected));
        if x != "null" {
            let attack = Attack::Http(
                stage
                    .alice
                    .act("teleport", &format!(r#"{{"region":"main","x":{x},"y":10}}"#)),
            );
            rows.push(row(format!("E17 teleport x {x}"), attack, expected));
        }
    }
    let attack = Attack::Http(stage.alice.act("get_nearby_agents", r#"{"radius":1e308}"#));
    rows.push(row(
        "E17 radius 1e308",
        attack,
        &["422 invalid_parameter", "422 out_of_bounds"],
    ));
    rows
}

/// Origins that look like the allowed one, `https://good.example`.
const EVIL: [&str; 9] = [
    "https://evil.example",
    "null",
    "https://good.example.evil.com",
    "https://evil-good.example",
    "https://good.example:444",
    "http://good.example",
    "https://good.example/",
    "https://a@good.example",
    "file://",
];

fn origins() -> Vec<Row> {
    let mut rows = Vec::new();
    let from = |origin: &str| vec![("Origin".to_owned(), origin.to_owned())];
    for path in ["/connection/websocket", "/ws/alice"] {
        for origin in EVIL {
            rows.push(row(
                format!("E20 {origin} at {path}"),
                Attack::Upgrade(path.to_owned(), from(origin)),
                &["403 origin_refused"],
            ));
        }
        for origin in ["https://good.example", "http://world.example"] {
            rows.push(row(
                format!("E20 {origin} is let in at {path}"),
                Attack::Upgrade(path.to_owned(), from(origin)),
                &["101"],
            ));
        }
        rows.push(row(
            "E20 no upgrade",
            Attack::Http(get(path, None)),
            &["426 upgrade_required"],
        ));
    }
    for origin in EVIL {
        let plain = request("GET", "/health", &[("Origin", origin)], b"");
        rows.push(row(format!("E21 {origin}"), Attack::Http(plain), &["200"]));
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        let preflight = request("OPTIONS", "/api/v1/register", &headers, b"");
        rows.push(row(
            format!("E21 {origin} asks before"),
            Attack::Http(preflight),
            &["403 origin_refused"],
        ));
    }
    let good = request("GET", "/health", &[("Origin", "https://good.example")], b"");
    rows.push(row(
        "E21 the listed origin is told so",
        Attack::Http(good),
        &["200 for https://good.example"],
    ));
    let body = json!({"name": "Cross"}).to_string();
    let headers = [("Origin", "https://evil.example"), ("Content-Type", "text/plain")];
    let simple = request("POST", "/api/v1/register", &headers, body.as_bytes());
    rows.push(row(
        "E21 a simple request from elsewhere",
        Attack::Http(simple),
        &["415 unsupported_media_type"],
    ));
    rows
}
