//! From a region's batch to the commands for Redis.

use redis::Pipeline;
use serde_json::json;

use super::pending::Pending;
use super::{EVENTS_MAX, MirrorPosition};
use crate::bus::servers::Verbs;
use crate::bus::topic::Topic;

/// Metres of a region in one degree of the geo set: agents stand around longitude 0, latitude 0, x eastwards and y
/// northwards. Redis takes the Earth for a ball of radius 6,372,797.560856 m, so with this scale GEOSEARCH speaks in
/// the region's metres: right to 0.001 % up to 4,096 m, but for the 0.3 m to which Redis rounds a position.
pub const METRES_PER_DEGREE: f64 = 6_372_797.560_856 * std::f64::consts::PI / 180.0;

/// The latitude that Redis takes at most is 85.05 degrees; beyond this a position is left out. Units: metres.
const REACH_M: f64 = 9_000_000.0;

const SESSION_TTL_S: u32 = 300;
const POSITION_TTL_S: u32 = 30;
const REGION_TTL_S: u32 = 300;
const SPECTATOR_TTL_S: u32 = 300;
const RATE_TTL_S: u32 = 60;
const WORLD_TTL_S: u32 = 300;

/// Commands in one pipeline: about 2,600 agents. A larger batch takes several, so that each ends in time.
const COMMANDS_MAX: usize = 8_000;

/// How a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// The region's sets begin anew.
    First,
    /// After others.
    Next,
    /// The region's sets and its stream begin anew; nothing is published.
    Refill,
}

/// The commands that write a batch, in order.
pub(super) fn pipelines(
    prefix: &str,
    region: &str,
    pending: &Pending,
    manner: Manner,
    verbs: Verbs,
) -> Vec<Pipeline> {
    let mut script = Script {
        prefix,
        region,
        publish: verbs.publish,
        is_news: manner != Manner::Refill,
        done: Vec::new(),
        open: redis::pipe(),
    };
    script.world(pending);
    script.left(pending, manner != Manner::Next);
    script.positions(pending);
    script.sessions(pending);
    script.events(pending);
    script.done.push(script.open);
    script.done.retain(|pipeline| !pipeline.is_empty());
    script.done
}

struct Script<'a> {
    prefix: &'a str,
    region: &'a str,
    publish: &'static str,
    is_news: bool,
    done: Vec<Pipeline>,
    open: Pipeline,
}

