//! Subscriptions to channels whose home may be another node. One that is asked for there is held: what is published meanwhile
//! waits, so that nothing is missed between the home's answer and what comes after it, and nothing comes twice.

use super::listing::Subscriber;
use super::table::{HubTable, Listener};
use crate::actors::channels::Home;
use crate::actors::channels::home::Chart;
use crate::actors::outbox::SharedOutbox;
use crate::actors::publication::{Dialect, Publication};
use crate::base::id::{NodeId, SessionId};
use crate::base::limit::CHANNEL_HELD_MAX;
use crate::domain::channel::Namespace;
use crate::wire::Encoding;
use bytes::Bytes;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// What a subscription has where nodes share the world.
pub(super) struct Bond {
    home: Home,
    held: Option<Held>,
}

/// A subscription that waits for the home's answer.
struct Held {
    /// Tells it from an earlier one of the same session.
    ticket: u64,
    waiting: Vec<Waiting>,
    is_overfull: bool,
}

enum Waiting {
    Publication(Arc<Publication>),
    Presence { json: Bytes, protobuf: Bytes },
}

/// What became of a subscription that was held.
#[derive(Debug, PartialEq, Eq)]
pub enum Released {
    /// It is on; this is to be sent to it first.
    On(Vec<Bytes>),
    /// More came than can wait: it has ended.
    Overfull,
    /// It was ended, or replaced, meanwhile.
    Gone,
}

/// A session whose subscription ends, and whether that was held yet.
pub(super) type Lost = (Rc<dyn Listener>, Arc<str>, bool);

impl Subscriber {
    /// Keeps a publication back while it is held. Whether it is.
    pub(super) fn hold_back(&mut self, publication: &Arc<Publication>) -> bool {
        self.hold(|| Waiting::Publication(Arc::clone(publication)))
    }

    /// Keeps a push of presence back while it is held. Whether it is.
    pub(super) fn hold_back_presence(&mut self, json: &Bytes, protobuf: &Bytes) -> bool {
        self.hold(|| Waiting::Presence {
            json: json.clone(),
            protobuf: protobuf.clone(),
        })
    }

    fn hold(&mut self, what: impl FnOnce() -> Waiting) -> bool {
        let Some(held) = self.bond.as_mut().and_then(|bond| bond.held.as_mut()) else {
            return false;
        };
        if held.waiting.len() < CHANNEL_HELD_MAX {
            held.waiting.push(what());
        } else {
            held.is_overfull = true;
        }
        true
    }

    fn is_held(&self) -> bool {
        self.bond.as_ref().is_some_and(|bond| bond.held.is_some())
    }
}

impl HubTable {
    /// Subscribes a session to a channel that is asked for at its home. Gives the ticket by which it is released.
    pub fn hold(&mut self, session: SessionId, channel: Arc<str>, home: Home) -> u64 {
        self.tickets = self.tickets.saturating_add(1);
        let held = Held {
            ticket: self.tickets,
            waiting: Vec::new(),
            is_overfull: false,
        };
        let bond = Bond {
            home,
            held: Some(held),
        };
        self.bind(session, channel, 0, Some(bond));
        self.tickets
    }

    /// Subscribes a session to a channel whose home is here, whose publications it has up to an offset.
    pub fn subscribe_at(&mut self, session: SessionId, channel: Arc<str>, position: u64, home: Option<Home>) {
        let bond = home.map(|home| Bond { home, held: None });
        self.bind(session, channel, position, bond);
    }

    /// The home answered a subscription: the session has everything up to an offset.
    pub fn release(&mut self, session: SessionId, channel: &str, ticket: u64, position: u64) -> Released {
        let Some(subscriber) = self.held(session, channel, ticket) else {
            return Released::Gone;
        };
        let Some(held) = subscriber.bond.as_mut().and_then(|bond| bond.held.take()) else {
            return Released::Gone;
        };
        subscriber.position = position;
        let mut pieces = Vec::with_capacity(held.waiting.len());
        let mut is_torn = held.is_overfull;
        for waiting in held.waiting {
            match waiting {
                Waiting::Publication(publication) => match subscriber.accept(&publication) {
                    Accepted::New => pieces.push(publication.piece(subscriber.outbox.borrow().dialect())),
                    Accepted::Known => {}
                    Accepted::Torn => is_torn = true,
                },
                Waiting::Presence { json, protobuf } => {
                    pieces.extend(presence_piece(&subscriber.outbox, &json, &protobuf));
                }
            }
        }
        if is_torn {
            self.unsubscribe(session, channel);
            return Released::Overfull;
        }
        Released::On(pieces)
    }

