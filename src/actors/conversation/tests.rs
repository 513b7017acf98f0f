//! Conversations of running actors over a database.

use super::*;
use crate::actors::gateway::Caller;
use crate::actors::mailbox::wait;
use crate::actors::region::look;
use crate::actors::request::{Receipt, body_hash};
use crate::actors::test_node::{TestNode, run, wait_until};
use crate::domain::action::Action;
use crate::domain::conversation::{FLOOR_MS, INVITE_MS, MemberPhase, Phase};
use crate::domain::refusal::Code;
use crate::store::commit::CommandKey;
use serde_json::{Value, json, value::to_raw_value};
use tokio::sync::oneshot;

/// Three agents a few steps from one another.
async fn three(node: &TestNode) -> (Caller, Caller, Caller) {
    (
        node.join("ann", 100.0, 100.0).await,
        node.join("ben", 102.0, 100.0).await,
        node.join("cy", 100.0, 102.0).await,
    )
}

async fn start(node: &TestNode, who: &Caller, invitees: &[&str]) -> ConversationId {
    let receipt = node
        .act(
            who,
            "converse_start",
            json!({"invitees": invitees, "topic": "rain"}),
        )
        .await
        .unwrap();
    serde_json::from_value(receipt.result.tree()["conversation_id"].clone()).unwrap()
}

async fn act(node: &TestNode, who: &Caller, verb: &str, id: ConversationId) -> Result<Receipt, Refusal> {
    node.act(who, verb, json!({"conversation_id": id})).await
}

async fn line(node: &TestNode, who: &Caller, id: ConversationId, message: &str) -> Result<Receipt, Refusal> {
    node.act(
        who,
        "converse_line",
        json!({"conversation_id": id, "message": message}),
    )
    .await
}

async fn stored(node: &TestNode, id: ConversationId) -> Conversation {
    node.read(move |reader| reader.conversation(id)).await.unwrap()
}

async fn phase_of(node: &TestNode, id: ConversationId, who: &Caller) -> MemberPhase {
    stored(node, id).await.member(who.id).unwrap().phase
}

/// Which conversation the region thinks that an agent is in.
async fn engaged(node: &TestNode, who: &Caller) -> Option<ConversationId> {
    let (seat, agent) = (node.shard("plaza").1.region, who.id);
    look(&seat, move |state, _| {
        state.body(agent).and_then(|body| body.conversation)
    })
    .await
    .unwrap()
}

async fn inbox(node: &TestNode, who: &Caller) -> Vec<String> {
    let agent = who.id;
    let entries = node.read(move |reader| reader.inbox(agent, 0, 100)).await;
    let kind = |payload: &Value| payload["type"].as_str().unwrap().to_owned();
    entries.iter().map(|entry| kind(&entry.payload)).collect()
}

fn code<T>(result: Result<T, Refusal>) -> (Code, String) {
    let refusal = result.err().expect("a refusal");
    (refusal.code, refusal.detail.split(':').next().unwrap().to_owned())
}