impl Script<'_> {
    /// Begins a command.
    fn command(&mut self, name: &str) -> &mut Pipeline {
        if self.open.len() >= COMMANDS_MAX {
            self.done.push(std::mem::take(&mut self.open));
        }
        self.open.cmd(name)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn region_key(&self, kind: &str) -> String {
        format!("{}{kind}:{}", self.prefix, self.region)
    }

    fn members_key(&self) -> String {
        format!("{}region:{}:agents", self.prefix, self.region)
    }

    fn position_key(&self, agent_id: &str) -> String {
        format!("{}pos:{}:{agent_id}", self.prefix, self.region)
    }

    fn set(&mut self, key: String, value: String, ttl_s: u32) {
        self.command("SET").arg(key).arg(value).arg("EX").arg(ttl_s);
    }

    fn expire(&mut self, key: String, ttl_s: u32) {
        self.command("EXPIRE").arg(key).arg(ttl_s);
    }

    fn world(&mut self, pending: &Pending) {
        self.set(self.key("world:tick"), pending.tick.to_string(), WORLD_TTL_S);
        if !pending.time.is_null() {
            self.set(self.key("world:time"), pending.time.to_string(), WORLD_TTL_S);
        }
        if !pending.weather.is_null() {
            self.set(
                self.region_key("world:weather"),
                pending.weather.to_string(),
                WORLD_TTL_S,
            );
        }
    }

    fn left(&mut self, pending: &Pending, is_first: bool) {
        let (members, geo) = (self.members_key(), self.region_key("geo"));
        if is_first {
            self.command("DEL").arg(members.as_str());
            self.command("DEL").arg(geo.as_str());
        }
        if pending.left.is_empty() {
            return;
        }
        let gone: Vec<&String> = pending.left.iter().collect();
        self.command("ZREM").arg(members).arg(gone.as_slice());
        self.command("ZREM").arg(geo).arg(gone.as_slice());
        for agent_id in &pending.left {
            let key = self.position_key(agent_id);
            self.command("DEL").arg(key);
        }
    }

    fn positions(&mut self, pending: &Pending) {
        let standing: Vec<&MirrorPosition> = pending
            .positions
            .values()
            .filter(|at| is_within_reach(at))
            .collect();
        if standing.is_empty() {
            return;
        }
        let (members, geo) = (self.members_key(), self.region_key("geo"));
        let command = self.command("ZADD").arg(members.as_str());
        for at in &standing {
            command.arg(at.activity_ms).arg(&at.agent_id);
        }
        let command = self.command("GEOADD").arg(geo.as_str());
        for at in &standing {
            command
                .arg(at.x / METRES_PER_DEGREE)
                .arg(at.y / METRES_PER_DEGREE)
                .arg(&at.agent_id);
        }
        self.expire(members, REGION_TTL_S);
        self.expire(geo, REGION_TTL_S);
        let channel = Topic::RegionPositions(self.region.to_owned()).name(self.prefix);
        for at in standing {
            let key = self.position_key(&at.agent_id);
            let command = self.command("HSET").arg(key.as_str());
            command.arg("x").arg(at.x).arg("y").arg(at.y).arg("z").arg(at.z);
            command.arg("tick").arg(pending.tick);
            self.expire(key, POSITION_TTL_S);
            if self.is_news {
                let told =
                    json!({"agent_id": at.agent_id, "x": at.x, "y": at.y, "z": at.z, "tick": pending.tick});
                self.command(self.publish)
                    .arg(channel.as_str())
                    .arg(told.to_string());
            }
        }
    }

    fn sessions(&mut self, pending: &Pending) {
        for agent_id in &pending.ended {
            let key = self.key(&format!("session:{agent_id}"));
            self.command("DEL").arg(key);
        }
        for session in pending.sessions.values() {
            let key = self.key(&format!("session:{}", session.agent_id));
            let [x, y, z] = session.position;
            let region = self.region;
            let command = self.command("HSET").arg(key.as_str());
            command
                .arg("token")
                .arg(&session.token_id)
                .arg("region")
                .arg(region);
            command
                .arg("position")
                .arg(json!({"x": x, "y": y, "z": z}).to_string());
            command.arg("status").arg(&session.status);
            command.arg("connected_at").arg(session.connected_at_ms);
            self.expire(key, SESSION_TTL_S);
        }
        for ((agent_id, action), count) in &pending.rates {
            self.set(
                self.key(&format!("ratelimit:{agent_id}:{action}")),
                count.to_string(),
                RATE_TTL_S,
            );
        }
    }

    fn events(&mut self, pending: &Pending) {
        let stream = self.region_key("events");
        let channel = Topic::RegionEvents(self.region.to_owned()).name(self.prefix);
        if !self.is_news {
            self.command("DEL").arg(stream.as_str());
        }
        for event in &pending.events {
            self.append(stream.as_str(), &event.payload);
            if self.is_news {
                self.command(self.publish)
                    .arg(channel.as_str())
                    .arg(&event.payload);
            }
            for session_id in &event.watchers {
                let stream = self.key(&format!("spectator:{session_id}:events"));
                self.append(&stream, &event.payload);
                self.expire(stream, SPECTATOR_TTL_S);
            }
        }
    }

    fn append(&mut self, stream: &str, payload: &str) {
        let command = self
            .command("XADD")
            .arg(stream)
            .arg("MAXLEN")
            .arg("~")
            .arg(EVENTS_MAX);
        command.arg("*").arg("event").arg(payload);
    }
}

fn is_within_reach(at: &MirrorPosition) -> bool {
    // Not a number is in no range, so this refuses it too.
    let is_within = |metres: f64| (-REACH_M..=REACH_M).contains(&metres);
    is_within(at.x) && is_within(at.y) && at.z.is_finite()
}
