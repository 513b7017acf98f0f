//! Presence: an agent is in the world while a socket is open, and for a while after; or while its REST client is active.

use super::{AgentActor, leaving};
use crate::actors::hub::{HubMessage, Whom};
use crate::actors::mailbox::{Reply, answer, wait};
use crate::actors::node::DEADLINE;
use crate::actors::region::{Entering, Focus, RegionMessage, Viewer};
use crate::actors::request::Receipt;
use crate::actors::watch::{self, Stage};
use crate::base::id::{SessionId, ShardId};
use crate::base::limit::{LEAVE_GRACE_S, REST_IDLE_S};
use crate::base::time::Timestamp;
use crate::bus::mirror::MirrorBatch;
use crate::domain::agent::Profile;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::space::Vec3;
use crate::wire::Disconnect;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Cells that an agent sees around its own in each direction.
const AGENT_REACH_CELLS: i32 = 1;

/// Who comes.
#[derive(Clone, Copy, Debug)]
pub enum Joiner {
    /// A socket on a worker thread.
    Socket(SessionId, usize),
    /// A client without a socket.
    Rest,
}

/// Somebody comes.
pub struct Join {
    /// Who.
    pub joiner: Joiner,
    /// Where the agent would like to enter, when it is not in the world.
    pub spawn_region: Option<String>,
    /// Where the answer goes.
    pub reply: Reply<Joined>,
}

/// Where the agent is.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Who it is.
    pub profile: Arc<Profile>,
    /// The region it is in.
    pub region: String,
    /// Where in it.
    pub at: Vec3,
}

/// Who holds an agent in the world.
#[derive(Default)]
pub(super) struct Presence {
    sockets: Vec<(SessionId, usize)>,
    is_rest: bool,
    seen_at: Timestamp,
    alone_since: Option<Timestamp>,
    counted_at: Option<Timestamp>,
    joining: Vec<Join>,
    is_entering: bool,
    is_leaving: bool,
}

impl Presence {
    /// Notes that the agent did something.
    pub(super) fn note_seen(&mut self, now: Timestamp) {
        self.seen_at = now;
    }

    /// The actor begins: without a socket it has the time of grace from now on.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.seen_at = now;
        if self.sockets.is_empty() && self.alone_since.is_none() {
            self.alone_since = Some(now);
        }
    }

    /// Forgets who waits to come in; they are told `unavailable`.
    pub(super) fn forget_joining(&mut self) {
        self.joining.clear();
        (self.is_entering, self.is_leaving) = (false, false);
    }

    fn is_over(&self, now: Timestamp) -> bool {
        if !self.sockets.is_empty() || self.is_entering || self.is_leaving {
            return false;
        }
        let idle_ms = now.since_ms(self.seen_at);
        if self.is_rest {
            return idle_ms > i64::from(REST_IDLE_S) * 1_000;
        }
        self.alone_since
            .is_none_or(|since| now.since_ms(since) > i64::from(LEAVE_GRACE_S) * 1_000)
    }
}

impl AgentActor {
    /// A socket or a REST client comes; the agent enters the world unless it is there.
    pub(super) fn join(&mut self, join: Join, stage: &mut Stage<Self>) {
        let now = self.now();
        self.presence.note_seen(now);
        let is_ending = self.limits.is_none();
        if self.profile.is_none() || self.presence.is_leaving || is_ending {
            return answer(join.reply, Err(leaving()));
        }
        self.add(join.joiner);
        self.presence.joining.push(join);
        if self.place.is_some() {
            self.welcome_all(stage);
        } else if !self.presence.is_entering {
            self.enter_world(stage);
        }
    }

    fn add(&mut self, joiner: Joiner) {
        match joiner {
            Joiner::Rest => self.presence.is_rest = true,
            // A join that is tried again brings the same socket.
            Joiner::Socket(session, _)
                if self.presence.sockets.iter().any(|(known, _)| *known == session) => {}
            Joiner::Socket(session, hub) => {
                self.presence.alone_since = None;
                self.presence.sockets.push((session, hub));
                let most = self
                    .node
                    .limits
                    .agent_sockets()
                    .map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
                if self.presence.sockets.len() > most {
                    let (oldest, hub) = self.presence.sockets.remove(0);
                    self.tell_hub(
                        hub,
                        HubMessage::Close(Whom::Session(oldest), Disconnect::FORCE_DISCONNECT),
                    );
                }
            }
        }
    }

