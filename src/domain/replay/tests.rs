//! Any world's logs give back the state of each of its shards.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

const SHARDS: i32 = 3;
const AGENTS: u128 = 4;

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// An agent enters, walks over, or leaves: it is in that shard now.
    Move(u128, i32, bool),
    /// Somebody in that shard uses an object of the region.
    Use(u8, i32),
    /// A conversation of that shard changes, or closes.
    Talk(u8, i32, bool),
    /// Something else.
    Nothing(i32),
}

fn step() -> impl Strategy<Value = Step> {
    let shard = || 1..=SHARDS;
    prop_oneof![
        4 => (0..AGENTS, shard(), prop::bool::weighted(0.8)).prop_map(|(agent, shard, stays)| Step::Move(agent, shard, stays)),
        2 => (0..2u8, shard()).prop_map(|(object, shard)| Step::Use(object, shard)),
        2 => (0..2u8, shard(), prop::bool::ANY).prop_map(|(talk, shard, closes)| Step::Talk(talk, shard, closes)),
        1 => shard().prop_map(Step::Nothing),
    ]
}

fn conversation(id: ConversationId, line_count: i64) -> Conversation {
    let body = json!({
        "id": id, "region": "plaza", "initiator": "alice", "topic": null, "phase": "open", "members": [], "floor": null,
        "next_speaker": null, "line_count": line_count, "opened_at": 1, "last_at": line_count, "close_reason": null
    });
    serde_json::from_value(body).unwrap()
}

/// The tables, and the logs that tell of them.
struct World {
    places: BTreeMap<AgentId, Place>,
    objects: BTreeMap<String, ObjectState>,
    talks: BTreeMap<ConversationId, (i32, Conversation)>,
    logs: BTreeMap<i32, Vec<Logged>>,
}

impl World {
    fn after(steps: &[Step]) -> Self {
        let mut world = Self {
            places: BTreeMap::new(),
            objects: BTreeMap::new(),
            talks: BTreeMap::new(),
            logs: (1..=SHARDS).map(|shard| (shard, Vec::new())).collect(),
        };
        for (at, step) in (1_i64..).zip(steps) {
            world.take(at, step);
        }
        world
    }

    fn take(&mut self, at: i64, step: &Step) {
        let (shard, deltas) = match step {
            Step::Move(agent, shard, stays) => {
                let agent = AgentId(Uuid::from_u128(*agent));
                let place = Place {
                    shard: ShardId(*shard),
                    region: "plaza".to_owned(),
                    at: Vec3::new(1.25, 2.5, 25.0),
                    hop: self.places.get(&agent).map_or(0, |place| place.hop) + 1,
                    is_in_world: *stays,
                    carried: stays.then(|| format!("at {at}")),
                };
                self.places.insert(agent, place.clone());
                (*shard, vec![Delta::Agent(agent, place)])
            }
            Step::Use(object, shard) => {
                let id = format!("bench_{object}");
                let version = self.objects.get(&id).map_or(0, |object| object.version) + 1;
                let object = ObjectState {
                    version,
                    state: json!({"sit": version, "by": shard}),
                };
                self.objects.insert(id.clone(), object.clone());
                (*shard, vec![Delta::Object(id, object)])
            }
            Step::Talk(talk, shard, closes) => {
                let id = ConversationId(Uuid::from_u64_pair(u64::from(*talk), shard.unsigned_abs().into()));
                let talk = conversation(id, at);
                if *closes {
                    self.talks.remove(&id);
                } else {
                    self.talks.insert(id, (*shard, talk.clone()));
                }
                (
                    *shard,
                    vec![Delta::Conversation(id, (!closes).then(|| Box::new(talk)))],
                )
            }
            Step::Nothing(shard) => (*shard, Vec::new()),
        };
        let log = self.logs.get_mut(&shard).unwrap();
        let (seq, epoch, at) = (i64::try_from(log.len()).unwrap() + 1, 1 + at / 10, Timestamp(at));
        log.push(Logged {
            seq,
            epoch,
            at,
            deltas,
        });
    }

    /// What the tables say of a shard.
    fn state(&self, shard: i32) -> ShardState {
        let here = |place: &Place| place.shard.0 == shard && place.is_in_world;
        let log = &self.logs[&shard];
        ShardState {
            shard: ShardId(shard),
            last_seq: i64::try_from(log.len()).unwrap(),
            last_at: log.last().map_or(Timestamp(0), |event| event.at),
            agents: self
                .places
                .iter()
                .filter(|(_, place)| here(place))
                .map(|(id, place)| (*id, place.clone()))
                .collect(),
            objects: self.objects.clone(),
            conversations: self
                .talks
                .iter()
                .filter(|(_, talk)| talk.0 == shard)
                .map(|(id, talk)| (*id, talk.1.clone()))
                .collect(),
        }
    }

    fn foreign(&self, shard: i32) -> impl DoubleEndedIterator<Item = Vec<Delta>> {
        let others = self.logs.iter().filter(move |(other, _)| **other != shard);
        others.flat_map(|(_, log)| log.iter().map(|event| event.deltas.clone()))
    }
}

