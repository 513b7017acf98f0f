//! The asynchronous driver of PostgreSQL behind a synchronous face, with a bound on connecting, which neither of the two has.

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use std::cell::Cell;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// PostgreSQL without libpq. Not for threads with a tokio runtime.
pub(crate) type PgConnection = AsyncConnectionWrapper<AsyncPgConnection, Driver>;

thread_local! {
    /// On its way from `connect`, which makes it, to the connection, which asks this thread for one.
    static NEXT: Cell<Option<Runtime>> = const { Cell::new(None) };
}

/// What drives one connection: a runtime of its own, on whatever thread uses it.
pub(crate) struct Driver(Option<Runtime>);

impl BlockOn for Driver {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Some(runtime) => runtime.block_on(future),
            // Not made by `connect`: whoever made it has a runtime.
            None => Handle::current().block_on(future),
        }
    }

    fn get_runtime() -> Self {
        Self(NEXT.take())
    }
}

/// Connects. Errors: what the server said, or that it said nothing in this time.
pub(crate) fn connect(url: &str, most: Duration) -> ConnectionResult<PgConnection> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    let connecting = async { tokio::time::timeout(most, AsyncPgConnection::establish(url)).await };
    let Ok(connected) = runtime.block_on(connecting) else {
        // Looking up a name cannot be broken off: nobody waits for it.
        runtime.shutdown_background();
        let silence = format!("no answer in {} s", most.as_secs());
        return Err(ConnectionError::BadConnection(silence));
    };
    let connected = connected?;
    NEXT.set(Some(runtime));
    Ok(PgConnection::from(connected))
}
