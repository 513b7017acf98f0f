//! What a turn proves, and who takes over.

use super::*;
use crate::actors::test_node::plan;
use crate::host::clock::Clock;
use crate::store::lease::{Holding, Turn};
use crate::store::region::Created;
use crate::store::test_database::{NOW, postgres};
use crate::store::{Store, Target, migrate};
use tokio::sync::watch;

fn node(number: u128) -> NodeId {
    NodeId(uuid::Uuid::from_u128(number))
}

/// What keeps the leases of a node, one of several on a database.
fn keeper(target: &Target, clock: &Clock, number: u128, how: Claiming) -> LeaseKeeper {
    LeaseKeeper {
        store: Store::open(target).unwrap(),
        node: node(number),
        ttl_ms: 2_400,
        clock: clock.clone(),
        is_shared: true,
        how,
    }
}

/// Waits until a node holds everything, and gives the epoch.
async fn holds(heard: &mut watch::Receiver<Turn>, number: u128) -> i64 {
    let is_its = |held: &Holding| held.owner == Some(node(number));
    let waited = heard.wait_for(|turn| turn.holdings.iter().all(is_its));
    let waited = tokio::time::timeout(Duration::from_secs(20), waited).await;
    waited.expect("it comes to hold them").unwrap().holdings[0].epoch
}

#[test]
fn who_stands_by_takes_over_from_one_that_died_and_from_one_that_gives_back() {
    let (database, clock) = (postgres(), Clock::system());
    migrate(&database.target, NOW).unwrap();
    let mut store = Store::open(&database.target).unwrap();
    let made = store.create_region(&plan("plaza"), NOW).unwrap();
    assert!(matches!(made, Created::Done(_)));
    let start = |number| {
        keeper(&database.target, &clock, number, Claiming::Alone)
            .start()
            .unwrap()
    };
    let (first, mut heard) = start(1);
    let (second, mut by_second) = start(2);
    let (third, mut by_third) = start(3);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        for heard in [&mut heard, &mut by_second, &mut by_third] {
            assert_eq!(holds(heard, 1).await, 1);
        }
        let proven_until_ms = first.proof.until_ms.load(Ordering::Acquire);
        // Its thread ends without a word.
        drop(first);
        let is_second = tokio::select! {
            epoch = holds(&mut by_second, 2) => epoch == 2,
            epoch = holds(&mut by_third, 3) => epoch != 2,
        };
        assert!(clock.monotonic_ms() >= proven_until_ms, "two owners at a time");
        let (winner, heard, loser) = if is_second {
            (&second, &mut by_third, 3)
        } else {
            (&third, &mut by_second, 2)
        };
        winner.give_back(Duration::from_secs(20)).await.unwrap();
        assert_eq!(holds(heard, loser).await, 3);
    });
}

#[test]
fn a_turn_that_finds_a_shard_elsewhere_proves_nothing_for_it() {
    let leases = Leases::lasting();
    let shards = [1, 2, 3, 4].map(|number| {
        let lease = Arc::new(ShardLease::new(5));
        leases.enter(ShardId(number), &lease);
        lease
    });
    let held = |shard, owner: Option<u128>, epoch| Holding {
        shard: ShardId(shard),
        owner: owner.map(node),
        epoch,
        wish: None,
        agents: 0,
    };
    // Ours still, another's, nobody's, ours anew under an epoch that nobody here knows of.
    let holdings = vec![
        held(1, Some(7), 5),
        held(2, Some(8), 6),
        held(3, None, 5),
        held(4, Some(7), 6),
    ];
    let turn = Turn {
        holdings,
        ..Turn::default()
    };
    leases.proof.note(&turn, node(7), 100);
    let hold = |now_ms| shards.each_ref().map(|lease| leases.hold(lease, now_ms));
    assert_eq!(hold(99), [true, false, false, false]);
    assert_eq!(hold(100), [false; 4]);
    leases.renew(ShardId(3), &shards[2], 5);
    leases.renew(ShardId(4), &shards[3], 6);
    assert_eq!(hold(99), [true, false, false, true]);
    // What was read before that turn comes late.
    let late = Arc::new(ShardLease::new(5));
    leases.enter(ShardId(2), &late);
    assert!(!leases.hold(&late, 99));
    let fresh = Arc::new(ShardLease::new(1));
    leases.enter(ShardId(9), &fresh);
    assert!(leases.hold(&fresh, 99), "made since then");
}

#[test]
fn a_lease_is_lost_by_its_own_epoch_only() {
    let lease = ShardLease::new(3);
    lease.lose(2);
    assert!(!lease.is_lost());
    lease.lose(3);
    assert!(lease.is_lost());
    lease.take(4);
    assert_eq!((lease.is_lost(), lease.epoch()), (false, 4));
    // Late news of the epoch before.
    lease.lose(3);
    assert!(!lease.is_lost());
}

#[test]
fn nodes_that_share_take_over_from_a_dead_one_and_what_is_given_back_for_them() {
    let (database, clock) = (postgres(), Clock::system());
    migrate(&database.target, NOW).unwrap();
    let mut store = Store::open(&database.target).unwrap();
    for name in ["plaza", "forest", "market", "garden"] {
        assert!(matches!(
            store.create_region(&plan(name), NOW).unwrap(),
            Created::Done(_)
        ));
    }
    for number in 1..=3 {
        store
            .register_node(node(number), "node", "127.0.0.1:0", "0", NOW)
            .unwrap();
    }
    let start = |number| {
        keeper(&database.target, &clock, number, Claiming::Shared)
            .start()
            .unwrap()
    };
    let (first, _) = start(1);
    let (second, mut by_second) = start(2);
    let (_third, mut by_third) = start(3);
    let counts = |turn: &Turn| [1, 2, 3].map(|number| turn.of(node(number)).count());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let deadline = Duration::from_secs(20);
        // Its thread ends without a word.
        drop(first);
        let shared = by_third.wait_for(|turn| counts(turn) == [0, 2, 2]);
        tokio::time::timeout(deadline, shared)
            .await
            .expect("both have two")
            .unwrap();
        let mine = by_second.wait_for(|turn| counts(turn) == [0, 2, 2]);
        let turn = tokio::time::timeout(deadline, mine)
            .await
            .expect("it hears so")
            .unwrap()
            .clone();
        let held = *turn.of(node(2)).next().unwrap();
        let lease = Arc::new(ShardLease::new(held.epoch));
        second.enter(held.shard, &lease);
        let release = async || second.release(held.shard, held.epoch, node(3), deadline).await;
        assert_eq!(release().await, Ok(false), "it is not closed");
        assert!(!lease.is_lost());
        lease.close();
        assert_eq!(release().await, Ok(true));
        assert!(lease.is_lost() && !second.keep(&lease, clock.monotonic_ms()));
        assert_eq!(release().await, Ok(false), "only once");
        let given = by_third.wait_for(|turn| counts(turn) == [0, 1, 3]);
        let turn = tokio::time::timeout(deadline, given)
            .await
            .expect("it takes it")
            .unwrap();
        let taken = turn
            .holdings
            .iter()
            .find(|other| other.shard == held.shard)
            .unwrap();
        assert_eq!((taken.owner, taken.epoch), (Some(node(3)), held.epoch + 1));
    });
}
