//! `rookery channel sub`.

use std::io;

use clap::Args;

use super::failure::{Exit, Failure};
use super::feed::{self, Heard};
use super::output::print;
use super::session::Session;

/// Print what is published, one JSON object a line: {channel, sender, payload, timestamp}.
///
/// A lost connection is opened again, and what was published meanwhile is printed as well where the channel has a history.
#[derive(Debug, Args)]
pub struct Subscribe {
    /// The channels.
    #[arg(required = true, value_name = "CHANNEL")]
    pub channels: Vec<String>,
    /// Wait for the server where it cannot be reached at the start.
    #[arg(long)]
    pub wait: bool,
    /// Say on the standard error output what is subscribed to, as well.
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Subscribe {
    /// Prints until the output is closed.
    /// Errors: a subscription is refused for good or revoked; the server cannot be reached at the start.
    pub fn run(self, session: &Session) -> Result<(), Failure> {
        let runtime = runtime()?;
        let done = runtime.block_on(self.print(session));
        // A name that is still looked up keeps nobody waiting.
        runtime.shutdown_background();
        done
    }

    async fn print(self, session: &Session) -> Result<(), Failure> {
        let mut feed = feed::listen(session, &self.channels, self.wait)?;
        while let Some(heard) = feed.recv().await {
            match heard? {
                Heard::Detail(_) if self.verbose == 0 => {}
                Heard::Detail(note) | Heard::Note(note) => session.output.note(&note),
                Heard::Event(event) => {
                    let line = serde_json::to_string(&event).map_err(anyhow::Error::from)?;
                    match print(&line) {
                        // Whoever reads has seen enough: `rookery channel sub public.a | head -1`.
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                        Err(error) => {
                            return Err(Failure::new(Exit::Failed, format!("could not print: {error}")));
                        }
                        Ok(()) => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// What a feed runs on: this thread alone. Errors: the system refuses.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::from(anyhow::Error::from(error)))
}
