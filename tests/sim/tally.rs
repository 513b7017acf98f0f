//! What runs did, added up.

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub steps: u64,
    pub virtual_ms: u64,
    pub commands: u64,
    pub acknowledged: u64,
    pub refused: u64,
    pub events: u64,
    pub takeovers: u64,
    pub commits: u64,
    pub fenced: u64,
    pub crashes: u64,
    pub pauses: u64,
    pub partitions: u64,
    pub jumps: u64,
    pub drains: u64,
    pub wishes: u64,
    pub cuts: u64,
    pub never_done: u64,
    pub unanswered: u64,
    pub batches_lost: u64,
    pub batches_doubled: u64,
    pub batches_late: u64,
    /// Times that an agent was in memory in two places.
    pub twice: u64,
}

impl Tally {
    /// Adds what another run did.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.virtual_ms += other.virtual_ms;
        self.commands += other.commands;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.events += other.events;
        self.takeovers += other.takeovers;
        self.commits += other.commits;
        self.fenced += other.fenced;
        self.crashes += other.crashes;
        self.pauses += other.pauses;
        self.partitions += other.partitions;
        self.jumps += other.jumps;
        self.drains += other.drains;
        self.wishes += other.wishes;
        self.cuts += other.cuts;
        self.never_done += other.never_done;
        self.unanswered += other.unanswered;
        self.batches_lost += other.batches_lost;
        self.batches_doubled += other.batches_doubled;
        self.batches_late += other.batches_late;
        self.twice += other.twice;
    }
}
