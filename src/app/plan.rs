//! From the world file's words to the domain's.

use crate::config::world_file::{Region, WorldFile};
use crate::domain::region::{ObjectPlan, Path, Place, RegionPlan};
use crate::domain::space::Vec3;

/// The regions that a world file describes.
pub fn plans_of(file: &WorldFile) -> Vec<RegionPlan> {
    file.regions.iter().map(plan_of).collect()
}

fn plan_of(region: &Region) -> RegionPlan {
    let spawn = region.spawn_point();
    let display_name = if region.display_name.is_empty() { &region.name } else { &region.display_name };
    RegionPlan {
        name: region.name.clone(),
        display_name: display_name.clone(),
        description: region.description.clone(),
        size_m: f64::from(region.size_m),
        capacity: region.capacity,
        spawn: Vec3::new(spawn.x, spawn.y, spawn.z),
        weather: region.weather.map(|weather| weather.as_str().to_owned()),
        paths: region
            .paths
            .iter()
            .map(|path| Path { points: path.points.iter().map(|point| (point[0], point[1])).collect(), width_m: path.width_m })
            .collect(),
        places: region
            .places
            .iter()
            .map(|place| Place { name: place.name.clone(), x: place.x, y: place.y, radius_m: place.radius, kind: place.kind.clone() })
            .collect(),
        objects: region
            .objects
            .iter()
            .map(|object| ObjectPlan {
                id: object.id.clone(),
                name: object.name.clone(),
                kind: object.kind.as_str().to_owned(),
                at: Vec3::new(object.x, object.y, object.z),
            })
            .collect(),
        pool: region.pool.clone(),
        is_public: region.public,
    }
}
