//! The load generator: thousands of clients on one thread, which count what they receive.
//!
//! It is a client and nothing else: it knows the protocol (`wire`) and none of the server. Agents stand in groups so small
//! that all of a group see each other ([`layout`]); each `move_to` must then reach everybody else of the group, and the
//! [`ledger`] says whether it did. The same clients drive the server and the [`floor`], a bare loop that writes as many
//! frames of the same length, so that the two can be compared.

pub mod crowd;
pub mod floor;
pub mod identity;
pub mod layout;
pub mod ledger;
pub mod mix;
pub mod pipe;
pub mod plan;
pub mod progress;
pub mod report;
pub mod seats;
pub mod socket;
mod table;
pub mod tally;
pub mod world;

use self::crowd::{Crowd, Outcome, Peer};
use self::floor::{Child, Shape};
use self::plan::{Load, Plan};
use self::progress::Progress;
use self::report::{FloorReport, FloorRound, Round};
use std::time::Duration;

/// Runs a plan so many times against the server, each followed by the floor when that is wanted.
/// Errors: the server does not answer, nobody can join, a process cannot be read.
pub fn run(plan: &Plan, rounds: u32, with_floor: bool) -> anyhow::Result<(Vec<Round>, Option<FloorReport>)> {
    let mut progress = Progress::new();
    let (mut found, mut floors) = (Vec::new(), Vec::new());
    for number in 1..=rounds {
        progress.round(format!("round {number} of {rounds}, server"));
        let peer = Peer::Server(plan.target.clone());
        let outcome = Crowd::new(plan, peer, plan.pid, u64::from(number))?.run(&progress)?;
        let round = Round::of(&outcome, world::shard_count(&plan.target)?);
        if with_floor {
            progress.round(format!("round {number} of {rounds}, floor"));
            floors.push(floor_round(plan, &outcome, &round, number, &progress)?);
        }
        found.push(round);
    }
    progress.end();
    let floor = with_floor.then(|| FloorReport::of(floors, &found));
    Ok((found, floor))
}

/// The same clients on the bare loop, in the shape of a round of the server.
fn floor_round(
    plan: &Plan,
    server: &Outcome,
    round: &Round,
    number: u32,
    progress: &Progress,
) -> anyhow::Result<FloorRound> {
    let burst = match &plan.load {
        Load::Channel(channel) => {
            channel.period / u32::try_from(channel.publishers).unwrap_or(u32::MAX).max(1)
        }
        Load::Agents(_) | Load::Anonymous(_) => server.tick,
    };
    let shape = Shape::of(server, plan, burst.max(Duration::from_millis(1)));
    let child = Child::start(&shape)?;
    let peer = Peer::Floor(child.target.clone());
    let outcome = Crowd::new(plan, peer, Some(child.pid()), u64::from(number))?.run(progress)?;
    Ok(FloorRound::of(&outcome, round))
}