    fn tell_hub(&self, hub: usize, message: HubMessage) {
        if let Some(seat) = self.node.directory.hubs().get(hub) {
            // Counted by the mailbox; a hub so far behind closes its sockets anyway.
            let _ = seat.tell(message);
        }
    }

    fn enter_world(&mut self, stage: &mut Stage<Self>) {
        let (Some(row), Some(profile)) = (&self.row, self.profile.clone()) else {
            return;
        };
        let world = self.node.directory.world();
        let wanted = self
            .presence
            .joining
            .iter()
            .find_map(|join| join.spawn_region.clone());
        let last = row.region.clone().filter(|_| wanted.is_none());
        let region = wanted
            .or_else(|| last.clone())
            .unwrap_or_else(|| row.default_region.clone());
        let plan = world.region(&region).or_else(|| world.regions.first());
        let at = row.at.filter(|_| last.as_deref() == Some(region.as_str()));
        let shard = plan.and_then(|plan| self.node.directory.shard_at(&plan.name, at.unwrap_or(plan.spawn)));
        let (Some(plan), Some((shard, seats))) = (plan, shard) else {
            return self.refuse_all(&Refusal::new(Code::RegionNotFound, "no such region"));
        };
        self.presence.is_entering = true;
        let (hop, name) = (row.hop, plan.name.clone());
        let work = async move {
            seats
                .region
                .ask(DEADLINE, |reply| {
                    RegionMessage::Enter(Box::new(Entering {
                        profile,
                        at,
                        hop,
                        reply,
                    }))
                })
                .await
        };
        watch::then(stage, work, move |me, entered, stage| {
            me.entered_world(entered, shard, name, stage)
        });
    }

    fn entered_world(
        &mut self,
        entered: Result<Vec3, Refusal>,
        shard: ShardId,
        name: String,
        stage: &mut Stage<Self>,
    ) {
        self.presence.is_entering = false;
        match entered {
            Ok(at) => {
                if let Some(row) = &mut self.row {
                    row.hop = row.hop.saturating_add(1);
                    (row.at, row.region, row.shard, row.is_in_world) =
                        (Some(at), Some(name.clone()), Some(shard), true);
                }
                self.presence.counted_at = Some(self.now());
                // Whatever the region tells from now on is newer.
                self.set_place(shard, name, 0);
                self.welcome_all(stage);
            }
            Err(refusal) => self.refuse_all(&refusal),
        }
    }

    fn refuse_all(&mut self, refusal: &Refusal) {
        let now = self.now();
        for join in std::mem::take(&mut self.presence.joining) {
            if let Joiner::Socket(session, _) = join.joiner {
                self.presence.sockets.retain(|(other, _)| *other != session);
            }
            answer(join.reply, Err(refusal.clone()));
        }
        // It may come again in a moment, or have entered without our knowing: the actor stays for the time of grace.
        self.presence.alone_since.get_or_insert(now);
    }

    /// Everybody who came is shown around and told where the agent is.
    fn welcome_all(&mut self, stage: &mut Stage<Self>) {
        let Some(place) = self.place.clone() else { return };
        let Ok(profile) = self.profile() else { return };
        for join in std::mem::take(&mut self.presence.joining) {
            let (place, profile) = (place.clone(), Arc::clone(&profile));
            let (reply, seen) = oneshot::channel();
            // Sent at once, so that no `Unwatch` overtakes it.
            let told = match join.joiner {
                Joiner::Socket(session, hub) => place
                    .region
                    .tell(RegionMessage::Watch(viewer_of(&profile, session, hub), reply)),
                Joiner::Rest => place.region.tell(where_is(&profile, reply)),
            };
            let work = async move {
                let at = match told {
                    Ok(()) => wait(DEADLINE, seen).await,
                    Err(refusal) => Err(refusal),
                };
                let joined = at.and_then(|at| {
                    let at = at.ok_or_else(|| {
                        Refusal::new(Code::Moving, "the agent is on its way").retry_after(200)
                    })?;
                    Ok(Joined {
                        profile,
                        region: place.region_name,
                        at: at.rounded(),
                    })
                });
                answer(join.reply, joined);
            };
            watch::then(stage, work, |_, (), _| {});
        }
    }

