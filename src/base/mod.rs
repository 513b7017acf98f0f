//! Floor 0: ids, time, limits. Pure, and without a word of the domain.

pub mod id;
pub mod time;
