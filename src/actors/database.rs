//! Database threads: `SyncArbiter` actors over `store/`. Everybody else awaits them; nobody blocks on a database.

#[cfg(test)]
mod tests;

use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::store::agent::AgentRow;
use crate::store::commit::{Batch, Committed};
use crate::store::{Reader, Store, StoreError};
use crate::telemetry::metric;
use actix::{Actor, Addr, Handler, Message, SyncArbiter, SyncContext};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// Most jobs waiting for the readers and for the writers, each.
const JOBS_MAX: usize = 4_096;
/// Most looks waiting: a few are asked for again and again, and who asks does not wait for long.
const LOOKS_MAX: usize = 64;
/// Most commits of several shards in one transaction. Together they wait for the disk once; but while a large transaction is
/// written, the agents whose answers it has can do nothing, so large batches take turns.
const TOGETHER_MAX: usize = 512;
/// While several commits come in this time, a transaction begins no sooner after the last one began: every transaction costs
/// the same few pages and a wait for the disk, whatever is in it. A commit that comes alone does not wait.
const SPACING: Duration = Duration::from_millis(4);
/// Under overload it is so many times as long as the last one took, so that the writer leaves the processor to others, up to a
/// bound.
const SHARE: u32 = 8;
const SPACING_MAX: Duration = Duration::from_millis(25);
/// With so many commits waiting, company enough is there.
const COMPANY: usize = 64;
/// How long anybody waits for a job. Units: seconds.
const DEADLINE_S: u64 = 20;

/// A thread with a connection of its own.
struct Worker<S: 'static> {
    connection: S,
}

/// A connection that a job was torn out of.
trait Reset {
    /// Forgets the connection, with whatever was open on it.
    fn reset(&mut self);
}

impl Reset for Store {
    fn reset(&mut self) {
        Store::reset(self);
    }
}

impl Reset for Reader {
    fn reset(&mut self) {
        Reader::reset(self);
    }
}

impl<S: Unpin + 'static> Actor for Worker<S> {
    type Context = SyncContext<Self>;
}

/// Work for a database thread.
struct Job<S> {
    work: Box<dyn FnOnce(&mut S) + Send>,
    _permit: OwnedSemaphorePermit,
}

impl<S: 'static> Message for Job<S> {
    type Result = ();
}

impl<S: Reset + Unpin + 'static> Handler<Job<S>> for Worker<S> {
    type Result = ();

    fn handle(&mut self, job: Job<S>, _: &mut SyncContext<Self>) {
        // A panic would kill the thread for good. The asker sees its channel closed and is told `unavailable`.
        if catch_unwind(AssertUnwindSafe(|| (job.work)(&mut self.connection))).is_err() {
            tracing::error!("a database job failed");
            // It may have left a transaction open, which the next job would write into.
            self.connection.reset();
        }
    }
}

/// A batch that waits for a writer.
struct Waiting {
    batch: Batch,
    reply: oneshot::Sender<(Committed, Batch)>,
    under_way: OwnedSemaphorePermit,
}

/// Batches of all shards in the order they came, and how the last transaction of one writer for all went.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    began: Option<Instant>,
    took: Duration,
    had_company: bool,
    /// Whether the node was when the last commit came.
    is_overloaded: bool,
}

type Batches = Arc<Mutex<Line>>;

impl Line {
    /// How long the next transaction should wait for company.
    fn pause(&self) -> Duration {
        let waiting: usize = self.waiting.iter().map(|next| next.batch.commits.len()).sum();
        self.began.map_or(Duration::ZERO, |began| {
            pause_of(began.elapsed(), self.spacing(), self.had_company, waiting)
        })
    }

    /// How far apart two transactions begin, while there is company.
    fn spacing(&self) -> Duration {
        if self.is_overloaded {
            self.took.saturating_mul(SHARE).clamp(SPACING, SPACING_MAX)
        } else {
            SPACING
        }
    }

