//! The disk of PostgreSQL fills up until it takes no more, and has room again later. Writes are refused as temporary meanwhile,
//! and go on by themselves.

use crate::Report;
use crate::dice::Dice;
use crate::options::Options;
use crate::percentile::{ms, percentile};
use crate::server::World;
use crate::trial::Trial;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// The disk: a cluster with its log, and room for a run.
const SIZE: &str = "size=256m";
/// The file that fills it.
const FILLER: &str = "filler";
/// How long it may take until a write is refused because of it.
const REFUSING: Duration = Duration::from_secs(60);
/// Between two looks at a state.
const LOOK: Duration = Duration::from_millis(10);

/// Whether a disk can be made here: that is for root alone.
pub fn is_possible() -> bool {
    let ours = std::fs::metadata("/proc/self").expect("Linux tells it");
    ours.uid() == 0
}

/// Runs it.
pub async fn run(options: &Options) -> Vec<Report> {
    assert!(
        is_possible(),
        "disk_full mounts a disk of its own: run it as root"
    );
    let (wanted, acks) = (options.kills / 2, options.acks);
    println!(
        "disk_full: seed {}, {wanted} times and at least {acks} acknowledgements",
        options.seed
    );
    let mut dice = Dice::new(options.seed, 0);
    let mut world = World::new("postgres", options);
    let cluster = world.postgres().folder().join("cluster");
    move_to_small_disk(&world, &cluster);
    world.start();
    let mut trial = Trial::begin(&world, &[world.address], options);
    let (mut done, mut crashes, mut refusals, mut times) = (0, 0, 0, Vec::new());
    while done < wanted && trial.moment(&mut dice, (done, wanted), acks).await.is_some() {
        let heard = trial.heard("storage_full");
        fill(&cluster);
        if !is_refused(&trial, heard, &world).await {
            trial
                .faults
                .push(format!("nothing was refused as `storage_full` in {REFUSING:?}"));
            break;
        }
        // Not a wait for a state: it stays full for a while.
        sleep(Duration::from_millis(dice.below(1_000))).await;
        refusals += trial.heard("storage_full") - heard;
        std::fs::remove_file(cluster.join(FILLER)).expect("the filler is ours");
        if is_gone(&world) {
            // The log had no room, which PostgreSQL takes for a crash; when it cannot recover, it ends.
            block_in_place(|| world.postgres().restart());
            crashes += 1;
        }
        let (at, before) = (trial.clock.monotonic(), trial.acks());
        if !trial.gets(before + options.bots * 4).await {
            break;
        }
        times.push(trial.clock.monotonic().saturating_sub(at));
        done += 1;
    }
    trial.drain(options).await;
    world.kill();
    let found = trial.settle(&mut world, &mut dice, acks).await;
    if done < wanted {
        trial.faults.push(format!("only {done} of {wanted} times"));
    }
    let figures = format!(
        "{done} times full under load, PostgreSQL ended by it {crashes} times, {refusals} times `storage_full`, {found}, \
         acknowledged again p50 {} max {}, {:.0} s",
        ms(percentile(&mut times, 500)),
        ms(percentile(&mut times, 1_000)),
        trial.clock.monotonic().as_secs_f64(),
    );
    vec![Report {
        name: "disk_full on postgres".to_owned(),
        figures,
        faults: trial.faults,
    }]
}

/// Gives the cluster a disk of its own. It goes with the folder.
fn move_to_small_disk(world: &World, cluster: &Path) {
    let mut postgres = world.postgres();
    postgres.kill_immediate();
    let aside = cluster.with_extension("aside");
    std::fs::rename(cluster, &aside).expect("the cluster is ours");
    std::fs::create_dir(cluster).expect("the folder is ours");
    tell(
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "rookery-chaos"])
            .arg(cluster),
    );
    tell(Command::new("cp").args(["-a", "-T"]).args([&aside, cluster]));
    std::fs::remove_dir_all(aside).expect("the old place is ours");
    postgres.restart();
}

fn tell(command: &mut Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?}: {status}");
}

/// Writes until there is no more room.
fn fill(cluster: &Path) {
    let mut filler: File = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(cluster.join(FILLER))
        .expect("there is room for an empty file");
    for length in [1 << 20, 4_096] {
        let chunk = vec![0; length];
        let full = loop {
            if let Err(error) = filler.write_all(&chunk) {
                break error;
            }
        };
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }
}

/// Waits until a bot hears that the disk is full, for a while. A PostgreSQL that ended because of it is as good.
async fn is_refused(trial: &Trial, heard: usize, world: &World) -> bool {
    let refusing = async {
        while trial.heard("storage_full") == heard && !is_gone(world) {
            sleep(LOOK).await;
        }
    };
    timeout(REFUSING, refusing).await.is_ok()
}

/// Whether PostgreSQL has ended.
fn is_gone(world: &World) -> bool {
    TcpStream::connect(world.postgres_address()).is_err()
}
