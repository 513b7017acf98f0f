//! Credentials against a database in memory.

mod changing;
mod refreshing;
mod registering;

use super::*;
use crate::store::test_database::tamper;
use crate::store::{Reader, Store, Target, migrate};
use serde_json::json;

const START_MS: i64 = 1_790_000_000_000;
const CLIENT: &str = "192.0.2.1";
const AGENT: &str = "tests/1";

struct World {
    access: Arc<Access>,
    target: Target,
    database: Database,
    config: Arc<Config>,
    clock: Clock,
}

impl World {
    async fn new(name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Clock::manual(START_MS);
        let target = Target::SqliteMemory(format!("access_{name}"));
        migrate(&target, Timestamp(START_MS)).unwrap();
        let stores = vec![Store::open(&target).unwrap()];
        let database = Database::start(stores, vec![Reader::open(&target).unwrap()]);
        let mut config = Config::default();
        // Cheap hashes: what they cost is tested where they are made.
        (config.auth.argon2_memory_kib, config.auth.argon2_passes) = (64, 1);
        change(&mut config);
        let config = Arc::new(config);
        let access = Access::load(
            database.clone(),
            Arc::clone(&config),
            clock.clone(),
            Entropy::system(),
        )
        .await
        .unwrap();
        Self {
            access,
            target,
            database,
            config,
            clock,
        }
    }

    /// Another node of the same world.
    async fn node(&self) -> Arc<Access> {
        Access::load(
            self.database.clone(),
            Arc::clone(&self.config),
            self.clock.clone(),
            Entropy::system(),
        )
        .await
        .unwrap()
    }

    async fn register(&self, name: &str) -> Result<Welcome, Refusal> {
        self.access.register(registration(name), CLIENT, AGENT).await
    }
}

fn registration(name: &str) -> Registration {
    Registration {
        name: crate::domain::agent::Name::new(name).unwrap(),
        agent_id: None,
        owner_id: None,
        description: None,
        avatar: json!("fox"),
        skills_map: json!({}),
        default_region: "plaza".to_owned(),
    }
}

fn code<T>(result: Result<T, Refusal>) -> Code {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(refusal) => refusal.code,
    }
}