    /// Takes what goes into one transaction: the first batch in any case, and what else is within `most` commits.
    fn take(&mut self, most: usize) -> Vec<Waiting> {
        let mut commits = 0_usize;
        let fits = self.waiting.iter().take_while(|next| {
            commits = commits.saturating_add(next.batch.commits.len());
            commits <= most
        });
        let count = fits.count().max(1).min(self.waiting.len());
        let taken: Vec<Waiting> = self.waiting.drain(..count).collect();
        self.began = Some(Instant::now());
        self.had_company = taken.iter().map(|next| next.batch.commits.len()).sum::<usize>() > 1;
        taken
    }
}

/// How long a transaction waits for company, when the last one began so long ago and two are to be so far apart.
fn pause_of(since: Duration, spacing: Duration, had_company: bool, waiting: usize) -> Duration {
    if had_company && waiting < COMPANY {
        spacing.saturating_sub(since)
    } else {
        Duration::ZERO
    }
}

/// The database threads of this node. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    writers: Addr<Worker<Store>>,
    readers: Addr<Worker<Reader>>,
    lookout: Addr<Worker<Reader>>,
    write_permits: Arc<Semaphore>,
    read_permits: Arc<Semaphore>,
    look_permits: Arc<Semaphore>,
    batches: Batches,
}

impl Database {
    /// Starts a thread for each connection. Must run inside the actix system.
    pub fn start(stores: Vec<Store>, readers: Vec<Reader>) -> Self {
        let (readers, permits) = (threads(readers), Arc::new(Semaphore::new(JOBS_MAX)));
        Self {
            writers: threads(stores),
            lookout: readers.clone(),
            readers,
            write_permits: Arc::new(Semaphore::new(JOBS_MAX)),
            look_permits: Arc::clone(&permits),
            read_permits: permits,
            batches: Batches::default(),
        }
    }

    /// Has a connection of its own for what is asked with `look`. Must run inside the actix system.
    pub fn with_lookout(mut self, reader: Reader) -> Self {
        self.lookout = threads(vec![reader]);
        self.look_permits = Arc::new(Semaphore::new(LOOKS_MAX));
        self
    }

    /// Runs a body on a writer's thread.
    /// Errors: `busy` when too many wait, `timeout`, `unavailable` when the body panicked; what the store says is mapped.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        run("write", &self.writers, &self.write_permits, work)
            .await?
            .map_err(|error| refusal_of(&error))
    }

    /// Commits a shard's batch, together with those of other shards that wait for the same writer. Gives the batch back.
    /// Waits as long as it takes, because giving up would not undo it. `under_way` is held until the database has answered;
    /// under overload transactions are fewer.
    /// Errors: `busy` when too many wait, `unavailable` when the job failed: then the outcome is not known.
    pub async fn commit(
        &self,
        batch: Batch,
        under_way: OwnedSemaphorePermit,
        is_overloaded: bool,
    ) -> Result<(Committed, Batch), Refusal> {
        let permit = Arc::clone(&self.write_permits)
            .try_acquire_owned()
            .map_err(|_full| Refusal::busy())?;
        let (reply, answer) = oneshot::channel();
        {
            let mut line = locked(&self.batches);
            line.is_overloaded = is_overloaded;
            line.waiting.push_back(Waiting {
                batch,
                reply,
                under_way,
            });
        }
        let batches = Arc::clone(&self.batches);
        // One job a batch: whoever comes first takes the others along, and theirs find nothing to do.
        let work = Box::new(move |store: &mut Store| commit_waiting(store, &batches));
        #[expect(
            clippy::disallowed_methods,
            reason = "the permit is the bound that do_send lacks"
        )]
        self.writers.do_send(Job {
            work,
            _permit: permit,
        });
        answer.await.map_err(|_gone| Refusal::unavailable())
    }

    /// Runs a body on a reader's thread.
    /// Errors: as `write`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        run("read", &self.readers, &self.read_permits, work)
            .await?
            .map_err(|error| refusal_of(&error))
    }

    /// Runs a body that tells whether what this node believes is still so: it stands behind nobody's long list.
    /// Errors: as `write`.
    pub async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        run("look", &self.lookout, &self.look_permits, work)
            .await?
            .map_err(|error| refusal_of(&error))
    }

    /// An agent's row, read now.
    /// Errors: as `read`.
    pub async fn agent(&self, handle: &Handle) -> Result<Option<AgentRow>, Refusal> {
        let handle = handle.clone();
        self.read(move |reader| reader.agent_by_handle(&handle)).await
    }
}

