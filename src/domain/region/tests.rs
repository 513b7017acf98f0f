//! Walking, following, teleporting; steps and frames.

use super::Step;
use crate::domain::refusal::Code;
use crate::domain::scene::Change;
use crate::domain::space::{Cell, Vec3};
use crate::domain::test_scene::{Stage, id_of};
use serde_json::{Value, json};

fn parse(frame: Vec<u8>) -> Value {
    serde_json::from_slice(&frame).unwrap()
}

/// The frame of a cell with what changed since the last look.
fn frame(stage: &mut Stage, cell: Cell) -> Option<Value> {
    let changes = stage.region.take_changes();
    changes
        .get(&cell)
        .map(|change| parse(stage.region.frame(cell, change, stage.tick())))
}

#[test]
fn a_walk_arrives_when_it_said_it_would() {
    let mut stage = Stage::with(&[("ann", 10.0, 10.0)]);
    let decision = stage
        .act("ann", "move_to", json!({"x": 25.0, "y": 10.0}))
        .unwrap();
    assert_eq!(decision.result, json!({"arrives_in_s": 10.0}));
    stage.run(99);
    assert!(stage.body("ann").trajectory.is_moving());
    stage.now = stage.now.plus_ms(100);
    let tick = stage.tick();
    assert_eq!(stage.region.step(tick), [Step::Arrived(id_of("ann"))]);
    assert_eq!(stage.position("ann"), Vec3::new(25.0, 10.0, 25.0));
    assert_eq!(stage.region.step(tick), []);
}

#[test]
fn a_run_takes_less_and_the_edge_of_the_region_is_the_limit() {
    let stage = Stage::with(&[("ann", 10.0, 10.0)]);
    let run = stage
        .decide("ann", "move_to", json!({"x": 25.0, "y": 10.0, "gait": "run"}))
        .unwrap();
    assert_eq!(run.result, json!({"arrives_in_s": 3.0}));
    assert!(
        stage
            .decide("ann", "move_to", json!({"x": 256.0, "y": 0.0}))
            .is_ok()
    );
    for (x, y) in [(256.01, 1.0), (-0.01, 1.0), (1.0, 1e300)] {
        assert_eq!(
            stage.refused("ann", "move_to", json!({"x": x, "y": y})),
            Code::OutOfBounds
        );
    }
    assert_eq!(
        stage.refused("zoe", "move_to", json!({"x": 1.0, "y": 1.0})),
        Code::NotInWorld
    );
}

#[test]
fn those_near_are_told_in_the_documented_shape_and_order() {
    let mut stage = Stage::with(&[("ann", 10.0, 10.0), ("bob", 13.0, 14.0), ("cat", 10.0, 11.0)]);
    stage
        .act("bob", "set_status", json!({"status": "\"so\" ä"}))
        .unwrap();
    let near = stage
        .act("ann", "get_nearby_agents", json!({"radius": 6}))
        .unwrap();
    let other = |handle: &str, x: f64, y: f64, status: Value, distance: f64| {
        let name = stage.body(handle).profile.name.clone();
        let avatar_type = stage.body(handle).profile.avatar_type.clone();
        json!({"id": handle, "name": name, "location": {"x": x, "y": y, "z": stage.position(handle).rounded().z, "region": stage.region.plan.name},
            "status": status, "avatar_type": avatar_type, "distance": distance})
    };
    let told = json!([
        other("cat", 10.0, 11.0, json!(stage.body("cat").status), 1.0),
        other("bob", 13.0, 14.0, json!("\"so\" ä"), 5.0)
    ]);
    assert_eq!(
        serde_json::to_string(&near.result).unwrap(),
        serde_json::to_string(&told).unwrap()
    );
}

#[test]
fn moving_or_stopping_ends_following() {
    for (action, params) in [("move_to", json!({"x": 1.0, "y": 1.0})), ("stop", json!({}))] {
        let mut stage = Stage::with(&[("ann", 10.0, 10.0), ("bob", 30.0, 10.0)]);
        stage.act("ann", "follow", json!({"target_id": "bob"})).unwrap();
        assert!(stage.body("ann").follow.is_some());
        stage.act("ann", action, params).unwrap();
        assert_eq!(stage.body("ann").follow, None, "{action}");
    }
}

