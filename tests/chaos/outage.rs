//! A service goes away under load and comes back: PostgreSQL crashes, Redis forgets everything or says nothing more. The world
//! goes on as soon as its database is there; Redis is never needed for an acknowledgement.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::sleep;

/// What goes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// PostgreSQL, as in a crash.
    PgImmediate,
    /// Redis forgets everything, half of the times by being killed.
    RedisAmnesia,
    /// Redis takes commands and answers none.
    RedisPause,
}

impl Outage {
    fn of(scenario: &str) -> Self {
        match scenario {
            "pg_immediate" => Self::PgImmediate,
            "redis_amnesia" => Self::RedisAmnesia,
            "redis_pause" => Self::RedisPause,
            other => panic!("no outage `{other}`"),
        }
    }

    /// Takes the service away, and gives it back when that is not for `mend`.
    async fn begin(self, world: &World, dice: &mut Dice) {
        match self {
            Self::PgImmediate => {
                block_in_place(|| world.postgres().kill_immediate());
                sleep(Duration::from_millis(dice.below(1_500))).await;
                block_in_place(|| world.postgres().restart());
            }
            Self::RedisAmnesia if dice.below(2) == 0 => world.redis().flush(),
            Self::RedisAmnesia => block_in_place(|| world.redis().kill()),
            Self::RedisPause => {
                let answer = world.redis().ask("CLIENT PAUSE 600000 ALL");
                assert_eq!(answer.as_deref(), Some("+OK\r\n"), "Redis takes the order");
            }
        }
    }

    /// What is left to bring the service back.
    fn mend(self, world: &World) {
        if self != Self::PgImmediate {
            block_in_place(|| world.redis().restart());
        }
    }
}

/// Runs one.
pub async fn run(scenario: &str, options: &Options) -> Vec<Report> {
    let (outage, wanted, acks) = (Outage::of(scenario), options.kills, options.acks);
    println!(
        "{scenario}: seed {}, {wanted} times and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new("postgres", options);
    if outage != Outage::PgImmediate {
        world.add_redis();
    }
    world.start();
    let mut trial = Trial::begin(&world, &[world.address], options);
    let (mut done, mut interrupted, mut waits) = (0, 0, Vec::new());
    while done < wanted
        && let Some(open) = trial.moment(&mut dice, (done, wanted), acks).await
    {
        interrupted += open;
        outage.begin(&world, &mut dice).await;
        let (at, before) = (trial.clock.monotonic(), trial.acks());
        // Once PostgreSQL is back, and while Redis is away: more than what was on its way already.
        if trial.gets(before + 1).await {
            waits.push(trial.clock.monotonic().saturating_sub(at));
        }
        if !trial.gets(before + options.bots * 8).await {
            break;
        }
        outage.mend(&world);
        done += 1;
    }
    let served = world.metric("rookery_websocket_connections").await;
    trial.drain(options).await;
    world.kill();
    let found = trial.settle(&mut world, &mut dice, acks).await;
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} outages"));
    }
    let figures = format!(
        "{done} outages under load, {found}, {interrupted} commands under way at outages, next acknowledgement p50 {} max {}, \
         {served} sockets at the end, {:.0} s",
        ms(percentile(&mut waits, 500)),
        ms(percentile(&mut waits, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: format!("{scenario} on postgres"),
        figures,
        faults: trial.faults,
    }]
}
