//! What the bus counts.

/// Counts messages that someone will not hear. `reason` comes from a closed set: `full`, `stale`, `failed`,
/// `lagging`, `too_large`, `mirror`.
pub(super) fn dropped(reason: &'static str, messages: usize) {
    crate::telemetry::metric::bus_dropped(reason).increment(u64::try_from(messages).unwrap_or(u64::MAX));
}

/// Counts an attempt to reach Redis again after the link was lost.
pub(super) fn reconnect() {
    crate::telemetry::metric::bus_reconnects().increment(1);
}

/// Counts commands sent to Redis.
pub(super) fn operations(commands: usize) {
    crate::telemetry::metric::redis_ops().increment(u64::try_from(commands).unwrap_or(u64::MAX));
}

/// Tells whether Redis answers.
pub(super) fn is_up(is_up: bool) {
    crate::telemetry::metric::redis_up().set(if is_up { 1.0 } else { 0.0 });
}
