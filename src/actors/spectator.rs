//! The actor of a spectator: its camera, what it looks at, and its way along when the one it follows goes elsewhere.

mod follower;

pub use follower::{Follower, Spectators};

use super::directory::{Watcher, Whereabouts};
use super::hub::HubMessage;
use super::lease::moving;
use super::mailbox::{Answer, Reply, Seat, answer, wait};
use super::node::{DEADLINE, Node};
use super::peer::message::{self, News};
use super::region::{Centre, Focus, RegionMessage, Viewer};
use super::watch::{self, Role, Stage};
use crate::base::id::{SessionId, ShardId};
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::space::Vec3;
use crate::domain::spectate::{CameraMode, Spectate, Target};
use std::sync::Arc;

/// What a spectator's actor is told.
pub enum SpectatorMessage {
    /// Look at this. Carries the actor's own seat, by which a region tells it that its target moved.
    Look(Box<Spectate>, Seat<SpectatorActor>, Reply<Looking>),
    /// The agent it follows is in another region now, or out of the world; and where it was, when that is known.
    TargetMoved(Option<Arc<str>>, Option<Vec3>),
    /// These shards run elsewhere now, or something of them got lost: look at them anew.
    Again(Arc<[ShardId]>),
    /// The socket is gone.
    Close,
}

/// What a spectator looks at now.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Looking {
    /// The region.
    pub region: String,
    /// How the camera goes.
    pub mode: CameraMode,
    /// The agent it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Where its focus is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec3>,
}

/// The actor of one spectator.
pub struct SpectatorActor {
    node: Arc<Node>,
    session: SessionId,
    hub: usize,
    /// Kept while something is looked at; dropped at the end, or the actor would keep itself alive.
    me: Option<Seat<SpectatorActor>>,
    spectate: Option<Spectate>,
    watched: Option<Watched>,
}

/// What is being watched.
struct Watched {
    region: Arc<str>,
    shards: Vec<ShardId>,
    focus: Focus,
}

impl SpectatorActor {
    /// Starts a spectator's actor on a shard's thread.
    pub fn start(node: &Arc<Node>, session: SessionId, hub: usize) -> Option<Seat<Self>> {
        let arbiter = node.directory.first_thread()?;
        let shared = Arc::clone(node);
        let make = move || Self {
            node: shared,
            session,
            hub,
            me: None,
            spectate: None,
            watched: None,
        };
        let seat = watch::start_in(&arbiter, &node.quarantine, make);
        node.spectators.0.insert(session, seat.clone());
        Some(seat)
    }
}

impl SpectatorActor {
    fn look(&mut self, spectate: Spectate, me: Seat<Self>, reply: Reply<Looking>, stage: &mut Stage<Self>) {
        let resolved = match self.resolve(&spectate) {
            Ok(resolved) => resolved,
            Err(refusal) => return answer(reply, Err(refusal)),
        };
        self.me = Some(me);
        self.unfollow();
        self.spectate = Some(spectate.clone());
        if let Target::Agent(handle) = &spectate.target {
            let is_open = self
                .node
                .directory
                .online(handle)
                .is_some_and(|online| online.is_public);
            if is_open {
                let (session, node) = (self.session, None);
                self.node.directory.put_watcher(handle, Watcher { session, node });
                let watching = || News::Watching(handle.clone(), session, true);
                self.node.peers.tell_all(watching);
                self.follow(None, Some(handle));
            }
        }
        let agent = match &spectate.target {
            Target::Agent(handle) => Some(handle.to_string()),
            _ => None,
        };
        let looking = Looking {
            region: resolved.0.clone(),
            mode: spectate.mode,
            agent,
            at: None,
        };
        let work = self.watch(resolved.0, resolved.1);
        watch::then(stage, work, move |_, at, _| {
            answer(reply, at.map(|at| Looking { at, ..looking }))
        });
    }

