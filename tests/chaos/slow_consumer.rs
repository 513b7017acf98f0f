//! Subscribers that stop reading under a storm of frames: they cost little, are closed soon, and harm nobody.

use crate::Report;
use crate::client::{Client, Gone};
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::{Identity, World};
use rookery::host::clock::Clock;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const CHANNEL: &str = "public.storm";
/// Publications a second, and how many leave at a time.
const FRAMES_PER_S: u64 = 1_000;
const BURST: u64 = 10;
/// Listeners that read what they get.
const LISTENERS: usize = 10;
/// Most memory that one stalled subscriber may cost. Units: bytes.
const RSS_MAX: u64 = 2 * 1_048_576;
/// How soon all of them must be closed.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);
/// How soon every listener must have heard something.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// All rounds, when the first ones differ.
const ROUNDS_MAX: usize = 16;
/// How much the others' p99 may move.
const MOVES_BY: f64 = 1.1;

/// What listeners and the publisher share with the driver.
#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    published: AtomicU64,
    delays: Mutex<Vec<Duration>>,
    /// Listeners that have heard something.
    hearing: watch::Sender<usize>,
}

/// The 99th percentiles of the others' delays, a round each: without stalled subscribers and with them.
#[derive(Default)]
struct Delays {
    calm: Vec<Duration>,
    stormy: Vec<Duration>,
}

impl Delays {
    fn rounds(&self) -> usize {
        self.stormy.len()
    }

    /// The median of the calm phases, their upper quartile, which is this machine's noise in this run whatever became of a single
    /// phase, and the median of the others.
    fn summary(&self) -> (Duration, Duration, Duration) {
        let share = |phases: &[Duration], per_mille| percentile(&mut phases.to_vec(), per_mille);
        (
            share(&self.calm, 500),
            share(&self.calm, 750),
            share(&self.stormy, 500),
        )
    }

    /// Whether the median moved by more than it may, and beyond what the calm phases differ among themselves.
    fn have_moved(&self) -> bool {
        let (calm, noise, stormy) = self.summary();
        stormy > calm.mul_f64(MOVES_BY) && stormy > noise
    }
}

/// Runs it on SQLite: nothing of it touches the database.
pub async fn run(options: &Options) -> Vec<Report> {
    let clock = Clock::system();
    let mut world = World::new("sqlite", options);
    let identities = world.mint(LISTENERS + options.slow + 1);
    world.start();
    let shared = Arc::new(Shared::default());
    let (listeners, rest) = identities.split_at(LISTENERS);
    let (slow, publisher) = rest.split_at(options.slow);
    let mut tasks = Vec::new();
    for me in listeners {
        tasks.push(tokio::spawn(listen(
            world.address,
            me.clone(),
            Arc::clone(&shared),
            clock.clone(),
        )));
    }
    tasks.push(tokio::spawn(publish(
        world.address,
        publisher[0].clone(),
        Arc::clone(&shared),
        clock.clone(),
    )));
    let mut faults = Vec::new();
    let rounds = if options.is_short { 3 } else { 8 };
    let phase = Duration::from_secs(if options.is_short { 2 } else { 5 });
    let mut hearing = shared.hearing.subscribe();
    if timeout(HEARD_WITHIN, hearing.wait_for(|count| *count == LISTENERS))
        .await
        .is_err()
    {
        faults.push(format!(
            "not all listeners heard something within {HEARD_WITHIN:?}"
        ));
    }
    let (mut delays, mut growth, mut slowest, mut per_s) = (Delays::default(), 0, Duration::ZERO, u64::MAX);
    let mut rounds_wanted = rounds;
    while delays.rounds() < rounds_wanted {
        // The same looking on in both phases, so that it makes no difference between them.
        let (p99, _) = tokio::join!(measure(&shared, phase), watch(&world, phase, None, &clock));
        delays.calm.push(p99);
        let (before, open) = (
            world.resident_bytes(),
            world.metric("rookery_websocket_connections").await,
        );
        let mut held = Vec::new();
        for me in slow {
            let mut client = Client::connect(world.address, Some(&me.token))
                .await
                .expect("a socket opens");
            client.subscribe(CHANNEL).await.expect("the channel is open");
            // Kept, and never read again.
            held.push(client);
        }
        let (stalled_at, published) = (clock.monotonic(), shared.published.load(Ordering::SeqCst));
        let (p99, seen) = tokio::join!(measure(&shared, phase), watch(&world, phase, Some(open), &clock));
        delays.stormy.push(p99);
        let spent = clock.monotonic().saturating_sub(stalled_at).as_millis();
        let count = u128::from(shared.published.load(Ordering::SeqCst) - published);
        per_s = per_s.min(u64::try_from(count * 1_000 / spent.max(1)).unwrap_or_default());
        growth = growth.max(seen.peak_bytes.saturating_sub(before));
        match seen.closed_after {
            Some(after) => slowest = slowest.max(after),
            None => faults.push("some stalled subscribers were never closed".to_owned()),
        }
        // A difference is measured again, and judged once, when all rounds are over: what the machine did meanwhile evens out, what
        // the stalled ones do stays.
        if delays.rounds() == rounds && delays.have_moved() {
            rounds_wanted = ROUNDS_MAX;
        }
    }
    shared.is_over.store(true, Ordering::SeqCst);
    for task in tasks {
        if let Err(Gone(why)) = task.await.expect("no task panics") {
            faults.push(format!("somebody who reads lost the socket: {why}"));
        }
    }
    let each = growth / u64::try_from(options.slow.max(1)).expect("small");
    let closed_slow = world.metric("rookery_slow_clients_closed_total").await;
    let (calm, noise, stormy) = delays.summary();
    if each >= RSS_MAX {
        faults.push(format!("each stalled subscriber costs {} KiB", each / 1_024));
    }
    if slowest > CLOSED_WITHIN {
        faults.push(format!("the last was closed after {slowest:?}"));
    }
    if delays.have_moved() {
        faults.push(format!(
            "the others' p99 went from {} (upper quartile {}) to {}",
            ms(calm),
            ms(noise),
            ms(stormy)
        ));
    }
    if per_s < FRAMES_PER_S * 8 / 10 {
        faults.push(format!("only {per_s} frames a second were published"));
    }
    let figures = format!(
        "{} stalled of {} subscribers, {per_s} frames/s, {} rounds: {} KiB RSS each, all closed after {slowest:.1?} ({closed_slow} as slow), \
         the others' p99 {} without (upper quartile {}) and {} with them",
        options.slow,
        options.slow + LISTENERS,
        delays.rounds(),
        each / 1_024,
        ms(calm),
        ms(noise),
        ms(stormy),
    );
    vec![Report {
        name: "slow_consumer".to_owned(),
        figures,
        faults,
    }]
}

