//! A proxy before PostgreSQL that loses what a network may lose: the answer to a COMMIT, the COMMIT itself, or for a while
//! everything, with all connections left open.

use crate::dice::Dice;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// What the driver sends to commit, as one message: a simple query.
const COMMIT: &[u8] = b"Q\x00\x00\x00\x0bCOMMIT\x00";
/// One of so many commits is cut.
const ONE_OF: u64 = 2;
/// Most time that a COMMIT comes late. Units: milliseconds.
const LATE_MAX_MS: u64 = 60;
/// How long PostgreSQL's answer to a cut COMMIT is waited for.
const ANSWERING: Duration = Duration::from_secs(5);
/// Read at a time. Units: bytes.
const CHUNK: usize = 16 * 1_024;

/// How a commit is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// PostgreSQL never hears of it.
    Lost,
    /// It is done, and nobody hears of it.
    Unanswered,
    /// The same, but it arrives when whoever sent it is back already.
    Late,
}

/// How many commits were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Before they reached PostgreSQL.
    pub lost: usize,
    /// Before the answer.
    pub unanswered: usize,
    /// Before the answer, and delivered after a while.
    pub late: usize,
}

impl Cuts {
    /// All of them.
    pub fn all(self) -> usize {
        self.lost + self.unanswered + self.late
    }
}

/// The running proxy. Its connections end with the runtime.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    dice: Mutex<Dice>,
    is_cutting: AtomicBool,
    is_refusing: AtomicBool,
    cuts: watch::Sender<Cuts>,
    /// Nothing gets through while it is dark.
    is_dark: watch::Sender<bool>,
    /// Counts the times that all connections were broken.
    breaks: watch::Sender<u64>,
}

impl Proxy {
    /// Starts one before a PostgreSQL.
    pub async fn start(upstream: SocketAddr, dice: Dice) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let shared = Arc::new(Shared {
            upstream,
            dice: Mutex::new(dice),
            is_cutting: AtomicBool::new(false),
            is_refusing: AtomicBool::new(false),
            cuts: watch::Sender::default(),
            is_dark: watch::Sender::default(),
            breaks: watch::Sender::default(),
        });
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared }
    }

    /// Cuts commits from now on, or lets them be.
    pub fn cut(&self, is_cutting: bool) {
        self.shared.is_cutting.store(is_cutting, Ordering::SeqCst);
    }

    /// Closes new connections at once from now on, or carries them.
    pub fn refuse(&self, is_refusing: bool) {
        self.shared.is_refusing.store(is_refusing, Ordering::SeqCst);
    }

    /// How many commits were cut.
    pub fn cuts(&self) -> Cuts {
        *self.shared.cuts.borrow()
    }

    /// Waits until so many were cut, for a while. Whether they were.
    pub async fn has_cut(&self, count: usize, patience: Duration) -> bool {
        let mut cuts = self.shared.cuts.subscribe();
        let counted = timeout(patience, cuts.wait_for(|cuts| cuts.all() >= count)).await;
        counted.is_ok_and(|counted| counted.is_ok())
    }

    /// Lets nothing through any more, either way. Connections stay open, also new ones.
    pub fn darken(&self) {
        self.shared.is_dark.send_replace(true);
    }

    /// Lets everything through again. What was sent meanwhile is delivered now, as TCP would, unless connections are broken.
    pub fn lighten(&self, is_breaking: bool) {
        if is_breaking {
            self.shared.breaks.send_modify(|breaks| *breaks += 1);
        }
        self.shared.is_dark.send_replace(false);
    }
}

impl Shared {
    /// Waits until something may get through.
    async fn light(&self) {
        let mut is_dark = self.is_dark.subscribe();
        // The sender is in `self`.
        let _ = is_dark.wait_for(|is_dark| !is_dark).await;
    }

    /// Whether this commit is cut, and how.
    fn choose(&self) -> Option<Cut> {
        if !self.is_cutting.load(Ordering::SeqCst) {
            return None;
        }
        let mut dice = self.dice.lock().expect("nobody failed with it");
        if dice.below(ONE_OF) > 0 {
            return None;
        }
        Some(match dice.below(4) {
            0 => Cut::Lost,
            1 => Cut::Late,
            _ => Cut::Unanswered,
        })
    }

    fn count(&self, cut: Cut) {
        self.cuts.send_modify(|cuts| match cut {
            Cut::Lost => cuts.lost += 1,
            Cut::Unanswered => cuts.unanswered += 1,
            Cut::Late => cuts.late += 1,
        });
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.is_refusing.load(Ordering::SeqCst) {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut breaks = shared.breaks.subscribe();
            breaks.mark_unchanged();
            tokio::select! {
                () = serve(client, &shared) => {}
                // Both sockets are closed by being dropped.
                _ = breaks.changed() => {}
            }
        });
    }
}

/// Carries one connection to its end.
async fn serve(client: TcpStream, shared: &Shared) {
    shared.light().await;
    let Ok(server) = TcpStream::connect(shared.upstream).await else {
        return;
    };
    for socket in [&client, &server] {
        socket.set_nodelay(true).expect("a socket of ours");
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let cut = tokio::select! {
        cut = commands(&mut from_client, &mut to_server, shared) => cut,
        () = answers(&mut from_server, &mut to_client, shared) => None,
    };
    // Whoever sent it knows nothing from here on.
    drop((from_client, to_client));
    let Some(cut) = cut else { return };
    if cut == Cut::Late {
        let late_ms = shared
            .dice
            .lock()
            .expect("nobody failed with it")
            .below(LATE_MAX_MS);
        sleep(Duration::from_millis(late_ms)).await;
    }
    if cut != Cut::Lost && to_server.write_all(COMMIT).await.is_ok() {
        let mut answer = [0; CHUNK];
        // Or it is gone, and that too is a cut.
        let _ = timeout(ANSWERING, from_server.read(&mut answer)).await;
    }
    shared.count(cut);
}

/// Carries what PostgreSQL says.
async fn answers(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, shared: &Shared) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        shared.light().await;
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
}

/// Carries whole messages to PostgreSQL until the end, or until a COMMIT that is to be cut: that one stays here.
async fn commands(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, shared: &Shared) -> Option<Cut> {
    let (mut chunk, mut waiting) = (vec![0; CHUNK], Vec::new());
    // The first message has no letter in front.
    let mut letter = 0;
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        waiting.extend_from_slice(&chunk[..read]);
        while let Some(length) = length(&waiting, letter) {
            let message: Vec<u8> = waiting.drain(..length).collect();
            letter = 1;
            shared.light().await;
            if message == COMMIT
                && let Some(cut) = shared.choose()
            {
                return Some(cut);
            }
            if to.write_all(&message).await.is_err() {
                return None;
            }
        }
    }
    None
}

/// How long the first message is, when all of it is there. Units: bytes.
/// Source: PostgreSQL's documentation, "Message Formats": a letter, then a length that counts itself.
fn length(bytes: &[u8], letter: usize) -> Option<usize> {
    let length = bytes.get(letter..letter + 4)?.try_into().expect("four bytes");
    let length = letter + usize::try_from(u32::from_be_bytes(length)).expect("it fits");
    (bytes.len() >= length).then_some(length)
}