#[test]
fn a_follower_keeps_its_distance_for_a_minute() {
    let mut stage = Stage::with(&[("ann", 20.0, 20.0), ("bob", 22.0, 20.0)]);
    stage
        .act("ann", "follow", json!({"target_id": "bob", "distance": 2.0}))
        .unwrap();
    let (mut before, mut entries) = (stage.body("ann").trajectory, 0);
    let corners = [(60.0, 20.0), (60.0, 50.0), (30.0, 50.0), (30.0, 25.0)];
    for tick in 0..600usize {
        if tick % 150 == 0 {
            let (x, y) = corners[tick / 150];
            stage.act("bob", "move_to", json!({"x": x, "y": y})).unwrap();
        }
        stage.run(1);
        let gap = stage.position("ann").distance(stage.position("bob"));
        assert!((0.5..3.5).contains(&gap), "tick {tick}: {gap} m apart");
        // Following costs an entry now and then, not one a tick.
        entries += usize::from(stage.body("ann").trajectory != before);
        before = stage.body("ann").trajectory;
    }
    assert!(entries < 60, "{entries} trajectories in 600 ticks");
    stage.act("bob", "stop", json!({})).unwrap();
    stage.run(100);
    let gap = stage.position("ann").distance(stage.position("bob"));
    assert!((1.0..=3.0).contains(&gap), "{gap} m at rest");
    assert!(
        stage.position("bob").distance(Vec3::new(22.0, 20.0, 25.0)) > 5.0,
        "the one followed did walk"
    );
}

#[test]
fn following_ends_when_the_target_is_gone() {
    let mut stage = Stage::with(&[("ann", 20.0, 20.0), ("bob", 22.0, 20.0)]);
    stage.act("ann", "follow", json!({"target_id": "bob"})).unwrap();
    stage.region.leave(id_of("bob"));
    let tick = stage.tick();
    assert_eq!(stage.region.step(tick), [Step::FollowEnded(id_of("ann"))]);
    assert_eq!(stage.region.step(tick), []);
}

#[test]
fn following_is_refused_for_oneself_strangers_and_odd_distances() {
    let stage = Stage::with(&[("ann", 20.0, 20.0), ("bob", 22.0, 20.0)]);
    let refused = |target: &str, distance: f64| {
        stage.refused(
            "ann",
            "follow",
            json!({"target_id": target, "distance": distance}),
        )
    };
    assert_eq!(refused("ann", 2.0), Code::SelfTarget);
    assert_eq!(refused("nobody", 2.0), Code::TargetNotFound);
    for distance in [0.49, 50.01, -1.0] {
        assert_eq!(refused("bob", distance), Code::InvalidParameter);
    }
}

#[test]
fn a_teleport_is_a_hand_off_to_a_region_that_there_is() {
    let stage = Stage::with(&[("ann", 20.0, 20.0)]);
    let hand_off = stage
        .decide("ann", "teleport", json!({"region": "forest", "x": 5.0, "y": 6.0}))
        .unwrap()
        .hand_off
        .unwrap();
    assert_eq!(
        (hand_off.region.as_str(), hand_off.at),
        ("forest", Some(Vec3::new(5.0, 6.0, 25.0)))
    );
    assert_eq!(
        stage
            .decide("ann", "teleport", json!({"region": "forest"}))
            .unwrap()
            .hand_off
            .unwrap()
            .at,
        None
    );
    assert_eq!(
        stage.refused("ann", "teleport", json!({"region": "moon"})),
        Code::RegionNotFound
    );
    assert_eq!(
        stage.refused("ann", "teleport", json!({"region": "forest", "x": 5.0})),
        Code::InvalidParameter
    );
    assert_eq!(
        stage.refused(
            "ann",
            "teleport",
            json!({"region": "forest", "x": 257.0, "y": 0.0})
        ),
        Code::OutOfBounds
    );
    assert_eq!(
        stage.refused("zoe", "teleport", json!({"region": "forest"})),
        Code::NotInWorld
    );
}

