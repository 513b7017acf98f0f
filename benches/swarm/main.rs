//! The swarm table: each run drives a fresh server with `rookery swarm`, and what it found stands beside what is wanted.
//!
//! `cargo bench --bench swarm -- [--run NAME] [--seconds N] [--write FILE]`: one run or all, each as long as it is meant to be
//! or shorter. With `--write` the page with all results is written, also those that the other benches left.

#[cfg(test)]
mod figure;
#[cfg(test)]
mod limiter;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod others;
#[cfg(test)]
mod page;
#[cfg(test)]
mod report;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod server;
#[cfg(test)]
#[path = "../../tests/it/services/mod.rs"]
#[expect(dead_code, reason = "the integration tests use more of the services")]
mod services;

#[cfg(test)]
fn main() {
    let options = Options::read();
    let machine = machine::Machine::look();
    if options.write.is_some() {
        // What the other benches did not leave is better missed now than after the runs.
        page::page(&machine, "", &[]);
    }
    let watch = machine::Watch::start();
    let rows: Vec<figure::Row> = runs::RUNS
        .iter()
        .filter(|(name, _)| options.run.as_deref().is_none_or(|only| only == *name))
        .flat_map(|(_, run)| run(options.seconds))
        .collect();
    assert!(!rows.is_empty(), "--run is one of {}", runs::names());
    let meanwhile = watch.end();
    print!("{}", figure::table(&rows));
    println!("meanwhile {meanwhile}");
    if let Some(file) = options.write {
        std::fs::write(&file, page::page(&machine, &meanwhile, &rows)).expect("the page can be written");
        println!("written: {}", file.display());
    }
}

#[cfg(not(test))]
fn main() {}

/// What the command line asked for.
#[cfg(test)]
struct Options {
    /// Only this run.
    run: Option<String>,
    /// How long each run measures, in place of its own length.
    seconds: Option<u32>,
    /// Where the page goes.
    write: Option<std::path::PathBuf>,
}

#[cfg(test)]
impl Options {
    /// Reads the arguments; `--bench` is cargo's. Panics with what is wrong.
    fn read() -> Self {
        let mut options = Self {
            run: None,
            seconds: None,
            write: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .unwrap_or_else(|| panic!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--bench" => {}
                "--run" => options.run = Some(value()),
                "--seconds" => options.seconds = Some(value().parse().expect("a number of seconds")),
                "--write" => options.write = Some(value().into()),
                other => panic!("no option `{other}`"),
            }
        }
        assert!(
            options.run.is_none() || options.write.is_none(),
            "the page needs every run"
        );
        options
    }
}
