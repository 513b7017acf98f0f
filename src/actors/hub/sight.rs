//! What sessions see: the cells around them, the region, the agent that a spectator follows.

use super::listing::{Watcher, push_news, take_out};
use super::message::{Interest, TickFrames};
use super::table::{HubTable, Listener};
use crate::actors::outbox::SharedOutbox;
use crate::base::id::{SessionId, ShardId};
use crate::base::map::IdMap;
use crate::base::time::Tick;
use crate::domain::space::Cell;
use crate::telemetry::metric;
use std::rc::Rc;
use std::sync::Arc;

impl HubTable {
    /// Sends the frames of a tick to the sessions that see their cells, then changes who sees what.
    pub(super) fn tick(&mut self, tick: TickFrames) {
        for (cell, publication) in tick.frames.iter() {
            if let Some(watchers) = self.cells.get(&(tick.shard, *cell)) {
                metric::frames().increment(u64::try_from(watchers.len()).unwrap_or(0));
                watchers
                    .iter()
                    .for_each(|watcher| push_news(&watcher.outbox, publication));
            }
        }
        for interest in tick.interests {
            self.change_interest(tick.shard, interest);
        }
    }

    fn change_interest(&mut self, shard: ShardId, interest: Interest) {
        let Some(entry) = self.sessions.get_mut(&interest.session) else {
            return;
        };
        let mut outbox = entry.outbox.borrow_mut();
        // Together, since who turns from a whole region to an agent ceases to see more cells than a queue holds pieces.
        let mut pieces = Vec::with_capacity(interest.drop.len().saturating_add(interest.add.len()));
        for (cell, notice) in interest.drop {
            if entry.cells.remove(&(shard, cell)) {
                take_out(&mut self.cells, &(shard, cell), interest.session);
                pieces.extend(notice.map(|notice| notice.piece(outbox.dialect())));
            }
        }
        for (cell, snapshot) in interest.add {
            if entry.cells.insert((shard, cell)) {
                self.cells.entry((shard, cell)).or_default().push(Watcher {
                    session: interest.session,
                    outbox: SharedOutbox::clone(&entry.outbox),
                    is_spectator: entry.agent.is_none(),
                });
            }
            // A cell that is asked for again is sent again: the viewer forgot it.
            pieces.extend(snapshot.map(|snapshot| snapshot.piece(outbox.dialect())));
        }
        pieces.extend(interest.overview.map(|overview| overview.piece(outbox.dialect())));
        outbox.push_together(pieces);
    }

    /// Changes the agent's channel that a spectator is on and returns its listener.
    pub(super) fn follow(
        &mut self,
        session: SessionId,
        from: Option<&Arc<str>>,
        to: Option<&Arc<str>>,
    ) -> Option<Rc<dyn Listener>> {
        if let Some(from) = from {
            self.unsubscribe(session, from);
        }
        if let Some(to) = to {
            self.subscribe(session, Arc::clone(to));
        }
        self.sessions
            .get(&session)
            .map(|entry| Rc::clone(&entry.listener))
    }

    /// A shard runs elsewhere now: what sessions saw of it is forgotten, and they are told so.
    pub(super) fn forget_shard(&mut self, shard: ShardId, tick: Tick) {
        let cells: Vec<(ShardId, Cell)> = self
            .cells
            .keys()
            .filter(|(of, _)| *of == shard)
            .copied()
            .collect();
        let mut lost: IdMap<SessionId, Vec<Cell>> = IdMap::default();
        for key in cells {
            for watcher in self.cells.remove(&key).into_iter().flatten() {
                if let Some(entry) = self.sessions.get_mut(&watcher.session) {
                    entry.cells.remove(&key);
                }
                lost.entry(watcher.session).or_default().push(key.1);
            }
        }
        for (session, cells) in lost {
            if let Some(entry) = self.sessions.get(&session) {
                entry.listener.lose_cells(&cells, tick);
            }
        }
    }

    /// Forgets what a session saw of other regions and returns its listener.
    pub(super) fn change_region(&mut self, session: SessionId) -> Option<Rc<dyn Listener>> {
        let entry = self.sessions.get_mut(&session)?;
        for cell in entry.cells.drain() {
            take_out(&mut self.cells, &cell, session);
        }
        Some(Rc::clone(&entry.listener))
    }
}