    /// After a restart of this actor its sockets are still there: they go on watching.
    pub(super) fn watch_again(&self) {
        let (Some(place), Ok(profile)) = (self.place.clone(), self.profile()) else {
            return;
        };
        for (session, hub) in self.presence.sockets.clone() {
            let (reply, _seen) = oneshot::channel();
            // Sent at once, so that no `Unwatch` overtakes it; a region that takes nothing is loaded again soon.
            let _ = place
                .region
                .tell(RegionMessage::Watch(viewer_of(&profile, session, hub), reply));
        }
    }

    /// The answer to a teleport tells the same as the region does; whichever comes first counts. `hop` is that of the place
    /// from which it was asked for.
    pub(super) fn follow_hand_off(&mut self, receipt: &Receipt, hop: i64) {
        if let (Some(shard), Some(region), false) = (receipt.shard, receipt.region.clone(), receipt.replayed)
            && self.place.as_ref().is_some_and(|place| place.hop == hop)
        {
            self.moved(shard, region, hop.saturating_add(1));
        }
    }

    /// The agent is in another shard now: its sockets go along. Inside a region they notice nothing of it.
    pub(super) fn moved(&mut self, shard: ShardId, region: String, hop: i64) {
        let Some(place) = self.place.as_ref().filter(|_| !self.presence.is_entering) else {
            return;
        };
        if place.shard == shard || hop <= place.hop {
            return;
        }
        let from: Arc<str> = place.region_name.as_str().into();
        self.set_place(shard, region.clone(), hop);
        if let Some(row) = &mut self.row {
            row.hop = row.hop.saturating_add(1);
            (row.region, row.shard) = (Some(region.clone()), Some(shard));
        }
        for (session, hub) in self.presence.sockets.clone() {
            if *from != *region {
                self.tell_hub(
                    hub,
                    HubMessage::Region {
                        session,
                        from: Some(Arc::clone(&from)),
                        to: Some(region.as_str().into()),
                    },
                );
            }
        }
        self.watch_again();
    }

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

    /// Once a second: is somebody still there.
    pub(super) fn look_after(&mut self, stage: &mut Stage<Self>) {
        let now = self.now();
        self.count_online(now);
        self.mirror_rates(now);
        if !self.presence.is_over(now) {
            return;
        }
        if self.place.is_some() {
            self.leave_world(None, stage);
        } else if self.in_flight.is_empty() {
            self.end(stage);
        }
    }

    /// Anyone at Redis reads the mirror: what an agent does in a region that is not public is neither counted nor told.
    pub(super) fn is_mirrored(&self) -> bool {
        self.node.mirror.is_on() && self.place.as_ref().is_some_and(|place| place.is_public)
    }

    fn mirror_rates(&mut self, now: Timestamp) {
        let Some(place) = self.place.as_ref().filter(|_| self.is_mirrored()) else {
            return;
        };
        let rates = self.rates.take(&self.handle, now);
        if !rates.is_empty() {
            let (region, tick) = (place.region_name.clone(), self.node.tick().0);
            self.node.mirror.push(MirrorBatch {
                region,
                tick,
                rates,
                ..MirrorBatch::default()
            });
        }
    }

    fn count_online(&mut self, now: Timestamp) {
        let (Some(since), Some(profile)) = (self.presence.counted_at, &self.profile) else {
            return;
        };
        let seconds = now.since_ms(since) / 1_000;
        if seconds >= 10 && self.place.is_some() {
            self.presence.counted_at = Some(since.plus_ms(seconds * 1_000));
            self.node.count(profile.id, |counters| {
                counters.online_seconds = counters.online_seconds.saturating_add(seconds)
            });
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
            if left.is_ok() {
                me.place = None;
                for (session, hub) in std::mem::take(&mut me.presence.sockets) {
                    me.tell_hub(
                        hub,
                        HubMessage::Close(Whom::Session(session), Disconnect::FORCE_DISCONNECT),
                    );
                }
                me.end(stage);
            }
            if let Some(reply) = reply {
                answer(reply, left);
            }
        });
    }
}

fn viewer_of(profile: &Profile, session: SessionId, hub: usize) -> Viewer {
    Viewer {
        session,
        hub,
        focus: Focus::Agent(profile.id, AGENT_REACH_CELLS),
        follower: None,
    }
}

fn where_is(profile: &Profile, reply: Reply<Option<Vec3>>) -> RegionMessage {
    let agent = profile.id;
    RegionMessage::Look(Box::new(move |state, tick| {
        answer(
            reply,
            Ok(state.body(agent).map(|body| state.position(body, tick))),
        );
    }))
}
