//! A small world to decide actions in: one region of 256 m, and agents where a test puts them.

use crate::base::id::{AgentId, ShardId};
use crate::base::time::{Tick, TickRate, Timestamp};
use crate::domain::action::Action;
use crate::domain::agent::{Handle, Permissions, Profile};
use crate::domain::conversation::Conversation;
use crate::domain::object::{ObjectKind, SceneObject};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::region::{Body, RegionPlan, RegionState, World};
use crate::domain::scene::{Decision, Scene};
use crate::domain::space::Vec3;
use crate::domain::write::Write;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Ticks of 100 ms since 1970.
pub const RATE: TickRate = TickRate {
    epoch: Timestamp(0),
    tick_ms: 100,
};

/// The world of a test. Tick and time go together.
pub struct Stage {
    pub world: World,
    pub region: RegionState,
    pub now: Timestamp,
    pub dice: u64,
    pub conversation: Option<Conversation>,
}

pub fn handle(name: &str) -> Handle {
    Handle::new(name).unwrap()
}

/// An id that is the same for the same name.
pub fn id_of(name: &str) -> AgentId {
    AgentId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

pub fn profile(name: &str) -> Arc<Profile> {
    Arc::new(Profile {
        id: id_of(name),
        handle: handle(name),
        name: name.to_uppercase(),
        permissions: Permissions::of_new_agent(),
        avatar_type: "default".to_owned(),
        is_public: false,
        accepts_prompts: false,
    })
}

fn plan(name: &str) -> RegionPlan {
    serde_json::from_value(
        json!({"name": name, "display_name": name, "size_m": 256.0, "capacity": 500,
        "spawn": {"x": 128.0, "y": 128.0, "z": 25.0}}),
    )
    .unwrap()
}

impl Stage {
    /// Agents that stand in region `plaza`; there is an empty region `forest` too.
    pub fn with(agents: &[(&str, f64, f64)]) -> Self {
        let world = World {
            rate: RATE,
            seed: 7,
            regions: vec![plan("plaza"), plan("forest")],
            shards: Vec::new(),
        };
        let region = RegionState::new(ShardId(1), plan("plaza"), RATE, Vec::new());
        let mut stage = Self {
            world,
            region,
            now: Timestamp(1_000_000),
            dice: 0,
            conversation: None,
        };
        for (name, x, y) in agents {
            let tick = stage.tick();
            stage.region.enter(
                Body::standing(profile(name), Vec3::new(*x, *y, 25.0), tick, 0),
                tick,
            );
        }
        stage
    }

    pub fn tick(&self) -> Tick {
        RATE.tick_at(self.now)
    }

    pub fn put_object(&mut self, id: &str, kind: ObjectKind, x: f64, y: f64) {
        let (at, state) = (Vec3::new(x, y, 25.0), json!({}));
        let object = SceneObject {
            id: id.to_owned(),
            name: id.to_owned(),
            kind,
            at,
            state,
            version: 0,
        };
        self.region.objects.insert(id.to_owned(), object);
    }

    pub fn body(&self, name: &str) -> &Body {
        self.region.body(id_of(name)).unwrap()
    }

    pub fn position(&self, name: &str) -> Vec3 {
        self.region.position(self.body(name), self.tick())
    }

    /// Decides an action, and changes nothing.
    pub fn decide(&self, name: &str, action: &str, params: Value) -> Result<Decision, Refusal> {
        let scene = Scene {
            now: self.now,
            tick: self.tick(),
            rate: RATE,
            dice: self.dice,
            fresh_id: Uuid::from_u128(77),
            me: &profile(name),
            world: &self.world,
            region: Some(&self.region),
            conversation: self.conversation.as_ref(),
        };
        Action::decode(action, &params.to_string())?.decide(&scene)
    }

    /// The code with which an action is refused.
    pub fn refused(&self, name: &str, action: &str, params: Value) -> Code {
        self.decide(name, action, params).unwrap_err().code
    }

    /// Decides an action and does what its owner does after the commit.
    pub fn act(&mut self, name: &str, action: &str, params: Value) -> Result<Decision, Refusal> {
        let decision = self.decide(name, action, params)?;
        for change in decision.changes.clone() {
            self.region.apply(id_of(name), change);
        }
        for write in &decision.writes {
            if let Write::Conversation(after) = write {
                after.note_in(&mut self.region, self.now);
                self.conversation = Some((**after).clone());
            }
        }
        Ok(decision)
    }

    /// Lets ticks go by, each with its step.
    pub fn run(&mut self, ticks: i64) {
        for _ in 0..ticks {
            self.now = self.now.plus_ms(RATE.tick_ms);
            let tick = self.tick();
            self.region.step(tick);
        }
    }
}
