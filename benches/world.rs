//! What the world does all the time: ticks, range queries, frames, group commits.

#[cfg(test)]
fn main() {
    bench::all();
    criterion::Criterion::default()
        .configure_from_args()
        .final_summary();
}

#[cfg(not(test))]
fn main() {}

#[cfg(test)]
mod bench {
    use criterion::{BatchSize, Criterion, criterion_group};
    use rookery::actors::publication::{Dialect, Publication};
    use rookery::actors::rights::{Known, Rights, judge};
    use rookery::base::id::{AgentId, EventId, NodeId};
    use rookery::base::time::{Tick, TickRate, Timestamp};
    use rookery::config::WorldFile;
    use rookery::domain::action::{Action, Durability};
    use rookery::domain::agent::{Handle, Name, Permissions, Profile};
    use rookery::domain::channel::{Namespace, Rule, Subject, Verb};
    use rookery::domain::event::{Event, EventKind};
    use rookery::domain::ledger::{Amount, Payee, TransferCode};
    use rookery::domain::region::{Body, RegionState, World};
    use rookery::domain::scene::{Change, Scene};
    use rookery::domain::space::{Trajectory, Vec3};
    use rookery::domain::write::Write;
    use rookery::host::entropy::Entropy;
    use rookery::store::agent::NewAgent;
    use rookery::store::commit::{Batch, CommandKey, Commit, Lease, Outcome};
    use rookery::store::{Store, Target, migrate};
    use rookery::wire::Encoding;
    use serde_json::{Value, json};
    use std::hint::black_box;
    use std::ops::Range;
    use std::sync::Arc;

    const AGENTS: u64 = 300;
    const CHANGED: u64 = 30;
    const PAYMENTS: usize = 100;
    const COMPANY: u64 = 31;
    const GUARDED: usize = 1_000;
    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    criterion_group!(all, region, perception, frames, commits, rights);

    fn id(number: u64) -> AgentId {
        AgentId(uuid::Uuid::from_u128(u128::from(number) + 1))
    }

    /// Whether somebody may hear one of many channels that are locked and granted to a thousand each, when all of it is known here.
    fn rights(criterion: &mut Criterion) {
        let rights = Rights::default();
        rights.hear(0);
        let names: Vec<String> = (0..GUARDED).map(|n| format!("agent.owner.room-{n}")).collect();
        let readers: Vec<String> = (0..1_000).map(|n| format!("reader-{n}")).collect();
        for name in &names {
            let rule = Rule {
                is_locked: true,
                granted: readers.iter().cloned().collect(),
            };
            let known = Known { rule, schema: None };
            assert!(rights.remember(name, &Arc::new(known), rights.forgotten()));
        }
        let mut turn = 0_usize;
        criterion.bench_function("check a right to a locked channel", |bench| {
            bench.iter(|| {
                turn += 7;
                let (name, reader) = (&names[turn % names.len()], &readers[turn % readers.len()]);
                let channel = Namespace::of(name).expect("a good name");
                let known = rights.known(name, &channel, 0).expect("it is known");
                black_box(judge(Subject::of(reader), Verb::Subscribe, &channel, known))
                    .expect("it is granted")
            });
        });
    }

    fn handle(number: u64) -> Handle {
        Handle::new(&format!("walker_{number}")).expect("a good handle")
    }

    /// A region with 300 agents that stand anywhere in it.
    fn crowd(point: impl Fn(u64) -> Vec3) -> RegionState {
        let file = WorldFile::built_in().expect("the built-in world is good");
        let plan = rookery::app::plans_of(&file).swap_remove(0);
        let rate = TickRate {
            epoch: NOW,
            tick_ms: 100,
        };
        let mut state = RegionState::new(rookery::base::id::ShardId(1), plan, rate, Vec::new());
        for number in 0..AGENTS {
            let profile = Profile {
                id: id(number),
                handle: handle(number),
                name: format!("Walker {number}"),
                permissions: Permissions::of_new_agent(),
                avatar_type: "default".to_owned(),
                is_public: true,
                accepts_prompts: false,
            };
            state.enter(
                Body::standing(Arc::new(profile), point(number), Tick(0), 0),
                Tick(0),
            );
        }
        state.take_changes();
        state
    }

