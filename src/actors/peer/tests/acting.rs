//! Agents act from any node, wherever they are.

use super::{FOREST, PLAZA, run};
use crate::actors::gateway::Guest;
use crate::actors::peer::message::{News, Presence};
use crate::actors::region;
use crate::actors::test_node::{plan, run_pair, wait_until};
use crate::base::id::ShardId;
use crate::domain::refusal::Code;
use serde_json::json;

#[test]
fn an_agent_of_the_other_node_acts_through_this_one() {
    run(async |first, second| {
        let alice = first.register("alice").await;
        let joined = first
            .gateway
            .join(&alice.handle, Guest::Rest, Some("forest".into()))
            .await;
        assert_eq!(joined.unwrap().region, "forest");
        assert!(first.node().directory.agent(&alice.handle).is_none());
        assert!(second.node().directory.agent(&alice.handle).is_some());
        for node in [&first, &second] {
            let at = node.act(&alice, "get_location", json!({})).await.unwrap();
            assert_eq!((at.shard, at.region.as_deref()), (Some(FOREST), Some("forest")));
        }
        let said = first
            .act_as(&alice, "say", json!({"message": "hello"}), "once")
            .await
            .unwrap();
        assert_eq!((said.shard, said.replayed), (Some(FOREST), false));
        let again = second
            .act_as(&alice, "say", json!({"message": "hello"}), "once")
            .await
            .unwrap();
        assert_eq!((again.seq, again.replayed), (said.seq, true));
        let other = first
            .act_as(&alice, "say", json!({"message": "other"}), "once")
            .await;
        assert_eq!(other.unwrap_err().code, Code::CommandMismatch);
        let wrong = first.act(&alice, "move_to", json!({"x": "far"})).await;
        assert_eq!(wrong.unwrap_err().code, Code::InvalidParameter);
        first.gateway.leave(&alice.handle).await.unwrap();
        for node in [&first, &second] {
            wait_until("both know that it is gone", || async {
                let gone = node.act(&alice, "get_location", json!({})).await;
                gone.is_err_and(|refusal| refusal.code == Code::NotInWorld)
            })
            .await;
        }
    });
}

#[test]
fn an_agent_teleports_to_the_other_node_and_back() {
    run(async |first, second| {
        let alice = first.join("alice", 10.0, 10.0).await;
        first
            .act(&alice, "set_status", json!({"status": "roaming"}))
            .await
            .unwrap();
        for (at, region, shard, (here, there)) in [
            (20.0, "forest", FOREST, (&second, &first)),
            (30.0, "plaza", PLAZA, (&first, &second)),
        ] {
            let to = json!({"region": region, "x": at, "y": 20.0});
            let receipt = first.act_as(&alice, "teleport", to, region).await.unwrap();
            assert_eq!(receipt.shard, Some(shard));
            wait_until("one actor, where it is", || async {
                let is_here = here.node().directory.agent(&alice.handle).is_some();
                is_here && there.node().directory.agent(&alice.handle).is_none()
            })
            .await;
            for node in [&first, &second] {
                let location = node.act(&alice, "get_location", json!({})).await.unwrap();
                assert_eq!(location.result.tree()["x"], at);
                let online = || async {
                    let online = node.node().directory.online(&alice.handle);
                    online.is_some_and(|online| {
                        &*online.region == region
                            && online.node.is_none() == (node.node().id == here.node().id)
                    })
                };
                wait_until("both know where it is", online).await;
            }
        }
        // The same command again is the same answer, also from the node that it left since.
        let again = json!({"region": "forest", "x": 20.0, "y": 20.0});
        let replayed = second.act_as(&alice, "teleport", again, "forest").await.unwrap();
        assert!(replayed.replayed && replayed.shard == Some(FOREST));
        let full = first.act(&alice, "teleport", json!({"region": "nowhere"})).await;
        assert_eq!(full.unwrap_err().code, Code::RegionNotFound);
    });
}

#[test]
fn an_agent_that_another_node_has_by_a_later_hand_off_is_let_go() {
    run(async |first, second| {
        let alice = first.join("alice", 10.0, 10.0).await;
        let (_, seats) = first.shard("plaza");
        let hop_here = async || {
            let agent = alice.id;
            let body = region::look(&seats.region, move |state, _| {
                state.body(agent).map(|body| body.hop)
            });
            body.await.unwrap()
        };
        let hop = hop_here().await.unwrap();
        let come = |hop| {
            let presence = Presence {
                handle: alice.handle.clone(),
                id: alice.id,
                hop,
                name: "alice".to_owned(),
                region: "forest".into(),
                shard: Some(FOREST),
                is_public: true,
            };
            second
                .node()
                .peers
                .tell(first.node().id, News::Came(vec![presence]));
        };
        // Of a hand-off that is over: it went there, and came back since.
        come(hop - 1);
        let known = async || first.node().directory.online(&alice.handle);
        first.act(&alice, "get_location", json!({})).await.unwrap();
        assert_eq!(hop_here().await, Some(hop));
        // Of one that was under way when this node got the shard.
        come(hop + 1);
        wait_until("it is let go", async || hop_here().await.is_none()).await;
        let known = known().await.unwrap();
        assert_eq!((known.node, known.hop), (Some(second.node().id), hop + 1));
    });
}

#[test]
fn a_walk_leads_over_the_border_to_the_other_node() {
    let mut wide = plan("plaza");
    wide.shards = 2;
    run_pair(&[wide], async |first, second| {
        let (west, east) = (ShardId(1), ShardId(2));
        second.take_shard(&first, east).await;
        let alice = first.join("alice", 126.0, 100.0).await;
        let walk = first
            .act(&alice, "move_to", json!({"x": 140.0, "y": 100.0}))
            .await
            .unwrap();
        assert_eq!(walk.shard, Some(west));
        wait_until("it is over the border", || async {
            first.clock.advance(100);
            let at = second.act(&alice, "get_location", json!({})).await;
            at.is_ok_and(|at| at.shard == Some(east) && at.result.tree()["x"] == 140.0)
        })
        .await;
        assert!(first.node().directory.agent(&alice.handle).is_none());
        let counts = || async {
            [&first, &second]
                .iter()
                .all(|node| node.node().directory.population("plaza") == 1)
        };
        wait_until("it is counted once on both", counts).await;
    });
}

#[test]
fn money_and_whispers_reach_an_agent_on_the_other_node() {
    run(async |first, second| {
        let alice = first.join("alice", 10.0, 10.0).await;
        let bob = second.register("bob").await;
        second
            .gateway
            .join(&bob.handle, Guest::Rest, Some("forest".into()))
            .await
            .unwrap();
        let balance = async |who| {
            second.act(who, "balance", json!({})).await.unwrap().result.tree()["balance"].as_i64()
        };
        let before = balance(&bob).await.unwrap();
        let paid = first
            .act(&alice, "pay", json!({"to": "bob", "amount": 5}))
            .await
            .unwrap();
        assert_eq!(paid.shard, Some(PLAZA));
        assert_eq!(balance(&bob).await, Some(before + 5));
        first
            .act(&alice, "whisper", json!({"target_id": "bob", "message": "psst"}))
            .await
            .unwrap();
    });
}
