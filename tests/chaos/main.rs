//! Chaos: a real server, real sockets, real databases, and faults. Each scenario is seeded, bounded in time, and fails when
//! it did too little to prove anything.
//!
//! `kill9 [--short] [--kills N] [--acks N] [--bots N] [--seed N] [--database sqlite|postgres]`, `clock_jump` likewise,
//! `takeover`, `sigstop_owner`, `node_pg_partition`, `split_brain`, `pg_immediate`, `pg_commit_cut`, `redis_amnesia`, `redis_pause`,
//! `disk_full`, `actor_panic` and `reconnect_herd` with the same options on PostgreSQL, `load [--agents N] [--seconds N]`,
//! `slow_consumer [--slow N] [--seconds N]`, `rolling_restart [--from PROGRAM]`, `shared_kill9` and
//! `shared_split_brain`. `--mutant NAME` plants a defect in the servers: the run should fail.

#[cfg(test)]
mod actor_panic;
#[cfg(test)]
mod bot;
#[cfg(test)]
mod client;
#[cfg(test)]
mod clock_jump;
#[cfg(test)]
mod commit_cut;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod disk_full;
#[cfg(test)]
mod displaced;
#[cfg(test)]
mod herd;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod kill9;
#[cfg(test)]
mod load;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod options;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod percentile;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod server;
#[cfg(test)]
#[path = "../it/services/mod.rs"]
#[expect(dead_code, reason = "the integration tests use more of the services")]
mod services;
#[cfg(test)]
mod slow_consumer;
#[cfg(test)]
mod split_brain;
#[cfg(test)]
mod takeover;
#[cfg(test)]
mod talk;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod witness;

#[cfg(test)]
fn main() {
    // What asks the servers over HTTP wants one, even without TLS. There is none before this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = options::Options::read(std::env::args().skip(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    let reports = runtime.block_on(async {
        let mut reports = Vec::new();
        let all = [
            "kill9",
            "takeover",
            "sigstop_owner",
            "node_pg_partition",
            "shared_kill9",
            "rolling_restart",
            "split_brain",
            "shared_split_brain",
            "pg_immediate",
            "redis_amnesia",
            "redis_pause",
            "pg_commit_cut",
            "clock_jump",
            "disk_full",
            "actor_panic",
            "reconnect_herd",
            "slow_consumer",
        ];
        let whole = options.is_short && options.scenario == "kill9";
        let scenarios = if whole {
            &all[..]
        } else {
            &[options.scenario.as_str()]
        };
        for scenario in scenarios {
            if whole && *scenario == "disk_full" && !disk_full::is_possible() {
                println!("chaos: disk_full is left out: only root can mount a disk");
                continue;
            }
            reports.extend(match *scenario {
                "kill9" => kill9::run(&options).await,
                "takeover" => takeover::run(&options).await,
                "shared_kill9" | "rolling_restart" => nodes::run(scenario, &options).await,
                "split_brain" | "shared_split_brain" => split_brain::run(scenario, &options).await,
                "pg_immediate" | "redis_amnesia" | "redis_pause" => outage::run(scenario, &options).await,
                "sigstop_owner" | "node_pg_partition" => displaced::run(scenario, &options).await,
                "clock_jump" => clock_jump::run(&options).await,
                "disk_full" => disk_full::run(&options).await,
                "actor_panic" => actor_panic::run(&options).await,
                "reconnect_herd" => herd::run(&options).await,
                "pg_commit_cut" => commit_cut::run(&options).await,
                "slow_consumer" => slow_consumer::run(&options).await,
                "load" => load::run(&options).await,
                other => panic!("no scenario `{other}`: there are load, {}", all.join(", ")),
            });
        }
        reports
    });
    let failed = reports.iter().filter(|report| !report.faults.is_empty()).count();
    for report in &reports {
        println!(
            "chaos: {} {}: {}",
            if report.faults.is_empty() { "ok" } else { "FAILED" },
            report.name,
            report.figures
        );
        for fault in report.faults.iter().take(20) {
            println!("chaos:     {fault}");
        }
    }
    println!(
        "chaos: {} passed, {failed} failed (seed {})",
        reports.len() - failed,
        options.seed
    );
    std::process::exit(i32::from(failed > 0));
}

#[cfg(not(test))]
fn main() {}

/// What one scenario found on one database.
#[cfg(test)]
pub struct Report {
    /// The scenario and the database.
    pub name: String,
    /// What was measured.
    pub figures: String,
    /// What is wrong; nothing when it passed.
    pub faults: Vec<String>,
}
