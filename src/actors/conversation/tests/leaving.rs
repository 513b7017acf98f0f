//! Who comes late, who leaves, and time that runs out.

use super::*;

#[test]
fn who_is_on_the_way_takes_part_on_arrival() {
    run(async |node| {
        let (ann, ben, _) = three(&node).await;
        node.stand(&ben, 115.0, 100.0).await;
        let id = start(&node, &ann, &["ben"]).await;
        assert_eq!(accept(&node, &ben, id).await, "joining");
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