/// What looking at the server showed.
struct Seen {
    peak_bytes: u64,
    /// When the number of sockets had come down to what was asked for.
    closed_after: Option<Duration>,
}

/// Looks at the server's memory and sockets for a time, and until its sockets are down to `open`.
async fn watch(world: &World, time: Duration, open: Option<f64>, clock: &Clock) -> Seen {
    let from = clock.monotonic();
    let mut seen = Seen {
        peak_bytes: 0,
        closed_after: None,
    };
    loop {
        seen.peak_bytes = seen.peak_bytes.max(world.resident_bytes());
        let sockets = world.metric("rookery_websocket_connections").await;
        let after = clock.monotonic().saturating_sub(from);
        if seen.closed_after.is_none() && open.is_some_and(|open| sockets <= open) {
            seen.closed_after = Some(after);
        }
        let is_waiting = open.is_some() && seen.closed_after.is_none() && after < CLOSED_WITHIN * 2;
        if after >= time && !is_waiting {
            return seen;
        }
        // The pause between two looks.
        sleep(Duration::from_millis(50)).await;
    }
}

/// The 99th percentile of the delays that listeners see in a time.
async fn measure(shared: &Shared, time: Duration) -> Duration {
    let take = || std::mem::take(&mut *shared.delays.lock().expect("nobody panics with it"));
    drop(take());
    sleep(time).await;
    percentile(&mut take(), 990)
}

async fn listen(address: SocketAddr, me: Identity, shared: Arc<Shared>, clock: Clock) -> Result<(), Gone> {
    let mut client = Client::connect(address, Some(&me.token)).await?;
    client.subscribe(CHANNEL).await?;
    let mut has_heard = false;
    while !shared.is_over.load(Ordering::SeqCst) {
        let Ok(reply) = timeout(Duration::from_secs(1), client.reply()).await else {
            continue;
        };
        let now_us = micros(&clock);
        if let Some(sent_us) = reply?["push"]["pub"]["data"]["payload"]["at_us"].as_u64() {
            if !std::mem::replace(&mut has_heard, true) {
                shared.hearing.send_modify(|count| *count += 1);
            }
            let delay = Duration::from_micros(now_us.saturating_sub(sent_us));
            shared.delays.lock().expect("nobody panics with it").push(delay);
        }
    }
    Ok(())
}

async fn publish(address: SocketAddr, me: Identity, shared: Arc<Shared>, clock: Clock) -> Result<(), Gone> {
    let mut client = Client::connect(address, Some(&me.token)).await?;
    client.is_deaf = true;
    let filler = "x".repeat(150);
    let mut ticks = interval(Duration::from_millis(1_000 * BURST / FRAMES_PER_S));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !shared.is_over.load(Ordering::SeqCst) {
        ticks.tick().await;
        for _ in 0..BURST {
            let data: Value = json!({"at_us": micros(&clock), "filler": filler});
            client
                .send(json!({"publish": {"channel": CHANNEL, "data": data}}))
                .await?;
        }
        let mut answered = 0;
        while answered < BURST {
            let reply = client.reply().await?;
            if !reply["error"].is_null() {
                return Err(Gone(reply.to_string()));
            }
            answered += u64::from(!reply["id"].is_null());
        }
        shared.published.fetch_add(BURST, Ordering::SeqCst);
    }
    Ok(())
}

fn micros(clock: &Clock) -> u64 {
    u64::try_from(clock.monotonic().as_micros()).expect("a run is short")
}
