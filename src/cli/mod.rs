//! The command line: one subcommand a file.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod admin;
pub mod backup;
pub mod channel;
pub mod completions;
pub mod config;
pub mod migrate;
pub mod rebuild_cache;
pub mod replay;
pub mod restore_channels;
pub mod serve;
pub mod swarm;
pub mod token;
pub mod verify;

/// A world server for AI agents.
#[derive(Debug, Parser)]
#[command(
    name = "rookery",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a node of the world.
    Serve(serve::Serve),
    /// Show or check the settings.
    #[command(subcommand)]
    Config(config::Config),
    /// Bring the database to this program's schema.
    Migrate(migrate::Migrate),
    /// Copy a SQLite world into a file while it runs; or, of either database, what owners decided about channels.
    Backup(backup::Backup),
    /// Put back what owners decided about channels, beside a running server or without one.
    RestoreChannels(restore_channels::RestoreChannels),
    /// Check the promises of the stored world: money, sequences, commands, replay.
    Verify(verify::Verify),
    /// Rebuild a shard from its events, and compare it with the stored world.
    Replay(replay::Replay),
    /// Fill the mirror in Redis again from the stored world.
    RebuildCache(rebuild_cache::RebuildCache),
    /// Make tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Administer the world.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Publish, subscribe and look after channels of a running server.
    Channel(Box<channel::Channel>),
    /// Drive a running server with many clients, and measure it.
    Swarm(Box<swarm::Swarm>),
    /// Print what a shell needs to complete commands.
    Completions(completions::Completions),
    /// Print a manual page, or write all of them.
    Man(completions::Man),
    /// The bare loop that `swarm --floor` starts.
    #[command(hide = true)]
    SwarmFloor(swarm::SwarmFloor),
}

/// Reads the command line; ends the process with help or a refusal when there is nothing to run.
#[must_use]
pub fn parse() -> Cli {
    Cli::parse()
}

impl Cli {
    /// Runs the subcommand; a failure is told on the standard error output with all its causes.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let outcome = match self.command {
            Command::Serve(command) => command.run(),
            Command::Config(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::Backup(command) => command.run(),
            Command::RestoreChannels(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Replay(command) => command.run(),
            Command::RebuildCache(command) => command.run(),
            Command::Token(command) => command.run(),
            Command::Admin(command) => command.run(),
            Command::Channel(command) => return command.run(),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
            Command::Swarm(command) => command.run(),
            Command::SwarmFloor(command) => command.run(),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("rookery: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.command)
    }

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_takes_all_its_flags() {
        let line = "rookery serve --listen 127.0.0.1:0 --data d --database postgres://h/d --redis redis://h \
                    --config c.toml --world w.toml --node n --demo 24 --dev --unlimited --admin-listen 127.0.0.1:1";
        let Command::Serve(serve) = parsed(line).unwrap() else {
            panic!("not serve")
        };
        let flags = serve.flags;
        assert_eq!(flags.listen.unwrap().port(), 0);
        assert_eq!(flags.admin_listen.unwrap().port(), 1);
        assert_eq!((flags.demo, flags.node.as_deref()), (Some(24), Some("n")));
        assert_eq!(flags.store.database.as_deref(), Some("postgres://h/d"));
        assert!(flags.store.dev && flags.unlimited);
    }

    #[test]
    fn every_subcommand_is_understood() {
        for line in [
            "rookery config example",
            "rookery config check --dev",
            "rookery migrate --data d",
            "rookery backup out.sqlite",
            "rookery backup --channels out.enc --database postgres://h/d",
            "rookery restore-channels out.enc",
            "rookery restore-channels out.enc --replace --data d",
            "rookery restore-channels --check out.enc",
            "rookery verify --database postgres://h/d",
            "rookery replay --shard 1 --database postgres://h/d",
            "rookery replay --shard 7 --to 1200 --json",
            "rookery replay --shard 7 --to 2026-01-31T12:00:00Z",
            "rookery rebuild-cache --redis redis://h",
            "rookery token mint --agents 3",
            "rookery token admin",
            "rookery admin region create lab --size-m 64 --display-name Lab",
            "rookery admin region list",
            "rookery admin nodes",
            "rookery admin shards --database postgres://h/d",
            "rookery admin drain node-a",
            "rookery admin move 17 node-b --database postgres://h/d",
            "rookery swarm --tokens t --agents 3000 --group 30 --rate 2 --action-mix move_to --pid 7 --floor --report -",
            "rookery swarm --tokens t --idle --encoding protobuf",
            "rookery channel pub public.a -5 or so --json",
            "rookery channel pub public.a - -t T -s http://h",
            "rookery channel sub -vvv public.a system.timer.second",
            "rookery channel subexec -b 10 --timeout 500 public.a -- sh -c x -s",
            "rookery channel grant bob agent.alice.news",
            "rookery channel request agent.alice.news I want it",
            "rookery channel advertise set --channel agent.alice.news --desc D --schema {}",
            "rookery channel advertise rm agent.alice.news",
            "rookery channel advertise find a thing --limit 3",
            "rookery channel login --user alice --key-name main --key-path k",
            "rookery channel login --user alice --profile",
            "rookery channel login --token T",
            "rookery channel config --server http://h:1 --show",
            "rookery channel validate {} --schema @file",
            "rookery channel app rotate tool",
            "rookery channel key list --json",
            "rookery channel key add id.pub --key-name laptop",
            "rookery channel key rm laptop",
            "rookery completions fish",
            "rookery man channel sub",
            "rookery swarm --anonymous 5000",
            "rookery swarm --tokens t --channel public.x --publishers 1 --subscribers 1000 --payload 256 --rate 50",
        ] {
            assert!(parsed(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "rookery",
            "rookery fly",
            "rookery serve --listen nowhere",
            "rookery serve --demo -1",
            "rookery token mint",
            "rookery token mint --agents 0",
            "rookery backup",
            "rookery backup --channels",
            "rookery restore-channels",
            "rookery restore-channels --check --replace out.enc",
            "rookery replay",
            "rookery replay --shard 0",
            "rookery replay --shard 1 --to yesterday",
            "rookery replay --shard 1 --to -5",
            "rookery admin region create",
            "rookery admin drain",
            "rookery admin move seventeen node-b",
            "rookery admin region create lab --size-m 15",
            "rookery swarm",
            "rookery channel",
            "rookery channel sub",
            "rookery channel subexec public.a",
            "rookery channel subexec --buffer 0 public.a -- cat",
            "rookery channel pub --lines public.a x",
            "rookery channel grant bob",
            "rookery channel login --profile",
            "rookery channel key",
            "rookery channel key remove",
            "rookery channel key add a b",
            "rookery completions tcsh",
            "rookery swarm --tokens t --agents 0",
            "rookery swarm --tokens t --action-mix fly",
            "rookery swarm --tokens t --rate 0",
            "rookery swarm --tokens t --floor",
            "rookery swarm --tokens t --idle --rate 2",
            "rookery swarm --tokens t --region-prefix Swarm",
            "rookery swarm --tokens t --payload 256",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
