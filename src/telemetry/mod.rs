//! What a node tells about itself: log lines and metrics.

pub mod log;
pub mod metric;
