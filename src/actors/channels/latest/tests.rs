//! What is sent at once, what waits and what is left out.

use super::*;
use crate::config::{NamespaceSettings, Period};
use bytes::Bytes;
use std::cell::RefCell;

const ROOM: &str = "public.room";

struct Stage {
    latest: Latest,
    sent: RefCell<Vec<String>>,
}

impl Stage {
    fn new() -> Self {
        let settings = ChannelSettings {
            public: NamespaceSettings {
                latest_only: Some(Period::from_ms(100)),
            },
            ..ChannelSettings::default()
        };
        Self {
            latest: Latest::new(settings),
            sent: RefCell::default(),
        }
    }

    fn offer(&self, now_ms: i64, key: &str, data: &str) {
        let publication = Publication::new(ROOM.into(), Bytes::copy_from_slice(data.as_bytes()));
        let offer = Offer {
            home: None,
            key,
            interval_ms: self.latest.interval_ms(ROOM).unwrap(),
            now_ms,
            publication: &publication,
        };
        self.latest.offer(&offer, |publication| self.send(publication));
    }

    fn flush(&self, now_ms: i64) {
        for (name, _) in self.latest.due(now_ms) {
            self.latest
                .flush(&name, now_ms, |publication| self.send(publication));
        }
    }

    fn send(&self, publication: &Publication) {
        let data = String::from_utf8(publication.data.to_vec()).unwrap();
        self.sent.borrow_mut().push(data);
    }

    /// What was sent since this was last asked.
    fn sent(&self) -> Vec<String> {
        self.sent.take()
    }

    fn len(&self) -> (usize, usize) {
        let waiting = self.latest.lock();
        let keys = waiting.channels.values().map(|keys| keys.by_key.len());
        assert_eq!(keys.sum::<usize>(), waiting.due.len());
        (waiting.channels.len(), waiting.due.len())
    }
}

#[test]
fn the_first_goes_at_once_and_of_the_others_the_newest_when_the_interval_ends() {
    let stage = Stage::new();
    for (at, data) in [(0, "1"), (10, "2"), (99, "3")] {
        stage.offer(at, "a", data);
    }
    assert_eq!(
        (stage.sent(), stage.latest.next_ms()),
        (vec!["1".to_owned()], Some(100))
    );
    stage.flush(99);
    assert!(stage.sent().is_empty());
    stage.flush(100);
    assert_eq!(
        (stage.sent(), stage.latest.next_ms()),
        (vec!["3".to_owned()], Some(200))
    );
    stage.offer(150, "a", "4");
    stage.flush(199);
    assert!(stage.sent().is_empty(), "what was sent begins an interval");
    stage.flush(205);
    assert_eq!(stage.sent(), ["4"]);
    stage.flush(305);
    assert_eq!(
        (stage.sent().len(), stage.len()),
        (0, (0, 0)),
        "nothing is kept of it"
    );
    stage.offer(306, "a", "5");
    assert_eq!(stage.sent(), ["5"]);
}

#[test]
fn keys_have_intervals_of_their_own() {
    let stage = Stage::new();
    for (at, key, data) in [
        (0, "a", "a1"),
        (50, "b", "b1"),
        (60, "a", "a2"),
        (70, "b", "b2"),
        (80, "b", "b3"),
    ] {
        stage.offer(at, key, data);
    }
    assert_eq!(stage.sent(), ["a1", "b1"]);
    stage.flush(100);
    assert_eq!(stage.sent(), ["a2"]);
    stage.flush(150);
    assert_eq!(stage.sent(), ["b3"]);
}

#[test]
fn an_interval_that_nobody_ended_yet_is_over_all_the_same() {
    let stage = Stage::new();
    stage.offer(0, "a", "1");
    stage.offer(50, "a", "2");
    stage.offer(120, "a", "3");
    assert_eq!(stage.sent(), ["1", "3"], "the second is old news");
    stage.flush(219);
    assert!(stage.sent().is_empty());
    stage.flush(220);
    assert_eq!((stage.sent().len(), stage.len()), (0, (0, 0)));
}

#[test]
fn keys_are_bounded_and_those_past_the_bound_are_sent_at_once() {
    let stage = Stage::new();
    for number in 0..CHANNEL_KEYS_MAX + 2 {
        stage.offer(0, &number.to_string(), "1");
        stage.offer(1, &number.to_string(), "2");
    }
    assert_eq!(stage.len(), (1, CHANNEL_KEYS_MAX));
    assert_eq!(stage.sent().len(), CHANNEL_KEYS_MAX + 4);
    stage.flush(100);
    assert_eq!(stage.sent().len(), CHANNEL_KEYS_MAX, "the newest of each key");
    stage.latest.forget(ROOM);
    assert_eq!((stage.len(), stage.latest.next_ms()), ((0, 0), None));
}

#[test]
fn what_waits_at_a_home_that_is_none_any_more_is_never_sent() {
    let stage = Stage::new();
    stage.offer(0, "a", "1");
    stage.offer(1, "a", "2");
    let publication = Publication::new(ROOM.into(), Bytes::from_static(b"3"));
    let home = Some(Home {
        shard: crate::base::id::ShardId(1),
        node: crate::base::id::NodeId(uuid::Uuid::nil()),
        epoch: 2,
    });
    let offer = Offer {
        home,
        key: "a",
        interval_ms: 100,
        now_ms: 2,
        publication: &publication,
    };
    stage.latest.offer(&offer, |publication| stage.send(publication));
    assert_eq!(stage.sent(), ["1", "3"]);
    stage.latest.keep(&Chart::default());
    assert_eq!(stage.len(), (0, 0));
    stage.flush(1_000);
    assert!(stage.sent().is_empty());
}
