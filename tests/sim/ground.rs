//! The ground that every run begins on: a world with regions and agents, made once and copied for each run.

use rookery::base::id::{AgentId, NodeId, ShardId};
use rookery::base::time::{Tick, Timestamp};
use rookery::domain::agent::{Handle, Name, Permissions};
use rookery::domain::event::{Event, EventKind};
use rookery::domain::region::RegionPlan;
use rookery::domain::space::Vec3;
use rookery::domain::write::Write;
use rookery::store::agent::{NewAgent, Registered};
use rookery::store::commit::{Batch, Commit, Outcome};
use rookery::store::{Store, Target, backup, migrate};
use serde_json::json;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// When every run begins: the middle of a month. Units: milliseconds since 1970.
pub const BEGIN_MS: i64 = 1_789_500_000_000;
/// Regions of the world, each of one shard.
pub const REGIONS: [&str; 4] = ["forest", "garden", "market", "plaza"];
/// Agents in it.
pub const AGENTS: usize = 6;
/// Where an agent stands at first.
const AT: Vec3 = Vec3 {
    x: 100.0,
    y: 100.0,
    z: 25.0,
};

/// A region of 256 m without anything in it.
fn plan(name: &str) -> RegionPlan {
    let spawn = json!({"x": 128.0, "y": 128.0, "z": 25.0});
    let plan = json!({"name": name, "display_name": name, "size_m": 256.0, "capacity": 500, "spawn": spawn});
    serde_json::from_value(plan).expect("it is a plan")
}

/// An agent's handle, by number.
pub fn handle(number: usize) -> Handle {
    Handle::new(&format!("agent-{number}")).expect("it is a handle")
}

/// An agent's id, by number.
pub fn agent_id(number: usize) -> AgentId {
    AgentId(Uuid::from_u128(
        0x1000 + u128::try_from(number).expect("there are few"),
    ))
}

fn new_agent(number: usize) -> NewAgent {
    NewAgent {
        id: agent_id(number),
        handle: handle(number),
        name: Name::new(&format!("Agent {number}")).expect("it is a name"),
        owner_id: None,
        description: None,
        avatar: json!({}),
        skills_map: json!({}),
        default_region: REGIONS[0].to_owned(),
        permissions: Permissions::of_new_agent(),
        key_id: None,
        key_hash: None,
        inbox_epoch: "sim".to_owned(),
    }
}

/// The world that all runs are copies of.
fn template() -> &'static Target {
    static TEMPLATE: OnceLock<Target> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let target = Target::SqliteMemory("sim-template".to_owned());
        let now = Timestamp(BEGIN_MS);
        migrate(&target, now).expect("the schema is made");
        let mut store = Store::open(&target).expect("it opens");
        store.ensure_world(100, Some(1), now).expect("a world is made");
        let plans: Vec<RegionPlan> = REGIONS.iter().map(|name| plan(name)).collect();
        store.ensure_regions(&plans, now).expect("regions are made");
        let maker = NodeId(Uuid::from_u128(1));
        let claims = store.claim_shards(maker, 60_000, now).expect("they are free");
        let shards = store.shards().expect("they are read");
        for number in 0..AGENTS {
            let registered = store.register_agent(&new_agent(number), now);
            assert_eq!(registered.expect("it is written"), Registered::Done);
            let claim = &claims[number % claims.len()];
            let region = shards.iter().find(|shard| shard.id == claim.shard);
            let region = &region.expect("it is there").region;
            let batch = Batch {
                lease: *claim,
                lease_ttl_ms: 60_000,
                now,
                commits: vec![enter(number, region, claim.shard)],
            };
            let outcomes = store.commit(&batch).expect("it is committed");
            assert!(matches!(outcomes[..], [Outcome::Committed { .. }]));
        }
        store.release_leases(maker, now).expect("they are given back");
        target
    })
}

fn enter(number: usize, region: &str, shard: ShardId) -> Commit {
    let source = Some(handle(number));
    Commit {
        agent: agent_id(number),
        handle: handle(number),
        name: format!("Agent {number}"),
        command: None,
        event_id: rookery::base::id::EventId(Uuid::from_u128(
            0x2000_0000 + u128::try_from(number).expect("there are few"),
        )),
        event: Event::new(EventKind::AgentSpawn, source, json!({})).at(AT),
        region: region.to_owned(),
        tick: Tick(0),
        writes: vec![Write::Relocate {
            region: region.to_owned(),
            shard,
            at: AT,
            hop: 0,
            is_in_world: true,
            carried: None,
        }],
        result: json!({}),
    }
}

/// A database of a run's own, and a connection that keeps it alive.
pub fn copy() -> (Target, Store) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let template = template();
    let name = format!("sim-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let target = Target::SqliteMemory(name.clone());
    let store = Store::open(&target).expect("it opens");
    backup::backup(template, Path::new(&format!("file:/{name}?vfs=memdb"))).expect("it is copied");
    (target, store)
}
