//! What it costs to count a publication: on its node, in Redis for all nodes, and against a node's share while Redis is away. In
//! process, on a node that could share its world.

use crate::figure::{Figure, Row, short, whole};
use crate::services::{Postgres, Redis};
use futures_util::future::join_all;
use rookery::actors::channels::{Counted, count_everywhere, count_here, count_publish};
use rookery::actors::node::Node;
use rookery::app::{open_store, start_node, when_ready};
use rookery::config::{Config, Secret};
use rookery::host::clock::Clock;
use rookery::host::entropy::Entropy;
use rookery::store::Target;
use std::time::Duration;

/// Whoever publishes, in turn.
const USERS: u32 = 1_000;
/// Publications that wait for Redis at the same time.
const AT_ONCE: u32 = 64;
/// How many are timed together where one is too short.
const ROUND: u32 = 1_000;
/// So many pass.
const NO_LIMIT: u32 = 1_000_000_000;
const CHANNEL: &str = "public.bench";
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Times, in microseconds.
struct Times(Vec<f64>);

impl Times {
    fn at(&self, share: usize) -> f64 {
        let mut times = self.0.clone();
        times.sort_by(f64::total_cmp);
        times
            .get(times.len() * share / 1_000)
            .copied()
            .unwrap_or(f64::NAN)
    }

    fn text(&self) -> String {
        format!("p50 {} us, p99 {} us", short(self.at(500)), short(self.at(990)))
    }
}

/// A node on PostgreSQL and Redis, and who publishes there.
struct Bench<'a> {
    node: &'a Node,
    clock: &'a Clock,
    users: Vec<String>,
    length: Duration,
}

impl Bench<'_> {
    /// Does something again and again for as long as it is measured; gives the time of each.
    async fn repeat(&self, mut body: impl AsyncFnMut(&str)) -> Times {
        let (begin, mut times) = (self.clock.monotonic(), Vec::new());
        let mut users = self.users.iter().cycle();
        while self.clock.monotonic().saturating_sub(begin) < self.length {
            let user = users.next().expect("it goes round");
            let began = self.clock.monotonic();
            body(user).await;
            times.push(self.clock.monotonic().saturating_sub(began).as_secs_f64() * 1e6);
        }
        Times(times)
    }

    /// As `repeat`, many in one time, of which each has its part.
    async fn repeat_rounds(&self, mut body: impl AsyncFnMut(&str)) -> Times {
        let mut times = self
            .repeat(async |user| {
                for _ in 0..ROUND {
                    body(user).await;
                }
            })
            .await;
        times.0.iter_mut().for_each(|time| *time /= f64::from(ROUND));
        times
    }

    async fn until_bus(&self, is_away: bool) {
        while self.node.bus.status().is_degraded != is_away {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn figures(&self, redis: &mut Redis) -> Vec<Figure> {
        self.until_bus(false).await;
        let here = self
            .repeat_rounds(async |user| {
                let counted = count_here(self.node, CHANNEL, user).expect("nobody is limited");
                assert_eq!(counted, Counted::Here, "others would have to be asked");
            })
            .await;
        let in_redis = async |user: &str| {
            let counted = count_everywhere(self.node, CHANNEL, user).await;
            counted.expect("nobody is limited");
        };
        let alone = self.repeat(in_redis).await;
        let together = self
            .repeat(async |_| {
                let users = self.users.iter().zip(0..AT_ONCE);
                join_all(users.map(|(user, _)| in_redis(user))).await;
            })
            .await;
        let per_s = 1e6 * f64::from(AT_ONCE) / together.at(500);
        redis.kill();
        self.until_bus(true).await;
        let share = self
            .repeat_rounds(async |user| {
                let counted = count_publish(self.node, CHANNEL, user).await;
                counted.expect("nobody is limited");
            })
            .await;
        vec![
            Figure::plain("on its node", format!("{} us", short(here.at(500)))),
            Figure::plain("for all nodes, in Redis", alone.text()),
            Figure::plain(
                &format!("the same, {AT_ONCE} at once"),
                format!("{} a second; all of them {}", whole(per_s), together.text()),
            ),
            Figure::plain(
                "against the node's share, Redis away",
                format!("{} us", short(share.at(500))),
            ),
        ]
    }
}

/// Measures; each of four parts takes so many seconds.
pub fn limiter(seconds: Option<u32>) -> Vec<Row> {
    let length = Duration::from_secs(u64::from(seconds.unwrap_or(5)));
    let (postgres, mut redis) = (Postgres::start(), Redis::start());
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let mut config = Config::default();
    config.limits.publishes_per_s = NO_LIMIT;
    config.limits.publishes_burst = NO_LIMIT;
    // Nobody renews leases here.
    config.store.lease_ttl_ms = 3_600_000;
    config.store.database = Some(Secret::new(postgres.url()));
    config.bus.redis = Some(Secret::new(redis.url()));
    let target = Target::Postgres(postgres.url());
    let opened = open_store(&config, &target, &clock, &entropy).expect("the store opens");
    let io = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime starts");
    let handle = io.handle().clone();
    let figures = actix_web::rt::System::new().block_on(async {
        let parts = start_node(&config, opened, &clock, &entropy, &handle)
            .await
            .expect("the node starts");
        when_ready(&parts.gateway).await;
        let bench = Bench {
            node: &parts.gateway.node,
            clock: &clock,
            users: (0..USERS).map(|number| format!("publisher_{number}")).collect(),
            length,
        };
        let figures = bench.figures(&mut redis).await;
        for arbiter in &parts.arbiters {
            arbiter.stop();
        }
        figures
    });
    vec![Row {
        load: format!(
            "a publication of one of {} users is counted (in process, PostgreSQL and Redis on this machine)",
            whole(f64::from(USERS))
        ),
        figures,
    }]
}
