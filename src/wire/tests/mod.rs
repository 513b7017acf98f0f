mod captured;
mod hostile;
mod round_trip;
pub mod sample;
mod vectors;
