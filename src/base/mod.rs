//! Floor 0: pure tools without any word of the world in them.

pub mod backoff;
pub mod limit;
pub mod rate;
pub mod ring;
