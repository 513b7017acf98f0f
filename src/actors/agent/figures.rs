//! What is counted of a stay: the seconds in the world, and for outside tools how much the agent does.

use super::AgentActor;
use crate::base::time::Timestamp;
use crate::bus::mirror::MirrorBatch;

impl AgentActor {
    /// Anyone at Redis reads the mirror: what an agent does in a region that is not public is neither counted nor told.
    pub(super) fn is_mirrored(&self) -> bool {
        self.node.mirror.is_on() && self.place.as_ref().is_some_and(|place| place.is_public)
    }

    pub(super) fn mirror_rates(&mut self, now: Timestamp) {
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

    pub(super) fn count_online(&mut self, now: Timestamp) {
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
}
