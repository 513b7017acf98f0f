//! Connections and what they are subscribed to.

use std::collections::HashMap;
use std::time::Duration;

use redis::RedisResult;
use tokio::time::timeout;

use super::health::Failed;
use super::intake::{Intake, intake};
use super::servers::{Connection, Servers, Verbs, plain};
use super::topic::Topic;

/// Channels in one request.
const CHANNELS_MAX: usize = 512;

/// A connection to each master, and what is subscribed there, by name at Redis.
pub(super) struct Ear {
    connection: Connection,
    topics: HashMap<String, Topic>,
    /// Channels that were left, by how many confirmations of it are still to come.
    leaving: HashMap<String, u32>,
    verbs: Verbs,
    /// How long one request may take.
    timeout: Duration,
}

impl Ear {
    /// Connects to the masters of now, and gives what they push.
    pub async fn open(servers: &Servers, timeout: Duration) -> RedisResult<(Self, Intake)> {
        let (inlet, intake) = intake();
        let config = plain().set_push_sender(move |info| {
            inlet.put(info);
            Ok::<(), std::convert::Infallible>(())
        });
        let ear = Self {
            connection: Connection::open(servers, &config).await?,
            topics: HashMap::new(),
            leaving: HashMap::new(),
            verbs: servers.verbs(),
            timeout,
        };
        Ok((ear, intake))
    }

    pub fn topics(&self) -> &HashMap<String, Topic> {
        &self.topics
    }

    pub async fn subscribe(&mut self, topics: Vec<(String, Topic)>) -> Result<(), Failed> {
        let names: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();
        // Known before Redis confirms: a message may come right behind the confirmation.
        self.topics.extend(topics);
        self.request(self.verbs.subscribe, &names).await
    }

    pub async fn unsubscribe(&mut self, names: Vec<String>) -> Result<(), Failed> {
        for name in &names {
            self.topics.remove(name);
            *self.leaving.entry(name.clone()).or_default() += 1;
        }
        self.request(self.verbs.unsubscribe, &names).await
    }

    /// Takes note that a subscription ended; whether that was asked for.
    pub fn left(&mut self, name: &str) -> bool {
        let Some(count) = self.leaving.get_mut(name) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            self.leaving.remove(name);
        }
        true
    }

    /// Whether all masters are there and still are masters.
    pub async fn check(&mut self) -> Result<(), Failed> {
        in_time(self.timeout, self.connection.check()).await
    }

    async fn request(&mut self, verb: &str, names: &[String]) -> Result<(), Failed> {
        for names in names.chunks(CHANNELS_MAX) {
            // One command a channel: each has one answer, and may belong to another master.
            let mut pipeline = redis::pipe();
            for name in names {
                pipeline.cmd(verb).arg(name);
            }
            in_time(self.timeout, self.connection.run(&pipeline)).await?;
        }
        Ok(())
    }
}

async fn in_time<T>(limit: Duration, request: impl Future<Output = RedisResult<T>>) -> Result<T, Failed> {
    match timeout(limit, request).await {
        Ok(Ok(answer)) => Ok(answer),
        // The link is made anew whatever went wrong.
        Ok(Err(_)) | Err(_) => Err(Failed),
    }
}