    /// Points anywhere in a square of so many metres, east and north of one.
    fn points(from: f64, side: u64, entropy: &Entropy) -> impl Fn(u64) -> Vec3 {
        move |_number| {
            let bits = entropy.u64();
            let metres = |bits: u64| f64::from(u32::try_from(bits % (side * 100)).expect("small")) / 100.0;
            Vec3::new(from + metres(bits), from + metres(bits >> 32), 25.0)
        }
    }

    /// These agents set out for a point, which is news for those who see them.
    fn set_out(state: &mut RegionState, agents: Range<u64>, point: impl Fn(u64) -> Vec3) {
        for number in agents {
            let from = state.body(id(number)).expect("it is here").trajectory.from;
            let walk = Trajectory::walking(from, point(number), Tick(0), 1.5);
            state.apply(id(number), Change::Trajectory(walk));
        }
    }

    fn region(criterion: &mut Criterion) {
        let entropy = Entropy::seeded(1);
        let anywhere = points(0.0, 256, &entropy);
        let mut state = crowd(&anywhere);
        set_out(&mut state, 0..AGENTS, &anywhere);
        // The most that a tick can have to tell: everybody moves, and all of them are news.
        criterion.bench_function("tick of a region with 300 agents", |bencher| {
            bencher.iter_batched_ref(
                || state.clone(),
                |state| {
                    black_box(state.step(Tick(1)));
                    for (cell, change) in &state.take_changes() {
                        black_box(state.frame(*cell, change, Tick(1)));
                    }
                },
                BatchSize::LargeInput,
            );
        });
        let centre = Vec3::new(128.0, 128.0, 25.0);
        assert!(
            !state.grid().near(centre, 20.0, 64).is_empty(),
            "somebody is near"
        );
        criterion.bench_function("agents within 20 m among 300", |bencher| {
            bencher.iter(|| black_box(state.grid().near(black_box(centre), 20.0, 64)));
        });
    }

    /// 31 agents near each other, who stand or walk.
    fn company(speed: Option<f64>) -> RegionState {
        let mut state = crowd(points(0.0, 256, &Entropy::seeded(4)));
        let metres = |number: u64| f64::from(u32::try_from(number).expect("small"));
        for number in 0..AGENTS {
            let mut body = state.leave(id(number)).expect("it is there");
            if number < COMPANY {
                let from = Vec3::new(100.1 + metres(number % 6), 100.7 + metres(number / 6), 25.0);
                body.trajectory = match speed {
                    Some(speed) => Trajectory::walking(from, Vec3::new(120.0, 110.0, 25.0), Tick(0), speed),
                    None => Trajectory::standing(from, Tick(0), 0.0),
                };
                state.enter(body, Tick(0));
            }
        }
        state
    }

