//! What the tests build their worlds from.

pub use crate::base::id::{AgentId, EventId, NodeId};
pub use crate::base::time::{Tick, Timestamp};
pub use crate::domain::action::Durability;
pub use crate::domain::agent::{Handle, Name, Permissions};
pub use crate::domain::event::{Event, EventKind};
pub use crate::domain::ledger::{Amount, Payee, TransferCode};
pub use crate::domain::refusal::Code;
use crate::domain::region::{ObjectPlan, RegionPlan};
pub use crate::domain::space::Vec3;
pub use crate::domain::write::Write;
pub use crate::store::agent::*;
pub use crate::store::commit::*;
pub use crate::store::lease::*;
use crate::store::region::Created;
pub use crate::store::shard::*;
pub use crate::store::test_database::{NOW, on_both, postgres, sqlite, tamper};
pub use crate::store::{Reader, Store, Target, migrate};
pub use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
pub use uuid::Uuid;

/// A number that no other test has.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn fresh_id() -> Uuid {
    Uuid::from_u64_pair(0x0198_0000_0000_7000, 0x8000_0000_0000_0000 | unique())
}

pub fn handle(text: &str) -> Handle {
    Handle::new(text).unwrap()
}

pub fn plan(name: &str) -> RegionPlan {
    serde_json::from_value(json!({
        "name": name, "display_name": name, "size_m": 256.0, "capacity": 500, "spawn": {"x": 128.0, "y": 128.0, "z": 25.0},
        "objects": [{"id": format!("{name}-board"), "name": "Board", "kind": "notice_board", "at": {"x": 1.0, "y": 2.0, "z": 25.0}}]
    }))
    .unwrap()
}

pub fn object_of(plan: &RegionPlan) -> &ObjectPlan {
    &plan.objects[0]
}

pub fn new_agent(name: &str) -> NewAgent {
    NewAgent {
        id: AgentId(fresh_id()),
        handle: handle(name),
        name: Name::new(name).unwrap(),
        owner_id: None,
        description: Some("a test".to_owned()),
        avatar: json!({"type": "fox"}),
        skills_map: json!({}),
        default_region: "plaza".to_owned(),
        permissions: Permissions::of_new_agent(),
        key_id: Some(format!("key-{name}")),
        key_hash: Some("$argon2id$fake".to_owned()),
        inbox_epoch: format!("epoch-{name}"),
    }
}

/// A world with one region, one claimed shard and some agents.
pub struct Stage {
    pub store: Store,
    pub lease: Lease,
    pub agents: Vec<NewAgent>,
    pub now: Timestamp,
}

impl Stage {
    pub fn new(target: &Target, names: &[&str]) -> Self {
        let mut store = Store::open(target).unwrap();
        let now = match target {
            Target::Postgres(_) => store.database_time().unwrap().unwrap(),
            _ => NOW,
        };
        migrate(target, now).unwrap();
        store.ensure_world(100, Some(7), now).unwrap();
        store.ensure_regions(&[plan("plaza")], now).unwrap();
        let node = NodeId(fresh_id());
        store
            .register_node(node, "node-a", "127.0.0.1:0", "0.1.0", now)
            .unwrap();
        let turn = store.keep_leases(node, 600_000, Claiming::Alone, now).unwrap();
        let agents: Vec<NewAgent> = names.iter().map(|name| new_agent(name)).collect();
        for agent in &agents {
            assert_eq!(store.register_agent(agent, now).unwrap(), Registered::Done);
        }
        Self {
            store,
            lease: turn.holdings[0].lease_of(node).unwrap(),
            agents,
            now,
        }
    }

    /// The lease of a second region's only shard, held by another node.
    pub fn claim_another(&mut self) -> Lease {
        self.open(&plan("market"), NodeId(fresh_id()))[0]
    }

    /// Adds a region whose shards belong to a node. Gives their leases.
    pub fn open(&mut self, plan: &RegionPlan, node: NodeId) -> Vec<Lease> {
        let opened = self
            .store
            .open_region(plan, node, (600_000, Claiming::Shared), self.now);
        match opened.unwrap() {
            Created::Done(opened) => opened.into_iter().map(|(_, lease)| lease).collect(),
            not_made => panic!("{not_made:?}"),
        }
    }

    pub fn agent(&self, name: &str) -> &NewAgent {
        self.agents
            .iter()
            .find(|agent| agent.handle.as_str() == name)
            .unwrap()
    }

    /// A commit of an agent with a command.
    pub fn act(&self, who: &str, id: &str, action: &'static str, event: Event, writes: Vec<Write>) -> Commit {
        let agent = self.agent(who);
        let mut body_hash = [0; 32];
        let text = format!("{action} {writes:?}");
        for (index, byte) in text.bytes().enumerate() {
            body_hash[index % 32] = (body_hash[index % 32] ^ byte).rotate_left(3);
        }
        Commit {
            agent: agent.id,
            handle: agent.handle.clone(),
            name: agent.name.text().to_owned(),
            command: Some(CommandKey {
                id: id.to_owned(),
                body_hash,
                action,
                durability: Durability::Durable,
            }),
            event_id: EventId(fresh_id()),
            event,
            region: "plaza".to_owned(),
            tick: Tick(10),
            writes,
            result: json!({}),
        }
    }

    pub fn pay(&self, from: &str, to: &str, amount: i64, id: &str) -> Commit {
        let event = Event::new(EventKind::Payment, Some(handle(from)), json!({"amount": amount}))
            .about(handle(to))
            .to_inbox(handle(to));
        let write = Write::Transfer {
            to: Payee::Agent(handle(to)),
            amount: Amount::new(amount).unwrap(),
            code: TransferCode::Payment,
            note: None,
        };
        self.act(from, id, "pay", event, vec![write])
    }

    pub fn batch(&self, commits: Vec<Commit>) -> Batch {
        Batch {
            lease: self.lease,
            lease_ttl_ms: 0,
            now: self.now,
            commits,
        }
    }

    pub fn commit(&mut self, commits: Vec<Commit>) -> Vec<Outcome> {
        let batch = self.batch(commits);
        self.store.commit(&batch).unwrap()
    }

    pub fn balance(&mut self, name: &str) -> i64 {
        let id = self.agent(name).id;
        self.store.balance(id).unwrap().unwrap()
    }

    /// What a start of the shard finds.
    pub fn loaded(&mut self) -> ShardLoad {
        self.store.load_shard(self.lease.shard).unwrap().unwrap()
    }

    pub fn last_seq(&mut self) -> i64 {
        self.loaded().last_seq
    }

    pub fn assert_sound(&mut self) {
        assert_eq!(self.store.verify().unwrap(), []);
    }
}

pub fn seq_of(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Committed { seq, .. } => *seq,
        other => panic!("not committed: {other:?}"),
    }
}

pub fn result_of(outcome: &Outcome) -> &Value {
    match outcome {
        Outcome::Committed { result, .. } => result,
        other => panic!("not committed: {other:?}"),
    }
}

pub fn code_of(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Refused(refusal) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

pub fn replay_of(outcome: &Outcome) -> &StoredAnswer {
    match outcome {
        Outcome::Replayed(answer) => answer,
        other => panic!("not replayed: {other:?}"),
    }
}
