//! Conversations that are loaded again.

use super::*;
use crate::actors::mailbox::{Answer, Reply};

#[test]
fn a_shard_that_is_loaded_again_goes_on_with_its_conversations() {
    run(async |node| {
        let (ann, ben, _) = three(&node).await;
        let id = start(&node, &ann, &["ben"]).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        act(&node, &ann, "converse_take_floor", id).await.unwrap();
        node.shard("plaza").1.region.order(RegionMessage::Reload);
        assert_eq!(engaged(&node, &ann).await, Some(id));
        line(&node, &ann, id, "as I said").await.unwrap();
        assert_eq!(stored(&node, id).await.line_count, 1);
        act(&node, &ben, "converse_leave", id).await.unwrap();
        assert_eq!(stored(&node, id).await.phase, Phase::Closed);
    });
}

/// A turn as the region would hand it over, and where its answer comes.
fn turn(node: &TestNode, who: &Caller, name: &str, params: Value) -> (ConversationMessage, Answer<Receipt>) {
    let action = Action::decode(name, &params.to_string()).unwrap();
    let id = node.node().entropy.u64().to_string();
    let command = CommandKey {
        id,
        body_hash: body_hash(&action),
        action: action.name(),
        durability: action.durability(),
    };
    let (reply, outcome) = Reply::awaited();
    let profile = Arc::new(Profile {
        id: who.id,
        handle: who.handle.clone(),
        name: who.handle.to_string(),
        permissions: who.permissions,
        avatar_type: "default".to_owned(),
        is_public: false,
        accepts_prompts: false,
    });
    let request = Request {
        agent: who.id,
        action,
        command,
        has_own_id: false,
        permissions: who.permissions,
        reply,
    };
    (
        ConversationMessage::Act(Box::new(Turn {
            profile,
            request,
            view: None,
        })),
        outcome,
    )
}

#[test]
fn a_conversation_that_fails_goes_on_from_the_store() {
    run(async |node| {
        let (ann, ben, _) = three(&node).await;
        let id = start(&node, &ann, &["ben"]).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        let (shard, seats) = node.shard("plaza");
        // The region has one of its own, which sleeps; this one is as good as that.
        let (shared, state, committer) = (Arc::clone(node.node()), stored(&node, id).await, seats.committer);
        let seat = watch::start_in(&node.arbiter(), &node.node().quarantine, move || {
            ConversationActor::new(shared, shard, committer, state)
        });
        let params = json!({"conversation_id": id});
        let (take, taken) = turn(&node, &ann, "converse_take_floor", params.clone());
        let (leave, left) = turn(&node, &ben, "converse_leave", params);
        let (speak, spoken) = turn(
            &node,
            &ann,
            "converse_line",
            json!({"conversation_id": id, "message": "still here"}),
        );
        // In one go on the actor's own thread: the first turn is under way, the second waits when it fails.
        // The seat is kept here, for an actor that nobody can reach is not restarted.
        let orders = seat.clone();
        node.arbiter().spawn_fn(move || {
            for message in [take, leave, ConversationMessage::Fail, speak] {
                orders.order(message);
            }
        });
        let deadline = Duration::from_secs(10);
        assert_eq!(
            wait(deadline, taken).await.err().map(|refusal| refusal.code),
            Some(Code::Unavailable)
        );
        assert_eq!(
            wait(deadline, left).await.err().map(|refusal| refusal.code),
            Some(Code::Unavailable)
        );
        // What was under way is on disk, and it was waited for: ann has the floor.
        assert_eq!(wait(deadline, spoken).await.unwrap().result.tree()["number"], 1);
        assert_eq!(stored(&node, id).await.participants().count(), 2);
        assert!(seat.is_open());
    });
}
