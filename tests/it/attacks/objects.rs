//! C3, C4, C6: fields, rights and lists that are not the client's.

use super::raw::{get, json, post};
use super::{Attack, Row, Stage, row};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json as value;

/// The rows.
pub fn rows(stage: &Stage) -> Vec<Row> {
    let (alice, token) = (&stage.alice, Some(stage.alice.token.as_str()));
    let own = format!("/api/v1/agents/{}", alice.handle);
    let bodies = [
        (
            "POST",
            "/api/v1/register".to_owned(),
            value!({"name": "Somebody New"}),
        ),
        (
            "POST",
            "/api/v1/token".to_owned(),
            value!({"agent_id": alice.handle, "api_key": alice.key}),
        ),
        (
            "POST",
            "/api/v1/token/refresh".to_owned(),
            value!({"refresh_token": alice.refresh}),
        ),
        (
            "POST",
            "/api/v1/token/revoke".to_owned(),
            value!({"scope": "agent"}),
        ),
        (
            "POST",
            "/api/v1/connect".to_owned(),
            value!({"agent_id": alice.handle, "token": alice.token}),
        ),
        ("PATCH", own.clone(), value!({"description": "new"})),
        ("POST", alice.action_path(), value!({"action": "ping"})),
        (
            "POST",
            alice.action_path(),
            value!({"action": "pay", "params": {"to": "bob", "amount": 1}}),
        ),
    ];
    let fields = [
        ("role", value!("admin")),
        ("balance", value!(1_000_000)),
        ("permissions", value!(["admin"])),
        ("tenant_id", value!("other")),
    ];
    let mut rows = Vec::new();
    for (method, path, body) in &bodies {
        for (field, given) in &fields {
            let mut body = body.clone();
            body[*field] = given.clone();
            let attack = Attack::Http(json(method, path, token, body.to_string()));
            rows.push(row(
                format!("C3 {field} in {method} {path}"),
                attack,
                &["422 invalid_parameter"],
            ));
        }
    }
    for (field, given) in &fields {
        let mut params = value!({"to": "bob", "amount": 1});
        params[*field] = given.clone();
        let attack = Attack::Http(alice.act("pay", &params.to_string()));
        rows.push(row(
            format!("C3 {field} in the parameters of pay"),
            attack,
            &["422 invalid_parameter"],
        ));
    }
    for permissions in [value!(["admin"]), value!([]), value!(null)] {
        let body = value!({"permissions": permissions}).to_string();
        rows.push(row(
            "C4 own permissions",
            Attack::Http(json("PATCH", &own, token, body)),
            &["422 invalid_parameter"],
        ));
    }
    let other = format!("/api/v1/agents/{}", stage.bob.handle);
    rows.push(row(
        "C4 somebody else's row",
        Attack::Http(json("PATCH", &other, token, "{}")),
        &["403 not_owner"],
    ));
    let acting = format!("{other}/action");
    let body = r#"{"action":"pay","params":{"to":"alice","amount":1}}"#;
    rows.push(row(
        "C4 somebody else's purse",
        Attack::Http(post(&acting, token, body)),
        &["403 not_owner"],
    ));
    rows.extend(lists(stage));
    rows
}

fn lists(stage: &Stage) -> Vec<Row> {
    let token = Some(stage.alice.token.as_str());
    let own = format!("/api/v1/agents/{}/events", stage.alice.handle);
    let mut rows = Vec::new();
    for path in ["/api/v1/agents", "/api/v1/chat/history", own.as_str()] {
        for limit in ["-1", "0", "1000000000", "9223372036854775808", "1.5", "many"] {
            let attack = Attack::Http(get(&format!("{path}?limit={limit}"), token));
            rows.push(row(
                format!("C6 limit {limit} of {path}"),
                attack,
                &["422 invalid_parameter"],
            ));
        }
    }
    let foreign = URL_SAFE_NO_PAD.encode("a/alice");
    for (path, cursor) in [
        ("/api/v1/agents", "forged"),
        ("/api/v1/agents", "%00"),
        ("/api/v1/agents", "YWxpY2U"),
        (own.as_str(), "forged"),
        (own.as_str(), foreign.as_str()),
        (own.as_str(), "ZS8tMS94"),
    ] {
        let attack = Attack::Http(get(&format!("{path}?cursor={cursor}"), token));
        rows.push(row(
            format!("C6 cursor {cursor} of {path}"),
            attack,
            &["400 malformed", "404 not_found"],
        ));
    }
    let foreign = format!("/api/v1/agents/{}/events", stage.bob.handle);
    rows.push(row(
        "C6 somebody else's events",
        Attack::Http(get(&foreign, token)),
        &["403 not_owner"],
    ));
    for (params, expected) in [
        (
            r#"{"cursor":"forged"}"#,
            &["400 malformed", "422 invalid_parameter"][..],
        ),
        (r#"{"limit":-1}"#, &["422 invalid_parameter"][..]),
        (r#"{"limit":1000000000}"#, &["422 invalid_parameter"][..]),
    ] {
        let attack = Attack::Http(stage.alice.act("observe_events", params));
        rows.push(row(format!("C6 observe_events {params}"), attack, expected));
    }
    rows
}