    /// The region and the focus of a target.
    /// Errors: `moving` while another node runs the world, `region_not_found`, `target_not_found` when the agent is not in the world, `permission_missing`.
    fn resolve(&self, spectate: &Spectate) -> Result<(String, Focus), Refusal> {
        let directory = &self.node.directory;
        if !directory.runs_any() && !self.node.peers.is_on() {
            return Err(moving());
        }
        let world = directory.world();
        let reach = spectate.mode.reach_cells();
        let (name, centre, reach) = match &spectate.target {
            Target::Agent(handle) => {
                let online = directory.online(handle).ok_or_else(gone)?;
                (online.region.to_string(), Centre::Agent(online.id), reach)
            }
            Target::Region(name) => {
                let spawn = world.region(name).map(|plan| plan.spawn);
                let at = spectate.look_at.or(spectate.position).or(spawn);
                // Only a free camera flies around in a region; the others see all of it.
                let reach = reach.filter(|_| spectate.mode == CameraMode::Free);
                (name.clone(), Centre::Point(at.unwrap_or_default()), reach)
            }
            Target::Location { region, x, y } => {
                (region.clone(), Centre::Point(Vec3::new(*x, *y, 0.0)), reach)
            }
        };
        let plan = world
            .region(&name)
            .ok_or_else(|| Refusal::new(Code::RegionNotFound, "no such region"))?;
        if !plan.is_public {
            return Err(Refusal::new(Code::PermissionMissing, "the region is not public"));
        }
        let centre = match centre {
            Centre::Point(at) if reach.is_none() => Centre::Point(Vec3::new(
                at.x.clamp(0.0, plan.size_m),
                at.y.clamp(0.0, plan.size_m),
                at.z,
            )),
            Centre::Point(at) if !Vec3::new(at.x, at.y, 0.0).is_within(plan.size_m) => {
                return Err(Refusal::new(Code::OutOfBounds, "the place is outside the region"));
            }
            centre => centre,
        };
        Ok((name, Focus { centre, reach }))
    }

    /// Watches a region from now on, and the one before no more. Everything is sent before this returns; only the answers are awaited.
    fn watch(
        &mut self,
        name: String,
        focus: Focus,
    ) -> impl Future<Output = Result<Option<Vec3>, Refusal>> + use<> {
        let from = self.watched.take();
        let to: Arc<str> = name.as_str().into();
        let is_same = from.as_ref().is_some_and(|from| from.region == to);
        if let Some(from) = from.as_ref().filter(|_| !is_same) {
            self.unwatch(&from.shards);
        }
        if !is_same && let Some(hub) = self.node.directory.hubs().get(self.hub) {
            let (session, from) = (self.session, from.map(|from| from.region));
            // Counted by the mailbox; a hub so far behind closes its sockets anyway.
            let _ = hub.seat.tell(HubMessage::Region {
                session,
                from,
                to: Some(Arc::clone(&to)),
            });
        }
        let world = self.node.directory.world();
        let of_region = world.shards.iter().filter(|shard| shard.region == name);
        let shards: Vec<ShardId> = of_region.map(|shard| shard.id).collect();
        let answers = self.watch_shards(&shards, focus);
        let region = to;
        self.watched = Some(Watched {
            region,
            shards,
            focus,
        });
        async move {
            let mut at = None;
            for answer in answers {
                at = at.or(wait(DEADLINE, answer?).await?);
            }
            Ok(at)
        }
    }

    /// Watches shards, wherever they run. One that runs nowhere now is watched when it does.
    fn watch_shards(&self, shards: &[ShardId], focus: Focus) -> Vec<Result<Answer<Option<Vec3>>, Refusal>> {
        let is_follower = matches!(focus.centre, Centre::Agent(_));
        let follower = self.me.clone().filter(|_| is_follower).map(Follower::Here);
        let (session, hub) = (self.session, self.hub);
        let viewer = Viewer {
            session,
            hub,
            focus,
            follower,
        };
        let ask = |shard: &ShardId| {
            let (reply, answer) = Reply::awaited();
            match self.node.directory.find(*shard) {
                Whereabouts::Here(seats) => {
                    let told = seats.region.tell(RegionMessage::Watch(viewer.clone(), reply));
                    Some(told.map(|()| answer))
                }
                Whereabouts::There(node) => {
                    let watch = message::Watch {
                        shard: *shard,
                        session,
                        focus,
                        is_follower,
                    };
                    let question = message::Question::Watch(Box::new(watch));
                    self.node.peers.ask(node, question, reply);
                    Some(Ok(answer))
                }
                Whereabouts::Nowhere => None,
            }
        };
        shards.iter().filter_map(ask).collect()
    }

