//! Counts that all nodes share, in windows that end by themselves.

use std::time::Duration;

use redis::{Pipeline, Value};

use super::commands::Commands;
use super::health::Failed;
use super::{Bus, BusError};

/// How often something was counted in the running window, by all nodes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How often, this time included.
    pub count: u64,
    /// Until the window ends. Units: milliseconds, at least 1.
    pub left_ms: u64,
}

impl Bus {
    /// Counts once under a key, in a window that begins with the first count. One round trip to Redis.
    /// Errors: `NoAddress` inside one process, `Away` when Redis does not answer: then nobody knows whether it counted.
    pub async fn tally(&self, key: &str, window: Duration) -> Result<Tally, BusError> {
        let Self::Redis(bus) = self else {
            return Err(BusError::NoAddress);
        };
        if bus.status().is_degraded {
            return Err(BusError::Away);
        }
        let (commands, key, window_ms) = (bus.commands(), bus.key(key), whole_ms(window));
        // On the runtime of the connections, wherever this is awaited.
        let counted = bus
            .io()
            .spawn(async move { tally(&commands, &key, window_ms).await });
        match counted.await {
            Ok(counted) => counted.map_err(|Failed| BusError::Away),
            Err(_stopped) => Err(BusError::Closed),
        }
    }

    /// As `tally`, for outside tools alone: nobody waits for it, and it may get lost.
    pub fn show_tally(&self, key: &str, window: Duration) {
        let Self::Redis(bus) = self else { return };
        if bus.status().is_degraded {
            return;
        }
        let (commands, key, window_ms) = (bus.commands(), bus.key(key), whole_ms(window));
        drop(bus.io().spawn(async move {
            // Counted by the health of the bus.
            let _ = tally(&commands, &key, window_ms).await;
        }));
    }
}

fn whole_ms(window: Duration) -> u64 {
    u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1)
}

async fn tally(commands: &Commands, key: &str, window_ms: u64) -> Result<Tally, Failed> {
    let answer = commands.ask(&counting(key, window_ms)).await?;
    let Value::Array(parts) = answer else {
        return Err(Failed);
    };
    let [_, Value::Int(count), Value::Int(left_ms)] = parts.as_slice() else {
        return Err(Failed);
    };
    if *left_ms < 0 {
        // The window ended between the first command and the second: without this it would never end again.
        let mut pipeline = redis::pipe();
        pipeline.cmd("PEXPIRE").arg(key).arg(window_ms);
        commands.run(&pipeline).await?;
    }
    let left_ms = u64::try_from(*left_ms).unwrap_or(window_ms);
    Ok(Tally {
        count: u64::try_from(*count).unwrap_or(u64::MAX),
        left_ms: left_ms.max(1),
    })
}

/// Begins a window unless one runs, counts in it, and asks for its rest.
fn counting(key: &str, window_ms: u64) -> Pipeline {
    let mut pipeline = redis::pipe();
    let begin = pipeline.cmd("SET").arg(key).arg(0);
    begin.arg("PX").arg(window_ms).arg("NX");
    pipeline.cmd("INCR").arg(key).cmd("PTTL").arg(key);
    pipeline
}
