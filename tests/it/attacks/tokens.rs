//! A1-A13, A16-A18, A20: tokens that are none.

use super::forge::{b64, with};
use super::raw::{get, request};
use super::{Attack, Row, Stage, row};
use serde_json::{Value, json};

/// What each of these tokens gets over HTTP and on a socket.
fn forged(stage: &Stage) -> Vec<(&'static str, String)> {
    let forge = &stage.forge;
    let claims = forge.claims();
    let good = &stage.alice.token;
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let none = |alg: &str| {
        format!(
            "{}.{payload}.",
            b64(with(forge.header(), "alg", json!(alg)).to_string())
        )
    };
    let raw_exp = |exp: &str| {
        let text = claims
            .to_string()
            .replace(&format!("\"exp\":{}", claims["exp"]), &format!("\"exp\":{exp}"));
        forge.sign_text(&forge.header().to_string(), &text)
    };
    let far = |header: &str, value: Value| forge.header_with(header, value);
    let trap = format!("http://127.0.0.1:{}/jwks", stage.trap_port);
    let mut found = vec![
        ("A1 none", none("none")),
        ("A1 None", none("None")),
        ("A1 nOnE", none("nOnE")),
        ("A1 none with a signature", format!("{}{signature}", none("none"))),
        (
            "A2 HS256 by the public key",
            forge.confused(&with(forge.header(), "alg", json!("HS256"))),
        ),
        (
            "A2 HS256 without kid",
            forge.confused(&json!({"alg": "HS256", "typ": "JWT"})),
        ),
        ("A3 unknown kid", far("kid", json!("nobody"))),
        ("A3 kid is a path", far("kid", json!("../../dev/null"))),
        ("A3 kid is SQL", far("kid", json!("' OR 1=1"))),
        ("A3 kid of 10 KB", far("kid", json!("k".repeat(10_000)))),
        ("A3 no kid", far("kid", Value::Null)),
        ("A4 jku", far("jku", json!(trap))),
        ("A4 x5u", far("x5u", json!(trap))),
        ("A4 x5c", far("x5c", json!(["MIIB"]))),
        (
            "A4 jwk",
            far(
                "jwk",
                json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&forge.public)}),
            ),
        ),
        ("A5 crit", far("crit", json!(["exp"]))),
        ("A5 empty crit", far("crit", json!([]))),
        (
            "A7 nbf in the future",
            forge.claims_with("nbf", json!(forge.now_s + 120)),
        ),
        ("A8 no exp", forge.claims_with("exp", Value::Null)),
        (
            "A9 exp is a text",
            forge.claims_with("exp", json!(claims["exp"].to_string())),
        ),
        ("A9 exp is a float", raw_exp(&format!("{}.5", claims["exp"]))),
        ("A9 exp is 1e400", raw_exp("1e400")),
        ("A9 exp is negative", raw_exp("-1")),
        ("A9 exp is null", raw_exp("null")),
        ("A10 other audience", forge.claims_with("aud", json!("elsewhere"))),
        ("A10 other issuer", forge.claims_with("iss", json!("elsewhere"))),
        (
            "A10 list of audiences",
            forge.claims_with("aud", json!(["rookery", "elsewhere"])),
        ),
        (
            "A10 list of issuers",
            forge.claims_with("iss", json!(["rookery"])),
        ),
        ("A10 no audience", forge.claims_with("aud", Value::Null)),
        ("A11 refresh token as access token", stage.alice.refresh.clone()),
        ("A11 api key as access token", stage.alice.key.clone()),
        ("A13 edited perms", {
            let edited = with(claims.clone(), "perms", json!(["move", "speak", "admin"]));
            format!("{header}.{}.{signature}", b64(edited.to_string()))
        }),
        ("A16 S + L", forge.malleated()),
        ("A16 padding", format!("{good}=")),
        ("A16 padding inside", format!("{header}=.{payload}.{signature}")),
        ("A16 bytes behind", format!("{good}AAAA")),
        ("A16 four parts", format!("{good}.AAAA")),
        ("A16 two parts", format!("{header}.{payload}")),
        ("A16 space inside", format!("{header}. {payload}.{signature}")),
        ("A16 empty signature", format!("{header}.{payload}.")),
    ];
    for name in ["sub", "exp", "perms", "iss"] {
        let text = claims.to_string();
        let open = text.strip_suffix('}').expect("an object");
        let doubled = format!("{open},\"{name}\":{}}}", claims[name]);
        found.push((
            "A18 doubled claim",
            forge.sign_text(&forge.header().to_string(), &doubled),
        ));
    }
    found
}

/// The rows.
pub fn rows(stage: &Stage) -> Vec<Row> {
    let own = format!("/api/v1/agents/{}/inventory", stage.alice.handle);
    // First, since time goes on while the table is played.
    let mut rows = vec![row(
        "A6 expired 28 s ago, within the leeway",
        Attack::Http(get(&own, Some(&stage.forge.expiring(-28)))),
        &["200"],
    )];
    for (name, token) in forged(stage) {
        rows.push(row(
            name,
            Attack::Http(get(&own, Some(&token))),
            &["401 unauthenticated"],
        ));
        rows.push(row(
            format!("{name}, on a socket"),
            Attack::Connect(token),
            &["close 3500"],
        ));
    }
    let http = |name: &str, token: &str, expected| row(name, Attack::Http(get(&own, Some(token))), expected);
    let forge = &stage.forge;
    rows.extend([
        http(
            "A6 expired 31 s ago",
            &forge.expiring(-32),
            &["401 token_expired"],
        ),
        row(
            "A6 expired, on a socket",
            Attack::Connect(forge.expiring(-32)),
            &["error 109"],
        ),
        http(
            "A17 token of 1 MB",
            &"a".repeat(1_000_000),
            &["431 too_large", "431", "400", "closed"],
        ),
        http(
            "A17 token of 20 KB",
            &"a".repeat(20_000),
            &["401 unauthenticated"],
        ),
        row(
            "A11 access token as refresh token",
            refresh_with(&stage.alice.token),
            &["401 unauthenticated"],
        ),
        row(
            "A11 api key as refresh token",
            refresh_with(&stage.alice.key),
            &["401 unauthenticated"],
        ),
        http(
            "A16 two spaces and a tab",
            &format!("\t{}", stage.alice.token),
            &["401 unauthenticated", "200"],
        ),
        row(
            "A16 two Authorization headers",
            Attack::Http(request(
                "GET",
                &own,
                &[
                    ("Authorization", &format!("Bearer {}", stage.alice.token)),
                    ("Authorization", "Bearer x"),
                ],
                b"",
            )),
            &["401 unauthenticated"],
        ),
    ]);
    for name in ["token", "access_token", "TOKEN"] {
        let query = |path: &str| format!("{path}?{name}={}", stage.alice.token);
        rows.push(row(
            "A20 token in a query",
            Attack::Http(get(&query(&own), None)),
            &["400 malformed"],
        ));
        rows.push(row(
            "A20 token in a socket's query",
            Attack::Upgrade(query("/connection/websocket"), vec![]),
            &["400 malformed"],
        ));
        rows.push(row(
            "A20 token in a socket's query",
            Attack::Upgrade(query("/ws/alice"), vec![]),
            &["400 malformed"],
        ));
    }
    rows
}

fn refresh_with(token: &str) -> Attack {
    Attack::Http(super::raw::post(
        "/api/v1/token/refresh",
        None,
        json!({"refresh_token": token}).to_string(),
    ))
}