    /// The home refused a subscription. Whether it was still there.
    pub fn give_up(&mut self, session: SessionId, channel: &str, ticket: u64) -> bool {
        let is_there = self.held(session, channel, ticket).is_some();
        if is_there {
            self.unsubscribe(session, channel);
        }
        is_there
    }

    /// Ends the subscriptions whose channel has another home than it had.
    pub(super) fn follow_homes(&mut self, chart: &Chart) -> Vec<Lost> {
        self.lose_all(|channel, home| chart.home(channel) != Some(home))
    }

    /// Ends the subscriptions whose channel has its home on a node.
    pub(super) fn lose_home(&mut self, node: NodeId) -> Vec<Lost> {
        self.lose_all(|_, home| home.node == node)
    }

    /// Ends a subscription.
    pub(super) fn lose(&mut self, session: SessionId, channel: &Arc<str>) -> Option<Lost> {
        let subscribers = self.channels.get(channel)?;
        let is_held = subscribers
            .iter()
            .find(|known| known.session == session)?
            .is_held();
        self.unsubscribe(session, channel);
        Some((self.listener(session)?, Arc::clone(channel), is_held))
    }

    /// Ends the subscriptions to channels that belong to somebody.
    pub(super) fn lose_owned(&mut self) -> Vec<Lost> {
        let is_owned = |channel: &str| Namespace::of(channel).is_ok_and(|channel| channel.owner().is_some());
        self.lose_those(|channel, _| is_owned(channel))
    }

    /// Ends the subscriptions of these sessions to a channel.
    pub(super) fn lose_some(&mut self, channel: &Arc<str>, sessions: &HashSet<SessionId>) -> Vec<Lost> {
        let Some(subscribers) = self.channels.get_mut(channel) else {
            return Vec::new();
        };
        let mut ended = Vec::with_capacity(sessions.len());
        subscribers.retain(|one| {
            let is_lost = sessions.contains(&one.session);
            if is_lost {
                ended.push((one.session, one.is_held()));
            }
            !is_lost
        });
        if subscribers.is_empty() {
            self.channels.remove(channel);
        }
        let lost = ended.into_iter().filter_map(|(session, is_held)| {
            let entry = self.sessions.get_mut(&session)?;
            entry.channels.remove(channel);
            Some((Rc::clone(&entry.listener), Arc::clone(channel), is_held))
        });
        lost.collect()
    }

    fn lose_all(&mut self, is_lost: impl Fn(&str, Home) -> bool) -> Vec<Lost> {
        self.lose_those(|channel, one| one.bond.as_ref().is_some_and(|bond| is_lost(channel, bond.home)))
    }

    fn lose_those(&mut self, is_lost: impl Fn(&str, &Subscriber) -> bool) -> Vec<Lost> {
        let lost: Vec<(SessionId, Arc<str>)> = self
            .channels
            .iter()
            .flat_map(|(channel, subscribers)| subscribers.iter().map(move |one| (channel, one)))
            .filter(|(channel, one)| is_lost(channel, one))
            .map(|(channel, one)| (one.session, Arc::clone(channel)))
            .collect();
        lost.into_iter()
            .filter_map(|(session, channel)| self.lose(session, &channel))
            .collect()
    }

    fn held(&mut self, session: SessionId, channel: &str, ticket: u64) -> Option<&mut Subscriber> {
        let subscribers = self.channels.get_mut(channel)?;
        let is_it = |one: &&mut Subscriber| {
            let held = one.bond.as_ref().and_then(|bond| bond.held.as_ref());
            one.session == session && held.is_some_and(|held| held.ticket == ticket)
        };
        subscribers.iter_mut().find(is_it)
    }
}

/// What a publication is to a subscriber.
pub(super) enum Accepted {
    /// The next one, or one without a place.
    New,
    /// It has it.
    Known,
    /// One before it got lost.
    Torn,
}

impl Subscriber {
    /// Notes a publication.
    pub(super) fn accept(&mut self, publication: &Publication) -> Accepted {
        let Some(offset) = publication.offset else {
            return Accepted::New;
        };
        if offset <= self.position {
            return Accepted::Known;
        }
        if self.bond.is_some() && offset > self.position.saturating_add(1) {
            return Accepted::Torn;
        }
        self.position = offset;
        Accepted::New
    }
}

