//! The administrator's routes.

use super::Json;
use super::bearer::Admin;
use super::reads::world::RegionView;
use super::reads::{Answer, Surveys, ok};
use crate::config::world_file::Region;
use crate::domain::refusal::Refusal;
use crate::domain::region::weather::weather_at;
use crate::domain::region::{ObjectPlan, Path, Place, RegionPlan};
use crate::domain::space::Vec3;
use crate::transport::web::Web;
use actix_web::HttpResponse;
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;

/// All regions with their shards.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdminRegionList {
    /// In the order in which they were made.
    pub regions: Vec<AdminRegion>,
}

/// A region with its shards.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdminRegion {
    /// The region.
    #[serde(flatten)]
    pub region: RegionView,
    /// Its shards.
    pub shards: Vec<AdminShard>,
}

/// A shard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdminShard {
    /// Its number.
    pub shard: i32,
    /// Whether this node runs it.
    pub is_here: bool,
}

/// `GET /api/v1/admin/regions`
pub async fn list(web: Data<Web>, surveys: Data<Surveys>, _: Admin) -> Answer {
    let survey = surveys.survey(&web.gateway.node).await;
    let world = web.gateway.node.directory.world();
    let regions = world
        .regions
        .iter()
        .map(|plan| view(&web, plan, survey.count(&plan.name)))
        .collect();
    ok(&AdminRegionList { regions })
}

/// `POST /api/v1/admin/regions`
pub async fn create(web: Data<Web>, _: Admin, Json(region): Json<Region>) -> Answer {
    region.validate().map_err(Refusal::invalid)?;
    let plan = plan_of(&region);
    web.gateway.open_region(plan.clone()).await?;
    tracing::info!(region.name = %plan.name, "region {} was made", plan.name);
    Ok(HttpResponse::Created().json(view(&web, &plan, 0)))
}

fn view(web: &Web, plan: &RegionPlan, agent_count: usize) -> AdminRegion {
    let node = &web.gateway.node;
    let world = node.directory.world();
    let weather = weather_at(world.seed, &plan.name, plan.weather.as_deref(), node.now());
    let shards = world.shards.iter().filter(|shard| shard.region == plan.name);
    let shard = |id| AdminShard {
        shard: id,
        is_here: node.directory.shard(crate::base::id::ShardId(id)).is_some(),
    };
    let shards = shards.map(|plan| shard(plan.id.0)).collect();
    AdminRegion {
        region: RegionView::of(plan, agent_count, &weather),
        shards,
    }
}

/// A region as a world file or an administrator describes it, as the world keeps it.
pub fn plan_of(region: &Region) -> RegionPlan {
    let spawn = region.spawn_point();
    let display_name = if region.display_name.is_empty() {
        &region.name
    } else {
        &region.display_name
    };
    let path = |walkway: &crate::config::world_file::Walkway| Path {
        points: walkway.points.iter().map(|[x, y]| (*x, *y)).collect(),
        width_m: walkway.width_m,
    };
    let place = |place: &crate::config::world_file::Place| Place {
        name: place.name.clone(),
        x: place.x,
        y: place.y,
        radius_m: place.radius,
        kind: place.kind.clone(),
    };
    let object = |object: &crate::config::world_file::Object| ObjectPlan {
        id: object.id.clone(),
        name: object.name.clone(),
        kind: object.kind.as_str().to_owned(),
        at: Vec3::new(object.x, object.y, object.z),
    };
    RegionPlan {
        name: region.name.clone(),
        display_name: display_name.clone(),
        description: region.description.clone(),
        size_m: f64::from(region.size_m),
        capacity: region.capacity,
        shards: region.shards,
        spawn: Vec3::new(spawn.x, spawn.y, spawn.z),
        weather: region.weather.map(|weather| weather.as_str().to_owned()),
        paths: region.paths.iter().map(path).collect(),
        places: region.places.iter().map(place).collect(),
        objects: region.objects.iter().map(object).collect(),
        pool: region.pool.clone(),
        is_public: region.public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::world_file::WorldFile;
    use crate::domain::refusal::Code;
    use crate::transport::http::json::decode;

    #[test]
    fn built_in_world_keeps_all_it_says() {
        for region in &WorldFile::built_in().unwrap().regions {
            let plan = plan_of(region);
            assert_eq!(
                (plan.places.len(), plan.paths.len()),
                (region.places.len(), region.paths.len())
            );
            assert_eq!(plan.objects.len(), region.objects.len());
            assert!(
                plan.objects
                    .iter()
                    .all(|object| crate::domain::object::ObjectKind::from_name(&object.kind).is_some())
            );
        }
    }

    #[test]
    fn a_region_is_asked_for_strictly() {
        let code = |body: &str| {
            decode::<Region>(body.as_bytes())
                .map(|_| ())
                .map_err(|refusal| refusal.code)
        };
        assert_eq!(code(r#"{"name":"hall","size_m":64}"#), Ok(()));
        assert_eq!(
            code(r#"{"name":"hall","owner":"me"}"#),
            Err(Code::InvalidParameter)
        );
        assert_eq!(
            code(r#"{"name":"hall","objects":[{"id":"b","name":"B","kind":"throne","x":1,"y":1}]}"#),
            Err(Code::InvalidParameter)
        );
        assert_eq!(code(r#"{"name":"hall""#), Err(Code::Malformed));
    }
}
