//! Channels, without sockets.

use super::*;
use crate::base::limit::{CHANNEL_HISTORY_MAX, CHANNEL_HISTORY_MAX_BYTES, CHANNEL_HISTORY_MS};
use crate::base::time::TickRate;
use crate::config::{Bucket, Limits};
use crate::domain::refusal::Code;
use crate::domain::region::World;
use bytes::Bytes;

const ROOM: &str = "public.room";
/// More than any test needs that is not about it.
const PLENTY_BYTES: usize = 64 * 1024 * 1024;

struct Stage {
    channels: Channels,
    directory: Directory,
    clock: Clock,
}

impl Stage {
    fn new() -> Self {
        Self::with_room(PLENTY_BYTES)
    }

    fn with_room(histories_max_bytes: usize) -> Self {
        let rate = TickRate {
            epoch: Timestamp(0),
            tick_ms: 100,
        };
        let directory = Directory::new(World {
            rate,
            seed: 0,
            regions: Vec::new(),
            shards: Vec::new(),
        });
        Self {
            channels: Channels::new("e".to_owned(), histories_max_bytes, ChannelSettings::default()),
            directory,
            clock: Clock::manual(1_700_000_000_000),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_ms())
    }

    fn publish(&self, size: usize) -> u64 {
        self.publish_to(ROOM, size)
    }

    fn publish_to(&self, channel: &str, size: usize) -> u64 {
        let draft = Draft {
            data: Bytes::from(vec![b'1'; size]),
            publisher: None,
            key: String::new(),
            is_kept: true,
        };
        self.channels
            .publish(&self.place(channel), draft, &self.clock)
            .unwrap()
            .unwrap()
            .top
    }

    fn come(&self, since: Option<(&str, u64)>, must_recover: bool) -> Option<Position> {
        self.come_to(ROOM, since, must_recover)
    }

    fn come_to(&self, channel: &str, since: Option<(&str, u64)>, must_recover: bool) -> Option<Position> {
        let info = ClientInfo {
            client: "c".to_owned(),
            ..ClientInfo::default()
        };
        let since = since.map(|(epoch, offset)| StreamPosition {
            offset,
            epoch: epoch.to_owned(),
        });
        self.channels
            .come(
                &self.place(channel),
                Comer {
                    info: Some(info),
                    guest: None,
                },
                since.as_ref(),
                must_recover,
                self.now(),
            )
            .unwrap()
    }

    fn place<'a>(&'a self, name: &'a str) -> Place<'a> {
        Place {
            directory: &self.directory,
            name,
            home: None,
        }
    }

    fn go(&self) {
        self.channels.go(&self.directory, ROOM, "c");
    }

    /// How much of the room's history is kept: publications, and bytes of the node's memory.
    fn kept(&self) -> Option<(usize, usize)> {
        let kept = self.channels.history(ROOM, self.now()).kept.len();
        let weight = self.channels.table.look(ROOM, |channel| channel.stream.weight());
        weight.map(|weight| (kept, weight))
    }
}

#[test]
fn questions_make_no_channel() {
    let stage = Stage::new();
    let history = stage.channels.history(ROOM, stage.now());
    assert_eq!((history.top, history.kept.len()), (0, 0));
    assert!(stage.channels.presence(ROOM).is_empty());
    assert!(
        stage.come(Some(("another", 4)), true).is_none(),
        "refused, so not there either"
    );
    assert!(stage.channels.table.len() == 0);
    stage.come(None, false).unwrap();
    assert_eq!(
        (stage.channels.table.len(), stage.channels.presence(ROOM).len()),
        (1, 1)
    );
    stage.go();
    assert!(stage.channels.table.len() == 0);
}

#[test]
fn a_channel_that_was_forgotten_comes_back_as_another_stream() {
    let stage = Stage::new();
    let first = stage.come(None, false).unwrap();
    assert_eq!(stage.publish(1), 1);
    stage.go();
    stage.channels.sweep(&stage.clock);
    let again = stage.come(Some((&first.epoch, 0)), false).unwrap();
    assert_eq!(
        (again.top, again.missed.map(|missed| missed.len())),
        (1, Some(1)),
        "not old yet"
    );
    stage.go();
    stage
        .clock
        .advance(u64::try_from(CHANNEL_HISTORY_MS).unwrap() + 1);
    stage.channels.sweep(&stage.clock);
    assert!(stage.channels.table.len() == 0);
    let other = stage.come(Some((&first.epoch, 0)), false).unwrap();
    assert_eq!((other.top, other.missed.is_none()), (0, true));
    assert_ne!(other.epoch, first.epoch);
    assert_eq!(stage.channels.history(ROOM, stage.now()).epoch, other.epoch);
}

#[test]
fn a_channel_with_somebody_on_it_loses_what_is_old_and_keeps_its_place() {
    let stage = Stage::new();
    let first = stage.come(None, false).unwrap();
    stage.publish(10);
    stage
        .clock
        .advance(u64::try_from(CHANNEL_HISTORY_MS).unwrap() + 1);
    stage.channels.sweep(&stage.clock);
    assert_eq!((stage.kept(), stage.channels.budget.bytes()), (Some((0, 0)), 0));
    assert_eq!(stage.publish(10), 2);
    let history = stage.channels.history(ROOM, stage.now());
    assert_eq!(
        (history.epoch, history.top, history.kept.len()),
        (first.epoch, 2, 1)
    );
}

