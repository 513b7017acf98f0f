//! Why a verb did not do what it should, and the exit status that says so.

use std::process::ExitCode;

use serde_json::Value;

/// The kind of a failure, which is the exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Refused or failed for another reason than those below.
    Failed,
    /// The command line makes no sense; `clap` ends with this one as well.
    Usage,
    /// No token, or one that the server does not take.
    Unauthenticated,
    /// Not permitted.
    Denied,
    /// Too many requests.
    RateLimited,
    /// The server cannot be reached, or is too busy to answer.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let status: u8 = match exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unauthenticated => 3,
            Exit::Denied => 4,
            Exit::RateLimited => 5,
            Exit::Unreachable => 6,
        };
        status.into()
    }
}

/// Why a verb did not do what it should.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind.
    pub exit: Exit,
    /// What went wrong.
    pub error: String,
    /// What may help.
    pub fixes: Vec<String>,
    /// What the server said besides.
    pub details: Option<Box<Value>>,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(exit: Exit, error: impl Into<String>) -> Self {
        Self {
            exit,
            error: error.into(),
            fixes: Vec::new(),
            details: None,
        }
    }

    /// The same with something that may help.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fixes.push(fix.into());
        self
    }

    /// A command line that makes no sense.
    pub fn usage(error: impl Into<String>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Nobody is logged in.
    pub fn no_token() -> Self {
        Self::new(Exit::Unauthenticated, "not logged in").log_in()
    }

    /// The same with how to log in.
    #[must_use]
    pub fn log_in(self) -> Self {
        self.fix("log in: rookery channel login --user NAME")
            .fix("or give a token: --token TOKEN or ROOKERY_TOKEN")
    }

    /// The server cannot be reached, with all that is known of why.
    pub fn unreachable(server: &str, error: &anyhow::Error) -> Self {
        Self::new(Exit::Unreachable, format!("{error:#}"))
            .fix(format!("see whether a server is at {server}"))
            .fix("name another one: --server URL, or rookery channel config --server URL")
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, format!("{error:#}"))
    }
}
