//! Where the agent is: it enters the world, and is handed over from shard to shard.

use super::AgentActor;
use crate::actors::directory::Whereabouts;
use crate::actors::gateway::entry_of;
use crate::actors::hub::HubMessage;
use crate::actors::lease::moving;
use crate::actors::node::DEADLINE;
use crate::actors::region::{Entering, RegionMessage};
use crate::actors::request::Receipt;
use crate::actors::watch::{self, Stage};
use crate::base::id::ShardId;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::space::Vec3;
use std::sync::Arc;

impl AgentActor {
    /// Enters where somebody who waits wants it to, else where it was last, else at home.
    pub(super) fn enter_world(&mut self, stage: &mut Stage<Self>) {
        let (Some(row), Some(profile)) = (&self.row, self.profile.clone()) else {
            return;
        };
        let world = self.node.directory.world();
        let mut joining = self.presence.joining.iter();
        let wanted = joining.find_map(|join| join.spawn_region.as_deref());
        let Some(entry) = entry_of(row, wanted, &world) else {
            return self.refuse_all(&Refusal::new(Code::RegionNotFound, "no such region"));
        };
        let shard = world.shard_at(&entry.region, entry.at.unwrap_or(entry.spawn));
        let found = shard.map(|shard| (shard.id, self.node.directory.find(shard.id)));
        let Some((shard, Whereabouts::Here(seats))) = found else {
            self.refuse_all(&moving());
            return self.end_absent(stage);
        };
        self.presence.is_entering = true;
        let (hop, name, at) = (row.hop, entry.region, entry.at);
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
                self.strand_if_lost(stage);
            }
            Err(refusal) => {
                self.refuse_all(&refusal);
                self.end_absent(stage);
            }
        }
    }

    /// Nobody is served by an actor whose agent is elsewhere, or enters elsewhere: the next one is where it is.
    fn end_absent(&mut self, stage: &mut Stage<Self>) {
        if self.node.peers.is_on() && self.place.is_none() && self.commands.is_empty() {
            self.end(stage);
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
}