    /// One after the other asks who is around; so many of them in one tick.
    fn perception(criterion: &mut Criterion) {
        let question = Action::decode("get_nearby_agents", "{}").expect("an action");
        let cases = [
            ("who stand", None, 1),
            ("who walk, all in one tick", Some(1.5), COMPANY),
            ("who walk, one in a tick", Some(1.5), 1),
        ];
        for (name, speed, askers) in cases {
            let state = company(speed);
            let world = World {
                rate: state.rate,
                seed: 1,
                regions: Vec::new(),
                shards: Vec::new(),
            };
            let mut asked = 0;
            let name = format!("get_nearby_agents with 30 neighbours {name}");
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| {
                    asked += 1;
                    let tick = i64::try_from(asked / askers % 50).expect("small");
                    let me = &state.body(id(asked % COMPANY)).expect("it is there").profile;
                    let scene = Scene {
                        now: NOW,
                        tick: Tick(tick),
                        rate: state.rate,
                        dice: 0,
                        fresh_id: uuid::Uuid::nil(),
                        me,
                        world: &world,
                        region: Some(&state),
                        conversation: None,
                    };
                    let decision = question.decide(&scene).expect("it is answered");
                    black_box(serde_json::to_vec(&decision.result).expect("JSON"))
                });
            });
        }
    }

    fn frames(criterion: &mut Criterion) {
        let entropy = Entropy::seeded(3);
        // All within one cell, as those who talk to each other are.
        let close = points(130.0, 12, &entropy);
        let mut state = crowd(&close);
        set_out(&mut state, 0..CHANGED, &close);
        let changes = state.take_changes();
        let (cell, change) = changes.first_key_value().expect("they are news");
        let text = state.frame(*cell, change, Tick(1));
        let frame: Value = serde_json::from_slice(&text).expect("a frame is JSON");
        let told = frame["agents"].as_array().map_or(0, Vec::len);
        assert_eq!((changes.len(), told), (1, 30), "30 agents of one cell");
        let channel: Arc<str> = "region:main".into();
        for (name, encoding) in [("JSON", Encoding::Json), ("protobuf", Encoding::Protobuf)] {
            criterion.bench_function(&format!("frame of 30 changed agents in {name}"), |bencher| {
                bencher.iter(|| {
                    let data = state.frame(*cell, black_box(change), Tick(1));
                    let publication = Publication::new(Arc::clone(&channel), data.into());
                    black_box(publication.piece(Dialect::Centrifuge(encoding)))
                });
            });
        }
    }

    fn commits(criterion: &mut Criterion) {
        let target = Target::SqliteMemory("bench_world".to_owned());
        migrate(&target, NOW).expect("an empty database takes all");
        let mut store = Store::open(&target).expect("memory opens");
        let file = WorldFile::built_in().expect("the built-in world is good");
        store.ensure_world(100, Some(1), NOW).expect("the world is made");
        store
            .ensure_regions(&rookery::app::plans_of(&file), NOW)
            .expect("the regions are made");
        let entropy = Entropy::seeded(2);
        let node = NodeId(entropy.uuid_v7(NOW.0));
        store
            .register_node(node, "bench", "127.0.0.1:1", "0", NOW)
            .expect("a node");
        let claims = store
            .claim_shards(node, 3_600_000, NOW)
            .expect("the shards are free");
        let lease = *claims.first().expect("there is a shard");
        let agents: Vec<NewAgent> = (0..AGENTS)
            .map(|number| NewAgent {
                id: id(number),
                handle: handle(number),
                name: Name::new(&format!("Walker {number}")).expect("a good name"),
                owner_id: None,
                description: None,
                avatar: json!("default"),
                skills_map: json!({}),
                default_region: "main".to_owned(),
                permissions: Permissions::of_new_agent(),
                key_id: None,
                key_hash: None,
                inbox_epoch: "bench".to_owned(),
            })
            .collect();
        store
            .register_agents_bulk(&agents, NOW)
            .expect("memory answers")
            .expect("the names are free");
        criterion.bench_function("group commit of 100 payments", |bencher| {
            bencher.iter_batched(
                || batch(lease, &agents, &entropy),
                |batch| {
                    let outcomes = store.commit(&batch).expect("memory answers");
                    let is_paid = |outcome| matches!(outcome, &Outcome::Committed { .. });
                    assert!(outcomes.iter().all(is_paid), "nobody is out of money");
                    outcomes
                },
                BatchSize::SmallInput,
            );
        });
    }

    fn batch(lease: Lease, agents: &[NewAgent], entropy: &Entropy) -> Batch {
        let commit = |number: usize| {
            let (payer, payee) = (&agents[number], &agents[number + PAYMENTS]);
            let event = Event::new(
                EventKind::Payment,
                Some(payer.handle.clone()),
                json!({"amount": 1, "note": null}),
            );
            let fresh = entropy.uuid_v7(NOW.0);
            Commit {
                agent: payer.id,
                handle: payer.handle.clone(),
                name: format!("Walker {number}"),
                command: Some(CommandKey {
                    id: fresh.to_string(),
                    body_hash: [0; 32],
                    action: "pay",
                    durability: Durability::Durable,
                }),
                event_id: EventId(fresh),
                event: event.about(payee.handle.clone()).to_inbox(payee.handle.clone()),
                region: "main".to_owned(),
                tick: Tick(1),
                writes: vec![Write::Transfer {
                    to: Payee::Agent(payee.handle.clone()),
                    amount: Amount::new(1).expect("one is an amount"),
                    code: TransferCode::Payment,
                    note: None,
                }],
                result: json!({}),
            }
        };
        Batch {
            lease,
            lease_ttl_ms: 60_000,
            now: NOW,
            commits: (0..PAYMENTS).map(commit).collect(),
        }
    }
}
