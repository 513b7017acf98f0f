//! The attack list as one table: what is sent, what is answered, and that nothing else changed.
//!
//! Source: security.md §4.9, rows A1-A11, A13, A15-A20, B1-B3, B5-B10, C3, C4, C6, D1-D6, E1-E21 without E18, E19.

mod credentials;
mod forge;
mod frames;
#[cfg(feature = "faults")]
mod herd;
mod limits;
mod money;
mod objects;
mod protocol;
mod raw;
mod server;
mod slow;
mod snapshot;
mod socket;
mod tokens;

use crate::world::until;
use forge::Forge;
use futures_util::future::{LocalBoxFuture, join_all};
use server::{Agent, Server};
use snapshot::Observer;
use socket::Line;
use std::net::TcpListener;
use std::rc::Rc;

/// An attack.
enum Attack {
    /// Bytes of a request.
    Http(Vec<u8>),
    /// A request to become a socket: path and more headers.
    Upgrade(String, Vec<(String, String)>),
    /// A token on a new socket.
    Connect(String),
    /// Bytes on a new socket at a path, before anything was said.
    Frames(&'static str, Vec<u8>),
    /// An action on a new socket of an agent: token, name, parameters as they are to be sent.
    Rpc(String, String, String),
    /// More than one step; tells what came of it.
    Script(LocalBoxFuture<'static, String>),
}

/// A row of the table.
struct Row {
    name: String,
    attack: Attack,
    expected: &'static [&'static str],
    grows: &'static [(&'static str, i64)],
}

fn row(name: impl Into<String>, attack: Attack, expected: &'static [&'static str]) -> Row {
    Row {
        name: name.into(),
        attack,
        expected,
        grows: &[],
    }
}

impl Row {
    /// Rows that the attack adds rightly, such as the one transfer of two at once.
    fn grows(mut self, rows: &'static [(&'static str, i64)]) -> Self {
        self.grows = rows;
        self
    }
}

/// A world and those who live there.
struct Stage {
    server: Server,
    forge: Forge,
    alice: Agent,
    bob: Agent,
    /// Whose refresh token is spent.
    carol: Agent,
    /// Who acts on sockets.
    dora: Agent,
    /// Who spends all.
    erin: Agent,
    /// Whose token is revoked.
    frank: Agent,
    /// Who publishes.
    gina: Agent,
    trap: TcpListener,
    trap_port: u16,
}

impl Stage {
    async fn set() -> Rc<Self> {
        let origins = "https://good.example";
        let server = Server::start(
            false,
            &[
                ("ROOKERY_SERVER__ALLOWED_ORIGINS", origins),
                ("ROOKERY_SERVER__CORS_ORIGINS", origins),
            ],
        );
        let alice = server.agent("alice").await;
        let trap = TcpListener::bind("127.0.0.1:0").expect("a port");
        trap.set_nonblocking(true).expect("a listener can be asked");
        Rc::new(Self {
            forge: Forge::of(&server, &alice.token),
            bob: server.agent("bob").await,
            carol: server.agent("carol").await,
            dora: server.agent("dora").await,
            erin: server.agent("erin").await,
            frank: server.agent("frank").await,
            gina: server.agent("gina").await,
            trap_port: trap.local_addr().expect("an address").port(),
            trap,
            alice,
            server,
        })
    }

