//! What Redis pushes, waiting to be heard: bounded, and when it overflows the link counts as lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redis::{Msg, PushInfo, PushKind};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Messages that wait to be heard.
const PUSHES_MAX: usize = 16_384;
/// Bytes of the messages that wait to be heard.
const PUSHES_MAX_BYTES: usize = 64 * 1024 * 1024;

/// What came over a connection.
pub(super) enum Pushed {
    /// A publication.
    Message(Msg),
    /// A subscription ended, asked for or because its slot went to another server.
    Unsubscribed(String),
    /// The connection ended, or something was left out.
    Lost,
}

/// The end at which the connections put what they get.
#[derive(Clone)]
pub(super) struct Inlet {
    pushes: Sender<Pushed>,
    shared: Arc<Shared>,
}

/// The end at which it is heard.
pub(super) struct Intake {
    pushes: Receiver<Pushed>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    is_lost: AtomicBool,
}

/// Both ends.
pub(super) fn intake() -> (Inlet, Intake) {
    let (sender, receiver) = channel(PUSHES_MAX);
    let shared = Arc::new(Shared::default());
    let inlet = Inlet {
        pushes: sender,
        shared: Arc::clone(&shared),
    };
    let intake = Intake {
        pushes: receiver,
        shared,
    };
    (inlet, intake)
}

impl Inlet {
    /// Puts what came. Never waits.
    pub fn put(&self, info: PushInfo) {
        let pushed = match info.kind {
            PushKind::Message | PushKind::SMessage => Msg::from_push_info(info).map(Pushed::Message),
            PushKind::Unsubscribe | PushKind::SUnsubscribe => channel_of(&info).map(Pushed::Unsubscribed),
            PushKind::Disconnection => Some(Pushed::Lost),
            // Confirmations of subscriptions are answers, too, and are awaited as such.
            _ => return,
        };
        let pushed = pushed.unwrap_or(Pushed::Lost);
        let size = size_of(&pushed);
        let waiting_bytes = self.shared.waiting_bytes.fetch_add(size, Ordering::SeqCst);
        let is_too_much = waiting_bytes.saturating_add(size) > PUSHES_MAX_BYTES;
        if matches!(pushed, Pushed::Lost) || is_too_much || self.pushes.try_send(pushed).is_err() {
            self.shared.is_lost.store(true, Ordering::SeqCst);
            // Wakes who waits; a full queue does that by itself.
            let _ = self.pushes.try_send(Pushed::Lost);
        }
    }
}

impl Intake {
    /// Waits for the next.
    pub async fn next(&mut self) -> Pushed {
        let Some(pushed) = self.pushes.recv().await else {
            return Pushed::Lost;
        };
        self.shared
            .waiting_bytes
            .fetch_sub(size_of(&pushed), Ordering::SeqCst);
        if self.shared.is_lost.load(Ordering::SeqCst) {
            return Pushed::Lost;
        }
        pushed
    }
}

fn channel_of(info: &PushInfo) -> Option<String> {
    match info.data.first() {
        Some(redis::Value::BulkString(name)) => String::from_utf8(name.clone()).ok(),
        Some(_) | None => None,
    }
}

fn size_of(pushed: &Pushed) -> usize {
    match pushed {
        Pushed::Message(message) => message.get_payload_bytes().len(),
        Pushed::Unsubscribed(_) | Pushed::Lost => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::Value;

    fn message(payload: &[u8]) -> PushInfo {
        let text = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
        PushInfo {
            kind: PushKind::SMessage,
            data: vec![text(b"channel"), text(payload)],
        }
    }

    async fn heard(intake: &mut Intake) -> Option<Vec<u8>> {
        match intake.next().await {
            Pushed::Message(message) => Some(message.get_payload_bytes().to_vec()),
            Pushed::Unsubscribed(_) | Pushed::Lost => None,
        }
    }

    #[tokio::test]
    async fn messages_come_in_order_until_the_connection_ends() {
        let (inlet, mut intake) = intake();
        inlet.put(message(b"1"));
        inlet.put(message(b"2"));
        for payload in [b"1", b"2"] {
            assert_eq!(heard(&mut intake).await.as_deref(), Some(payload.as_slice()));
        }
        inlet.put(PushInfo {
            kind: PushKind::Disconnection,
            data: vec![],
        });
        assert!(matches!(intake.next().await, Pushed::Lost));
    }

    #[tokio::test]
    async fn too_many_or_too_large_messages_are_a_lost_link() {
        let (inlet, mut intake) = intake();
        for _ in 0..=PUSHES_MAX {
            inlet.put(message(b"x"));
        }
        assert!(matches!(intake.next().await, Pushed::Lost));

        let (inlet, mut intake) = super::intake();
        let large = vec![0; PUSHES_MAX_BYTES / 4];
        for _ in 0..4 {
            inlet.put(message(&large));
        }
        assert_eq!(
            heard(&mut intake).await.map(|payload| payload.len()),
            Some(large.len())
        );
        // What was heard makes room again.
        inlet.put(message(&large));
        assert!(heard(&mut intake).await.is_some());
        inlet.put(message(&large));
        inlet.put(message(b"x"));
        assert!(matches!(intake.next().await, Pushed::Lost));
    }
}
