//! Writing the mirror from what the store knows, once.

use std::sync::Arc;

use bb8_redis::RedisConnectionManager;

use super::MirrorBatch;
use super::pending::Waiting;
use super::write::{self, Manner};
use crate::bus::health::{Commands, Health};
use crate::bus::{BusConfig, BusError};
use crate::host::clock::Clock;

/// Begins the sets and streams of these regions anew and writes what the batches say, each region's in transactions of Redis. Tells nobody:
/// it is no news.
/// Errors: `BadAddress`; `Away` when Redis does not take it, after which some of it may be written.
pub async fn refill(config: &BusConfig, clock: Clock, batches: Vec<MirrorBatch>) -> Result<(), BusError> {
    let url = config.redis_url.as_deref().ok_or(BusError::BadAddress)?;
    let manager = RedisConnectionManager::new(url).map_err(|_holds_the_address| BusError::BadAddress)?;
    let commands = Commands::new(manager, 1, config.command_timeout, Arc::new(Health::new(clock)));
    let mut waiting = Waiting::default();
    for batch in batches {
        let region = batch.region.clone();
        waiting.add(batch);
        let Some(pending) = waiting.take(&region) else {
            continue;
        };
        for mut pipeline in write::pipelines(&config.prefix, &region, &pending, Manner::Refill) {
            commands
                .run(pipeline.atomic())
                .await
                .map_err(|_failed| BusError::Away)?;
        }
    }
    Ok(())
}
