//! Two nodes on one PostgreSQL: whichever runs the world is killed, told to stop or paused for longer than its lease, and the
//! other takes over. Nothing that was acknowledged may be lost, nothing may happen twice.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use nix::sys::signal::Signal;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::sleep;

/// What was on its way when the fault came may still be heard. Units: of time.
const ECHO: Duration = Duration::from_millis(100);

/// What happens to the node that runs the world.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Stop,
    Pause,
}

/// Runs it.
pub async fn run(options: &Options) -> Vec<Report> {
    let (wanted, acks) = (options.kills, options.acks);
    println!(
        "takeover: seed {}, {wanted} takeovers and at least {acks} acknowledgements, leases of {} ms",
        options.seed, options.lease_ttl_ms
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut runs = World::new("postgres", options);
    runs.start();
    let mut waits = runs.beside();
    waits.stand_by();
    let mut trial = Trial::begin(&runs, &[runs.address, waits.address], options);
    let (mut outages, mut stops) = (Vec::new(), Vec::new());
    let (mut done, mut interrupted, mut pauses) = (0, 0, 0);
    while done < wanted
        && let Some(open) = trial.moment(&mut dice, (done, wanted), acks).await
    {
        interrupted += open;
        // Each kind comes in every short run, too.
        let fault = match done % 6 {
            2 => Fault::Stop,
            4 => Fault::Pause,
            _ => Fault::Kill,
        };
        let at = trial.clock.monotonic();
        match fault {
            Fault::Kill => runs.kill(),
            Fault::Stop => runs.signal(Signal::SIGTERM),
            Fault::Pause => {
                runs.signal(Signal::SIGSTOP);
                // PostgreSQL ends the transaction of one that was paused in it after 2 s.
                let pause_ms = (options.lease_ttl_ms * 2).max(options.lease_ttl_ms + 3_000);
                sleep(Duration::from_millis(pause_ms)).await;
                runs.signal(Signal::SIGCONT);
            }
        }
        sleep(ECHO).await;
        let before = trial.acks();
        if trial.gets(before + 1).await {
            let outage = trial.clock.monotonic().saturating_sub(at);
            match fault {
                Fault::Kill => outages.push(outage),
                Fault::Stop => stops.push(outage),
                Fault::Pause => pauses += 1,
            }
        }
        if fault == Fault::Stop
            && let Err(status) = block_in_place(|| runs.ended())
        {
            trial
                .faults
                .push(format!("a node that was told to stop ended with {status}"));
        }
        if fault != Fault::Pause {
            block_in_place(|| runs.stand_by());
        } else if !waits.has_the_world() {
            trial
                .faults
                .push("a node that was paused for so long still has the world".to_owned());
            break;
        }
        std::mem::swap(&mut runs, &mut waits);
        done += 1;
    }
    trial.drain(options).await;
    waits.kill();
    runs.kill();
    let found = trial.settle(&mut runs, &mut dice, acks).await;
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} takeovers"));
    }
    let kills = outages.len();
    let figures = format!(
        "{kills} kills, {} stops and {pauses} pauses under load, {found}, {interrupted} commands under way at faults, \
         outage after a kill p50 {} max {}, after a stop p50 {} max {}, {:.0} s",
        stops.len(),
        ms(percentile(&mut outages, 500)),
        ms(percentile(&mut outages, 1_000)),
        ms(percentile(&mut stops, 500)),
        ms(percentile(&mut stops, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "takeover on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}
