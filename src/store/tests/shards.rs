//! The world, its regions, leases and checkpoints.

use super::*;
use crate::base::limit::REGIONS_MAX;
use crate::domain::region::{RegionPlan, ShardPlan};
use crate::store::region::Created;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_world_and_its_regions_are_made_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let later = stage.now.plus_ms(5_000);
        let world = stage.store.ensure_world(250, Some(8), later).unwrap();
        assert_eq!((world.tick_ms, world.seed, world.epoch), (100, 7, stage.now));
        stage
            .store
            .ensure_regions(&[plan("plaza"), plan("market")], later)
            .unwrap();
        let mut reader = Reader::open(target).unwrap();
        assert_eq!(reader.world().unwrap(), Some(world));
        assert_eq!(reader.regions().unwrap(), [plan("plaza"), plan("market")]);
        let shards = reader.shards().unwrap();
        assert_eq!(
            shards
                .iter()
                .map(|shard| (shard.id.0, shard.region.as_str()))
                .collect::<Vec<_>>(),
            [(1, "plaza"), (2, "market")]
        );
        assert_eq!(
            reader.objects("market").unwrap()[0].id,
            object_of(&plan("market")).id
        );
        assert_eq!(
            stage.store.create_region(&plan("market"), later).unwrap(),
            Created::AlreadyExists
        );
        let mut garden = plan("garden");
        garden.shards = 2;
        let Created::Done(shards) = stage.store.create_region(&garden, later).unwrap() else {
            panic!("not made")
        };
        let columns = |shard: &ShardPlan| (shard.id.0, shard.area.x0, shard.area.x1);
        assert_eq!(
            shards.iter().map(columns).collect::<Vec<_>>(),
            [(3, 0, 8), (4, 8, 17)]
        );
        assert_eq!(reader.shards().unwrap()[2..], shards);
        let mut thief = plan("forest");
        thief.objects = plan("garden").objects;
        assert_eq!(
            stage.store.create_region(&thief, later).unwrap(),
            Created::AlreadyExists
        );
    });
}

#[test]
fn a_shard_has_one_owner_until_its_lease_ends() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let (now, owner) = (stage.now, stage.lease.owner);
        let other = NodeId(fresh_id());
        let held = |owner| Holding {
            shard: stage.lease.shard,
            owner: Some(owner),
            epoch: stage.lease.epoch,
            wish: None,
            agents: 0,
        };
        for node in [owner, other, owner] {
            let turn = stage
                .store
                .keep_leases(node, 6_000, Claiming::Alone, now)
                .unwrap();
            assert_eq!(turn.holdings, [held(owner)]);
        }
        assert_eq!(held(owner).lease_of(owner), Some(stage.lease));
        assert_eq!(held(owner).lease_of(other), None);
        stage.store.release_leases(owner, now).unwrap();
        let turn = stage
            .store
            .keep_leases(other, 6_000, Claiming::Alone, now)
            .unwrap();
        let held = turn.holdings[0];
        assert_eq!((held.owner, held.epoch), (Some(other), 2));
        assert_eq!(stage.store.nodes().unwrap()[0].state, "gone");
        stage.assert_sound();
    });
}

#[test]
fn an_earlier_checkpoint_never_replaces_a_later_one() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let (now, first) = (stage.now, stage.lease);
        // Each writer has a connection of its own, and whichever is slow comes last.
        let mut slow = Store::open(target).unwrap();
        let at = |tick: i64, body: &str| Checkpoint {
            tick: Tick(tick),
            body: body.as_bytes().to_vec(),
        };
        assert!(
            stage
                .store
                .save_checkpoint(first, &at(20, "later"), 0, now)
                .unwrap()
        );
        assert!(!slow.save_checkpoint(first, &at(19, "earlier"), 0, now).unwrap());
        let saved = |stage: &mut Stage| {
            let loaded = stage.store.load_shard(first.shard).unwrap().unwrap();
            loaded.checkpoint.unwrap()
        };
        assert_eq!(saved(&mut stage), at(20, "later"));
        // The last one of a stop may fall on the tick of the one before.
        assert!(slow.save_checkpoint(first, &at(20, "last"), 0, now).unwrap());
        assert_eq!(saved(&mut stage), at(20, "last"));
        // Another start, whose clock was set back.
        stage.store.release_leases(first.owner, now).unwrap();
        let next = NodeId(fresh_id());
        let turn = stage.store.keep_leases(next, 600_000, Claiming::Alone, now);
        let second = turn.unwrap().holdings[0].lease_of(next).unwrap();
        assert!(
            stage
                .store
                .save_checkpoint(second, &at(3, "new"), 0, now)
                .unwrap()
        );
        assert!(!slow.save_checkpoint(first, &at(30, "old"), 0, now).unwrap());
        assert_eq!(saved(&mut stage), at(3, "new"));
    });
}

