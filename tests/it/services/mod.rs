//! Throw-away PostgreSQL and Redis servers on free ports of 127.0.0.1, in folders of their own, so that a test may kill them.
//!
//! A server and its folder go when its value is dropped, when a test panics, and when the test process itself is killed:
//! a small watcher process waits for the end of our side of a pipe, which the kernel closes in every case.
//! A missing program fails the test with the command that installs it.

mod cell;
mod postgres;
mod redis;

pub use cell::Cell;
pub use postgres::Postgres;
pub use redis::Redis;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// How often a new port is tried when another process was faster.
const MAX_STARTS: u32 = 5;
/// How long a server may take to start or to stop. Recovery after a kill is part of it.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Ports are taken below the kernel's range for outgoing connections, so that a killed server finds its port free again.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;

/// Waits until `is_there` gives a value, and panics with `what` when that takes longer than a minute.
pub fn wait_until<T>(what: &str, mut is_there: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / POLL_INTERVAL.as_millis() {
        if let Some(value) = is_there() {
            return value;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the pause between two looks at a state, bounded by PATIENCE"
        )]
        std::thread::sleep(POLL_INTERVAL);
    }
    panic!("waited {PATIENCE:?} in vain: {what}");
}

/// Finds a program in `PATH` and in `folders`; the error names the command that installs it.
pub fn program(name: &str, folders: &[PathBuf], package: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut places = folders
        .iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .chain(sbin);
    places
        .find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()))
        .ok_or_else(|| {
            format!("`{name}` is missing: run `scripts/need.sh services` (apt-get install {package})")
        })
}

/// Gives a port of 127.0.0.1 on which nobody listens, another one on each call.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at the same time start at different places.
    let start = u16::try_from(std::process::id() % u32::from(PORTS))
        .unwrap_or_default()
        .wrapping_mul(37)
        % PORTS;
    let candidates =
        (0..PORTS).map(|_| FIRST_PORT + (start + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS) % PORTS);
    let mut free = candidates.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("one of 12,000 ports is free")
}

/// Starts on a new port again when another process took the port in between.
fn start_on_free_port(what: &str, mut start: impl FnMut(u16) -> Result<(), String>) -> u16 {
    let mut log = String::new();
    for _ in 0..MAX_STARTS {
        let port = free_port();
        match start(port) {
            Ok(()) => return port,
            Err(text) if text.contains("in use") => log = text,
            Err(text) => panic!("{what} does not start:\n{text}"),
        }
    }
    panic!("{what} found no port in {MAX_STARTS} attempts:\n{log}");
}
