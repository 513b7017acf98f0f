//! What the process asks of the machine: time, randomness, open files, threads, what a process takes, and planted faults in tests.

pub mod clock;
pub mod entropy;
pub mod fault;
pub mod files;
pub mod process;
pub mod thread;
