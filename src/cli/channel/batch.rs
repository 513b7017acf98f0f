//! Which events wait for a command, and when they are handed to it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::hearing::Event;

/// Most events that wait.
pub const WAITING_MAX: usize = 1_024;

/// When events are handed over together; one at a time without both.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rule {
    /// As soon as there are so many.
    pub count: Option<usize>,
    /// When the first has waited so long.
    pub patience: Option<Duration>,
}

/// Events that wait.
#[derive(Debug)]
pub struct Batch {
    rule: Rule,
    /// With when each came, by the clock's monotonic time.
    waiting: VecDeque<(Duration, Event)>,
}

#[derive(Serialize)]
struct Together<'a> {
    batch: bool,
    count: usize,
    messages: Vec<&'a Event>,
    timestamp: i64,
}

impl Batch {
    /// Nothing waits yet.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            waiting: VecDeque::new(),
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds an event; whether the oldest was dropped for it.
    pub fn push(&mut self, event: Event, now: Duration) -> bool {
        let is_full = self.waiting.len() >= WAITING_MAX;
        if is_full {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now, event));
        is_full
    }

    /// How long until something is to be handed over; none when nothing is, however long one waits.
    pub fn due_in(&self, now: Duration) -> Option<Duration> {
        let (first, _event) = self.waiting.front()?;
        let is_single = self.rule.count.is_none() && self.rule.patience.is_none();
        let is_full = self.rule.count.is_some_and(|count| self.waiting.len() >= count);
        if is_single || is_full {
            return Some(Duration::ZERO);
        }
        let due = self.rule.patience.map(|patience| first.saturating_add(patience));
        due.map(|due| due.saturating_sub(now))
    }

    /// Takes what is handed over next, as JSON. Errors: it cannot be written as JSON.
    pub fn take(&mut self, now_ms: i64) -> serde_json::Result<Option<String>> {
        if self.rule.count.is_none() && self.rule.patience.is_none() {
            let one = self.waiting.pop_front();
            return one.map(|(_, event)| serde_json::to_string(&event)).transpose();
        }
        let count = self.rule.count.unwrap_or(WAITING_MAX).min(self.waiting.len());
        if count == 0 {
            return Ok(None);
        }
        let taken: Vec<(Duration, Event)> = self.waiting.drain(..count).collect();
        serde_json::to_string(&Together {
            batch: true,
            count,
            messages: taken.iter().map(|(_, event)| event).collect(),
            timestamp: now_ms,
        })
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn event(number: usize) -> Event {
        Event {
            channel: "public.a".to_owned(),
            sender: None,
            payload: RawValue::from_string(number.to_string()).unwrap(),
            timestamp: 0,
        }
    }

    fn batch(count: Option<usize>, patience_ms: Option<u64>) -> Batch {
        let patience = patience_ms.map(Duration::from_millis);
        Batch::new(Rule { count, patience })
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn payloads(batch: &mut Batch) -> Vec<u64> {
        let text = batch.take(9).unwrap().unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let messages = value["messages"].as_array().unwrap();
        assert_eq!(
            (&value["batch"], &value["count"], &value["timestamp"]),
            (&true.into(), &messages.len().into(), &9.into())
        );
        messages
            .iter()
            .filter_map(|message| message["payload"].as_u64())
            .collect()
    }

    #[test]
    fn one_at_a_time_is_due_at_once() {
        let mut batch = batch(None, None);
        assert_eq!((batch.due_in(ms(0)), batch.take(9).unwrap()), (None, None));
        batch.push(event(1), ms(5));
        assert_eq!(batch.due_in(ms(5)), Some(Duration::ZERO));
        let expected = r#"{"channel":"public.a","sender":null,"payload":1,"timestamp":0}"#;
        assert_eq!(batch.take(9).unwrap().unwrap(), expected);
    }

    #[test]
    fn a_count_or_the_patience_of_the_first_makes_a_batch() {
        let mut batch = batch(Some(2), Some(100));
        batch.push(event(1), ms(10));
        assert_eq!(batch.due_in(ms(60)), Some(ms(50)));
        batch.push(event(2), ms(60));
        batch.push(event(3), ms(70));
        assert_eq!(batch.due_in(ms(70)), Some(Duration::ZERO));
        assert_eq!(payloads(&mut batch), [1, 2]);
        assert_eq!(batch.due_in(ms(80)), Some(ms(90)), "the third waits since 70");
        assert_eq!(payloads(&mut batch), [3]);
        let mut batch = self::batch(Some(2), None);
        batch.push(event(1), ms(0));
        assert_eq!(batch.due_in(ms(1_000_000)), None);
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut batch = batch(None, Some(1));
        let dropped = (0..WAITING_MAX + 2)
            .filter(|number| batch.push(event(*number), ms(0)))
            .count();
        assert_eq!((dropped, batch.len()), (2, WAITING_MAX));
        assert_eq!(payloads(&mut batch).first(), Some(&2));
    }
}
