//! Limits of agents that come and go.

use super::Counted;
use crate::actors::gateway::Guest;
use crate::actors::test_node;
use crate::config::Limits;
use crate::domain::refusal::Code;
use serde_json::json;

#[test]
fn who_goes_and_comes_again_has_used_up_the_same() {
    test_node::run_with(Limits::default(), |node| async move {
        let alice = node.join("alice", 128.0, 128.0).await;
        let wave = || node.act(&alice, "emote", json!({"action": "wave"}));
        let mut last = None;
        while last.is_none() {
            last = wave().await.err();
        }
        assert_eq!(last.unwrap().code, Code::RateLimited);
        node.gateway.leave(&alice.handle).await.unwrap();
        assert!(node.node().directory.agent(&alice.handle).is_none());
        let absent = wave().await.unwrap_err();
        assert_eq!(absent.code, Code::RateLimited);
        assert!(absent.retry_after_ms.is_some_and(|ms| ms > 0) && absent.rate.is_some());
        let ping = node.act(&alice, "ping", json!({})).await.unwrap_err();
        assert_eq!(ping.code, Code::NotInWorld, "questions have a limit of their own");
        node.gateway.join(&alice.handle, Guest::Rest, None).await.unwrap();
        assert_eq!(wave().await.unwrap_err().code, Code::RateLimited);
        node.act(&alice, "ping", json!({})).await.unwrap();
        node.clock.advance(absent.retry_after_ms.unwrap().unsigned_abs());
        wave().await.unwrap();
    });
}

#[test]
fn what_is_counted_of_an_absent_agent_counts_when_it_is_there() {
    test_node::run_with(Limits::default(), |node| async move {
        let (gateway, alice) = (&node.gateway, node.join("alice", 128.0, 128.0).await);
        gateway.leave(&alice.handle).await.unwrap();
        let burst = Limits::default().connections_burst;
        for _ in 1..burst {
            gateway.count(&alice.handle, Counted::Connection).await.unwrap();
        }
        gateway.join(&alice.handle, Guest::Rest, None).await.unwrap();
        gateway.count(&alice.handle, Counted::Connection).await.unwrap();
        let refusal = gateway
            .count(&alice.handle, Counted::Connection)
            .await
            .unwrap_err();
        assert_eq!(refusal.code, Code::RateLimited);
        gateway.leave(&alice.handle).await.unwrap();
        let refusal = gateway
            .count(&alice.handle, Counted::Connection)
            .await
            .unwrap_err();
        assert_eq!(refusal.code, Code::RateLimited);
    });
}
