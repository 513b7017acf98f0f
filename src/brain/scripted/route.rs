//! Ways through a region: along its paths where that is no great detour.

use crate::brain::Dice;
use crate::domain::region::RegionPlan;
use crate::domain::space::Vec3;
use std::collections::VecDeque;

/// Most corners of paths that are considered.
const CORNERS_MAX: usize = 256;
/// Corners nearer than this are the same crossing. Units: metres.
const CROSSING_M: f64 = 1.5;
/// Nearer goals are walked to straight. Units: metres.
const STRAIGHT_M: f64 = 22.0;
/// How far from the border of a region people stay. Units: metres.
const MARGIN_M: f64 = 2.0;

struct Corner {
    at: Vec3,
    path: usize,
    index: usize,
    width_m: f64,
}

/// The points to walk to one after another, the goal last. A little beside the middle of the paths, as people walk.
pub fn route(region: &RegionPlan, from: Vec3, goal: Vec3, dice: &mut Dice) -> VecDeque<Vec3> {
    let goal = inside(region, Vec3::new(goal.x, goal.y, from.z));
    let corners = corners(region, from.z);
    let straight_m = from.distance(goal);
    let mut points: VecDeque<Vec3> = match (nearest(&corners, from), nearest(&corners, goal)) {
        (Some(first), Some(last)) if straight_m > STRAIGHT_M => along(&corners, first, last)
            .into_iter()
            .filter_map(|index| corners.get(index))
            .map(|corner| beside(region, corner, dice))
            .collect(),
        _ => VecDeque::new(),
    };
    // Nobody walks back to the beginning of a path to walk along it.
    while let (Some(first), Some(second)) = (points.front().copied(), points.get(1).copied().or(Some(goal))) {
        if from.distance(second) > first.distance(second).max(from.distance(first)) {
            break;
        }
        points.pop_front();
    }
    points.push_back(goal);
    points
}

/// A point near another, evenly within a circle.
pub fn near(region: &RegionPlan, centre: Vec3, radius_m: f64, dice: &mut Dice) -> Vec3 {
    let (angle, distance) = (
        dice.between(0.0, std::f64::consts::TAU),
        radius_m * dice.fraction().sqrt(),
    );
    inside(
        region,
        Vec3::new(
            centre.x + distance * angle.cos(),
            centre.y + distance * angle.sin(),
            centre.z,
        ),
    )
}

fn inside(region: &RegionPlan, at: Vec3) -> Vec3 {
    let most = (region.size_m - MARGIN_M).max(MARGIN_M);
    Vec3::new(at.x.max(MARGIN_M).min(most), at.y.max(MARGIN_M).min(most), at.z)
}

fn beside(region: &RegionPlan, corner: &Corner, dice: &mut Dice) -> Vec3 {
    near(region, corner.at, corner.width_m * 0.4, dice)
}

fn corners(region: &RegionPlan, z: f64) -> Vec<Corner> {
    let all = region.paths.iter().enumerate().flat_map(|(path, line)| {
        let points = line.points.iter().enumerate();
        points.map(move |(index, (x, y))| Corner {
            at: Vec3::new(*x, *y, z),
            path,
            index,
            width_m: line.width_m,
        })
    });
    all.take(CORNERS_MAX).collect()
}

fn nearest(corners: &[Corner], to: Vec3) -> Option<usize> {
    let by_distance = |a: &&Corner, b: &&Corner| a.at.distance(to).total_cmp(&b.at.distance(to));
    let corner = corners.iter().min_by(by_distance)?;
    corners.iter().position(|other| std::ptr::eq(other, corner))
}

fn is_step(a: &Corner, b: &Corner) -> bool {
    (a.path == b.path && a.index.abs_diff(b.index) == 1) || a.at.distance(b.at) < CROSSING_M
}

/// The shortest way along paths from corner to corner; only the last corner when there is none. Source: Dijkstra.
fn along(corners: &[Corner], first: usize, last: usize) -> Vec<usize> {
    let mut best: Vec<(f64, Option<usize>, bool)> = vec![(f64::INFINITY, None, false); corners.len()];
    if let Some(start) = best.get_mut(first) {
        start.0 = 0.0;
    }
    for _ in 0..corners.len() {
        let open = best
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.2 && row.0.is_finite());
        let Some((here, so_far)) = open
            .map(|(index, row)| (index, row.0))
            .min_by(|a, b| a.1.total_cmp(&b.1))
        else {
            break;
        };
        if let Some(row) = best.get_mut(here) {
            row.2 = true;
        }
        let Some(corner) = corners.get(here) else { break };
        for (other, row) in corners.iter().zip(best.iter_mut()) {
            let length = so_far + corner.at.distance(other.at);
            if !row.2 && length < row.0 && is_step(corner, other) {
                (row.0, row.1) = (length, Some(here));
            }
        }
    }
    let mut way = vec![last];
    let mut here = last;
    while let Some(before) = best
        .get(here)
        .and_then(|row| row.1)
        .filter(|_| way.len() <= corners.len())
    {
        way.push(before);
        here = before;
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::scripted::tests::world;

    fn at(x: f64, y: f64) -> Vec3 {
        Vec3::new(x, y, 25.0)
    }

    #[test]
    fn a_way_goes_over_the_crossing_of_two_paths() {
        let world = world();
        let region = world.region("main").unwrap();
        let way = route(region, at(72.0, 164.0), at(182.0, 92.0), &mut Dice::new(3));
        assert!(
            way.iter().any(|point| point.distance(at(128.0, 128.0)) < 5.0),
            "{way:?}"
        );
        assert!(
            way.len() >= 4 && way.back().unwrap().distance(at(182.0, 92.0)) < 0.01,
            "{way:?}"
        );
    }

    #[test]
    fn a_near_goal_is_walked_to_straight_and_every_way_stays_in_the_region() {
        let world = world();
        let mut dice = Dice::new(4);
        for region in &world.regions {
            assert_eq!(route(region, at(10.0, 10.0), at(12.0, 20.0), &mut dice).len(), 1);
            for _ in 0..200 {
                let (from, goal) = (
                    near(region, at(128.0, 128.0), 180.0, &mut dice),
                    near(region, at(128.0, 128.0), 400.0, &mut dice),
                );
                for point in route(region, from, goal, &mut dice) {
                    assert!(point.is_within(region.size_m), "{point:?}");
                }
            }
        }
    }

    #[test]
    fn a_region_without_paths_is_crossed_straight() {
        let mut region = world().regions.remove(0);
        region.paths.clear();
        assert_eq!(
            route(&region, at(10.0, 10.0), at(200.0, 200.0), &mut Dice::new(1)).len(),
            1
        );
    }
}
