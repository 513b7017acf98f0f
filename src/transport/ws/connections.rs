//! How many connections the public port has, whoever holds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The connections that are open.
#[derive(Default)]
pub struct Connections {
    open: AtomicU64,
    emptied: Notify,
}

/// Counts a connection for as long as it is there.
pub struct Counted(Arc<Connections>);

impl Connections {
    /// How many are open.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts one more.
    pub fn count(self: &Arc<Self>) -> Counted {
        self.open.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(self))
    }

    /// Waits until none is open.
    pub async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.open() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn emptied_wakes_when_the_last_goes_and_at_once_when_none_is_there() {
        let connections = Arc::<Connections>::default();
        connections.emptied().await;
        let (first, last) = (connections.count(), connections.count());
        let emptied = connections.emptied();
        let gone = async {
            drop(first);
            assert_eq!(connections.open(), 1);
            tokio::task::yield_now().await;
            drop(last);
        };
        futures_util::future::join(emptied, gone).await;
        assert_eq!(connections.open(), 0);
    }
}
