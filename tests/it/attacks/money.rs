//! D1-D6: money.

use super::raw;
use super::server::Agent;
use super::{Attack, Row, Stage, row};
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What one payment adds.
const PAYMENT: &[(&str, i64)] = &[("transfer", 1), ("events", 1), ("inbox", 1)];

/// The rows.
pub fn rows(stage: &Rc<Stage>) -> Vec<Row> {
    let pay = |amount: &str| {
        Attack::Http(
            stage
                .alice
                .act("pay", &format!(r#"{{"to":"bob","amount":{amount}}}"#)),
        )
    };
    let mut rows = Vec::new();
    for amount in [
        "0",
        "-1",
        "1.0",
        "1e3",
        "\"5\"",
        "null",
        "9007199254740992",
        "9223372036854775808",
        "18446744073709551616",
        "true",
        "[5]",
        "1e400",
    ] {
        let expected: &[&str] = if amount == "1e400" {
            &["400 malformed"]
        } else {
            &["422 invalid_parameter"]
        };
        rows.push(row(format!("D1 amount {amount}"), pay(amount), expected));
        let params = format!(r#"{{"to":"bob","amount":{amount}}}"#);
        let expected: &[&str] = if amount == "1e400" {
            &["error 400", "error 422"]
        } else {
            &["error 422"]
        };
        rows.push(
            row(
                format!("D1 amount {amount}, on a socket"),
                rpc(stage, "pay", &params),
                expected,
            )
            .grows(&[("sessions", 1)]),
        );
    }
    for amount in ["NaN", "Infinity", "0x10", "01", "+1", ""] {
        rows.push(row(
            format!("D1 amount {amount}"),
            pay(amount),
            &["400 malformed"],
        ));
    }
    let twice = r#"{"to":"bob","amount":1,"amount":50000}"#;
    let with_escape = r#"{"to":"bob","amount":1,"\u0061mount":50000}"#;
    let raw_post = |params: &str| Attack::Http(stage.alice.act("pay", params));
    rows.push(row("D2 amount twice", raw_post(twice), &["400 malformed"]));
    rows.push(row(
        "D2 amount twice, once escaped",
        raw_post(with_escape),
        &["400 malformed"],
    ));
    rows.push(
        row(
            "D2 amount twice, on a socket",
            rpc(stage, "pay", twice),
            &["error 400"],
        )
        .grows(&[("sessions", 1)]),
    );
    rows.push(row(
        "D3 to oneself",
        raw_post(r#"{"to":"alice","amount":1}"#),
        &["422 self_target"],
    ));
    rows.push(
        row(
            "D3 to nobody",
            raw_post(r#"{"to":"nobody-here","amount":1}"#),
            &["404 target_not_found", "404 agent_not_found"],
        )
        .grows(&[("command", 1)]),
    );
    rows.push(
        row(
            "D4 the whole balance twice at once",
            script(stage, spend_twice),
            &["200, 409 insufficient_funds, 0 left"],
        )
        .grows(D4),
    );
    rows.push(
        row(
            "D5 one id, two amounts",
            script(stage, one_id_two_amounts),
            &["200, 422 command_mismatch, 5 paid"],
        )
        .grows(PAYMENT),
    );
    rows.push(
        row(
            "D6 one id 50 times at once",
            script(stage, one_id_at_once),
            &["1 receipt, 7 paid"],
        )
        .grows(PAYMENT),
    );
    rows
}

/// The second of D4 is refused inside the transaction, so its refusal is stored.
const D4: &[(&str, i64)] = &[("transfer", 1), ("events", 1), ("inbox", 1), ("command", 1)];

fn script<F: Future<Output = String> + 'static>(stage: &Rc<Stage>, play: impl Fn(Rc<Stage>) -> F) -> Attack {
    Attack::Script(Box::pin(play(Rc::clone(stage))))
}

fn rpc(stage: &Stage, method: &str, params: &str) -> Attack {
    Attack::Rpc(stage.dora.token.clone(), method.to_owned(), params.to_owned())
}

async fn balance(stage: &Stage, agent: &Agent) -> i64 {
    let answer = stage.server.ok(agent.act("balance", "{}")).await;
    answer.body["result"]["balance"].as_i64().expect("a balance")
}

async fn spend_twice(stage: Rc<Stage>) -> String {
    let all = balance(&stage, &stage.erin).await;
    let port = stage.server.port();
    let pay = |id| {
        raw::tell(
            port,
            stage
                .erin
                .act_as("pay", &format!(r#"{{"to":"bob","amount":{all}}}"#), id),
        )
    };
    let (one, other) = tokio::join!(pay("d4-1"), pay("d4-2"));
    let mut both = [one, other];
    both.sort();
    format!("{}, {} left", both.join(", "), balance(&stage, &stage.erin).await)
}

async fn one_id_two_amounts(stage: Rc<Stage>) -> String {
    let before = balance(&stage, &stage.alice).await;
    let port = stage.server.port();
    let pay = |amount| {
        raw::tell(
            port,
            stage
                .alice
                .act_as("pay", &format!(r#"{{"to":"bob","amount":{amount}}}"#), "d5"),
        )
    };
    let (first, second) = (pay(5).await, pay(50_000).await);
    format!(
        "{first}, {second}, {} paid",
        before - balance(&stage, &stage.alice).await
    )
}

async fn one_id_at_once(stage: Rc<Stage>) -> String {
    let before = balance(&stage, &stage.alice).await;
    let request = stage.alice.act_as("pay", r#"{"to":"bob","amount":7}"#, "d6");
    let answers = join_all((0..50).map(|_| stage.server.ok(request.clone()))).await;
    // Equal but for the mark that all but one are repeats.
    let receipts: BTreeSet<String> = answers
        .into_iter()
        .map(|mut answer| {
            answer.body.as_object_mut().expect("a receipt").remove("replayed");
            answer.body.to_string()
        })
        .collect();
    if receipts.len() == 1 {
        format!("1 receipt, {} paid", before - balance(&stage, &stage.alice).await)
    } else {
        format!("{receipts:?}")
    }
}
