//! Payments in process: a thousand payers through `AgentActor` and `pay`, group commit, and a database on disk that waits for
//! the disk. No sockets. `cargo bench --bench payments -- [--seconds N] [--payers N] [--database sqlite|postgres]`.
//! What was found is also left as JSON beside the other results, for the page that `make bench` writes.

#[cfg(test)]
#[path = "../tests/it/services/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the integration tests use more of the services"
)]
mod services;

#[cfg(test)]
fn main() {
    bench::run();
}

#[cfg(not(test))]
fn main() {}

#[cfg(test)]
mod bench {
    use super::services::Postgres;
    use rookery::actors::gateway::Guest;
    use rookery::actors::gateway::{Caller, Gateway};
    use rookery::app::{open_store, start_node, when_ready};
    use rookery::base::id::AgentId;
    use rookery::base::time::Timestamp;
    use rookery::config::{Config, Secret};
    use rookery::domain::agent::{Handle, Name, Permissions};
    use rookery::domain::refusal::Refusal;
    use rookery::host::clock::Clock;
    use rookery::host::entropy::Entropy;
    use rookery::store::agent::NewAgent;
    use rookery::store::{Reader, Store, Target};
    use rookery::telemetry::metric;
    use serde_json::json;
    use std::path::Path;
    use std::rc::Rc;
    use std::time::Duration;

    /// The regions that the payers stand in, each on a shard of its own.
    const REGIONS: [&str; 4] = ["north", "east", "south", "west"];

    struct Options {
        seconds: u64,
        payers: usize,
        database: Option<String>,
    }

    /// Reads the arguments; those of cargo are passed over.
    fn options() -> Options {
        let mut options = Options {
            seconds: 10,
            payers: 1_000,
            database: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().expect("the option has a value");
            match argument.as_str() {
                "--seconds" => options.seconds = value().parse().expect("a number"),
                "--payers" => options.payers = value().parse().expect("a number"),
                "--database" => options.database = Some(value()),
                _ => {}
            }
        }
        options
    }

    /// Runs on both databases, or on the one asked for.
    pub fn run() {
        let options = options();
        metric::install().expect("no other recorder is there");
        let is_wanted = |name: &str| options.database.as_deref().is_none_or(|only| only == name);
        if is_wanted("sqlite") {
            // Not under /tmp, which may be memory: this bench is about a disk.
            let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder can be made");
            on(
                "sqlite",
                libsqlite3_sys::SQLITE_VERSION.to_str().expect("it is digits"),
                &Target::Sqlite(folder.path().join("rookery.sqlite")),
                folder.path(),
                &options,
            );
        }
        if is_wanted("postgres") {
            let folder = tempfile::tempdir().expect("a folder can be made");
            let postgres = Postgres::start();
            on(
                "postgres",
                &postgres.query("postgres", "SHOW server_version"),
                &Target::Postgres(postgres.url()),
                folder.path(),
                &options,
            );
        }
    }

