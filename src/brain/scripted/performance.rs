//! Songs and verses on the squares.

use super::Scripted;
use super::plan::Plan;
use super::schedule::Part;
use crate::brain::{Perception, lore};

/// From this far people listen. Units: metres.
const AUDIENCE_M: f64 = 18.0;
/// Between two performances. Units: milliseconds.
const PAUSE_MS: (i64, i64) = (24_000, 55_000);

impl Scripted {
    /// Performs, when this one does and somebody listens.
    pub(super) fn perform(&mut self, around: &Perception<'_>) {
        let Some(kind) = self.persona.plays else { return };
        let is_time = matches!(self.part(around), Part::Work | Part::Leisure);
        let mut audience = around
            .agents
            .iter()
            .take_while(|other| other.distance_m < AUDIENCE_M);
        if !is_time || around.now < self.performs_at || !audience.any(|other| !other.is_asleep()) {
            return;
        }
        self.performs_at = around.now.plus_ms(self.dice.whole(PAUSE_MS.0, PAUSE_MS.1));
        let gaps = self.gaps("", around);
        let line = self.line(&lore::repertoire(kind), &gaps);
        self.say(line);
        if matches!(self.plan, Plan::Nothing) {
            self.stay(4, None, around);
        }
    }
}
