//! Conversations from their start to their end.

use super::*;

#[test]
fn a_conversation_runs_from_its_start_to_its_end() {
    run(async |node| {
        let (ann, ben, cy) = three(&node).await;
        let id = start(&node, &ann, &["ben", "cy"]).await;
        assert_eq!(stored(&node, id).await.phase, Phase::Proposed);
        assert_eq!(engaged(&node, &ann).await, Some(id));
        assert_eq!(engaged(&node, &ben).await, None);

        assert_eq!(accept(&node, &ben, id).await, "participating");
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
