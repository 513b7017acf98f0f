//! The addresses of databases.

use super::Target;

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

    /// The same, with connections that are given up after so many seconds without a sign of the other side. Connecting has no
    /// bound of its own: the driver's needs timers that its synchronous face lacks. SQLite always answers.
    pub fn hasty(&self, seconds: u64) -> Self {
        match self {
            Self::Postgres(url) if url.contains("://") => {
                let separator = if url.contains('?') { '&' } else { '?' };
                Self::Postgres(format!(
                    "{url}{separator}tcp_user_timeout={seconds}&keepalives_idle={seconds}&keepalives_interval={seconds}&keepalives_retries=1"
                ))
            }
            other => other.clone(),
        }
    }
}