    /// Both databases wait for the disk: SQLite with `synchronous=FULL`, PostgreSQL with `fsync` and `synchronous_commit`.
    fn on(name: &str, version: &str, target: &Target, folder: &Path, options: &Options) {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let mut config = Config::default();
        config.limits.unlimited = true;
        // Nobody renews leases here.
        config.store.lease_ttl_ms = 3_600_000;
        config.world.file = Some(folder.join("world.toml"));
        if let Target::Postgres(url) = target {
            config.store.database = Some(Secret::new(url));
        }
        let world: String = REGIONS
            .iter()
            .map(|name| format!("[[region]]\nname = \"{name}\"\nsize_m = 256\ncapacity = 2000\n"))
            .collect();
        std::fs::write(folder.join("world.toml"), world).expect("the world file can be written");
        let opened = open_store(&config, target, &clock, &entropy).expect("the store opens");
        let agents = register(target, options.payers, &clock, &entropy);
        let io = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        let handle = io.handle().clone();
        let (count, took, mut times) = actix_web::rt::System::new().block_on(async {
            let parts = start_node(&config, opened, &clock, &entropy, &handle)
                .await
                .expect("the node starts");
            when_ready(&parts.gateway).await;
            join(&parts.gateway, &agents).await;
            // Until the joins' own commits are through and all is warm.
            drive(&parts.gateway, &agents, Duration::from_secs(1), &clock, &entropy).await;
            let done = drive(
                &parts.gateway,
                &agents,
                Duration::from_secs(options.seconds),
                &clock,
                &entropy,
            )
            .await;
            for arbiter in &parts.arbiters {
                arbiter.stop();
            }
            done
        });
        let per_s = u128::from(count) * 1_000_000 / took.as_micros().max(1);
        times.sort_unstable();
        let at = |share: usize| {
            times
                .get(times.len() * share / 1_000)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "payments on {name} {version}: {per_s}/s ({count} in {took:.1?}, {} payers), answer p50 {:.1?} p99 {:.1?} max {:.1?}",
            options.payers,
            at(500),
            at(990),
            times.last().copied().unwrap_or_default()
        );
        let violations = Reader::open(target)
            .expect("the database opens")
            .verify()
            .expect("the database answers");
        assert!(violations.is_empty(), "promises are broken: {violations:?}");
        println!("payments on {name}: verify is clean");
        let ms = |share: usize| at(share).as_secs_f64() * 1e3;
        let found = json!({
            "version": version, "payers": options.payers, "seconds": options.seconds, "per_s": per_s,
            "p50_ms": ms(500), "p99_ms": ms(990),
        });
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("payments-{name}.json"));
        std::fs::write(file, found.to_string()).expect("the folder of results can be written");
    }

    /// Makes the payers, without keys.
    fn register(target: &Target, count: usize, clock: &Clock, entropy: &Entropy) -> Vec<Caller> {
        let agent = |number: usize| NewAgent {
            id: AgentId(entropy.uuid_v7(clock.now_ms())),
            handle: Handle::new(&format!("payer_{number}")).expect("a good handle"),
            name: Name::new(&format!("Payer {number}")).expect("a good name"),
            owner_id: None,
            description: None,
            avatar: json!("default"),
            skills_map: json!({}),
            default_region: REGIONS[number % REGIONS.len()].to_owned(),
            permissions: Permissions::of_new_agent(),
            key_id: None,
            key_hash: None,
            inbox_epoch: entropy.token_base62(8),
        };
        let agents: Vec<NewAgent> = (0..count).map(agent).collect();
        let mut store = Store::open(target).expect("the database opens");
        let registered = store
            .register_agents_bulk(&agents, Timestamp(clock.now_ms()))
            .expect("the database answers");
        registered.expect("the names are free");
        let caller = |agent: NewAgent| Caller {
            handle: agent.handle,
            id: agent.id,
            permissions: agent.permissions,
        };
        agents.into_iter().map(caller).collect()
    }

    /// Brings everybody into the world.
    async fn join(gateway: &Gateway, agents: &[Caller]) {
        for (number, agent) in agents.iter().enumerate() {
            let region = REGIONS[number % REGIONS.len()].to_owned();
            gateway
                .join(&agent.handle, Guest::Rest, Some(region))
                .await
                .expect("there is room");
        }
    }

    /// Everybody pays a neighbour, waits for the receipt and pays the next. Gives how many, in what time, and each one's time.
    async fn drive(
        gateway: &Gateway,
        agents: &[Caller],
        length: Duration,
        clock: &Clock,
        entropy: &Entropy,
    ) -> (u64, Duration, Vec<Duration>) {
        let begin = clock.monotonic();
        let agents: Rc<[Caller]> = agents.into();
        let lives: Vec<_> = (0..agents.len())
            .map(|number| {
                let (gateway, agents) = (gateway.clone(), Rc::clone(&agents));
                let (clock, entropy) = (clock.clone(), entropy.clone());
                actix_web::rt::spawn(async move {
                    let mut times = Vec::new();
                    let mut step = 0;
                    while clock.monotonic().saturating_sub(begin) < length {
                        step += 1;
                        let to = &agents[(number + 1 + step * 7) % agents.len()].handle;
                        let params = json!({"to": to, "amount": 1}).to_string();
                        let asked_at = clock.monotonic();
                        match gateway
                            .act(
                                &agents[number],
                                "pay",
                                &params,
                                // Random: ids that grow would be neighbours in the index, which is faster.
                                Some(entropy.token_base62(22)),
                            )
                            .await
                        {
                            Ok(receipt) => assert!(
                                receipt.seq.is_some() && !receipt.replayed,
                                "committed once: {receipt:?}"
                            ),
                            // Its own turn comes again: nobody has that many neighbours.
                            Err(Refusal {
                                code: rookery::domain::refusal::Code::SelfTarget,
                                ..
                            }) => continue,
                            Err(refusal) => panic!("a payment was refused: {refusal}"),
                        }
                        times.push(clock.monotonic().saturating_sub(asked_at));
                    }
                    times
                })
            })
            .collect();
        let mut times = Vec::new();
        for life in lives {
            times.extend(life.await.expect("no payer panics"));
        }
        let count = u64::try_from(times.len()).expect("a run is short");
        (count, clock.monotonic().saturating_sub(begin), times)
    }
}
