//! What a world file must fulfil beyond its form.

use std::collections::BTreeSet;

use super::{Object, Place, Region, Walkway, WorldFile, is_slug, is_title};
use crate::base::limit;

/// Refuses a world that could not run, with the reason in words.
pub(super) fn world(world: &WorldFile) -> Result<(), String> {
    if world.regions.is_empty() {
        return Err("there is no region; a world needs at least one [[region]]".to_owned());
    }
    at_most("regions", world.regions.len(), limit::REGIONS_MAX)?;
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for land in &world.regions {
        let place = |reason: String| format!("region `{}`: {reason}", land.name);
        if !names.insert(&land.name) {
            return Err(place("the name is taken by an earlier region".to_owned()));
        }
        region(land).map_err(place)?;
        if let Some(object) = land.objects.iter().find(|object| !ids.insert(&object.id)) {
            return Err(place(format!(
                "object `{}`: the id is taken by an earlier object",
                object.id
            )));
        }
    }
    Ok(())
}

/// Refuses a region that could not run, with the reason in words.
pub(super) fn region(region: &Region) -> Result<(), String> {
    if !is_slug(&region.name, limit::REGION_NAME_MAX_CHARS) {
        return Err("name must be 1 to 64 of a-z, 0-9, _ and -".to_owned());
    }
    if !region.display_name.is_empty() && !is_title(&region.display_name) {
        return Err("display_name must be 1 to 64 characters without line breaks".to_owned());
    }
    if region.description.chars().count() > limit::REGION_DESCRIPTION_MAX_CHARS
        || region.description.contains('\0')
    {
        return Err(format!(
            "description must be at most {} characters",
            limit::REGION_DESCRIPTION_MAX_CHARS
        ));
    }
    let (min, max) = (limit::REGION_SIZE_MIN_M, limit::REGION_SIZE_MAX_M);
    if !(min..=max).contains(&region.size_m) {
        return Err(format!("size_m must be {min} to {max}, not {}", region.size_m));
    }
    if !(1..=limit::REGION_CAPACITY_MAX).contains(&region.capacity) {
        return Err(format!(
            "capacity must be 1 to {}, not {}",
            limit::REGION_CAPACITY_MAX,
            region.capacity
        ));
    }
    let most = limit::shards_max(region.size_m);
    if !(1..=most).contains(&region.shards) {
        return Err(format!("shards must be 1 to {most}, not {}", region.shards));
    }
    let spawn = region.spawn_point();
    if !is_inside(region, spawn.x, spawn.y) || !is_height(spawn.z) {
        return Err(format!(
            "spawn must lie inside the region: 0 to {} metres",
            region.size_m
        ));
    }
    if region
        .pool
        .as_ref()
        .is_some_and(|pool| !is_slug(pool, limit::REGION_NAME_MAX_CHARS))
    {
        return Err("pool must be 1 to 64 of a-z, 0-9, _ and -".to_owned());
    }
    at_most("paths", region.paths.len(), limit::PATHS_PER_REGION_MAX)?;
    at_most("places", region.places.len(), limit::PLACES_PER_REGION_MAX)?;
    at_most("objects", region.objects.len(), limit::OBJECTS_PER_REGION_MAX)?;
    for (number, one) in region.paths.iter().enumerate() {
        path(region, one).map_err(|reason| format!("path {}: {reason}", number + 1))?;
    }
    let mut names = BTreeSet::new();
    for one in &region.places {
        place(region, one, names.insert(&one.name))
            .map_err(|reason| format!("place `{}`: {reason}", one.name))?;
    }
    for one in &region.objects {
        object(region, one).map_err(|reason| format!("object `{}`: {reason}", one.id))?;
    }
    Ok(())
}

fn path(region: &Region, path: &Walkway) -> Result<(), String> {
    if !path.name.is_empty() && !is_title(&path.name) {
        return Err("name must be at most 64 characters without line breaks".to_owned());
    }
    if !(path.width_m > 0.0 && path.width_m <= 64.0) {
        return Err("width_m must be more than 0 and at most 64".to_owned());
    }
    if !(2..=limit::POINTS_PER_PATH_MAX).contains(&path.points.len()) {
        return Err(format!("it must have 2 to {} points", limit::POINTS_PER_PATH_MAX));
    }
    if path.points.iter().any(|[x, y]| !is_inside(region, *x, *y)) {
        return Err(outside(region));
    }
    Ok(())
}

fn place(region: &Region, place: &Place, is_new: bool) -> Result<(), String> {
    if !is_title(&place.name) {
        return Err("name must be 1 to 64 characters without line breaks".to_owned());
    }
    if !is_new {
        return Err("the name is taken by an earlier place".to_owned());
    }
    if !is_slug(&place.kind, 32) {
        return Err("kind must be 1 to 32 of a-z, 0-9, _ and -".to_owned());
    }
    if !is_inside(region, place.x, place.y) {
        return Err(outside(region));
    }
    if !(place.radius > 0.0 && place.radius <= f64::from(region.size_m)) {
        return Err(format!(
            "radius must be more than 0 and at most {}",
            region.size_m
        ));
    }
    Ok(())
}

fn object(region: &Region, object: &Object) -> Result<(), String> {
    if !is_slug(&object.id, 64) {
        return Err("id must be 1 to 64 of a-z, 0-9, _ and -".to_owned());
    }
    if !is_title(&object.name) {
        return Err("name must be 1 to 64 characters without line breaks".to_owned());
    }
    if !is_inside(region, object.x, object.y) || !is_height(object.z) {
        return Err(outside(region));
    }
    Ok(())
}

/// Whether a point lies in the region; its far borders belong to the neighbours. Not-a-number is nowhere.
fn is_inside(region: &Region, x: f64, y: f64) -> bool {
    let side = f64::from(region.size_m);
    (0.0..side).contains(&x) && (0.0..side).contains(&y)
}

fn is_height(z: f64) -> bool {
    (0.0..=limit::ALTITUDE_MAX_M).contains(&z)
}

fn outside(region: &Region) -> String {
    format!(
        "it lies outside the region, which reaches from 0 to {} metres",
        region.size_m
    )
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), String> {
    if count <= max {
        return Ok(());
    }
    Err(format!("there are more than {max} {what}"))
}
