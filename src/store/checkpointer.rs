//! SQLite's log is copied into the database file by a thread beside the writer: the writer would wait for it, and all agents
//! for the writer.

use super::Target;
use super::connection::{Conn, LOCK_WAIT_MS};
use diesel::connection::SimpleConnection;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// After how many actions the log is copied. Seldom enough that a page which changes with each commit is copied once for many
/// commits; often enough that the writer itself, which has to at the `wal_autocheckpoint` of its connection, finds little
/// left to copy.
const ACTIONS: usize = 4_096;

/// Copies the log while somebody writes. The thread starts with the first need and ends with the value.
#[derive(Default)]
pub(crate) struct Checkpointer {
    actions: usize,
    thread: Option<(SyncSender<()>, JoinHandle<()>)>,
}

impl Checkpointer {
    /// Counts what was committed, and has the log copied when it is time. Never waits.
    pub(crate) fn committed(&mut self, target: &Target, actions: usize) {
        self.actions = self.actions.saturating_add(actions);
        if self.actions < ACTIONS || !matches!(target, Target::Sqlite(_)) {
            return;
        }
        self.actions = 0;
        if self.thread.is_none() {
            self.thread = start(target);
        }
        if let Some((wake, _)) = &self.thread {
            // Full: it was called already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        if let Some((wake, thread)) = self.thread.take() {
            drop(wake);
            if thread.join().is_err() {
                tracing::error!("the checkpointer panicked");
            }
        }
    }
}

/// Without the thread the writer copies, as SQLite is used to.
fn start(target: &Target) -> Option<(SyncSender<()>, JoinHandle<()>)> {
    let (wake, calls) = sync_channel(1);
    let target = target.clone();
    Builder::new()
        .name("checkpointer".to_owned())
        .spawn(move || run(&target, &calls))
        .inspect_err(|error| tracing::warn!(%error, "no checkpointer: the writer copies the log"))
        .ok()
        .map(|thread| (wake, thread))
}

fn run(target: &Target, calls: &Receiver<()>) {
    let mut conn = None;
    while calls.recv().is_ok() {
        let copied = match conn {
            Some(ref mut conn) => copy(conn),
            None => Conn::open(target, false, LOCK_WAIT_MS)
                .map_err(|error| error.to_string())
                .and_then(|opened| copy(conn.insert(opened))),
        };
        if let Err(error) = copied {
            tracing::warn!(error, "the log could not be copied into the database file");
            conn = None;
        }
    }
}

/// Passive: it waits for nobody, and nobody for it.
fn copy(conn: &mut Conn) -> Result<(), String> {
    match conn {
        Conn::Sqlite(conn) => conn
            .batch_execute("PRAGMA wal_checkpoint(PASSIVE);")
            .map_err(|error| error.to_string()),
        Conn::Pg(_) => Ok(()),
    }
}
