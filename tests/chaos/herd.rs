//! Hundreds of clients lose their sockets at once and come back at once: all are served again in a few tries, and while the node
//! falls behind they take turns.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio::time::timeout;

/// Clients; `--bots` may say more.
const HERD: usize = 300;
/// Each client does something so seldom that all of them together do not too much.
const PACE_PER_CLIENT: Duration = Duration::from_millis(40);
/// Most tries of a client until it is served again. While the node is away it tries about 25 times a second, and each turn in
/// vain costs it seconds.
const TRIES_MAX: usize = 100;
/// Others who come at the same moment: more than the line has places, and the answer each of them must get in time.
const STRANGERS: usize = 600;
const ANSWERING: Duration = Duration::from_secs(60);
/// How long all of them may take.
const BACK: Duration = Duration::from_secs(90);

/// A region that has room for all of them.
const REGION: &str = "[[region]]\nname = \"main\"\nsize_m = 256\ncapacity = 2000\n";

/// Runs it: a fifteenth of `--kills`, at least once, the first time by a node that thinks that it falls behind; a twentieth of `--acks`.
pub async fn run(options: &Options) -> Vec<Report> {
    let wanted = (options.kills / 15).max(1);
    let acks = options.acks / 20;
    let herd = HERD.max(options.bots);
    let options = &Options {
        bots: herd,
        pace: PACE_PER_CLIENT * u32::try_from(herd).expect("a herd is small"),
        ..options.clone()
    };
    println!(
        "reconnect_herd: seed {}, {herd} clients, {wanted} times and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut runs = World::new("postgres", options);
    // All come in at first as they like.
    runs.describe(REGION);
    runs.start();
    let mut waits = runs.beside();
    waits.surround("ROOKERY_FAULT", "overload=");
    waits.stand_by();
    let mut trial = Trial::begin(&runs, &[runs.address, waits.address], options);
    let (mut done, mut times, mut line) = (0, Vec::new(), Line::default());
    if !trial.are_back(herd, BACK).await {
        trial.faults.push(format!("not all came in within {BACK:?}"));
    }
    while done < wanted && trial.faults.is_empty() {
        if trial.moment(&mut dice, (done, wanted), acks).await.is_none() {
            break;
        }
        let (at, before) = (trial.clock.monotonic(), trial.back());
        runs.kill();
        // The first time, others come at the same moment, and the line of handshakes is full.
        if done == 0 {
            strangers(waits.address, &mut line).await;
        }
        if !trial.are_back(before + herd, BACK).await {
            let back = trial.back() - before;
            trial.faults.push(format!(
                "{back} of {herd} came back within {BACK:?}, they heard {}",
                trial.all_heard()
            ));
        }
        times.push(trial.clock.monotonic().saturating_sub(at));
        line.add(&waits).await;
        block_in_place(|| runs.stand_by());
        std::mem::swap(&mut runs, &mut waits);
        done += 1;
    }
    trial.drain(options).await;
    runs.kill();
    waits.kill();
    let found = trial.settle(&mut runs, &mut dice, acks).await;
    let tries = trial.shared().tries_most.load(Ordering::SeqCst);
    let turned_away = trial.shared().told_when.load(Ordering::SeqCst);
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} times"));
    }
    if tries > TRIES_MAX {
        trial.faults.push(format!("a client tried {tries} times"));
    }
    if line.delayed < 1.0 || line.sent_away == 0 || line.let_in + line.sent_away < STRANGERS {
        trial.faults.push(format!(
            "the line does not hold: {line:?} of {STRANGERS} strangers"
        ));
    }
    let figures = format!(
        "{herd} clients cut {done} times, {found}, all served again p50 {} max {}, at most {tries} tries, {} handshakes took turns, {} were refused; \
         of {STRANGERS} strangers at that moment {} were let in and {} told when to come back, as were {turned_away} clients, {:.0} s",
        ms(percentile(&mut times, 500)),
        ms(percentile(&mut times, 1_000)),
        line.delayed,
        line.refused,
        line.let_in,
        line.sent_away,
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "reconnect_herd on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}

/// What became of handshakes.
#[derive(Debug, Default)]
struct Line {
    delayed: f64,
    refused: f64,
    /// Strangers who were let in, and those who were told when to come back.
    let_in: usize,
    sent_away: usize,
}

/// Many shake hands with a node at once.
async fn strangers(node: SocketAddr, line: &mut Line) {
    let mut sockets = Vec::new();
    while sockets.len() < STRANGERS {
        sockets.push(TcpStream::connect(node).await.expect("the node listens"));
    }
    let request = format!(
        "GET /connection/websocket HTTP/1.1\r\nHost: {node}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    for socket in &mut sockets {
        socket
            .write_all(request.as_bytes())
            .await
            .expect("the node reads");
    }
    for socket in &mut sockets {
        let mut head = vec![0; 4_096];
        let read = timeout(ANSWERING, socket.read(&mut head)).await;
        let read = read.map_or(0, |read| read.unwrap_or_default());
        let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
        line.let_in += usize::from(head.starts_with("http/1.1 101"));
        line.sent_away += usize::from(head.starts_with("http/1.1 503") && head.contains("retry-after:"));
    }
}

impl Line {
    async fn add(&mut self, node: &World) {
        self.delayed += node.metric("rookery_handshakes_delayed_total").await;
        self.refused += node.metric("rookery_handshakes_refused_total").await;
    }
}
