//! What an agent's sockets see: the cells around it, wherever it is.

use super::AgentActor;
use super::join::{Joined, Joiner};
use crate::actors::mailbox::{Reply, answer, wait};
use crate::actors::node::DEADLINE;
use crate::actors::region::{RegionMessage, Viewer};
use crate::actors::watch::{self, Stage};
use crate::domain::agent::Profile;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::space::Vec3;
use std::sync::Arc;

impl AgentActor {
    /// Everybody who came is shown around and told where the agent is.
    pub(super) fn welcome_all(&mut self, stage: &mut Stage<Self>) {
        let Some(place) = self.place.clone() else { return };
        let Ok(profile) = self.profile() else { return };
        for join in std::mem::take(&mut self.presence.joining) {
            let (place, profile) = (place.clone(), Arc::clone(&profile));
            let (reply, seen) = Reply::awaited();
            // Sent at once, so that no `Unwatch` overtakes it.
            let told = match join.joiner {
                Joiner::Socket(session, hub) => place.region.tell(RegionMessage::Watch(
                    Viewer::of_agent(profile.id, session, hub),
                    reply,
                )),
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
            let (reply, _seen) = Reply::awaited();
            // Sent at once, so that no `Unwatch` overtakes it; a region that takes nothing is loaded again soon.
            let _ = place.region.tell(RegionMessage::Watch(
                Viewer::of_agent(profile.id, session, hub),
                reply,
            ));
        }
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