/// The push of somebody who came to a channel or left it, in the socket's own encoding.
pub(super) fn presence_piece(outbox: &SharedOutbox, json: &Bytes, protobuf: &Bytes) -> Option<Bytes> {
    match outbox.borrow().dialect() {
        Dialect::Centrifuge(Encoding::Json) => Some(json.clone()),
        Dialect::Centrifuge(Encoding::Protobuf) => Some(protobuf.clone()),
        Dialect::ClawBots => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::outbox::Outbox;
    use crate::base::id::ShardId;
    use std::cell::RefCell;
    use uuid::Uuid;

    const ROOM: &str = "public.room";
    const ME: SessionId = SessionId(Uuid::from_u128(1));

    struct Deaf;

    impl Listener for Deaf {
        fn inbox(&self, _: &Arc<Publication>) {}
    }

    fn table() -> (HubTable, SharedOutbox) {
        let outbox: SharedOutbox = Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
        let mut table = HubTable::default();
        table.attach(ME, None, outbox.clone(), Rc::new(Deaf));
        (table, outbox)
    }

    fn home() -> Home {
        Home {
            shard: ShardId(1),
            node: NodeId(Uuid::nil()),
            epoch: 1,
        }
    }

    fn entry(offset: u64) -> Arc<Publication> {
        Publication::with_offset(ROOM.into(), Bytes::from_static(b"1"), Some(offset), None)
    }

    fn sent(outbox: &SharedOutbox) -> usize {
        let mut pieces = Vec::new();
        outbox.borrow_mut().take(&mut pieces);
        pieces.len()
    }

    #[test]
    fn what_comes_before_the_answer_is_held_and_sent_once_after_it() {
        let (mut table, outbox) = table();
        let ticket = table.hold(ME, ROOM.into(), home());
        for offset in 4..=6 {
            assert!(table.publish(&entry(offset)).is_empty());
        }
        assert_eq!(sent(&outbox), 0);
        let Released::On(pieces) = table.release(ME, ROOM, ticket, 4) else {
            panic!("it was held")
        };
        assert_eq!(pieces.len(), 2);
        assert!(table.publish(&entry(6)).is_empty() && sent(&outbox) == 0);
        assert!(table.publish(&entry(7)).is_empty() && sent(&outbox) == 1);
        assert_eq!(table.publish(&entry(9)).len(), 1, "one is missing");
        assert!(table.publish(&entry(10)).is_empty() && sent(&outbox) == 0);
    }

    #[test]
    fn what_is_too_much_or_has_a_gap_ends_it() {
        for offsets in [(1..=200).collect::<Vec<u64>>(), vec![1, 3]] {
            let (mut table, _outbox) = table();
            let ticket = table.hold(ME, ROOM.into(), home());
            for offset in offsets {
                table.publish(&entry(offset));
            }
            assert_eq!(table.release(ME, ROOM, ticket, 0), Released::Overfull);
            assert!(table.channels.is_empty());
        }
    }

    #[test]
    fn an_answer_to_a_subscription_that_was_replaced_is_no_answer_to_the_next_one() {
        let (mut table, _outbox) = table();
        let old = table.hold(ME, ROOM.into(), home());
        table.unsubscribe(ME, ROOM);
        assert_eq!(table.release(ME, ROOM, old, 0), Released::Gone);
        let new = table.hold(ME, ROOM.into(), home());
        assert_eq!(table.release(ME, ROOM, old, 0), Released::Gone);
        assert!(!table.give_up(ME, ROOM, old));
        assert_eq!(table.release(ME, ROOM, new, 0), Released::On(Vec::new()));
        let lost = table.lose_home(home().node);
        assert_eq!(
            lost.iter().map(|(_, _, is_held)| *is_held).collect::<Vec<_>>(),
            [false]
        );
        table.hold(ME, ROOM.into(), home());
        let lost = table.follow_homes(&Chart::default());
        assert_eq!(
            lost.iter().map(|(_, _, is_held)| *is_held).collect::<Vec<_>>(),
            [true]
        );
        table.subscribe_at(ME, ROOM.into(), 0, None);
        assert!(table.follow_homes(&Chart::default()).is_empty(), "alone");
    }
}
