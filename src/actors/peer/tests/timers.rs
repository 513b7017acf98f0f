//! Timers of nodes that share a world: whichever node leads one, whoever listens hears each tick once.

use super::socket::TestSocket;
use super::stage::{run, subscribe};
use crate::actors::channels::Timers;
use crate::actors::test_node::{TestNode, wait_until};
use serde_json::Value;
use std::cell::RefCell;
use std::time::Duration;

const SECOND: &str = "system.timer.second";

/// Two nodes with their timers, and a socket on each.
struct Stage<'a> {
    nodes: [&'a TestNode; 2],
    timers: [Timers; 2],
    sockets: [TestSocket; 2],
}

impl<'a> Stage<'a> {
    async fn new(first: &'a TestNode, second: &'a TestNode) -> Self {
        let nodes = [first, second];
        let stage = Self {
            nodes,
            timers: Default::default(),
            sockets: nodes.map(|node| TestSocket::open(node, None)),
        };
        stage.subscribe(SECOND).await;
        stage
    }

    async fn subscribe(&self, name: &str) {
        for (node, socket) in self.nodes.into_iter().zip(&self.sockets) {
            subscribe(node, socket, name, None).await.unwrap();
        }
    }

    /// Lets time pass, and both nodes look at it several times a second.
    fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 100 {
            self.nodes[0].clock.advance(100);
            self.look();
        }
    }

    fn look(&mut self) {
        for _ in 0..2 {
            for (node, timers) in self.nodes.iter().zip(&mut self.timers) {
                timers.look(node.node());
            }
        }
    }

    /// The ticks that each socket has heard, when the last of them is this: the seconds in which they were due.
    async fn heard(&self, last: i64) -> [Vec<i64>; 2] {
        let all: RefCell<[Vec<i64>; 2]> = RefCell::default();
        wait_until("the last tick", || async {
            let mut all = all.borrow_mut();
            for (socket, heard) in self.sockets.iter().zip(all.iter_mut()) {
                let ticks = socket.pushes().into_iter();
                let ticks = ticks.filter(|push| !push["pub"].is_null());
                heard.extend(ticks.map(|push| due(&push["pub"]["data"])));
            }
            all.iter().all(|heard| heard.last() == Some(&last))
        })
        .await;
        all.into_inner()
    }

    /// The second of now.
    fn now(&self) -> i64 {
        self.nodes[0].node().now().0 / 1_000
    }
}

/// The second in which a tick was due; checks what it is wrapped in.
fn due(data: &Value) -> i64 {
    assert_eq!(data["_claw"]["sender"], "system", "{data}");
    assert!(data["_claw"]["timestamp"].is_i64(), "{data}");
    assert_eq!(data["payload"]["event"], "second", "{data}");
    data["payload"]["unix"].as_i64().unwrap() / 1_000
}

#[test]
fn every_second_is_heard_once_on_both_nodes_and_also_after_its_home_has_moved() {
    run(async |first, second| {
        let mut stage = Stage::new(&first, &second).await;
        let start = stage.now();
        stage.look();
        stage.pass(Duration::from_secs(10));
        // Nothing at the start, nor in the second after it, in which another node may have told them.
        let expected: Vec<i64> = (start + 2..=start + 10).collect();
        assert_eq!(stage.heard(start + 10).await, [expected.clone(), expected]);
        let home = first.node().channels.chart().home(SECOND).unwrap();
        let (from, to) = if home.node == first.node().id {
            (&first, &second)
        } else {
            (&second, &first)
        };
        to.take_shard(from, home.shard).await;
        wait_until("both know its new home", || async {
            let homes = [&first, &second].map(|node| node.node().channels.chart().home(SECOND));
            let is_new = |home: &crate::actors::channels::Home| home.node == to.node().id;
            homes[0] == homes[1] && homes[0].as_ref().is_some_and(is_new)
        })
        .await;
        for socket in &stage.sockets {
            wait_until("the channel is lost", || async {
                !socket.lost_channels().is_empty()
            })
            .await;
        }
        stage.subscribe(SECOND).await;
        stage.look();
        let moved = stage.now();
        assert_eq!(moved, start + 10, "in the very second that was told");
        stage.pass(Duration::from_secs(5));
        let expected: Vec<i64> = (moved + 2..=moved + 5).collect();
        assert_eq!(stage.heard(moved + 5).await, [expected.clone(), expected]);
    });
}

#[test]
fn a_clock_that_is_set_gives_no_burst_and_one_that_is_set_back_goes_on() {
    run(async |first, second| {
        let mut stage = Stage::new(&first, &second).await;
        stage.look();
        stage.pass(Duration::from_secs(2));
        let before = stage.now();
        assert_eq!(stage.heard(before).await[0].len(), 1);
        first.clock.set_by(3_600_000);
        stage.look();
        let after = stage.now();
        assert_eq!(after, before + 3_600);
        assert_eq!(stage.heard(after).await, [vec![after], vec![after]]);
        first.clock.set_by(-3_600_000);
        stage.look();
        stage.pass(Duration::from_secs(1));
        assert_eq!(stage.heard(after + 1).await, [vec![after + 1], vec![after + 1]]);
    });
}