#[test]
fn a_conversation_runs_from_its_start_to_its_end() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben", "cy"]).await;
        assert_eq!(stored(&node, id).await.phase, Phase::Proposed);
        assert_eq!(engaged(&node, &ann).await, Some(id));
        assert_eq!(engaged(&node, &ben).await, None);

        assert_eq!(
            act(&node, &ben, "converse_accept", id)
                .await
                .unwrap()
                .result
                .tree()["member_phase"],
            "participating"
        );
        act(&node, &cy, "converse_decline", id).await.unwrap();
        act(&node, &ann, "converse_take_floor", id).await.unwrap();
        assert_eq!(code(line(&node, &ben, id, "me too").await).1, "floor_taken");
        let spoken = line(&node, &ann, id, "it rains").await.unwrap();
        assert_eq!(spoken.result.tree()["number"], 1);
        assert!(spoken.seq.is_some());

        let left = act(&node, &ben, "converse_leave", id).await.unwrap();
        assert_eq!(left.result.tree()["phase"], "closed");
        let after = stored(&node, id).await;
        assert_eq!(
            (after.phase, after.close_reason.as_deref(), after.line_count),
            (Phase::Closed, Some("done"), 1)
        );
        assert_eq!(
            (engaged(&node, &ann).await, engaged(&node, &ben).await),
            (None, None)
        );

        let lines = node.read(move |reader| reader.lines(id, 0, 10)).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (lines[0].speaker.as_str(), lines[0].text.as_str()),
            ("ann", "it rains")
        );
        let told = [
            "conversation_proposed",
            "conversation_member_left",
            "conversation_floor_taken",
            "conversation_line",
        ];
        assert_eq!(inbox(&node, &ben).await, told);
        let told = [
            "conversation_opened",
            "conversation_member_left",
            "conversation_closed",
        ];
        assert_eq!(inbox(&node, &ann).await, told);
        assert_eq!(code(line(&node, &ann, id, "hello?").await).1, "closed");
        assert_eq!(
            code(
                node.act(&ann, "converse_start", json!({"invitees": ["cy"]}))
                    .await
            )
            .0,
            Code::OnCooldown
        );
    });
}

#[test]
fn one_agent_begins_or_accepts_one_conversation_however_fast_it_asks() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let (first, second) = (
            start(&node, &ann, &["cy"]).await,
            start(&node, &ben, &["cy"]).await,
        );
        let (one, two) = tokio::join!(
            act(&node, &cy, "converse_accept", first),
            act(&node, &cy, "converse_accept", second)
        );
        one.unwrap();
        assert_eq!(code(two).1, "already_conversing");
        assert_eq!(engaged(&node, &cy).await, Some(first));
        assert_eq!(phase_of(&node, second, &cy).await, MemberPhase::Invited);

        let (dee, eve) = (
            node.join("dee", 101.0, 100.0).await,
            node.join("eve", 101.0, 101.0).await,
        );
        let invitees = json!({"invitees": ["eve"]});
        let (one, two) = tokio::join!(
            node.act(&dee, "converse_start", invitees.clone()),
            node.act(&dee, "converse_start", invitees)
        );
        one.unwrap();
        assert_eq!(code(two).1, "already_conversing");
        assert_eq!(engaged(&node, &eve).await, None);
    });
}

#[test]
fn a_yes_that_is_refused_leaves_the_agent_free() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben"]).await;
        node.stand(&ben, 200.0, 200.0).await;
        assert_eq!(
            code(act(&node, &ben, "converse_accept", id).await).0,
            Code::TooFar
        );
        assert_eq!(engaged(&node, &ben).await, None);
        assert_eq!(
            code(act(&node, &cy, "converse_accept", id).await).0,
            Code::NotFound
        );
        assert_eq!(engaged(&node, &cy).await, None);
        node.stand(&ben, 101.0, 100.0).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        assert_eq!(
            code(act(&node, &ben, "converse_accept", id).await).1,
            "wrong_member_state"
        );
        assert_eq!(engaged(&node, &ben).await, Some(id));
    });
}

#[test]
fn the_same_command_twice_speaks_one_line() {
    run(async |node| {
        let (ann, ben, _) = three(&node).await;
        let id = start(&node, &ann, &["ben"]).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        act(&node, &ann, "converse_take_floor", id).await.unwrap();
        let params = json!({"conversation_id": id, "message": "once"});
        let first = node
            .act_as(&ann, "converse_line", params.clone(), "c1")
            .await
            .unwrap();
        let second = node.act_as(&ann, "converse_line", params, "c1").await.unwrap();
        assert!(!first.replayed && second.replayed);
        assert_eq!(first.result, second.result);
        assert_eq!(stored(&node, id).await.line_count, 1);
    });
}