#[test]
fn of_many_claimers_at_once_each_epoch_has_one() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let (now, owner) = (stage.now, stage.lease.owner);
        stage.store.release_leases(owner, now).unwrap();
        let won: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        let node = NodeId(fresh_id());
                        let turn = store.keep_leases(node, 60_000, Claiming::Shared, now);
                        turn.unwrap().of(node).count()
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    });
}

#[test]
fn of_many_nodes_at_once_one_takes_the_whole_world() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let (now, owner) = (stage.now, stage.lease.owner);
        for n in 0..7 {
            let mut plan = plan(&format!("garden-{n}"));
            plan.objects = Vec::new();
            stage.store.create_region(&plan, now).unwrap();
        }
        stage.store.release_leases(owner, now).unwrap();
        let nodes: Vec<NodeId> = (0..6).map(|_| NodeId(fresh_id())).collect();
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(move || {
                    let mut store = Store::open(target).unwrap();
                    store.keep_leases(*node, 60_000, Claiming::Alone, now).unwrap()
                });
            }
        });
        let turn = stage
            .store
            .keep_leases(owner, 60_000, Claiming::Alone, now)
            .unwrap();
        let holdings = turn.holdings;
        let winner = holdings[0].owner.unwrap();
        assert!(nodes.contains(&winner));
        assert_eq!(holdings.len(), 8);
        assert!(holdings.iter().all(|held| held.owner == Some(winner)));
        stage.assert_sound();
    });
}

#[test]
fn a_region_that_is_opened_belongs_to_its_maker_at_once() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let (now, owner) = (stage.now, stage.lease.owner);
        let is_over = AtomicBool::new(false);
        let stolen: usize = std::thread::scope(|scope| {
            let thieves: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        // A turn is tried once.
                        let mut store = Store::open_waiting(target, 30_000).unwrap();
                        let (thief, mut stolen) = (NodeId(fresh_id()), 0);
                        while !is_over.load(Ordering::Relaxed) {
                            let turn = store.keep_leases(thief, 60_000, Claiming::Shared, now);
                            stolen += turn.unwrap().of(thief).count();
                        }
                        stolen
                    })
                })
                .collect();
            for n in 0..20 {
                let mut plan = plan(&format!("garden-{n}"));
                (plan.shards, plan.objects) = (2, Vec::new());
                let Created::Done(opened) = stage
                    .store
                    .open_region(&plan, owner, (60_000, Claiming::Alone), now)
                    .unwrap()
                else {
                    panic!("not made")
                };
                assert_eq!(opened.len(), 2);
                for (shard, lease) in opened {
                    assert_eq!((lease.shard, lease.owner, lease.epoch), (shard.id, owner, 1));
                }
            }
            is_over.store(true, Ordering::Relaxed);
            thieves.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(stolen, 0, "no claim came between");
        let turn = stage
            .store
            .keep_leases(owner, 60_000, Claiming::Alone, now)
            .unwrap();
        let holdings = turn.holdings;
        let ours = holdings.iter().filter(|held| held.lease_of(owner).is_some());
        assert_eq!((ours.count(), holdings.len()), (1 + 2 * 20, 1 + 2 * 20));
        let mut plan = plan("garden-0");
        plan.objects = Vec::new();
        assert_eq!(
            stage
                .store
                .open_region(&plan, owner, (60_000, Claiming::Alone), now)
                .unwrap(),
            Created::AlreadyExists
        );
        stage.assert_sound();
    });
}

#[test]
fn of_two_nodes_that_open_a_region_in_an_almost_full_world_one_does() {
    on_both(|target| {
        let mut stage = Stage::new(target, &[]);
        let now = stage.now;
        let bare = |name: String| RegionPlan {
            objects: Vec::new(),
            ..plan(&name)
        };
        let most: Vec<RegionPlan> = (2..REGIONS_MAX).map(|n| bare(format!("garden-{n}"))).collect();
        stage.store.ensure_regions(&most, now).unwrap();
        let start = Barrier::new(2);
        let made: Vec<Created<_>> = std::thread::scope(|scope| {
            let openings: Vec<_> = (0..2)
                .map(|n| {
                    let (start, plan) = (&start, bare(format!("hall-{n}")));
                    scope.spawn(move || {
                        let mut store = Store::open(target).unwrap();
                        start.wait();
                        let node = NodeId(fresh_id());
                        store.open_region(&plan, node, (60_000, Claiming::Shared), now)
                    })
                })
                .collect();
            let made = openings.into_iter().map(|opening| opening.join().unwrap());
            made.map(Result::unwrap).collect()
        });
        let full = made.iter().filter(|made| **made == Created::Full).count();
        let done = made.iter().filter(|made| matches!(made, Created::Done(_)));
        assert_eq!((done.count(), full), (1, 1), "{made:?}");
        assert_eq!(stage.store.regions().unwrap().len(), REGIONS_MAX);
        let one_more = bare("hall-2".to_owned());
        assert_eq!(stage.store.create_region(&one_more, now).unwrap(), Created::Full);
    });
}
