//! A few threads that hash, with a short queue: a crowd that logs in takes bounded memory and time.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use super::password::{Hasher, PasswordError, Verdict};
use crate::domain::refusal::{Code, Refusal};

/// Hashes that run at once. Source: security.md §4.1.
pub const PERMITS: usize = 4;
/// Hashes that may wait; more are refused. Source: security.md §4.1.
pub const QUEUE: usize = 32;
/// After this time a refused login may be tried again. Units: milliseconds.
const RETRY_AFTER_MS: i64 = 1_000;

type Job = Box<dyn FnOnce() + Send>;

/// Runs a [`Hasher`] on its own threads, which end with the pool. Clones share them.
#[derive(Clone, Debug)]
pub struct HashPool {
    hasher: Arc<Hasher>,
    // A place is held from the call until the hash is done, so a caller that goes away does not make room early.
    places: Arc<Semaphore>,
    jobs: SyncSender<Job>,
}

impl HashPool {
    /// Starts `permits` threads, at least one, with a queue of `queue`.
    /// Errors: the system gives no thread.
    pub fn start(hasher: Hasher, permits: usize, queue: usize) -> io::Result<Self> {
        let permits = permits.max(1);
        let places = permits.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let (jobs, waiting) = sync_channel(places);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..permits {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&waiting))?;
        }
        Ok(Self {
            hasher: Arc::new(hasher),
            places: Arc::new(Semaphore::new(places)),
            jobs,
        })
    }

    /// The PHC string of a secret; `salt` is random.
    /// Errors: `busy` when the queue is full, `malformed` when the secret is too long, `internal`.
    pub async fn hash(&self, secret: String, salt: [u8; 16]) -> Result<String, Refusal> {
        self.run(move |hasher| hasher.hash(secret.as_bytes(), salt)).await
    }

    /// Compares a secret with the stored hash, or with a dummy when there is none.
    /// Errors: `busy` when the queue is full, `malformed` when the secret is too long, `internal`.
    pub async fn verify(&self, secret: String, stored: Option<String>) -> Result<Verdict, Refusal> {
        self.run(move |hasher| hasher.verify(secret.as_bytes(), stored.as_deref()))
            .await
    }

    /// Places that are free now, running and waiting ones together: for the metric.
    pub fn free_places(&self) -> usize {
        self.places.available_permits()
    }

    async fn run<T, F>(&self, work: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Hasher) -> Result<T, PasswordError> + Send + 'static,
    {
        let answer = self.submit(work)?.await;
        // A dropped answer means that the hash panicked or the pool ended.
        answer.unwrap_or(Err(PasswordError::Hash)).map_err(refuse)
    }

    fn submit<T, F>(&self, work: F) -> Result<oneshot::Receiver<T>, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Hasher) -> T + Send + 'static,
    {
        let busy = || Refusal::busy().retry_after(RETRY_AFTER_MS);
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .ok()
            .ok_or_else(busy)?;
        let hasher = Arc::clone(&self.hasher);
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _place = place;
            if reply.is_closed() {
                return;
            }
            if let Ok(result) = catch_unwind(AssertUnwindSafe(|| work(&hasher))) {
                // The caller may have gone away in the meantime.
                let _ = reply.send(result);
            }
        });
        // The channel has as many places as there are permits: it is full only when the threads are gone.
        self.jobs.try_send(job).ok().ok_or_else(busy)?;
        Ok(answer)
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        // The guard is dropped at the end of the statement, before the job runs.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

fn refuse(error: PasswordError) -> Refusal {
    match error {
        PasswordError::SecretTooLong => Refusal::new(Code::Malformed, "the key or password is too long"),
        PasswordError::StoredTooCostly | PasswordError::StoredUnreadable | PasswordError::Hash => {
            tracing::error!(error = %error, "a stored hash could not be checked or made: {error}");
            Refusal::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::password::Cost;
    use super::*;
    use futures_util::FutureExt;
    use std::sync::{Condvar, atomic};

    fn pool() -> HashPool {
        let cost = Cost {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
        HashPool::start(Hasher::new(cost, None, [1; 16]).unwrap(), PERMITS, QUEUE).unwrap()
    }

    #[tokio::test]
    async fn pool_hashes_and_verifies() {
        let pool = pool();
        let stored = pool.hash("secret".to_owned(), [2; 16]).await.unwrap();
        assert!(
            pool.verify("secret".to_owned(), Some(stored.clone()))
                .await
                .unwrap()
                .is_right
        );
        assert!(
            !pool
                .verify("wrong".to_owned(), Some(stored))
                .await
                .unwrap()
                .is_right
        );
        assert!(!pool.verify("secret".to_owned(), None).await.unwrap().is_right);
        let long = pool.verify("a".repeat(1 << 20), None).await.unwrap_err();
        assert_eq!(long.code, Code::Malformed);
        let bad = pool
            .verify("a".to_owned(), Some("nonsense".to_owned()))
            .await
            .unwrap_err();
        assert_eq!(bad.code, Code::Internal);
    }

    #[tokio::test]
    async fn the_37th_waiting_hash_is_refused_as_busy_and_four_run_at_once() {
        let pool = pool();
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let (running, most) = (
            Arc::new(atomic::AtomicUsize::new(0)),
            Arc::new(atomic::AtomicUsize::new(0)),
        );
        let jobs: Vec<_> = (0..PERMITS + QUEUE)
            .map(|_| {
                let (gate, running, most) = (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&most));
                pool.submit(move |_| {
                    let now = running.fetch_add(1, atomic::Ordering::SeqCst) + 1;
                    most.fetch_max(now, atomic::Ordering::SeqCst);
                    let guard = gate.0.lock().unwrap();
                    drop(gate.1.wait_while(guard, |is_open| !*is_open).unwrap());
                    running.fetch_sub(1, atomic::Ordering::SeqCst);
                })
                .unwrap()
            })
            .collect();
        assert_eq!(jobs.len(), 36);
        let refused = pool.verify("secret".to_owned(), None).now_or_never();
        let refused = refused.expect("refused without waiting").unwrap_err();
        assert_eq!(
            (refused.code, refused.code.status(), refused.retry_after_ms),
            (Code::Busy, 503, Some(1_000))
        );
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        for job in jobs {
            job.await.unwrap();
        }
        assert!((1..=PERMITS).contains(&most.load(atomic::Ordering::SeqCst)));
        assert!(!pool.verify("secret".to_owned(), None).await.unwrap().is_right);
    }

    #[tokio::test]
    async fn a_panic_in_a_hash_costs_neither_thread_nor_place() {
        let pool = pool();
        for _ in 0..PERMITS * 3 {
            let answer: Result<oneshot::Receiver<()>, _> = pool.submit(|_| panic!("planned"));
            assert!(answer.unwrap().await.is_err());
        }
        assert!(pool.hash("secret".to_owned(), [2; 16]).await.is_ok());
    }
}
