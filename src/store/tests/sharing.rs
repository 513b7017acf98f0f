//! Several nodes share the shards of a world.

use super::*;
use crate::base::id::ShardId;
use crate::store::region::Created;

/// Long enough for a slow machine. Units: milliseconds.
const TTL_MS: i64 = 600_000;

/// Nodes that are there, and a world of so many shards that nobody holds.
fn shared(target: &Target, nodes: usize, shards: usize) -> (Stage, Vec<NodeId>) {
    let mut stage = Stage::new(target, &[]);
    stage.store.release_leases(stage.lease.owner, stage.now).unwrap();
    for n in 1..shards {
        let mut plan = plan(&format!("garden-{n}"));
        plan.objects = Vec::new();
        stage.store.create_region(&plan, stage.now).unwrap();
    }
    let mut ids: Vec<NodeId> = (0..nodes).map(|_| NodeId(fresh_id())).collect();
    ids.sort_unstable();
    for (n, id) in ids.iter().enumerate() {
        let name = format!("node-{n}");
        stage
            .store
            .register_node(*id, &name, "127.0.0.1:0", "0.1.0", stage.now)
            .unwrap();
    }
    (stage, ids)
}

fn turn_of(stage: &mut Stage, node: NodeId, how: Claiming) -> Turn {
    stage.store.keep_leases(node, TTL_MS, how, stage.now).unwrap()
}

/// How many shards each of the nodes holds after a turn of this one.
fn counts(stage: &mut Stage, node: NodeId, nodes: &[NodeId]) -> Vec<usize> {
    let turn = turn_of(stage, node, Claiming::Shared);
    nodes.iter().map(|node| turn.of(*node).count()).collect()
}

/// Nobody hears of a node any more, and its leases run out.
fn die(target: &Target, node: NodeId) {
    let id = match target {
        Target::Postgres(_) => format!("'{node}'"),
        _ => format!("x'{}'", node.0.simple()),
    };
    tamper(
        target,
        &format!(
            "UPDATE shard SET lease_until = 1 WHERE owner = {id}; UPDATE node SET seen_at = seen_at - {TTL_MS} WHERE id = {id}"
        ),
    );
}

#[test]
fn each_node_takes_its_share_and_of_a_dead_one_what_it_lacks() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 3, 7);
        let [first, second, third] = nodes[..] else {
            panic!("three")
        };
        assert_eq!(counts(&mut stage, first, &nodes), [3, 0, 0]);
        assert_eq!(counts(&mut stage, second, &nodes), [3, 3, 0]);
        assert_eq!(counts(&mut stage, third, &nodes), [3, 3, 1]);
        assert_eq!(counts(&mut stage, first, &nodes), [3, 3, 1]);
        let turn = turn_of(&mut stage, third, Claiming::Shared);
        assert_eq!((turn.nodes, turn.leaving), (nodes.clone(), vec![]));
        die(target, first);
        assert_eq!(counts(&mut stage, second, &nodes), [0, 4, 1]);
        assert_eq!(counts(&mut stage, third, &nodes), [0, 4, 3]);
        let turn = turn_of(&mut stage, second, Claiming::Shared);
        assert_eq!(turn.nodes, [second, third]);
        // It was paused, and is back: there is nothing to have, and it is there again.
        assert_eq!(counts(&mut stage, first, &nodes), [0, 4, 3]);
        assert_eq!(turn_of(&mut stage, second, Claiming::Shared).nodes, nodes);
        stage.assert_sound();
    });
}

#[test]
fn of_many_nodes_that_share_at_once_each_shard_has_one() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 4, 10);
        let now = stage.now;
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(move || {
                    let mut store = Store::open(target).unwrap();
                    // What another has locked for a moment is had in the next turn.
                    for _ in 0..10 {
                        store.keep_leases(*node, TTL_MS, Claiming::Shared, now).unwrap();
                    }
                });
            }
        });
        let mut counts = counts(&mut stage, nodes[0], &nodes);
        assert!(counts.iter().all(|count| *count <= 3), "{counts:?}");
        for node in &nodes {
            turn_of(&mut stage, *node, Claiming::Shared);
        }
        counts = super::sharing::counts(&mut stage, nodes[0], &nodes);
        assert_eq!(counts.iter().sum::<usize>(), 10);
        let holdings = stage.store.holdings(now).unwrap();
        assert!(
            holdings
                .iter()
                .all(|held| held.epoch == 1 || held.shard == stage.lease.shard)
        );
        stage.assert_sound();
    });
}

