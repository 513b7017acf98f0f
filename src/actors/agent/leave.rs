//! The end of a stay: sockets go, and when nobody holds the agent in the world any more, it leaves.

use super::AgentActor;
use crate::actors::directory::Whereabouts;
use crate::actors::hub::{HubMessage, Whom};
use crate::actors::lease::moving;
use crate::actors::mailbox::{Reply, answer};
use crate::actors::node::DEADLINE;
use crate::actors::peer::message::News;
use crate::actors::region::RegionMessage;
use crate::actors::watch::{self, Stage};
use crate::base::id::{SessionId, ShardId};
use crate::domain::refusal::Refusal;
use crate::wire::Disconnect;
use actix::AsyncContext;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often an agent looks after itself.
const LOOK: Duration = Duration::from_secs(1);
/// How long one whose agent went to another node waits for the answers to what was asked before.
const LINGER: Duration = DEADLINE;
/// How often one does that has a socket.
const QUIET_LOOK: Duration = Duration::from_secs(10);

impl AgentActor {
    /// A socket is gone.
    pub(super) fn part(&mut self, session: SessionId) {
        self.presence.sockets.retain(|(other, _)| *other != session);
        if self.presence.sockets.is_empty() {
            self.presence.alone_since = Some(self.now());
        }
        if let Some(place) = &self.place {
            place.region.order(RegionMessage::Unwatch(session));
        }
    }

    /// Looks after itself again soon: an agent with a socket and no copy for outside tools has nothing to look at for a while,
    /// and there are many.
    pub(super) fn look_again(&mut self, stage: &mut Stage<Self>) {
        let is_quiet = !self.presence.sockets.is_empty() && !self.is_mirrored();
        let delay = if is_quiet { QUIET_LOOK } else { LOOK };
        if let Some(earlier) = self.next_look.take() {
            stage.cancel_future(earlier);
        }
        self.next_look = Some(watch::later(stage, delay, Self::look_after));
    }

    /// Is somebody still there.
    fn look_after(&mut self, stage: &mut Stage<Self>) {
        self.next_look = None;
        if self.is_departed {
            return;
        }
        self.look_again(stage);
        let now = self.now();
        self.count_online(now);
        self.mirror_rates(now);
        if self.is_stranded() {
            return self.strand(stage);
        }
        if !self.presence.is_over(now) {
            return;
        }
        if self.place.is_some() {
            self.leave_world(None, stage);
        } else if self.commands.is_empty() {
            self.end(stage);
        }
    }

    /// The shard that the agent is in runs on another node now: there it has another actor, and its clients come back to that.
    pub(super) fn shard_ended(&mut self, shard: ShardId, stage: &mut Stage<Self>) {
        if self.place.as_ref().is_some_and(|place| place.shard == shard) {
            self.strand(stage);
        }
    }

    /// A hand-off may have led to another node, or to a shard that had just ended here.
    pub(super) fn strand_if_lost(&mut self, stage: &mut Stage<Self>) {
        if self.is_stranded() {
            self.strand(stage);
        }
    }

    /// Whether it should be somewhere, and is nowhere here.
    pub(super) fn is_stranded(&self) -> bool {
        let is_in_world = self.row.as_ref().is_some_and(|row| row.is_in_world);
        let is_nowhere = self.place.is_none() && is_in_world && !self.is_departed;
        is_nowhere && !self.presence.is_entering && !self.presence.is_leaving
    }

    /// Nobody here knows where the agent is: its clients connect again, and a fresh actor looks.
    pub(super) fn strand(&mut self, stage: &mut Stage<Self>) {
        if self.node.peers.is_on() {
            return self.depart(stage);
        }
        self.place = None;
        // Their commits may be through.
        self.commands.refuse_all(&Refusal::no_answer());
        self.refuse_all(&moving());
        self.close_sockets(Disconnect::FORCE_RECONNECT);
        self.end(stage);
    }

    /// The agent is, or will be, with another node: its sockets look where, wherever they are. What it was asked for is still
    /// answered from here; whoever asks now looks elsewhere.
    fn depart(&mut self, stage: &mut Stage<Self>) {
        let Some(me) = self.node.directory.agent(&self.handle) else {
            return self.end(stage);
        };
        let directory = &self.node.directory;
        directory.remove_agent(&self.handle, &me.seat);
        directory.remove_foreign_sockets(&self.handle);
        if let (Some(limits), Some(profile)) = (self.limits.take(), &self.profile) {
            directory.note_guest(profile.id, None);
            let home = self
                .row
                .as_ref()
                .and_then(|row| row.shard)
                .map(|shard| directory.find(shard));
            match home {
                Some(Whereabouts::There(node)) => {
                    let news = News::Limits(self.handle.clone(), limits.idle_in_ms(&self.node.clock));
                    self.node.peers.tell(node, news);
                }
                _ => self
                    .node
                    .parked_limits
                    .park(&self.handle, limits, &self.node.clock),
            }
        }
        self.refuse_all(&moving());
        for hub in self.hubs() {
            self.tell_hub(hub, HubMessage::Rehome(self.handle.clone()));
        }
        (self.place, self.is_departed) = (None, true);
        self.presence.sockets.clear();
        // What is in its mailbox already is passed on, too.
        let linger = if self.commands.is_empty() { LOOK } else { LINGER };
        watch::later(stage, linger, |_, stage| watch::finish(stage));
    }

    /// The last one who waits was answered: nothing is left to do.
    pub(super) fn end_departed(&mut self, stage: &mut Stage<Self>) {
        if self.is_departed && self.commands.is_empty() {
            watch::finish(stage);
        }
    }

    /// The hubs that its sockets are reached by.
    fn hubs(&self) -> BTreeSet<usize> {
        self.presence.sockets.iter().map(|(_, hub)| *hub).collect()
    }

    fn close_sockets(&mut self, reason: Disconnect) {
        for (session, hub) in std::mem::take(&mut self.presence.sockets) {
            self.tell_hub(hub, HubMessage::Close(Whom::Session(session), reason));
        }
    }

    /// The agent goes out of the world; its sockets are closed.
    pub(super) fn leave_world(&mut self, reply: Option<Reply<()>>, stage: &mut Stage<Self>) {
        let Some(place) = self.place.clone() else {
            if let Some(reply) = reply {
                answer(reply, Err(Refusal::not_in_world()));
            }
            return;
        };
        let Ok(profile) = self.profile() else { return };
        if self.presence.is_leaving {
            if let Some(reply) = reply {
                answer(reply, Ok(()));
            }
            return;
        }
        self.presence.is_leaving = true;
        let work = async move {
            place
                .region
                .ask(DEADLINE, |reply| RegionMessage::Leave(profile.id, reply))
                .await
        };
        watch::then(stage, work, move |me, left, stage| {
            me.presence.is_leaving = false;
            if left.is_ok() && !me.is_departed {
                me.place = None;
                me.close_sockets(Disconnect::FORCE_DISCONNECT);
                me.end(stage);
            }
            if let Some(reply) = reply {
                answer(reply, left);
            }
        });
    }
}