    fn unwatch(&self, shards: &[ShardId]) {
        for shard in shards {
            match self.node.directory.find(*shard) {
                Whereabouts::Here(seats) => seats.region.order(RegionMessage::Unwatch(self.session)),
                Whereabouts::There(node) => {
                    let news = News::Unwatch(*shard, self.session);
                    self.node.peers.tell(node, news);
                }
                Whereabouts::Nowhere => {}
            }
        }
    }

    /// Looks anew at what it watches of these shards.
    fn look_again(&self, shards: &[ShardId]) {
        if let Some(watched) = &self.watched {
            let of_these = watched.shards.iter().filter(|shard| shards.contains(shard));
            let again: Vec<ShardId> = of_these.copied().collect();
            // Whoever does not answer is looked at again when it does.
            drop(self.watch_shards(&again, watched.focus));
        }
    }

    /// The camera goes along; when the agent left the world or went where nobody may watch, it stays where the agent was.
    fn target_moved(&mut self, to: Option<&str>, at: Option<Vec3>, stage: &mut Stage<Self>) {
        let Some(spectate) = self.spectate.clone() else {
            return;
        };
        if !matches!(spectate.target, Target::Agent(_)) {
            return;
        }
        let world = self.node.directory.world();
        let is_public = |name: &&str| world.is_public(name);
        let agent = self
            .watched
            .as_ref()
            .and_then(|watched| match watched.focus.centre {
                Centre::Agent(agent) => Some(agent),
                Centre::Point(_) => None,
            });
        let (name, centre) = match (to.filter(is_public).zip(agent), &self.watched, at) {
            (Some((region, agent)), ..) => (region.to_owned(), Centre::Agent(agent)),
            (None, Some(watched), Some(at)) => (watched.region.to_string(), Centre::Point(at)),
            (None, ..) => return,
        };
        let reach = spectate.mode.reach_cells();
        let work = self.watch(name, Focus { centre, reach });
        watch::then(stage, work, |_, _at, _| {});
    }

    /// What the followed agent lets spectators see of itself comes on its own channel.
    fn follow(&self, from: Option<&Handle>, to: Option<&Handle>) {
        let channel = |handle: &Handle| -> Arc<str> { format!("spectator:{handle}").into() };
        let (session, from, to) = (self.session, from.map(channel), to.map(channel));
        if let Some(hub) = self.node.directory.hubs().get(self.hub) {
            // Counted by the mailbox; a hub so far behind closes its sockets anyway.
            let _ = hub.seat.tell(HubMessage::Follow { session, from, to });
        }
    }

    fn unfollow(&self) {
        if let Some(Spectate {
            target: Target::Agent(handle),
            ..
        }) = &self.spectate
        {
            self.node.directory.remove_watcher(handle, self.session);
            let watching = || News::Watching(handle.clone(), self.session, false);
            self.node.peers.tell_all(watching);
            self.follow(Some(handle), None);
        }
    }

    fn close(&mut self, stage: &mut Stage<Self>) {
        self.unfollow();
        self.node.spectators.0.remove(&self.session);
        if let Some(watched) = self.watched.take() {
            self.unwatch(&watched.shards);
        }
        (self.me, self.spectate) = (None, None);
        watch::finish(stage);
    }
}

fn gone() -> Refusal {
    Refusal::new(Code::TargetNotFound, "no such agent in the world")
}

impl Role for SpectatorActor {
    type Message = SpectatorMessage;
    const NAME: &'static str = "spectator";
    const CAPACITY: usize = 64;

    fn begin(&mut self, stage: &mut Stage<Self>) {
        // After a failure it looks at the same again.
        if let (Some(spectate), Some(me)) = (self.spectate.clone(), self.me.clone())
            && let Ok((region, focus)) = self.resolve(&spectate)
        {
            self.me = Some(me);
            let work = self.watch(region, focus);
            watch::then(stage, work, |_, _at, _| {});
        }
    }

    fn forget(&mut self) {}

    fn take(&mut self, message: SpectatorMessage, stage: &mut Stage<Self>) {
        match message {
            SpectatorMessage::Look(spectate, me, reply) => self.look(*spectate, me, reply, stage),
            SpectatorMessage::TargetMoved(to, at) => self.target_moved(to.as_deref(), at, stage),
            SpectatorMessage::Again(shards) => self.look_again(&shards),
            SpectatorMessage::Close => self.close(stage),
        }
    }
}
