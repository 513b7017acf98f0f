//! Questions that wait for another node's answer. Each is settled once: answered, overdue, or lost with its node.

use super::convert;
use super::message::Answer;
use crate::base::id::NodeId;
use crate::domain::refusal::Refusal;
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Questions that wait; one more is not asked.
const PENDING_MAX: usize = 65_536;

/// What came of a question.
#[derive(Debug)]
pub enum Told {
    /// This.
    Done(Bytes),
    /// The other node refused.
    Refused(Refusal),
    /// What it is about is not there; nothing was done.
    Missing,
    /// It was not asked; nothing was done.
    Unsent,
    /// Nobody answered; it may have been done.
    Lost,
}

impl Told {
    /// What an answer tells.
    pub(super) fn of(answer: Answer) -> Self {
        match answer {
            Answer::Done(bytes) => Self::Done(bytes),
            Answer::Refused(refused) => Self::Refused(convert::refusal(refused)),
            Answer::Missing => Self::Missing,
        }
    }
}

type Take = Box<dyn FnOnce(Told) + Send>;

/// The questions that wait.
#[derive(Default)]
pub(super) struct Pending(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u64,
    waiting: HashMap<u64, (NodeId, Duration, Take)>,
    by_due: BTreeSet<(Duration, u64)>,
}

impl Pending {
    /// Awaits the answer of a node until a time by the monotonic clock. Gives the question's number, or what was to be
    /// told when too many wait.
    pub(super) fn put<F: FnOnce(Told) + Send + 'static>(
        &self,
        node: NodeId,
        due: Duration,
        take: F,
    ) -> Result<u64, F> {
        let mut table = self.locked();
        if table.waiting.len() >= PENDING_MAX {
            return Err(take);
        }
        table.last = table.last.saturating_add(1);
        let number = table.last;
        table.waiting.insert(number, (node, due, Box::new(take)));
        table.by_due.insert((due, number));
        Ok(number)
    }

    /// A node answered. An answer to a question that it was not asked, or no more, is no news.
    pub(super) fn settle(&self, node: NodeId, number: u64, told: Told) {
        let take = {
            let mut table = self.locked();
            let is_its = table
                .waiting
                .get(&number)
                .is_some_and(|(asked, ..)| *asked == node);
            is_its.then(|| table.take(number)).flatten()
        };
        if let Some(take) = take {
            take(told);
        }
    }

    /// A node is gone: its answers will not come.
    pub(super) fn lose(&self, node: NodeId) {
        let lost: Vec<Take> = {
            let mut table = self.locked();
            let mut numbers: Vec<u64> = table
                .waiting
                .iter()
                .filter(|(_, (asked, ..))| *asked == node)
                .map(|(number, _)| *number)
                .collect();
            // In the order in which they were asked.
            numbers.sort_unstable();
            numbers
                .into_iter()
                .filter_map(|number| table.take(number))
                .collect()
        };
        lost.into_iter().for_each(|take| take(Told::Lost));
    }

    /// Gives up on what is overdue.
    pub(super) fn expire(&self, now: Duration) {
        let lost: Vec<Take> = {
            let mut table = self.locked();
            let due: Vec<u64> = table
                .by_due
                .iter()
                .take_while(|(due, _)| *due <= now)
                .map(|(_, number)| *number)
                .collect();
            due.into_iter().filter_map(|number| table.take(number)).collect()
        };
        lost.into_iter().for_each(|take| take(Told::Lost));
    }

    fn locked(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take(&mut self, number: u64) -> Option<Take> {
        let (_, due, take) = self.waiting.remove(&number)?;
        self.by_due.remove(&(due, number));
        Some(take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use uuid::Uuid;

    #[test]
    fn each_question_is_settled_once() {
        let (pending, (told, heard)) = (Pending::default(), mpsc::channel());
        let [one, two] = [1, 2].map(|n| NodeId(Uuid::from_u128(n)));
        let ask = |node, due| {
            let told = told.clone();
            pending
                .put(node, Duration::from_secs(due), move |said| {
                    told.send(format!("{said:?}")).unwrap()
                })
                .unwrap_or_default()
        };
        let numbers = [ask(one, 1), ask(one, 2), ask(two, 3), ask(two, 1)];
        assert_eq!(numbers, [1, 2, 3, 4]);
        pending.settle(two, 1, Told::Missing);
        assert!(heard.try_recv().is_err(), "it was not asked that");
        pending.settle(one, 1, Told::Done(Bytes::new()));
        pending.settle(one, 1, Told::Missing);
        pending.expire(Duration::from_secs(1));
        pending.lose(one);
        pending.settle(two, 3, Told::Refused(Refusal::busy()));
        pending.lose(two);
        drop(told);
        let all: Vec<String> = heard.iter().collect();
        assert_eq!(all.len(), 4);
        assert_eq!(
            (all[0].as_str(), &all[1..3]),
            ("Done(b\"\")", ["Lost".to_owned(), "Lost".to_owned()].as_slice())
        );
        assert!(all[3].contains("Busy"));
    }
}
