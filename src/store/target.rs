//! The addresses of databases.

use super::Target;
use std::time::Duration;

/// How long making a connection may take: as long as a writer's statement.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Target {
    /// What Diesel calls the database URL.
    pub(crate) fn url(&self) -> String {
        match self {
            Target::Sqlite(path) => path.to_string_lossy().into_owned(),
            Target::SqliteMemory(name) => format!("file:/{name}?vfs=memdb"),
            // A database that is cut off must not hold its threads for hours.
            Target::Postgres(url) if url.contains("://") && !url.contains("tcp_user_timeout") => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!(
                    "{url}{separator}tcp_user_timeout=10&keepalives_idle=5&keepalives_interval=2&keepalives_retries=3"
                )
            }
            Target::Postgres(url) => url.clone(),
        }
    }

    /// How long making a connection may take: what the address says as `connect_timeout`, in whole seconds.
    pub(crate) fn connect_timeout(&self) -> Duration {
        let seconds = match self {
            Self::Postgres(url) => url.rsplit_once("connect_timeout=").map(|(_, rest)| rest),
            Self::Sqlite(_) | Self::SqliteMemory(_) => None,
        };
        let seconds = seconds.and_then(|rest| rest.split(['&', ' ']).next()?.parse().ok());
        let seconds = seconds.filter(|seconds| *seconds > 0);
        seconds.map_or(CONNECT_TIMEOUT, Duration::from_secs)
    }

    /// The same, with connections that are given up after so many seconds without a sign of the other side, also while they are
    /// made. SQLite always answers.
    pub fn hasty(&self, seconds: u64) -> Self {
        match self {
            Self::Postgres(url) if url.contains("://") => {
                let separator = if url.contains('?') { '&' } else { '?' };
                Self::Postgres(format!(
                    "{url}{separator}connect_timeout={seconds}&tcp_user_timeout={seconds}&keepalives_idle={seconds}&keepalives_interval={seconds}&keepalives_retries=1"
                ))
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Reader, StoreError};
    use std::net::TcpListener;
    use std::sync::mpsc;

    #[test]
    fn an_address_may_say_how_long_connecting_takes() {
        let seconds = |target: Target| target.connect_timeout().as_secs();
        let of = |url: &str| Target::Postgres(url.to_owned());
        let plain = of("postgres://a@b/c");
        assert_eq!(seconds(plain.clone()), CONNECT_TIMEOUT.as_secs());
        assert_eq!(seconds(plain.hasty(2)), 2);
        let given = of("postgres://a@b/c?connect_timeout=30&application_name=x");
        assert_eq!((seconds(given.clone()), seconds(given.hasty(2))), (30, 2));
        assert_eq!(seconds(of("host=b user=a connect_timeout=7 port=1")), 7);
        for wrong in ["0", "soon", ""] {
            let url = format!("postgres://a@b/c?connect_timeout={wrong}");
            assert_eq!(seconds(of(&url)), CONNECT_TIMEOUT.as_secs(), "{url}");
        }
    }

    #[test]
    fn a_server_that_never_answers_is_given_up() {
        // Its connections are taken by the kernel, and nobody reads from them.
        let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/none", deaf.local_addr().unwrap());
        let target = Target::Postgres(url).hasty(1);
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || told.send(Reader::open(&target).map(drop)));
        let opened = heard.recv_timeout(Duration::from_secs(30)).expect("it gives up");
        let error = opened.unwrap_err();
        assert!(error.is_unavailable());
        assert!(matches!(error, StoreError::Connect { .. }), "{error:?}");
    }
}
