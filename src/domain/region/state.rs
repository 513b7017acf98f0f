//! The state of a region's piece: bodies, grid and objects. Owned by one `RegionActor`.

use super::border::Beyond;
use super::frame::{CellChange, Part};
use super::ghost::Ghosts;
use super::likeness::{Kept, Likeness};
use super::plan::RegionPlan;
use crate::base::id::{AgentId, ConversationId, ShardId};
use crate::base::map::IdMap;
use crate::base::time::{Tick, TickRate, Timestamp};
use crate::domain::agent::{Handle, Profile};
use crate::domain::object::SceneObject;
use crate::domain::scene::{Change, Follow};
use crate::domain::space::grid::Placed;
use crate::domain::space::{Cell, CellRect, Grid, Trajectory, Vec3};
use std::cell::Ref;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Most cooldowns kept of an agent; those that end soonest go first.
const COOLDOWNS_MAX: usize = 256;

/// An agent's body: all that the region knows of it.
#[derive(Clone, Debug)]
pub struct Body {
    /// Who it is.
    pub profile: Arc<Profile>,
    /// Where it goes.
    pub trajectory: Trajectory,
    /// What it shows of what it does.
    pub status: String,
    /// Whom it follows.
    pub follow: Option<Follow>,
    /// Not before when it may do things again, by name.
    pub cooldowns: BTreeMap<String, Timestamp>,
    /// The conversation it takes part in, or is on its way to.
    pub conversation: Option<ConversationId>,
    /// How many hand-offs it went through.
    pub hop: i64,
    /// Whether it is on its way to another shard: it stands still and takes no commands.
    pub is_frozen: bool,
    /// How it looks to those around it.
    pub likeness: Kept,
}

impl Body {
    /// The body of an agent that stands at a point.
    pub fn standing(profile: Arc<Profile>, at: Vec3, tick: Tick, hop: i64) -> Self {
        let trajectory = Trajectory::standing(at, tick, 0.0);
        let (status, cooldowns) = ("idle".to_owned(), BTreeMap::new());
        Self {
            profile,
            trajectory,
            status,
            follow: None,
            cooldowns,
            conversation: None,
            hop,
            is_frozen: false,
            likeness: Kept::default(),
        }
    }

    /// When something may be done again; none when now.
    pub fn cooldown_left_ms(&self, what: &str, now: Timestamp) -> Option<i64> {
        self.cooldowns
            .get(what)
            .map(|until| until.since_ms(now))
            .filter(|left| *left > 0)
    }
}

/// A region's piece: who is here, what stands here, what changed since the last frame.
#[derive(Clone, Debug)]
pub struct RegionState {
    /// The shard that this is.
    pub shard: ShardId,
    /// The region that it is a part of.
    pub plan: RegionPlan,
    /// The cells that it runs: all of the region, unless the shard is a part of it.
    pub area: CellRect,
    /// How many agents are in the region's other shards, as of a moment ago.
    pub elsewhere: usize,
    /// How ticks and times go together.
    pub rate: TickRate,
    /// Things to use, by id.
    pub objects: BTreeMap<String, SceneObject>,
    pub(super) bodies: IdMap<AgentId, Body>,
    pub(super) handles: HashMap<Handle, AgentId>,
    pub(super) grid: Grid,
    pub(super) moving: BTreeSet<AgentId>,
    pub(super) followers: BTreeSet<AgentId>,
    pub(super) changed: BTreeMap<Cell, CellChange>,
    pub(super) beyond: BTreeMap<AgentId, Beyond>,
    pub(super) sought: BTreeMap<AgentId, Tick>,
    pub(super) ghosts: Ghosts,
}

impl RegionState {
    /// An empty piece of a region.
    pub fn new(shard: ShardId, plan: RegionPlan, rate: TickRate, objects: Vec<SceneObject>) -> Self {
        let objects = objects
            .into_iter()
            .map(|object| (object.id.clone(), object))
            .collect();
        Self {
            shard,
            area: CellRect::of_region(plan.size_m),
            plan,
            elsewhere: 0,
            rate,
            objects,
            bodies: IdMap::default(),
            handles: HashMap::new(),
            grid: Grid::default(),
            moving: BTreeSet::new(),
            followers: BTreeSet::new(),
            changed: BTreeMap::new(),
            beyond: BTreeMap::new(),
            sought: BTreeMap::new(),
            ghosts: Ghosts::default(),
        }
    }

    /// A small copy with only these bodies, for an actor that decides about them elsewhere. Its grid is empty, and nothing
    /// stands in it.
    pub fn view_of(&self, agents: impl IntoIterator<Item = AgentId>) -> Self {
        let mut view = Self::new(self.shard, self.plan.outline(), self.rate, Vec::new());
        view.area = self.area;
        for agent in agents {
            let Some(body) = self.body(agent) else {
                view.ghosts.copy(&self.ghosts, agent);
                continue;
            };
            view.handles.insert(body.profile.handle.clone(), body.profile.id);
            view.bodies.insert(body.profile.id, body.clone());
        }
        view
    }

    /// An agent's body.
    pub fn body(&self, agent: AgentId) -> Option<&Body> {
        self.bodies.get(&agent)
    }

    /// An agent's body, to freeze or thaw it.
    pub fn body_mut(&mut self, agent: AgentId) -> Option<&mut Body> {
        self.bodies.get_mut(&agent)
    }

    /// The body of an agent here, by its public handle.
    pub fn body_by_handle(&self, handle: &Handle) -> Option<&Body> {
        self.bodies.get(self.handles.get(handle)?)
    }

