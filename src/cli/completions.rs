//! `rookery completions` and `rookery man`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory, ValueEnum};

use super::Cli;

/// Print what a shell needs to complete commands.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Shells that can complete.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    /// `rookery completions bash > ~/.local/share/bash-completion/completions/rookery`.
    Bash,
    /// `rookery completions zsh > ~/.zfunc/_rookery`, where ~/.zfunc is in fpath.
    Zsh,
    /// `rookery completions fish > ~/.config/fish/completions/rookery.fish`.
    Fish,
}

/// Print a manual page, or write all of them.
#[derive(Debug, Args)]
pub struct Man {
    /// The command: `rookery man channel sub | man -l -`.
    pub command: Vec<String>,
    /// Write the page of every command into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub folder: Option<PathBuf>,
}

impl Completions {
    /// Prints them. Errors: the output cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "rookery", &mut text);
        print(&text)
    }
}

impl Man {
    /// Prints or writes the pages. Errors: no such command; they cannot be written.
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(folder) = self.folder {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("could not make {}", folder.display()))?;
            return clap_mangen::generate_to(Cli::command(), &folder)
                .with_context(|| format!("could not write into {}", folder.display()));
        }
        let mut found = Cli::command();
        // Only a command that is built knows the names of its pages and what all verbs take.
        found.build();
        for word in &self.command {
            let inner = found.find_subcommand(word);
            found = inner
                .with_context(|| format!("there is no command {word}"))?
                .clone();
        }
        let mut text = Vec::new();
        clap_mangen::Man::new(found).render(&mut text)?;
        print(&text)
    }
}

fn print(text: &[u8]) -> anyhow::Result<()> {
    match io::stdout().write_all(text) {
        // Whoever reads may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
