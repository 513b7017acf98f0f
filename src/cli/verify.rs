//! `rookery verify`.

use clap::Args;

use crate::app;
use crate::config::{Config, StoreFlags};
use crate::host::entropy::Entropy;
use crate::store::Reader;
use crate::store::replay::Checked;
use crate::store::verify::Violation;

/// Shards of one run that are compared with their events.
const SHARDS_MAX: usize = 16;
/// Events that one of them may take.
const EVENTS_MAX: i64 = 2_000_000;

/// Check the promises of the stored world.
#[derive(Debug, Args)]
pub struct Verify {
    /// What names the store.
    #[command(flatten)]
    pub store: StoreFlags,
}

impl Verify {
    /// Runs the command.
    ///
    /// Errors: settings that are refused, and whatever the store answers.
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.store.into())?;
        let mut reader = Reader::open(&app::target_of(&config)?)?;
        let mut count = tell(&reader.verify()?);
        let shards = reader.shards()?;
        // Every shard's turn comes, whatever the world's size.
        let first = usize::try_from(Entropy::system().u64() >> 32).unwrap_or(0);
        let first = first.checked_rem(shards.len()).unwrap_or(0);
        for shard in shards
            .iter()
            .cycle()
            .skip(first)
            .take(SHARDS_MAX.min(shards.len()))
        {
            match reader.verify_shard(shard.id, EVENTS_MAX)? {
                Checked::Told(told) => count += tell(&told),
                Checked::Not(why) => println!("shard {} was not compared with its events: {why}", shard.id),
            }
        }
        anyhow::ensure!(count == 0, "{count} promises are broken");
        println!("the world is whole");
        Ok(())
    }
}

/// Prints what was found at once: what is asked next may fail over it. Gives how much it is.
fn tell(violations: &[Violation]) -> usize {
    for violation in violations {
        println!("{}: {}", violation.invariant, violation.detail);
    }
    violations.len()
}
