//! Commands that never wait for Redis for long, on pooled connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bb8_redis::bb8::{ErrorSink, ManageConnection, Pool};
use redis::{Pipeline, RedisError, RetryMethod, Value};
use tokio::time::timeout;

use super::count;
use super::health::{CONNECT_TIMEOUT, Failed, Health};
use super::servers::{Connection, Servers, Verbs, plain};

/// How long a connection may lie unused, and how often it is looked: half a minute at most, less than servers close one after.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Runs pipelines on pooled connections; nothing here takes longer than the two timeouts together.
pub(super) struct Commands {
    pool: Pool<Doorkeeper>,
    health: Arc<Health>,
    era: Arc<Era>,
    refusal: Arc<Mutex<Option<String>>>,
    verbs: Verbs,
    timeout: Duration,
}

impl Commands {
    /// Must be called inside a runtime; the pool is kept by tasks of that runtime. It connects when first used.
    /// `command_timeout`: for one command or one pipeline.
    pub fn new(
        servers: Arc<Servers>,
        pool_size: u32,
        command_timeout: Duration,
        health: Arc<Health>,
    ) -> Self {
        let era = Arc::new(Era::default());
        let refusal = Arc::new(Mutex::new(None));
        let verbs = servers.verbs();
        let pool = Pool::builder()
            .max_size(pool_size.clamp(1, 256))
            .connection_timeout(CONNECT_TIMEOUT)
            // What Redis or a firewall closes for being idle would lose the next batch.
            .idle_timeout(Some(IDLE_MAX))
            .reaper_rate(IDLE_MAX)
            .retry_connection(false)
            .error_sink(Box::new(Refusals(Arc::clone(&refusal))))
            .build_unchecked(Doorkeeper {
                servers,
                era: Arc::clone(&era),
            });
        Self {
            pool,
            health,
            era,
            refusal,
            verbs,
            timeout: command_timeout,
        }
    }

    /// How publications are sent to these servers.
    pub fn verbs(&self) -> Verbs {
        self.verbs
    }

    /// Uses no connection again that was made until now: it leads to a server that is gone, or should not be asked.
    pub fn renew(&self) {
        self.era.end();
    }

    /// Runs the pipeline once. After a failure it is unknown which of its commands were executed.
    pub async fn run(&self, pipeline: &Pipeline) -> Result<(), Failed> {
        self.answers(pipeline).await.map(drop)
    }

    /// As `run`, with the answers, in order. All commands must be about one key.
    pub async fn ask(&self, pipeline: &Pipeline) -> Result<Value, Failed> {
        self.answers(pipeline).await?.pop().ok_or(Failed)
    }

    async fn answers(&self, pipeline: &Pipeline) -> Result<Vec<Value>, Failed> {
        let outcome = self.attempt(pipeline).await;
        self.health
            .commands(outcome.as_ref().map(|_| ()).map_err(String::as_str));
        outcome.map_err(|_reason| Failed)
    }

    /// Whether Redis takes commands now.
    pub async fn ping(&self) -> Result<(), Failed> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("PING");
        self.run(&pipeline).await
    }

    async fn attempt(&self, pipeline: &Pipeline) -> Result<Vec<Value>, String> {
        let mut pooled = match timeout(CONNECT_TIMEOUT, self.pool.get()).await {
            Ok(Ok(pooled)) => pooled,
            Ok(Err(error)) => return Err(self.why(error.to_string())),
            Err(_) => return Err(self.why("no connection in time".to_owned())),
        };
        count::operations(pipeline.len());
        match timeout(self.timeout, pooled.connection.run(pipeline)).await {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(error)) => {
                // A command that Redis understood and refused is no reason to connect again.
                // Nor is a slot that is on its way to another master: it is told of when it is there.
                let is_refused = matches!(
                    error.retry_method(),
                    RetryMethod::NoRetry | RetryMethod::AskRedirect
                );
                if !is_refused {
                    self.renew();
                }
                Err(error.to_string())
            }
            Err(_) => {
                self.renew();
                Err("no answer in time".to_owned())
            }
        }
    }

    /// Why there is no connection: the pool itself only says that there is none.
    fn why(&self, otherwise: String) -> String {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.take().unwrap_or(otherwise)
    }
}

/// Counts how often all connections were given up.
#[derive(Default)]
struct Era(AtomicU64);

impl Era {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn end(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Makes connections for the pool and knows which of them may still be used. It asks nobody for that: a PING before
/// each pipeline would double the commands.
struct Doorkeeper {
    servers: Arc<Servers>,
    era: Arc<Era>,
}

/// A connection and when it was made.
struct Pooled {
    connection: Connection,
    era: u64,
}

impl ManageConnection for Doorkeeper {
    type Connection = Pooled;
    type Error = RedisError;

    async fn connect(&self) -> Result<Pooled, RedisError> {
        // Read first: what is given up while this connects must not come back.
        let era = self.era.now();
        let connection = Connection::open(&self.servers, &plain()).await?;
        Ok(Pooled { connection, era })
    }

    async fn is_valid(&self, pooled: &mut Pooled) -> Result<(), RedisError> {
        if self.has_broken(pooled) {
            return Err((redis::ErrorKind::Io, "the connection was given up").into());
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.era != self.era.now()
    }
}

/// Remembers why the last connection was not made.
#[derive(Clone, Debug)]
struct Refusals(Arc<Mutex<Option<String>>>);

impl ErrorSink<RedisError> for Refusals {
    fn sink(&self, error: RedisError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<RedisError>> {
        Box::new(self.clone())
    }
}
