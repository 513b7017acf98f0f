//! Writing the mirror from what the store knows, once.

use std::sync::Arc;

use super::pending::Waiting;
use super::write::{self, Manner};
use super::{ChannelCopy, MirrorBatch};
use crate::bus::commands::Commands;
use crate::bus::health::Health;
use crate::bus::servers::Servers;
use crate::bus::{BusConfig, BusError};
use crate::host::clock::Clock;

/// Begins the sets and streams of these regions anew and writes what the batches say, each region's in transactions of Redis (in a Cluster,
/// each slot's), and the copies of channels. Tells nobody: it is no news.
/// Errors: `NoAddress`, `BadAddress`; `Away` when Redis does not take it, after which some of it may be written.
pub async fn refill(
    config: &BusConfig,
    clock: Clock,
    batches: Vec<MirrorBatch>,
    channels: &[ChannelCopy],
) -> Result<(), BusError> {
    let servers = Arc::new(Servers::new(config)?);
    let commands = Commands::new(servers, 1, config.command_timeout, Arc::new(Health::new(clock)));
    let mut waiting = Waiting::default();
    for batch in batches {
        let region = batch.region.clone();
        waiting.add(batch);
        let Some(pending) = waiting.take(&region) else {
            continue;
        };
        for mut pipeline in write::pipelines(
            &config.prefix,
            &region,
            &pending,
            Manner::Refill,
            commands.verbs(),
        ) {
            commands
                .run(pipeline.atomic())
                .await
                .map_err(|_failed| BusError::Away)?;
        }
    }
    for pipeline in channels.iter().flat_map(|copy| copy.pipelines(&config.prefix)) {
        commands.run(&pipeline).await.map_err(|_failed| BusError::Away)?;
    }
    Ok(())
}