    /// All bodies, in no order.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.bodies.values()
    }

    /// How many agents are here.
    pub fn agent_count(&self) -> usize {
        self.bodies.len()
    }

    /// The grid of who is where, as of the last step.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Where a body is at a tick.
    pub fn position(&self, body: &Body, tick: Tick) -> Vec3 {
        body.trajectory.at(tick, &self.rate).0
    }

    /// How a body looks to others at a tick. Errors: none in practice.
    pub(super) fn likeness<'a>(&self, body: &'a Body, tick: Tick) -> serde_json::Result<Ref<'a, Likeness>> {
        body.likeness
            .show(body, self.position(body, tick), &self.plan.name)
    }

    /// Puts an agent here. An agent that is here already is replaced.
    pub fn enter(&mut self, mut body: Body, tick: Tick) {
        let agent = body.profile.id;
        self.leave(agent);
        // It was in another region, perhaps.
        body.likeness = Kept::default();
        let at = self.position(&body, tick);
        if is_restless(&body.trajectory, &self.area) {
            self.moving.insert(agent);
        }
        self.beyond.remove(&agent);
        self.ghosts.remove(agent);
        if body.follow.is_some() {
            self.followers.insert(agent);
        }
        self.handles.insert(body.profile.handle.clone(), agent);
        self.bodies.insert(agent, body);
        self.note_placed(agent, at);
    }

    /// Takes an agent out and returns its body.
    pub fn leave(&mut self, agent: AgentId) -> Option<Body> {
        let body = self.bodies.remove(&agent)?;
        self.handles.remove(&body.profile.handle);
        self.moving.remove(&agent);
        self.followers.remove(&agent);
        if let Some(cell) = self.grid.remove(agent) {
            self.changed
                .entry(cell)
                .or_default()
                .note_left(agent, body.profile.handle.clone());
        }
        Some(body)
    }

    /// Those who follow an agent follow nobody from now on; returns them.
    pub fn lose_followers(&mut self, target: AgentId) -> Vec<Arc<Profile>> {
        let follows = |body: &Body| body.follow.as_ref().is_some_and(|follow| follow.target == target);
        let lost: Vec<Arc<Profile>> = self
            .followers
            .iter()
            .filter_map(|agent| self.bodies.get(agent))
            .filter(|body| follows(body))
            .map(|body| Arc::clone(&body.profile))
            .collect();
        for follower in &lost {
            self.apply(follower.id, Change::Follow(None));
        }
        lost
    }

    /// Replaces what is known about an agent.
    pub fn set_profile(&mut self, profile: Arc<Profile>) {
        if let Some(body) = self.bodies.get_mut(&profile.id) {
            body.profile = profile;
        }
    }

    /// Applies a change to the acting agent. An agent that is not here any more changes nothing.
    pub fn apply(&mut self, agent: AgentId, change: Change) {
        let Some(body) = self.bodies.get_mut(&agent) else {
            return;
        };
        match change {
            Change::Trajectory(trajectory) => {
                if is_restless(&trajectory, &self.area) {
                    self.moving.insert(agent);
                } else {
                    self.moving.remove(&agent);
                }
                body.trajectory = trajectory;
                self.note_changed(agent, Part::TRAJECTORY);
            }
            Change::Follow(follow) => {
                if let Some(follow) = &follow {
                    self.followers.insert(agent);
                    self.beyond.extend(self.ghosts.beyond(follow.target));
                } else {
                    self.followers.remove(&agent);
                }
                body.follow = follow;
            }
            Change::Status(status) => {
                body.status = status;
                self.note_changed(agent, Part::STATUS);
            }
            Change::Cooldown(what, until) => {
                // Spent cooldowns go out when new ones come in, so the map stays small.
                body.cooldowns.retain(|_, old| *old > until.plus_ms(-86_400_000));
                body.cooldowns.insert(what, until);
                while body.cooldowns.len() > COOLDOWNS_MAX {
                    let soonest = body
                        .cooldowns
                        .iter()
                        .min_by_key(|row| row.1)
                        .map(|row| row.0.clone());
                    let Some(soonest) = soonest else { break };
                    body.cooldowns.remove(&soonest);
                }
            }
            Change::Conversation(conversation) => body.conversation = conversation,
        }
    }

    /// Takes what changed since the last call, by cell.
    pub fn take_changes(&mut self) -> BTreeMap<Cell, CellChange> {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn note_changed(&mut self, agent: AgentId, part: Part) {
        if let Some(at) = self.grid.position(agent) {
            self.changed.entry(Cell::of(at)).or_default().note(agent, part);
        }
    }

    /// Updates the grid; a change of cell is noted in both cells and returned.
    pub(super) fn note_placed(&mut self, agent: AgentId, at: Vec3) -> Option<Cell> {
        match self.grid.place(agent, at) {
            Placed::Stayed => None,
            Placed::Entered(cell) => {
                self.changed.entry(cell).or_default().note(agent, Part::ALL);
                Some(cell)
            }
            Placed::Moved { from, to } => {
                if let Some(body) = self.bodies.get(&agent) {
                    self.changed
                        .entry(from)
                        .or_default()
                        .note_left(agent, body.profile.handle.clone());
                }
                self.changed.entry(to).or_default().note(agent, Part::ALL);
                Some(to)
            }
        }
    }
}

/// Whether a step has to look at it: it moves, or it stands where another shard runs.
fn is_restless(trajectory: &Trajectory, area: &CellRect) -> bool {
    trajectory.is_moving() || !area.contains(Cell::of(trajectory.from))
}