    async fn play(&self, attack: Attack) -> String {
        let port = self.server.port();
        match attack {
            Attack::Http(bytes) => raw::tell(port, bytes).await,
            Attack::Upgrade(path, headers) => raw::tell(port, socket::upgrade(&path, &headers))
                .await
                .replace(" for https://good.example", ""),
            Attack::Connect(token) => {
                Line::open(port, "/connection/websocket")
                    .await
                    .connect(Some(&token))
                    .await
            }
            Attack::Frames(path, bytes) => {
                let mut line = Line::open(port, path).await;
                line.send(&bytes).await;
                line.end().await
            }
            Attack::Rpc(token, method, params) => {
                let mut line = Line::open(port, "/connection/websocket").await;
                let connected = line.connect(Some(&token)).await;
                if connected != "ok" {
                    return connected;
                }
                let command = format!(r#"{{"id":2,"rpc":{{"method":"{method}","data":{params}}}}}"#);
                line.send(&socket::frame(socket::TEXT, command.as_bytes())).await;
                line.reply(2).await
            }
            Attack::Script(play) => play.await,
        }
    }
}

/// What is wrong with the outcome of a row.
fn judge(name: &str, expected: &[&str], seen: &str, wrong: &mut Vec<String>) {
    if !expected.contains(&seen) {
        wrong.push(format!("{name}: {seen}; expected {}", expected.join(" or ")));
    }
}

/// Plays the rows one after the other; each must get its answer and change nothing but what it announces.
async fn one_by_one(stage: &Stage, observer: &mut Observer, rows: Vec<Row>, wrong: &mut Vec<String>) {
    for Row {
        name,
        attack,
        expected,
        grows,
    } in rows
    {
        let before = observer.look();
        let seen = stage.play(attack).await;
        judge(&name, expected, &seen, wrong);
        // A row that announces growth may be answered before the last of its writes is visible.
        let mut changes = before.changes(&observer.look(), grows);
        if !changes.is_empty() && !grows.is_empty() {
            let is_settled = async || before.changes(&observer.look(), grows).is_empty().then_some(());
            if tokio::time::timeout(
                std::time::Duration::from_secs(3),
                until("the announced rows", is_settled),
            )
            .await
            .is_ok()
            {
                changes.clear();
            }
        }
        wrong.extend(changes.iter().map(|change| format!("{name} changed {change}")));
    }
}

/// Plays the rows side by side; all of them together change what they announce.
async fn side_by_side(stage: &Stage, observer: &mut Observer, rows: Vec<Row>, wrong: &mut Vec<String>) {
    let before = observer.look();
    let grows: Vec<(&str, i64)> = rows.iter().flat_map(|row| row.grows).copied().collect();
    let seen = join_all(rows.into_iter().map(
        async |Row {
                   name,
                   attack,
                   expected,
                   ..
               }| (name, expected, stage.play(attack).await),
    ));
    for (name, expected, seen) in seen.await {
        judge(&name, expected, &seen, wrong);
    }
    let changes = before.changes(&observer.look(), &grows);
    wrong.extend(
        changes
            .iter()
            .map(|change| format!("the slow rows changed {change}")),
    );
}

fn report(count: usize, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} findings in {count} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn every_attack_gets_its_answer_and_changes_nothing() {
    let stage = Stage::set().await;
    let mut observer = Observer::of(&stage.server);
    let mut rows = tokens::rows(&stage);
    rows.extend(protocol::rows(&stage));
    rows.extend(objects::rows(&stage));
    rows.extend(money::rows(&stage));
    rows.extend(frames::rows(&stage));
    rows.extend(credentials::rows(&stage));
    let slow = slow::rows(&stage);
    let count = rows.len() + slow.len();
    assert!(count > 400, "the table has {count} rows only");
    let mut wrong = Vec::new();
    one_by_one(&stage, &mut observer, rows, &mut wrong).await;
    side_by_side(&stage, &mut observer, slow, &mut wrong).await;
    if stage.trap.accept().is_ok() {
        wrong.push("A4: the server fetched a key from a token's URL".to_owned());
    }
    observer.verify();
    report(count, &wrong);
}

#[tokio::test]
async fn rates_hold_whatever_a_client_claims() {
    let wrong_of = |rows: Vec<(&'static str, String, &'static str)>, wrong: &mut Vec<String>| {
        rows.iter()
            .for_each(|(name, seen, expected)| judge(name, &[expected], seen, wrong));
    };
    let mut wrong = Vec::new();
    let open = Server::start(true, &[]);
    wrong_of(limits::sixth_registration(&open).await, &mut wrong);
    judge(
        "E8 flood of pings",
        &["close 3013"],
        &limits::ping_flood(&open).await,
        &mut wrong,
    );
    assert_eq!(Observer::of(&open).look().counts["agents"], 5);
    let behind = Server::start(true, &[("ROOKERY_SERVER__TRUSTED_PROXIES", "127.0.0.1/32")]);
    wrong_of(limits::rotating_addresses(&behind).await, &mut wrong);
    assert_eq!(Observer::of(&behind).look().counts["agents"], 5);
    judge(
        "B6 another /64",
        &["201"],
        &limits::other_network(&behind).await,
        &mut wrong,
    );
    report(12, &wrong);
}
