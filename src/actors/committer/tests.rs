use super::*;
use crate::actors::node::DEADLINE;
use crate::actors::test_node::run;
use crate::base::time::Timestamp;
use crate::domain::refusal::Code;
use futures_util::future::{join, join_all};
use serde_json::json;

#[test]
fn who_closes_a_committer_waits_for_every_outcome() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let (shard, seats) = node.shard("plaza");
        let last_seq = async || {
            let loaded = node.read(move |reader| reader.load_shard(shard)).await;
            loaded.unwrap().last_seq
        };
        let before = last_seq().await;
        let texts: Vec<String> = (0..50).map(|n| format!("word {n}")).collect();
        let said = join_all(
            texts
                .iter()
                .map(|text| node.act(&alice, "say", json!({"message": text}))),
        );
        let closed = async {
            // Some of them have come as far as the committer.
            tokio::task::yield_now().await;
            seats
                .committer
                .demand(DEADLINE, CommitterMessage::Close)
                .await
                .unwrap();
            last_seq().await
        };
        let (said, at_close) = join(said, closed).await;
        let done = said.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(at_close, before + i64::try_from(done).unwrap());
        assert_eq!(last_seq().await, at_close, "nothing comes after the answer");
        let late = node.act(&alice, "say", json!({"message": "late"})).await;
        assert_eq!(late.unwrap_err().code, Code::Unavailable);
        seats.committer.order(CommitterMessage::Open);
        let again = node.act(&alice, "say", json!({"message": "again"})).await;
        again.unwrap();
    });
}

#[test]
fn who_has_positions_saved_waits_until_they_are_on_disk() {
    run(async |node| {
        let alice = node.join("alice", 10.0, 10.0).await;
        let (shard, seats) = node.shard("plaza");
        for _ in 0..3 {
            // Sooner than any interval: only the order itself can have saved this tick.
            node.clock.advance(100);
            let status = format!("at {}", node.node().tick().0);
            node.act(&alice, "set_status", json!({"status": status}))
                .await
                .unwrap();
            seats.region.demand(DEADLINE, RegionMessage::Save).await.unwrap();
            let loaded = node.read(move |reader| reader.load_shard(shard)).await;
            let saved = loaded.unwrap().checkpoint.unwrap();
            assert_eq!(saved.tick, node.node().tick());
            let body = String::from_utf8(saved.body).unwrap();
            assert!(body.contains(&status), "{body}");
        }
        // Another owner: the asker is told that nothing was saved.
        let (id, now) = (node.node().id, node.node().now());
        let given = node
            .node()
            .database
            .write(move |store| store.release_leases(id, Timestamp(now.0)));
        given.await.unwrap();
        let refusal = seats
            .region
            .demand(DEADLINE, RegionMessage::Save)
            .await
            .unwrap_err();
        assert_eq!(refusal.code, Code::Unavailable);
    });
}
