//! The bus through Redis: local delivery first, then one task that writes and one (`link`) that hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::Pipeline;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::board::Board;
use super::commands::Commands;
use super::echo::Echoes;
use super::health::Health;
use super::link::Link;
use super::servers::Servers;
use super::subscription::Subscription;
use super::topic::Topic;
use super::{
    BusConfig, BusError, BusStatus, OUTGOING_AGE_MAX_MS, OUTGOING_MAX, OUTGOING_MAX_BYTES, count, wire,
};
use crate::base::backoff::Backoff;
use crate::host::clock::Clock;
use crate::host::entropy::Entropy;

/// Publications in one pipeline.
const BATCH_MAX: usize = 256;
/// Bytes after which a pipeline takes no more publications, so that it ends in time.
const BATCH_MAX_BYTES: usize = 4 * 1024 * 1024;
/// The shortest wait before trying again. Units: milliseconds.
const RETRY_MIN_MS: u64 = 100;
/// The jittered part of the wait: with the shortest wait, 0.1 to 5 s.
const RETRY: Backoff = Backoff::new(100, 4_900);
/// How often an idle writer looks whether Redis takes commands again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A bus that other nodes and outside tools hear through Redis.
#[derive(Clone)]
pub struct RedisBus(Arc<Owned>);

struct Owned {
    board: Arc<Board>,
    echoes: Arc<Echoes>,
    health: Arc<Health>,
    commands: Arc<Commands>,
    outgoing: Sender<Outgoing>,
    waiting_bytes: Arc<AtomicUsize>,
    clock: Clock,
    io: Handle,
    prefix: String,
    node: Uuid,
    tasks: [AbortHandle; 2],
}

impl Drop for Owned {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.board.close();
    }
}

/// A publication on its way out.
struct Outgoing {
    channel: String,
    message: Bytes,
    queued_at_ms: i64,
}

/// The wait before an attempt, counted from 0.
pub(super) async fn pause(attempt: u32, entropy: &Entropy) {
    let wait_ms = RETRY_MIN_MS.saturating_add(RETRY.delay_ms(attempt, entropy.u64()));
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
}

impl RedisBus {
    pub(super) fn start(
        config: &BusConfig,
        clock: Clock,
        entropy: Entropy,
        io: &Handle,
    ) -> Result<Self, BusError> {
        let servers = Arc::new(Servers::new(config)?);
        // The pool starts tasks of its own, so it must be made inside the runtime.
        let _inside = io.enter();
        let board = Arc::new(Board::default());
        let echoes = Arc::new(Echoes::default());
        let health = Arc::new(Health::new(clock.clone()));
        let commands = Arc::new(Commands::new(
            Arc::clone(&servers),
            config.pool_size,
            config.command_timeout,
            Arc::clone(&health),
        ));
        let (outgoing, queue) = channel(OUTGOING_MAX);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            queue,
            waiting_bytes: Arc::clone(&waiting_bytes),
            commands: Arc::clone(&commands),
            health: Arc::clone(&health),
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let link = Link {
            servers,
            commands: Arc::clone(&commands),
            board: Arc::clone(&board),
            echoes: Arc::clone(&echoes),
            health: Arc::clone(&health),
            prefix: config.prefix.clone(),
            node: config.node,
            command_timeout: config.command_timeout,
            entropy,
        };
        let tasks = [
            io.spawn(writer.run()).abort_handle(),
            io.spawn(link.run()).abort_handle(),
        ];
        Ok(Self(Arc::new(Owned {
            board,
            echoes,
            health,
            commands,
            outgoing,
            waiting_bytes,
            clock,
            io: io.clone(),
            prefix: config.prefix.clone(),
            node: config.node,
            tasks,
        })))
    }

    pub(super) fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), BusError> {
        let bus = &*self.0;
        let was_heard = bus.board.deliver(&topic, &payload);
        let message = if topic.is_between_nodes() {
            Bytes::from(wire::seal(bus.node, &payload))
        } else {
            payload
        };
        let size = message.len();
        if bus
            .waiting_bytes
            .fetch_add(size, Ordering::SeqCst)
            .saturating_add(size)
            > OUTGOING_MAX_BYTES
        {
            return Err(bus.refuse(size, BusError::Full));
        }
        let permit = match bus.outgoing.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Err(bus.refuse(size, BusError::Full)),
            Err(TrySendError::Closed(())) => return Err(bus.refuse(size, BusError::Closed)),
        };
        // Nobody here has heard it yet when nobody listened: then the echo is not one.
        if was_heard && !topic.is_between_nodes() {
            bus.echoes.expect(&topic, &message);
        }
        permit.send(Outgoing {
            channel: topic.name(&bus.prefix),
            message,
            queued_at_ms: bus.clock.monotonic_ms(),
        });
        Ok(())
    }

    pub(super) fn subscribe(&self, topic: Topic) -> Subscription {
        Subscription::new(Arc::clone(&self.0.board), topic)
    }

    pub(super) fn status(&self) -> BusStatus {
        self.0.health.status()
    }

    pub(super) fn commands(&self) -> Arc<Commands> {
        Arc::clone(&self.0.commands)
    }

    /// A key with what stands before all of them.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.prefix)
    }

    pub(super) fn io(&self) -> &Handle {
        &self.0.io
    }
}

impl Owned {
    fn refuse(&self, size: usize, error: BusError) -> BusError {
        self.waiting_bytes.fetch_sub(size, Ordering::SeqCst);
        count::dropped("full", 1);
        error
    }
}

/// Takes publications from the queue to Redis, in order and at most once.
struct Writer {
    queue: Receiver<Outgoing>,
    waiting_bytes: Arc<AtomicUsize>,
    commands: Arc<Commands>,
    health: Arc<Health>,
    clock: Clock,
    entropy: Entropy,
}

impl Writer {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                taken = self.queue.recv_many(&mut batch, BATCH_MAX) => {
                    if taken == 0 {
                        return;
                    }
                    self.write(&mut batch).await;
                }
                // Someone else's command may have failed; only another command can tell when that is over.
                _ = look.tick(), if !self.health.do_commands_work() => self.wait_until_well().await,
            }
        }
    }

    async fn write(&self, batch: &mut Vec<Outgoing>) {
        let mut pipeline = redis::pipe();
        let mut bytes = 0_usize;
        for outgoing in batch.drain(..) {
            let size = outgoing.message.len();
            self.waiting_bytes.fetch_sub(size, Ordering::SeqCst);
            let age_ms = self.clock.monotonic_ms().saturating_sub(outgoing.queued_at_ms);
            if age_ms > OUTGOING_AGE_MAX_MS {
                count::dropped("stale", 1);
                continue;
            }
            pipeline
                .cmd(self.commands.verbs().publish)
                .arg(outgoing.channel)
                .arg(&*outgoing.message);
            bytes = bytes.saturating_add(size);
            if bytes > BATCH_MAX_BYTES {
                self.send(&pipeline).await;
                pipeline.clear();
                bytes = 0;
            }
        }
        self.send(&pipeline).await;
    }

    async fn send(&self, pipeline: &Pipeline) {
        // A failed batch is not sent again: part of it may have been heard, and twice is worse than never here.
        if !pipeline.is_empty() && self.commands.run(pipeline).await.is_err() {
            count::dropped("failed", pipeline.len());
            self.wait_until_well().await;
        }
    }

    async fn wait_until_well(&self) {
        let mut attempt = 0_u32;
        loop {
            pause(attempt, &self.entropy).await;
            if self.commands.ping().await.is_ok() {
                return;
            }
            attempt = attempt.saturating_add(1);
        }
    }
}