#[test]
fn a_shard_that_is_given_back_for_a_node_waits_for_that_one() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 3, 3);
        let [first, second, third] = nodes[..] else {
            panic!("three")
        };
        for node in &nodes {
            turn_of(&mut stage, *node, Claiming::Shared);
        }
        let give = |stage: &mut Stage, from: NodeId, to: NodeId| {
            let turn = turn_of(stage, from, Claiming::None);
            let lease = turn.of(from).next().unwrap().lease_of(from).unwrap();
            assert!(stage.store.release_shard(lease, Some(to), stage.now).unwrap());
            assert!(!stage.store.release_shard(lease, Some(to), stage.now).unwrap());
            lease
        };
        let given = give(&mut stage, first, second);
        let holder = |turn: Turn| {
            let held = turn.holdings.iter().find(|held| held.shard == given.shard);
            held.map(|held| (held.owner, held.epoch - given.epoch, held.wish))
                .unwrap()
        };
        for node in [first, third] {
            let turn = turn_of(&mut stage, node, Claiming::Shared);
            assert_eq!(holder(turn), (None, 0, Some(second)));
        }
        // Although it has its share.
        let turn = turn_of(&mut stage, second, Claiming::Shared);
        assert_eq!(holder(turn), (Some(second), 1, None));
        let old = Lease {
            owner: second,
            ..given
        };
        assert!(
            !stage.store.release_shard(old, Some(first), stage.now).unwrap(),
            "an old epoch"
        );

        // One that comes too late, and one that is gone.
        give(&mut stage, third, second);
        tamper(
            target,
            &format!("UPDATE shard SET lease_until = lease_until - {TTL_MS} / 3 WHERE owner IS NULL"),
        );
        assert_eq!(counts(&mut stage, third, &nodes), [0, 2, 1]);
        give(&mut stage, third, first);
        die(target, first);
        assert_eq!(counts(&mut stage, third, &nodes), [0, 2, 1]);
        stage.assert_sound();
    });
}

#[test]
fn a_wish_is_for_a_shard_that_is_and_a_node_that_takes_some() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 3, 2);
        let (now, shard) = (stage.now, stage.lease.shard);
        let mut wish = |shard, node| stage.store.wish_shard(shard, node, TTL_MS, now).unwrap();
        assert_eq!(wish(ShardId(99), nodes[1]), Wished::NoShard);
        assert_eq!(wish(shard, NodeId(fresh_id())), Wished::NoNode);
        assert_eq!(wish(shard, nodes[1]), Wished::Done);
        assert!(stage.store.set_node_state(nodes[2], NodeState::Draining).unwrap());
        assert!(
            !stage
                .store
                .set_node_state(NodeId(fresh_id()), NodeState::Draining)
                .unwrap()
        );
        assert!(
            !stage
                .store
                .set_node_state(stage.lease.owner, NodeState::Draining)
                .unwrap(),
            "gone"
        );
        let refused = stage.store.wish_shard(shard, nodes[2], TTL_MS, now).unwrap();
        assert_eq!(refused, Wished::NoNode);
        // The draining one claims nothing, and nobody counts it.
        let turn = turn_of(&mut stage, nodes[2], Claiming::Shared);
        assert_eq!((turn.nodes, turn.leaving), (nodes[..2].to_vec(), vec![nodes[2]]));
        assert!(turn.holdings.iter().all(|held| held.owner.is_none()));
        assert_eq!(counts(&mut stage, nodes[0], &nodes), [1, 0, 0]);
        assert_eq!(counts(&mut stage, nodes[1], &nodes), [1, 1, 0]);
        let held = stage.store.holdings(now).unwrap();
        assert_eq!(held[0].owner, Some(nodes[1]), "as wished");
        stage.assert_sound();
    });
}

#[test]
fn who_gives_the_whole_world_away_takes_nothing_of_it_back() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 3, 3);
        let [first, second, third] = nodes[..] else {
            panic!("three")
        };
        let alone = |stage: &mut Stage, node| {
            let turn = turn_of(stage, node, Claiming::Alone);
            nodes
                .iter()
                .map(|node| turn.of(*node).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(alone(&mut stage, first), [3, 0, 0]);
        let holdings = stage.store.holdings(stage.now).unwrap();
        for (n, held) in holdings.iter().enumerate() {
            let lease = held.lease_of(first).unwrap();
            assert!(stage.store.release_shard(lease, Some(second), stage.now).unwrap());
            let left = 2 - n;
            assert_eq!(alone(&mut stage, first), [left, 0, 0]);
            assert_eq!(alone(&mut stage, third), [left, 0, 0]);
            if left > 0 {
                assert_eq!(alone(&mut stage, second), [left, 0, 0]);
            }
        }
        assert_eq!(alone(&mut stage, second), [0, 3, 0]);
        // The next one that should take over does not come.
        for held in stage.store.holdings(stage.now).unwrap() {
            let lease = held.lease_of(second).unwrap();
            assert!(stage.store.release_shard(lease, Some(third), stage.now).unwrap());
        }
        assert_eq!(alone(&mut stage, first), [0, 0, 0]);
        tamper(
            target,
            &format!("UPDATE shard SET lease_until = lease_until - {TTL_MS} / 3"),
        );
        assert_eq!(alone(&mut stage, first), [3, 0, 0]);
        stage.assert_sound();
    });
}