fn threads<S: Reset + Send + Unpin + 'static>(connections: Vec<S>) -> Addr<Worker<S>> {
    let count = connections.len();
    let connections = std::sync::Mutex::new(connections);
    SyncArbiter::start(count, move || {
        let mut connections = connections
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        #[expect(
            clippy::expect_used,
            reason = "the arbiter calls this once a thread, and there is a connection for each"
        )]
        let connection = connections.pop().expect("one connection a thread");
        Worker { connection }
    })
}

async fn run<S: Reset + Unpin + 'static, T: Send + 'static>(
    kind: &'static str,
    threads: &Addr<Worker<S>>,
    permits: &Arc<Semaphore>,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let answer = start(kind, threads, permits, work)?;
    match tokio::time::timeout(Duration::from_secs(DEADLINE_S), answer).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_gone)) => Err(Refusal::unavailable()),
        Err(_elapsed) => {
            Err(Refusal::new(Code::Timeout, "the database did not answer in time").retry_after(1_000))
        }
    }
}

fn start<S: Reset + Unpin + 'static, T: Send + 'static>(
    kind: &'static str,
    threads: &Addr<Worker<S>>,
    permits: &Arc<Semaphore>,
    work: impl FnOnce(&mut S) -> T + Send + 'static,
) -> Result<oneshot::Receiver<T>, Refusal> {
    let permit = Arc::clone(permits)
        .try_acquire_owned()
        .map_err(|_full| Refusal::busy())?;
    let (reply, answer) = oneshot::channel();
    let work = Box::new(move |connection: &mut S| {
        let started = Instant::now();
        let result = work(connection);
        metric::db_query_duration(kind).record(started.elapsed().as_secs_f64());
        // Nobody waits any more: the work is done all the same.
        let _ = reply.send(result);
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "the permit is the bound that do_send lacks"
    )]
    threads.do_send(Job {
        work,
        _permit: permit,
    });
    Ok(answer)
}

fn locked(batches: &Batches) -> std::sync::MutexGuard<'_, Line> {
    batches.lock().unwrap_or_else(PoisonError::into_inner)
}

fn commit_waiting(store: &mut Store, batches: &Batches) {
    if locked(batches).waiting.is_empty() {
        return;
    }
    let most = if store.has_one_writer() {
        // Looked at again and again: company may be enough before the time is over.
        loop {
            let pause = locked(batches).pause();
            if pause.is_zero() {
                break;
            }
            std::thread::park_timeout(pause.min(SPACING));
        }
        TOGETHER_MAX
    } else {
        0
    };
    let taken = locked(batches).take(most);
    let (line, began) = (Arc::clone(batches), Instant::now());
    let (batches, replies): (Vec<Batch>, Vec<_>) = taken
        .into_iter()
        .map(|waiting| (waiting.batch, (waiting.reply, waiting.under_way)))
        .unzip();
    for ((result, batch), (reply, under_way)) in store
        .commit_together(&batches)
        .into_iter()
        .zip(batches)
        .zip(replies)
    {
        // Before the answer: whoever gets it may begin the next batch at once.
        drop(under_way);
        // Nobody waits any more: it is committed all the same.
        let _ = reply.send((result, batch));
    }
    locked(&line).took = began.elapsed();
}

/// What a client is told when the store failed; the error itself is logged here, once.
pub fn refusal_of(error: &StoreError) -> Refusal {
    tracing::error!(error = ?error, "the store failed: {error}");
    if error.is_disk_full() {
        Refusal::new(Code::StorageFull, "the disk is full").retry_after(5_000)
    } else if error.is_unavailable() {
        Refusal::unavailable()
    } else {
        Refusal::internal()
    }
}