proptest! {
    #[test]
    fn the_logs_give_back_what_the_tables_say(steps in prop::collection::vec(step(), 0..60), cut in 0..60usize) {
        let world = World::after(&steps);
        let before = World::after(&steps[..cut.min(steps.len())]);
        for shard in 1..=SHARDS {
            let expected = world.state(shard);
            // The others' logs first, last, backwards, twice; from the beginning, or from an earlier state.
            let mut first = Replay::from(ShardState::empty(ShardId(shard)), 0);
            world.foreign(shard).for_each(|deltas| first.foreign(deltas));
            let mut last = Replay::from(ShardState::empty(ShardId(shard)), 0);
            let mut later = Replay::from(before.state(shard), 0);
            for event in &world.logs[&shard] {
                first.own(event.clone()).unwrap();
                last.own(event.clone()).unwrap();
                if event.seq > later.last_seq() {
                    later.own(event.clone()).unwrap();
                }
            }
            world.foreign(shard).rev().for_each(|deltas| last.foreign(deltas));
            world.foreign(shard).for_each(|deltas| last.foreign(deltas));
            world.foreign(shard).for_each(|deltas| later.foreign(deltas));
            for replay in [first, last, later] {
                let state = replay.into_state();
                prop_assert_eq!(expected.differences(&state, 10), Vec::<String>::new());
                prop_assert_eq!(state.hash(), expected.hash());
            }
        }
    }

    #[test]
    fn a_lost_a_doubled_and_an_exchanged_event_are_noticed(steps in prop::collection::vec(step(), 3..40), place in 0..40usize) {
        let world = World::after(&steps);
        for log in world.logs.values().filter(|log| log.len() > 2) {
            let place = place % (log.len() - 1);
            let mut lost = log.clone();
            lost.remove(place);
            let mut doubled = log.clone();
            doubled.insert(place, log[place].clone());
            let mut exchanged = log.clone();
            exchanged.swap(place, place + 1);
            for broken in [lost, doubled, exchanged] {
                let mut replay = Replay::from(ShardState::empty(ShardId(1)), 0);
                let outcome: Result<Vec<()>, Broken> = broken.into_iter().map(|event| replay.own(event)).collect();
                prop_assert!(matches!(outcome, Err(Broken::Gap { .. })), "{outcome:?}");
            }
        }
    }

    #[test]
    fn the_hash_follows_every_change(steps in prop::collection::vec(step(), 1..40)) {
        let world = World::after(&steps);
        let state = world.state(1);
        let back: ShardState = serde_json::from_value(state.to_json()).unwrap();
        prop_assert_eq!(&back, &state);
        let mut others = Vec::new();
        for agent in state.agents.keys() {
            let mut other = state.clone();
            other.agents.get_mut(agent).unwrap().at.x += 0.01;
            others.push(other);
        }
        for object in state.objects.keys() {
            let mut other = state.clone();
            other.objects.get_mut(object).unwrap().state = json!({});
            others.push(other);
        }
        for talk in state.conversations.keys() {
            let mut other = state.clone();
            other.conversations.remove(talk);
            others.push(other);
        }
        others.push(ShardState { last_seq: state.last_seq + 1, ..state.clone() });
        for other in others {
            prop_assert_ne!(other.hash(), state.hash());
            prop_assert_eq!(state.differences(&other, 10).len(), 1);
        }
    }
}

fn logged(seq: i64, epoch: i64, at: i64, deltas: Vec<Delta>) -> Logged {
    Logged {
        seq,
        epoch,
        at: Timestamp(at),
        deltas,
    }
}

#[test]
fn a_stale_writer_and_a_repeated_version_are_noticed() {
    let mut replay = Replay::from(ShardState::empty(ShardId(1)), 2);
    assert_eq!(
        replay.own(logged(1, 1, 5, Vec::new())),
        Err(Broken::Fell { seq: 1 })
    );
    replay.own(logged(1, 2, 5, Vec::new())).unwrap();
    assert_eq!(
        replay.own(logged(2, 2, 4, Vec::new())),
        Err(Broken::Fell { seq: 2 })
    );
    let used = || {
        let state = json!({"sit": 1});
        vec![Delta::Object(
            "bench".to_owned(),
            ObjectState { version: 1, state },
        )]
    };
    replay.own(logged(2, 3, 6, used())).unwrap();
    let repeated = Broken::Repeated {
        seq: 3,
        what: "object bench".to_owned(),
        version: 1,
    };
    assert_eq!(replay.own(logged(3, 3, 6, used())), Err(repeated));
}

#[test]
fn keys_are_sorted_whatever_order_they_came_in() {
    let of = |text: &str| {
        let mut state = ShardState::empty(ShardId(1));
        let object = serde_json::from_str(text).unwrap();
        state.objects.insert(
            "board".to_owned(),
            ObjectState {
                version: 1,
                state: object,
            },
        );
        state.hash()
    };
    assert_eq!(
        of(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#),
        of(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#)
    );
}