#[test]
fn who_shares_the_world_may_add_to_it() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 2, 2);
        for node in &nodes {
            turn_of(&mut stage, *node, Claiming::Shared);
        }
        let mut open = |name: &str, how| {
            let mut plan = plan(name);
            (plan.shards, plan.objects) = (2, Vec::new());
            stage
                .store
                .open_region(&plan, nodes[1], (TTL_MS, how), stage.now)
                .unwrap()
        };
        assert_eq!(open("hall", Claiming::Alone), Created::Elsewhere);
        assert_eq!(open("hall", Claiming::None), Created::Elsewhere);
        assert!(matches!(open("hall", Claiming::Shared), Created::Done(opened) if opened.len() == 2));
        assert_eq!(counts(&mut stage, nodes[0], &nodes), [1, 3]);
        stage.assert_sound();
    });
}

#[test]
fn a_checkpoint_tells_how_many_agents_there_are() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let mut save = |tick, agents| {
            let checkpoint = Checkpoint {
                tick: Tick(tick),
                body: Vec::new(),
            };
            let is_kept = stage
                .store
                .save_checkpoint(stage.lease, &checkpoint, agents, stage.now)
                .unwrap();
            (is_kept, stage.store.holdings(stage.now).unwrap()[0].agents)
        };
        assert_eq!(save(5, 3), (true, 3));
        assert_eq!(save(6, 3), (true, 3));
        assert_eq!(save(4, 9), (false, 3));
        assert_eq!(save(7, 0), (true, 0));
    });
}

#[test]
fn nodes_are_found_while_they_are_there_and_forgotten_after_a_day() {
    on_both(|target| {
        let (mut stage, nodes) = shared(target, 2, 1);
        let now = stage.now;
        let mut called = |name: &str| stage.store.node_called(name, TTL_MS, now).unwrap();
        assert_eq!(called("node-1"), Some(nodes[1]));
        assert_eq!(called(&nodes[0].to_string()), Some(nodes[0]));
        assert_eq!(called("node-9"), None);
        assert_eq!(called("node-a"), None, "gone");
        die(target, nodes[1]);
        assert_eq!(stage.store.node_called("node-1", TTL_MS, now).unwrap(), None);
        assert_eq!(stage.store.nodes().unwrap().len(), 3);
        tamper(
            target,
            "UPDATE node SET seen_at = seen_at - 86400000 WHERE name = 'node-1'",
        );
        let next = NodeId(fresh_id());
        stage
            .store
            .register_node(next, "node-2", "127.0.0.1:0", "0.1.0", now)
            .unwrap();
        let known: Vec<NodeId> = stage.store.nodes().unwrap().iter().map(|row| row.id).collect();
        assert!(known.len() == 3 && !known.contains(&nodes[1]), "{known:?}");
    });
}

#[test]
fn the_sessions_of_a_node_that_is_gone_are_closed_and_no_others() {
    on_both(|target| {
        use crate::base::id::SessionId;
        use crate::store::session::SessionRow;
        use crate::store::spectator::SpectatorRow;
        let mut stage = Stage::new(target, &["alice"]);
        let (now, nodes) = (stage.now, [stage.lease.owner, NodeId(fresh_id())]);
        stage
            .store
            .register_node(nodes[1], "node-b", "127.0.0.1:0", "0.1.0", now)
            .unwrap();
        for node in nodes {
            let session = SessionRow {
                id: SessionId(fresh_id()),
                agent: stage.agent("alice").id,
                node,
                token_id: "jti".to_owned(),
                region: "plaza".to_owned(),
                at: Vec3::new(1.0, 2.0, 3.0),
                status: "online".to_owned(),
                connected_at: now,
                metadata: json!({}),
            };
            stage.store.open_session(&session).unwrap();
            let watcher = SpectatorRow {
                id: session.id,
                node,
                human_id: None,
                agent_id: None,
                camera_mode: "follow".to_owned(),
                settings: json!({}),
                connected_at: now,
            };
            stage.store.open_spectator(&watcher).unwrap();
        }
        let assert_open = |wanted: usize| {
            for table in ["sessions", "spectator_sessions"] {
                // Wrong counts break the constraint that a world has a length of tick.
                tamper(
                    target,
                    &format!(
                        "UPDATE world SET tick_ms = (SELECT CASE WHEN count(*) = {wanted} THEN 100 ELSE 0 END FROM {table} \
                         WHERE disconnected_at IS NULL)"
                    ),
                );
            }
        };
        stage.store.close_lost_sessions(TTL_MS, now).unwrap();
        assert_open(2);
        die(target, nodes[1]);
        stage.store.close_lost_sessions(TTL_MS, now).unwrap();
        assert_open(1);
        stage.store.close_sessions_of(nodes[1], now).unwrap();
        assert_open(1);
        stage.store.close_sessions_of(nodes[0], now).unwrap();
        assert_open(0);
    });
}
