//! Floor 0: ids, hashes, time, limits, rates. Pure, and without a word of the domain.

pub mod backoff;
pub mod hash;
pub mod id;
pub mod limit;
pub mod map;
pub mod rate;
pub mod ring;
pub mod time;
