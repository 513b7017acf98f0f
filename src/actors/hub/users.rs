//! Sockets by the name of their user.

use super::subscribing::Lost;
use super::table::HubTable;
use crate::actors::peer::message::{UserAct, UserOrder};
use crate::actors::users::HubCount;
use crate::base::hash::fnv_1a;
use crate::base::id::SessionId;
use crate::wire::Disconnect;
use std::collections::HashSet;

impl HubTable {
    /// Does what is ordered of a user's sockets. Gives the subscriptions that have ended by it.
    pub(super) fn obey(&mut self, order: &UserOrder) -> Vec<Lost> {
        let all = self.users.get(&order.user).into_iter().flatten().copied();
        let sessions: HashSet<SessionId> = all.filter(|session| order.means(*session)).collect();
        match &order.what {
            UserAct::Disconnect(code) => {
                let reason = Disconnect::of(*code).unwrap_or(Disconnect::FORCE_DISCONNECT);
                let entries = sessions.iter().filter_map(|session| self.sessions.get(session));
                entries.for_each(|entry| entry.outbox.borrow_mut().end(reason));
                Vec::new()
            }
            UserAct::Unsubscribe(channel) => self.lose_some(channel, &sessions),
        }
    }

    /// How many sockets, users, channels and subscriptions there are.
    pub(super) fn count(&self) -> HubCount {
        let hash = |name: &str| fnv_1a(0, name.bytes());
        let named: usize = self.users.values().map(|sessions| sessions.len()).sum();
        HubCount {
            sockets: self.sessions.len(),
            has_nameless: self.sessions.len() > named,
            users: self.users.keys().map(|name| hash(name)).collect(),
            channels: self.channels.keys().map(|name| hash(name)).collect(),
            subscriptions: self.channels.values().map(Vec::len).sum(),
        }
    }
}

/// Tells those whose subscription was ended for good. A listener may borrow the table.
pub(super) fn put_off(lost: Vec<Lost>) {
    for (listener, channel, is_held) in lost {
        listener.put_off(&channel, is_held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::hub::Listener;
    use crate::actors::outbox::{Outbox, SharedOutbox};
    use crate::actors::publication::{Dialect, Publication};
    use crate::wire::Encoding;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;
    use uuid::Uuid;

    struct Named(&'static str);

    impl Listener for Named {
        fn inbox(&self, _: &Arc<Publication>) {}

        fn user(&self) -> &str {
            self.0
        }
    }

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    fn table(users: &[&'static str]) -> (HubTable, Vec<SharedOutbox>) {
        let mut table = HubTable::default();
        let attach = |(number, user): (u128, &&'static str)| {
            let outbox: SharedOutbox =
                Rc::new(RefCell::new(Outbox::new(Dialect::Centrifuge(Encoding::Json))));
            table.attach(session(number), None, outbox.clone(), Rc::new(Named(user)));
            outbox
        };
        let outboxes = (0..).zip(users).map(attach).collect();
        (table, outboxes)
    }

    fn order(user: &str, what: UserAct) -> UserOrder {
        UserOrder {
            user: user.to_owned(),
            only: None,
            except: Vec::new(),
            what,
        }
    }

    fn codes(outboxes: &[SharedOutbox]) -> Vec<u16> {
        let code = |outbox: &SharedOutbox| outbox.borrow().end_reason().map_or(0, |reason| reason.code);
        outboxes.iter().map(code).collect()
    }

    #[test]
    fn only_the_sockets_that_are_meant_are_closed() {
        let (mut table, outboxes) = table(&["alice", "bob", "alice", "", "alice"]);
        for nobody in ["", "carol"] {
            table.obey(&order(nobody, UserAct::Disconnect(3503)));
        }
        assert_eq!(codes(&outboxes), [0; 5], "the nameless are nobody");
        let one = UserOrder {
            only: Some(session(2)),
            ..order("alice", UserAct::Disconnect(4001))
        };
        table.obey(&one);
        assert_eq!(codes(&outboxes), [0, 0, 4001, 0, 0]);
        let other = UserOrder {
            only: Some(session(0)),
            ..order("bob", UserAct::Disconnect(3503))
        };
        table.obey(&other);
        assert_eq!(codes(&outboxes), [0, 0, 4001, 0, 0], "that one is alice's");
        let but = UserOrder {
            except: vec![session(4)],
            ..order("alice", UserAct::Disconnect(3503))
        };
        table.obey(&but);
        assert_eq!(codes(&outboxes), [3503, 0, 4001, 0, 0]);
    }

    #[test]
    fn subscriptions_of_a_user_to_one_channel_end() {
        let (mut table, _outboxes) = table(&["alice", "bob", "alice"]);
        for (number, channel) in [(0, "a"), (1, "a"), (2, "a"), (2, "b")] {
            table.subscribe(session(number), channel.into());
        }
        let lost = table.obey(&order("alice", UserAct::Unsubscribe("a".into())));
        assert_eq!(lost.len(), 2);
        assert_eq!(
            (table.listeners_of("a").len(), table.listeners_of("b").len()),
            (1, 1)
        );
        assert!(
            table
                .obey(&order("alice", UserAct::Unsubscribe("c".into())))
                .is_empty()
        );
    }

    #[test]
    fn who_is_there_is_counted_until_it_goes() {
        let (mut table, _outboxes) = table(&["alice", "bob", "alice", "", ""]);
        for (number, channel) in [(0, "a"), (1, "a"), (3, "b")] {
            table.subscribe(session(number), channel.into());
        }
        let count = table.count();
        assert_eq!(
            (count.sockets, count.users.len(), count.has_nameless),
            (5, 2, true)
        );
        assert_eq!((count.channels.len(), count.subscriptions), (2, 3));
        for number in 0..5 {
            table.detach(session(number));
        }
        assert_eq!(table.count(), HubCount::default());
        assert!(table.users.is_empty());
    }
}