#[test]
fn turns_in_one_batch_see_one_another() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben", "cy"]).await;
        let (one, two) = tokio::join!(
            act(&node, &ben, "converse_accept", id),
            act(&node, &cy, "converse_accept", id)
        );
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(stored(&node, id).await.participants().count(), 3);
        let (one, two, three) = tokio::join!(
            act(&node, &ann, "converse_take_floor", id),
            act(&node, &ben, "converse_take_floor", id),
            act(&node, &cy, "converse_take_floor", id),
        );
        assert_eq!([one, two, three].iter().filter(|taken| taken.is_ok()).count(), 1);
    });
}

#[test]
fn who_is_on_the_way_takes_part_on_arrival() {
    run(async |node| {
        let (ann, ben, _) = three(&node).await;
        node.stand(&ben, 115.0, 100.0).await;
        let id = start(&node, &ann, &["ben"]).await;
        assert_eq!(
            act(&node, &ben, "converse_accept", id)
                .await
                .unwrap()
                .result
                .tree()["member_phase"],
            "joining"
        );
        assert_eq!(engaged(&node, &ben).await, Some(id));
        node.stand(&ben, 103.0, 100.0).await;
        wait_until("ben takes part", async || {
            phase_of(&node, id, &ben).await == MemberPhase::Participating
        })
        .await;
        assert_eq!(stored(&node, id).await.phase, Phase::Open);
        assert!(
            inbox(&node, &ann)
                .await
                .contains(&"conversation_opened".to_owned())
        );
    });
}

#[test]
fn time_runs_out_by_itself() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben", "cy"]).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        act(&node, &ann, "converse_take_floor", id).await.unwrap();
        node.clock.advance(u64::try_from(FLOOR_MS).unwrap());
        wait_until("the floor is free", async || {
            stored(&node, id).await.floor.is_none()
        })
        .await;
        node.clock.advance(u64::try_from(INVITE_MS - FLOOR_MS).unwrap());
        // Nobody spoke for a minute either, so all that is due comes one after the other.
        wait_until("it is over", async || {
            stored(&node, id).await.phase == Phase::Closed
        })
        .await;
        let after = stored(&node, id).await;
        assert_eq!(after.close_reason.as_deref(), Some("silence"));
        assert_eq!(after.member(cy.id).unwrap().phase, MemberPhase::TimedOut);
        wait_until("ann is free", async || engaged(&node, &ann).await.is_none()).await;
        assert!(
            inbox(&node, &ben)
                .await
                .contains(&"conversation_floor_released".to_owned())
        );
    });
}

#[test]
fn who_leaves_the_region_leaves_its_conversation() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben", "cy"]).await;
        act(&node, &ben, "converse_accept", id).await.unwrap();
        act(&node, &cy, "converse_accept", id).await.unwrap();
        node.act(&ben, "teleport", json!({"region": "forest"}))
            .await
            .unwrap();
        wait_until("ben is out", async || {
            phase_of(&node, id, &ben).await == MemberPhase::Left
        })
        .await;
        assert_eq!(stored(&node, id).await.phase, Phase::Open);
        assert_eq!(
            code(
                node.act(&ben, "converse_start", json!({"invitees": ["dee"]}))
                    .await
            )
            .0,
            Code::OnCooldown
        );
        node.gateway.leave(&cy.handle).await.unwrap();
        wait_until("it is over", async || {
            stored(&node, id).await.phase == Phase::Closed
        })
        .await;
        wait_until("ann is free", async || engaged(&node, &ann).await.is_none()).await;
    });
}

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
fn turn(
    node: &TestNode,
    who: &Caller,
    name: &str,
    params: Value,
) -> (ConversationMessage, oneshot::Receiver<Result<Receipt, Refusal>>) {
    let action = Action::decode(name, &to_raw_value(&params).unwrap()).unwrap();
    let id = node.node().entropy.u64().to_string();
    let command = CommandKey {
        id,
        body_hash: body_hash(&action),
        action: action.name(),
        durability: action.durability(),
    };
    let (reply, outcome) = oneshot::channel();
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
