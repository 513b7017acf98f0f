//! When snapshots are taken, and when they are believed.

use super::*;

#[test]
fn a_snapshot_is_taken_when_it_is_due_by_whom_the_shard_belongs_to() {
    on_both(|target| {
        let mut field = Field::new(target);
        dice(3).take(30).for_each(|number| field.step(number));
        let last = field.rebuild(1, Until::Now).unwrap().state.last_seq;
        assert_eq!(
            field.snapshot(1, false),
            Taken::Kept(last),
            "the first is due at once"
        );
        assert_eq!(
            (field.snapshot(1, false), field.snapshot(1, true)),
            (Taken::NotDue, Taken::NotDue)
        );
        let pay = field.stage.pay("alice", "bob", 1, "more");
        field.commit(1, pay);
        assert_eq!(field.snapshot(1, false), Taken::NotDue);
        assert_eq!(field.snapshot(1, true), Taken::Kept(last + 1));
        let pays = (0..1_000)
            .map(|n| field.stage.pay("alice", "bob", 1, &format!("many {n}")))
            .collect();
        field.stage.commit(pays);
        assert_eq!(field.snapshot(1, false), Taken::Kept(last + 1_001));
        field.stage.now = field.stage.now.plus_ms(3_600_000);
        assert_eq!(
            field.snapshot(1, false),
            Taken::Kept(last + 1_001),
            "once an hour"
        );
        tamper(target, "UPDATE shard SET lease_until = 9000000000000");
        let stale = Lease {
            epoch: field.leases[0].epoch - 1,
            ..field.leases[0]
        };
        let other = Lease {
            owner: NodeId(fresh_id()),
            ..field.leases[0]
        };
        let later = field.stage.now.plus_ms(3_600_000);
        for lease in [stale, other] {
            assert_eq!(
                field.stage.store.take_snapshot(lease, true, later).unwrap(),
                Taken::NotOurs
            );
        }
        for _ in 0..3 {
            let id = fresh_id().to_string();
            let pay = field.stage.pay("alice", "bob", 1, &id);
            field.commit(1, pay);
            field.snapshot(1, true);
        }
        assert_eq!(
            count(
                target,
                "SELECT count(*) AS n FROM shard_snapshot WHERE shard_id = 1"
            ),
            3
        );
        field.assert_whole();
    });
}

fn count(target: &Target, sql: &str) -> i64 {
    use crate::store::connection::on_conn;
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut reader = Reader::open(target).unwrap();
    let row: Row = reader
        .read("count", |conn| {
            on_conn!(conn, |c| diesel::sql_query(sql).get_result(c))
        })
        .unwrap();
    row.n
}

#[test]
fn a_snapshot_that_was_changed_is_passed_over_and_told() {
    on_both(|target| {
        let mut field = Field::new(target);
        let mut numbers = dice(4);
        let mut taken = Vec::new();
        for _ in 0..3 {
            (&mut numbers).take(12).for_each(|number| field.step(number));
            let Taken::Kept(seq) = field.snapshot(1, true) else {
                panic!("not due")
            };
            taken.push(seq);
        }
        let expected = field.rebuild(1, Until::Now).unwrap();
        assert_eq!((expected.from_seq, expected.events), (taken[2], 0));
        for (wrong, from) in [(taken[2], taken[1]), (taken[1], taken[0]), (taken[0], 0)] {
            tamper(
                target,
                &format!("UPDATE shard_snapshot SET checksum = body WHERE shard_id = 1 AND seq = {wrong}"),
            );
            let rebuilt = field.rebuild(1, Until::Now).unwrap();
            assert_eq!((rebuilt.from_seq, &rebuilt.state), (from, &expected.state));
            assert!(rebuilt.corrupt.contains(&wrong));
            let Checked::Told(told) = field.stage.store.verify_shard(ShardId(1), i64::MAX).unwrap() else {
                panic!("not checked")
            };
            assert!(
                told.iter().any(|violation| violation.detail.contains("checksum")),
                "{told:?}"
            );
        }
        // Without the beginning there is nothing left to start from.
        tamper(
            target,
            "DELETE FROM events WHERE shard_id = 1 AND seq = 1; UPDATE shard SET floor_seq = 1 WHERE id = 1",
        );
        assert_eq!(field.rebuild(1, Until::Now), Err(Unreplayable::NoStart(1)));
    });
}
