//! What happens in a run, and what a node does when it happens to it.

use crate::node::Node;
use crate::shard::Saving;
use rookery::actors::committer::{Known, UnderWay};
use rookery::actors::mailbox::Reply;
use rookery::actors::peer::message::Act;
use rookery::actors::region::Destination;
use rookery::actors::request::Receipt;
use rookery::base::id::{AgentId, NodeId};
use rookery::domain::refusal::Refusal;
use rookery::store::commit::{Batch, CommitError};

/// What happens, and to which node.
pub enum Event {
    /// A turn of a node's leases, unless a later one was arranged.
    Turn(usize, u64),
    /// A node hears of its last turn.
    Follow(usize),
    /// A quarter of a second is over.
    Beat(usize),
    /// A shard's commits have waited for company.
    Flush(usize, u64),
    /// A batch is with the database.
    Commit(usize, u64, Box<(Batch, UnderWay)>),
    /// Its answer is with the node.
    Known(usize, u64, Box<(UnderWay, Known)>),
    /// A shard is loaded.
    Load(usize, u64),
    /// An agent is taken back whose offer had no answer.
    Reclaim(usize, u64, AgentId, i64, Destination),
    /// A step of a hand-over is taken.
    Part(usize, PartStep),
    /// A checkpoint is with the database.
    Save(usize, Box<Saving>),
    /// It is looked again whether an agent is here by an earlier hand-off than elsewhere.
    LookAgain(usize, u64, AgentId, i64),
    /// A batch of another node is with this one.
    Hear(usize, bytes::Bytes),
    /// A bot's command is with a node.
    Submit(usize, usize, Box<Act>),
    /// A bot's answer is with it.
    Answer(usize, String, Result<Receipt, Refusal>),
    /// A bot wants something.
    Want(usize),
    /// A bot has waited long enough for an answer to this try of this command.
    Impatient(usize, String, u64),
    /// Something goes wrong.
    Trouble,
    /// A node starts.
    Start,
    /// A node that was drained stops.
    Stop(usize),
}

/// A step of a hand-over, and where it is told that it is taken.
pub enum PartStep {
    Finish(u64, Reply<()>),
    Save(u64, Reply<()>),
    GiveBack(u64, NodeId, Reply<bool>),
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Committed,
    Fenced,
    NotCommitted,
}

/// What a node says of what happened to it.
#[derive(Default)]
pub struct Happened {
    pub committed: Option<Verdict>,
    /// A checkpoint was kept.
    pub is_saved: bool,
}

impl Node {
    /// Something happens. The process may end in it.
    pub fn happen(&mut self, event: Event) -> Happened {
        let mut happened = Happened::default();
        match event {
            Event::Turn(_, token) => self.turn(token),
            Event::Follow(_) => self.follow(),
            Event::Beat(_) => self.beat(),
            Event::Flush(_, serial) => self.flush_after_wait(serial),
            Event::Commit(_, serial, batch) => {
                let (batch, under_way) = *batch;
                happened.committed = Some(self.commit(serial, batch, under_way));
            }
            Event::Known(_, serial, known) => {
                let (under_way, known) = *known;
                self.known(serial, under_way, known);
            }
            Event::Load(_, serial) => self.load(serial),
            Event::Reclaim(_, serial, agent, hop, to) => self.reclaim(serial, agent, hop, to),
            Event::Part(_, PartStep::Finish(serial, reply)) => self.finish(serial, reply),
            Event::Part(_, PartStep::Save(serial, reply)) => self.save(serial, Some(reply)),
            Event::Save(_, saving) => happened.is_saved = self.write(*saving),
            Event::Part(_, PartStep::GiveBack(serial, to, reply)) => self.give_back(serial, to, reply),
            Event::LookAgain(_, serial, agent, hop) => self.overtaken(serial, agent, hop),
            Event::Hear(_, batch) => self.hear(&batch),
            Event::Submit(_, bot, act) => self.submit(bot, *act),
            Event::Answer(..)
            | Event::Want(_)
            | Event::Impatient(..)
            | Event::Trouble
            | Event::Start
            | Event::Stop(_) => {}
        }
        self.settle_down();
        happened
    }
}

impl Event {
    /// The node that it happens to.
    pub fn key(&self) -> usize {
        match self {
            Event::Turn(key, _)
            | Event::Follow(key)
            | Event::Beat(key)
            | Event::Flush(key, _)
            | Event::Commit(key, ..)
            | Event::Known(key, ..)
            | Event::Load(key, _)
            | Event::Reclaim(key, ..)
            | Event::Part(key, _)
            | Event::Save(key, _)
            | Event::LookAgain(key, ..)
            | Event::Hear(key, _)
            | Event::Submit(key, ..) => *key,
            Event::Answer(..)
            | Event::Want(_)
            | Event::Impatient(..)
            | Event::Trouble
            | Event::Start
            | Event::Stop(_) => 0,
        }
    }

    pub fn line(&self) -> String {
        let what = match self {
            Event::Turn(..) => "turn".to_owned(),
            Event::Follow(_) => "follow".to_owned(),
            Event::Beat(_) => "beat".to_owned(),
            Event::Flush(_, serial) => format!("flush {serial}"),
            Event::Commit(_, serial, batch) => {
                format!(
                    "commit {serial} {:?}: {} commits",
                    batch.0.lease.shard,
                    batch.0.commits.len()
                )
            }
            Event::Known(_, serial, known) => {
                let outcome = match &known.1 {
                    Ok((Ok(outcomes), _)) => format!("{} outcomes", outcomes.len()),
                    Ok((Err(error), _)) => format!("{error}"),
                    Err(refusal) => format!("{:?}", refusal.code),
                };
                format!("known {serial}: {outcome}")
            }
            Event::Load(_, serial) => format!("load {serial}"),
            Event::Reclaim(_, serial, agent, hop, _) => format!("reclaim {serial} {agent} {hop}"),
            Event::Part(_, PartStep::Finish(serial, _)) => format!("finish {serial}"),
            Event::Part(_, PartStep::Save(serial, _)) => format!("save {serial}"),
            Event::Part(_, PartStep::GiveBack(serial, ..)) => format!("give {serial} back"),
            Event::Save(_, saving) => format!("write where all go in {:?}", saving.lease.shard),
            Event::LookAgain(_, serial, agent, _) => format!("look again {serial} {agent}"),
            Event::Hear(_, batch) => format!("hear {} bytes", batch.len()),
            Event::Submit(_, bot, act) => format!("submit {} of {bot}", act.command_id),
            Event::Answer(..)
            | Event::Want(_)
            | Event::Impatient(..)
            | Event::Trouble
            | Event::Start
            | Event::Stop(_) => String::new(),
        };
        format!("node {} {what}", self.key())
    }
}

impl Verdict {
    /// Of what the store says.
    pub fn of(committed: &Result<Vec<rookery::store::commit::Outcome>, CommitError>) -> Self {
        match committed {
            Ok(_) => Verdict::Committed,
            Err(CommitError::Fenced(_)) => Verdict::Fenced,
            Err(CommitError::NotCommitted { .. }) => Verdict::NotCommitted,
        }
    }
}