#[test]
fn a_history_has_bounded_entries_and_bytes_and_the_oldest_go_first() {
    let stage = Stage::new();
    let count = CHANNEL_HISTORY_MAX_BYTES / 16_000 + 3;
    (0..count).for_each(|_| {
        stage.publish(16_000);
    });
    let kept = stage.channels.history(ROOM, stage.now()).kept;
    let bytes: usize = kept.iter().map(Kept::bytes).sum();
    assert!(bytes <= CHANNEL_HISTORY_MAX_BYTES && bytes + 16_000 > CHANNEL_HISTORY_MAX_BYTES);
    assert_eq!(kept.last().map(|kept| kept.offset), u64::try_from(count).ok());
    (0..CHANNEL_HISTORY_MAX + 5).for_each(|_| {
        stage.publish(1);
    });
    let (kept, weight) = stage.kept().unwrap();
    assert_eq!(kept, CHANNEL_HISTORY_MAX);
    assert!(weight > CHANNEL_HISTORY_MAX && weight < CHANNEL_HISTORY_MAX_BYTES);
    assert_eq!(weight, stage.channels.budget.bytes());
}

#[test]
fn publications_of_a_user_are_counted_over_all_sockets_until_it_rests() {
    let stage = Stage::new();
    let limits = Limits::default();
    let quota = limits.quota(Bucket::Publishes).unwrap();
    let publishers = &stage.channels.publishers;
    let count = |user: &str| publishers.count_here(user, &stage.clock, quota);
    for _ in 0..limits.publishes_burst {
        count("alice").unwrap();
    }
    assert_eq!(count("alice").unwrap_err().code, Code::RateLimited);
    count("bob").unwrap();
    stage.channels.sweep(&stage.clock);
    assert_eq!(stage.channels.publishers.len(), 2);
    stage.clock.advance(60_000);
    stage.channels.sweep(&stage.clock);
    assert!(stage.channels.publishers.len() == 0);
    count("alice").unwrap();
}

#[test]
fn history_that_was_idle_the_longest_goes_when_all_weigh_too_much() {
    let stage = Stage::with_room(100_000);
    let first = stage.come(None, false).unwrap();
    for _ in 0..3 {
        stage.publish(10_000);
    }
    let far = stage.come_to("public.far", None, false).unwrap();
    for _ in 0..6 {
        stage.publish_to("public.far", 10_000);
    }
    assert_eq!(stage.kept().map(|(kept, _)| kept), Some(3), "all of it fits");
    stage.publish_to("public.far", 10_000);
    assert_eq!(stage.kept(), Some((0, 0)));
    assert!((70_000..=100_000).contains(&stage.channels.budget.bytes()));
    // Whoever has all of it has missed nothing; whoever has not is told so, and never something else.
    assert!(stage.come(Some((&first.epoch, 2)), true).is_none());
    let gap = stage.come(Some((&first.epoch, 2)), false).unwrap();
    assert_eq!(
        (gap.epoch.as_str(), gap.top, gap.missed.is_none()),
        (first.epoch.as_str(), 3, true)
    );
    let whole = stage.come(Some((&first.epoch, 3)), true).unwrap();
    assert_eq!(whole.missed.map(|missed| missed.len()), Some(0));
    let other = stage.come_to("public.far", Some((&far.epoch, 5)), true).unwrap();
    assert_eq!(other.missed.map(|missed| missed.len()), Some(2));
    // It goes on where it was.
    assert_eq!(stage.publish(10), 4);
    let next = stage.come(Some((&first.epoch, 3)), true).unwrap();
    let offsets: Vec<u64> = next.missed.unwrap().iter().map(|kept| kept.offset).collect();
    assert_eq!(offsets, [4]);
}

#[test]
fn evicted_history_that_nobody_is_on_comes_back_as_another_stream() {
    let stage = Stage::with_room(20_000);
    let first = stage.come(None, false).unwrap();
    stage.publish(10_000);
    stage.go();
    stage.publish_to("public.far", 15_000);
    stage.channels.sweep(&stage.clock);
    assert_eq!(stage.channels.table.len(), 1);
    let other = stage.come(Some((&first.epoch, 0)), false).unwrap();
    assert_eq!((other.top, other.missed.is_none()), (0, true));
    assert_ne!(other.epoch, first.epoch);
}

#[test]
fn many_threads_that_publish_stay_within_the_room_of_all_histories() {
    let stage = Stage::with_room(50_000);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let stage = &stage;
            scope.spawn(move || {
                for number in 0..200 {
                    stage.publish_to(&format!("public.{}", (number * 7 + thread) % 20), 1_000);
                }
            });
        }
    });
    let names = (0..20).map(|number| format!("public.{number}"));
    let weights = names.filter_map(|name| {
        stage
            .channels
            .table
            .look(&name, |channel| channel.stream.weight())
    });
    let sum: usize = weights.sum();
    assert_eq!(sum, stage.channels.budget.bytes());
    assert!(sum > 0 && sum <= 50_000, "{sum}");
}
