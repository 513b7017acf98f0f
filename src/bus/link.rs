//! The ear at Redis: connections for subscriptions, made again for as long as it takes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::Msg;
use tokio::time::{MissedTickBehavior, timeout};
use uuid::Uuid;

use super::board::{Board, Changes};
use super::commands::Commands;
use super::ear::Ear;
use super::echo::Echoes;
use super::health::{Failed, Health};
use super::intake::Pushed;
use super::redis::pause;
use super::servers::Servers;
use super::topic::Topic;
use super::{PAYLOAD_MAX_BYTES, count, wire};
use crate::host::entropy::Entropy;

/// How often the connections are asked whether they live: a peer that is paused or cut off says nothing.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How long finding the servers and connecting to all of them may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);

/// Hears what others publish on the topics of the board and hands it there.
pub(super) struct Link {
    pub servers: Arc<Servers>,
    pub commands: Arc<Commands>,
    pub board: Arc<Board>,
    pub echoes: Arc<Echoes>,
    pub health: Arc<Health>,
    pub prefix: String,
    pub node: Uuid,
    pub command_timeout: Duration,
    pub entropy: Entropy,
}

impl Link {
    /// Never ends by itself.
    pub async fn run(self) {
        let mut attempt = 0_u32;
        let mut was_up = false;
        loop {
            let is_established = self.listen(was_up).await;
            self.health.link(false);
            self.echoes.forget();
            if is_established {
                // What was heard of here is true of the other connections to these servers.
                self.commands.renew();
            }
            attempt = if is_established {
                0
            } else {
                attempt.saturating_add(1)
            };
            was_up |= is_established;
            pause(attempt, &self.entropy).await;
            count::reconnect();
        }
    }

    /// Hears until the connection fails; whether it ever stood.
    async fn listen(&self, was_up: bool) -> bool {
        let opened = timeout(OPEN_TIMEOUT, Ear::open(&self.servers, self.command_timeout)).await;
        let (mut ear, mut intake) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                self.health.unheard(&error.to_string());
                return false;
            }
            Err(_) => {
                self.health.unheard("no connection in time");
                return false;
            }
        };
        // Taken before the topics are read: a change in between is then looked at twice, never missed.
        let _read_in_full_below = self.board.take_changes();
        if self.follow(&mut ear, Changes::Any).await.is_err() || ear.check().await.is_err() {
            return false;
        }
        self.health.link(true);
        if was_up {
            self.board.mark_link_lost();
        }
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                pushed = intake.next() => match pushed {
                    Pushed::Message(message) => {
                        self.hear(&ear, &message);
                        Ok(())
                    }
                    Pushed::Unsubscribed(name) if ear.left(&name) => Ok(()),
                    // Its slot has another master now; or the connection is gone.
                    Pushed::Unsubscribed(_) | Pushed::Lost => Err(Failed),
                },
                () = self.board.changed() => self.follow(&mut ear, self.board.take_changes()).await,
                _ = ping.tick() => ear.check().await,
            };
            if outcome.is_err() {
                return true;
            }
        }
    }

    /// Makes the subscriptions at Redis those of the board.
    async fn follow(&self, ear: &mut Ear, changes: Changes) -> Result<(), Failed> {
        let (mut added, mut gone) = (Vec::new(), Vec::new());
        match changes {
            Changes::These(topics) => {
                for topic in topics {
                    let name = topic.name(&self.prefix);
                    match (self.board.has(&topic), ear.topics().contains_key(&name)) {
                        (true, false) => added.push((name, topic)),
                        (false, true) => gone.push(name),
                        (true, true) | (false, false) => {}
                    }
                }
            }
            Changes::Any => {
                let mut wanted: HashMap<String, Topic> = self
                    .board
                    .topics()
                    .into_iter()
                    .map(|topic| (topic.name(&self.prefix), topic))
                    .collect();
                gone.extend(
                    ear.topics()
                        .keys()
                        .filter(|name| !wanted.contains_key(*name))
                        .cloned(),
                );
                wanted.retain(|name, _| !ear.topics().contains_key(name));
                added.extend(wanted);
            }
        }
        ear.subscribe(added).await?;
        ear.unsubscribe(gone).await
    }

    fn hear(&self, ear: &Ear, message: &Msg) {
        // Unsubscribed a moment ago, perhaps.
        let Some(topic) = ear.topics().get(message.get_channel_name()) else {
            return;
        };
        let bytes = message.get_payload_bytes();
        if bytes.len() > PAYLOAD_MAX_BYTES.saturating_add(wire::ENVELOPE_LEN) {
            count::dropped("too_large", 1);
            return;
        }
        if !topic.is_between_nodes() {
            if !self.echoes.take(topic, bytes) {
                self.board.deliver(topic, &bytes.to_vec().into());
            }
            return;
        }
        match wire::sealed_by(bytes) {
            Some(node) if node == self.node => {}
            Some(_) => {
                let payload = bytes
                    .split_at_checked(wire::ENVELOPE_LEN)
                    .map(|(_, payload)| payload);
                self.board
                    .deliver(topic, &payload.unwrap_or_default().to_vec().into());
            }
            None => {
                self.board.deliver(topic, &bytes.to_vec().into());
            }
        }
    }
}
