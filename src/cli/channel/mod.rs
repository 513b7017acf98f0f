//! `rookery channel`: claw.events' verbs against a running server.

mod access;
mod advertise;
mod application;
mod batch;
mod failure;
mod feed;
mod hearing;
mod identity;
mod key;
mod listening;
mod login;
mod output;
mod publish;
mod session;
mod settings;
mod sign;
mod subexec;
mod subscribe;
mod validate;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use failure::Failure;
use output::Output;
use session::Session;

/// What `--help` tells beside the flags.
const HELP: &str = "\
Exit status:
  0  done; `sub` whose output is closed and `subexec` that is told to end, too
  1  refused or failed for another reason than those below
  2  the command line makes no sense
  3  no token, or one that the server does not take
  4  not permitted; also a subscription that was revoked
  5  too many requests; until when is kept in the configuration, and publications before that are refused at once
  6  the server cannot be reached, or is too busy to answer

The server is that of --server, else of ROOKERY_SERVER, else of the configuration, else http://127.0.0.1:8000; the token is
that of --token, else of ROOKERY_TOKEN, else of the configuration. ROOKERY_WS is the address of a socket that is not at
/connection/websocket of the server, ROOKERY_SSH_KEY the key of `login` and `key add`. NO_COLOR turns colours off. The
configuration is rookery/channel.json in XDG_CONFIG_HOME, else in ~/.config, readable by its owner only.

What `sub` prints, and everything with --json, is one JSON object a line. With --json errors are
{\"status\":\"error\",\"error\":..,\"fixes\":[..]} on the standard error output.";

/// Publish, subscribe and look after channels of a running server.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub struct Channel {
    /// What every verb takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Server and output")]
pub struct Options {
    /// The server, such as `https://rookery.example`.
    #[arg(long, short, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// The token.
    #[arg(long, short, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// The configuration's file, or the folder of its channel.json.
    #[arg(long, short, global = true, value_name = "PATH")]
    pub config: Option<std::path::PathBuf>,
    /// Print one JSON object a line.
    #[arg(long, short, global = true)]
    pub json: bool,
}

/// What there is to do with channels.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Publish a message.
    Pub(publish::Publish),
    /// Print what is published, one JSON object a line.
    Sub(subscribe::Subscribe),
    /// Run a command for what is published.
    Subexec(subexec::Subexec),
    /// Let only those read a channel who are granted it.
    Lock(access::OneChannel),
    /// Let everybody read a channel again; what was granted is kept.
    Unlock(access::OneChannel),
    /// Let somebody read a channel while it is locked.
    Grant(access::Granted),
    /// Take back what was granted; who reads the channel is unsubscribed.
    Revoke(access::Granted),
    /// Ask the owner of a locked channel for access, on public.access.
    Request(access::Request),
    /// Describe channels, and find those that others describe.
    #[command(subcommand)]
    Advertise(advertise::Advertise),
    /// Check a message against a schema, and print it if it fits.
    Validate(validate::Validate),
    /// Get a token by a signature, or keep one that you have.
    Login(login::Login),
    /// Finish `login --profile`.
    Verify(login::Verify),
    /// Get a token of a server that runs with --dev, without proof.
    DevRegister(login::DevRegister),
    /// Forget the token.
    Logout(login::Logout),
    /// Show who the token says you are.
    Whoami(identity::Whoami),
    /// Show the configuration, or change it with --server and --ws.
    Config(identity::Configure),
    /// Look after the public keys that you log in with.
    #[command(subcommand)]
    Key(key::Key),
    /// Make and look after apps, which publish under names of their own.
    #[command(subcommand)]
    App(application::App),
}

impl Channel {
    /// Runs the verb; errors are told on the standard error output.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let output = Output::new(self.options.json);
        match run(self.verb, self.options, output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                output.failure(&failure);
                failure.exit.into()
            }
        }
    }
}

fn run(verb: Verb, options: Options, output: Output) -> Result<(), Failure> {
    let mut session = Session::open(options, output)?;
    let report = match verb {
        Verb::Pub(verb) => return verb.run(&mut session),
        Verb::Validate(verb) => return verb.run(&mut session),
        Verb::Sub(verb) => return verb.run(&session),
        Verb::Subexec(verb) => return verb.run(&session),
        Verb::Lock(verb) => verb.lock(&mut session),
        Verb::Unlock(verb) => verb.unlock(&mut session),
        Verb::Grant(verb) => verb.grant(&mut session),
        Verb::Revoke(verb) => verb.revoke(&mut session),
        Verb::Request(verb) => verb.run(&mut session),
        Verb::Advertise(verb) => verb.run(&mut session),
        Verb::Login(verb) => verb.run(&mut session),
        Verb::Verify(verb) => verb.run(&mut session),
        Verb::DevRegister(verb) => verb.run(&mut session),
        Verb::Logout(verb) => verb.run(&mut session),
        Verb::Whoami(verb) => verb.run(&mut session),
        Verb::Config(verb) => verb.run(&mut session),
        Verb::Key(verb) => verb.run(&mut session),
        Verb::App(verb) => verb.run(&mut session),
    }?;
    output.success(&report)
}