#[test]
fn a_snapshot_has_everybody_in_the_cell_with_everything() {
    let stage = Stage::with(&[("ann", 1.0, 1.0), ("bob", 15.99, 2.0), ("cat", 16.0, 2.0)]);
    let snapshot = parse(stage.region.snapshot(Cell(0, 0), stage.tick()));
    assert_eq!(
        (&snapshot["snapshot"], &snapshot["cell"]),
        (&json!(true), &json!([0, 0]))
    );
    let ids: Vec<_> = snapshot["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(ids, ["ann", "bob"]);
    for field in ["id", "name", "x", "y", "z", "heading", "to", "speed", "status"] {
        assert!(snapshot["agents"][0].get(field).is_some(), "{field} is missing");
    }
}

#[test]
fn a_frame_carries_only_what_changed() {
    let mut stage = Stage::with(&[("ann", 1.0, 1.0), ("bob", 2.0, 2.0)]);
    assert_eq!(
        frame(&mut stage, Cell(0, 0)).unwrap()["agents"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(frame(&mut stage, Cell(0, 0)), None);
    stage
        .act("ann", "set_status", json!({"status": "reading"}))
        .unwrap();
    let entry = frame(&mut stage, Cell(0, 0)).unwrap();
    assert_eq!(entry["agents"], json!([{"id": "ann", "status": "reading"}]));
    assert!(entry.get("snapshot").is_none() && entry.get("left").is_none() && entry.get("events").is_none());
    stage.act("bob", "move_to", json!({"x": 8.0, "y": 2.0})).unwrap();
    let walk = frame(&mut stage, Cell(0, 0)).unwrap();
    assert_eq!(
        walk["agents"],
        json!([{"id": "bob", "x": 2.0, "y": 2.0, "z": 25.0, "heading": 0.0,
        "to": {"x": 8.0, "y": 2.0, "z": 25.0}, "speed": 1.5}])
    );
    // A walk inside a cell is one entry, not one a tick.
    stage.run(20);
    assert_eq!(frame(&mut stage, Cell(0, 0)), None);
}

#[test]
fn a_change_of_cell_leaves_the_one_and_enters_the_other_whole() {
    let mut stage = Stage::with(&[("ann", 15.0, 1.0)]);
    stage.region.take_changes();
    stage.act("ann", "move_to", json!({"x": 20.0, "y": 1.0})).unwrap();
    stage.region.take_changes();
    stage.run(6);
    assert!(stage.region.take_changes().is_empty());
    stage.now = stage.now.plus_ms(100);
    let tick = stage.tick();
    assert_eq!(
        stage.region.step(tick),
        [Step::EnteredCell(id_of("ann"), Cell(1, 0))]
    );
    let changes = stage.region.take_changes();
    let left = parse(stage.region.frame(Cell(0, 0), &changes[&Cell(0, 0)], tick));
    assert_eq!((&left["left"], left.get("agents")), (&json!(["ann"]), None));
    let entered = parse(stage.region.frame(Cell(1, 0), &changes[&Cell(1, 0)], tick));
    assert_eq!(
        (&entered["agents"][0]["name"], &entered["agents"][0]["speed"]),
        (&json!("ANN"), &json!(1.5))
    );
}

#[test]
fn who_leaves_the_region_is_told_as_left_and_back_at_once_as_whole() {
    let mut stage = Stage::with(&[("ann", 1.0, 1.0)]);
    stage.region.take_changes();
    let body = stage.region.leave(id_of("ann")).unwrap();
    assert_eq!(stage.region.agent_count(), 0);
    assert_eq!(frame(&mut stage, Cell(0, 0)).unwrap()["left"], json!(["ann"]));
    let tick = stage.tick();
    stage.region.enter(body.clone(), tick);
    stage.region.take_changes();
    stage.region.leave(id_of("ann"));
    stage.region.enter(body, tick);
    let back = frame(&mut stage, Cell(0, 0)).unwrap();
    assert_eq!(
        (back.get("left"), &back["agents"][0]["name"]),
        (None, &json!("ANN"))
    );
}

#[test]
fn a_frozen_agent_stands_still() {
    let mut stage = Stage::with(&[("ann", 15.0, 1.0)]);
    stage
        .act("ann", "move_to", json!({"x": 40.0, "y": 1.0, "gait": "run"}))
        .unwrap();
    stage.region.body_mut(id_of("ann")).unwrap().is_frozen = true;
    stage.region.take_changes();
    stage.run(50);
    assert!(stage.region.take_changes().is_empty());
    // A change about one that is gone changes nothing.
    stage
        .region
        .apply(id_of("zoe"), Change::Status("lost".to_owned()));
    assert!(stage.region.take_changes().is_empty());
}
