//! Likenesses: how agents look to those around them, as JSON that is kept until something of it changes.

use super::get_location::Place;
use super::state::Body;
use crate::domain::agent::Profile;
use crate::domain::space::Vec3;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::cell::{Ref, RefCell};
use std::sync::Arc;

/// What every answer about an agent has in common, whoever asks. Its parts are written when somebody asks for the first time, and
/// again when what they were written of has changed, so it is never out of date. An agent that stands costs nothing any more.
#[derive(Debug, Default, Serialize)]
pub struct Likeness {
    id: Box<RawValue>,
    name: Box<RawValue>,
    location: Box<RawValue>,
    status: Box<RawValue>,
    avatar_type: Box<RawValue>,
    #[serde(skip)]
    of: Sitting,
}

/// What a likeness was written of.
#[derive(Debug, Default)]
struct Sitting {
    profile: Option<Arc<Profile>>,
    status: Option<String>,
    at: Option<Vec3>,
}

impl Likeness {
    /// Writes anew what changed. The region is always the same: a body that enters one brings no likeness along.
    /// Errors: none in practice, as texts and numbers always serialise.
    fn renew(&mut self, body: &Body, at: Vec3, region: &str) -> serde_json::Result<()> {
        let profile = &body.profile;
        if !self
            .of
            .profile
            .as_ref()
            .is_some_and(|old| Arc::ptr_eq(old, profile))
        {
            self.id = to_raw_value(&profile.handle)?;
            self.name = to_raw_value(&profile.name)?;
            self.avatar_type = to_raw_value(&profile.avatar_type)?;
            self.of.profile = Some(Arc::clone(profile));
        }
        if self.of.status.as_ref() != Some(&body.status) {
            self.status = to_raw_value(&body.status)?;
            self.of.status = Some(body.status.clone());
        }
        if self.of.at != Some(at) {
            self.location = to_raw_value(&Place::new(at, region))?;
            self.of.at = Some(at);
        }
        Ok(())
    }
}

/// The likeness that a body keeps. A copy of the body begins without one: it may go elsewhere, and most are never looked at.
#[derive(Debug, Default)]
pub struct Kept(RefCell<Likeness>);

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Kept {
    /// The likeness of its body at a point of a region. Units: metres. Errors: none in practice.
    pub(super) fn show<'a>(
        &'a self,
        body: &Body,
        at: Vec3,
        region: &str,
    ) -> serde_json::Result<Ref<'a, Likeness>> {
        // Somebody who looks at it now sees it as it is: then there is nothing to write.
        if let Ok(mut likeness) = self.0.try_borrow_mut() {
            likeness.renew(body, at, region)?;
        }
        Ok(self.0.borrow())
    }
}

#[cfg(test)]
mod tests {
    use crate::base::id::ShardId;
    use crate::domain::region::{Body, RegionState};
    use crate::domain::test_scene::{RATE, Stage, id_of};
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    /// What an agent hears about the others.
    fn told(stage: &Stage, asker: &str) -> String {
        let answer = stage.decide(asker, "get_nearby_agents", json!({"radius": 96}));
        serde_json::to_string(&answer.unwrap().result).unwrap()
    }

    /// The same, from a region that nobody was asked about before.
    fn told_afresh(stage: &mut Stage, asker: &str) -> String {
        let fresh = stage.region.clone();
        let kept = std::mem::replace(&mut stage.region, fresh);
        let told = told(stage, asker);
        stage.region = kept;
        told
    }

    fn body(stage: &Stage, name: &str) -> Body {
        stage.body(name).clone()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_kept_says_what_would_be_written_now(steps in prop::collection::vec((0_usize..3, 0_u8..7, 0.0..60.0_f64), 1..60)) {
            let names = ["ann", "bob", "cat"];
            let mut stage = Stage::with(&[("ann", 10.0, 10.0), ("bob", 20.0, 10.0), ("cat", 30.0, 40.0)]);
            for (who, what, number) in steps {
                let name = names[who];
                match what {
                    0 => drop(stage.act(name, "move_to", json!({"x": number, "y": 60.0 - number})).unwrap()),
                    1 => drop(stage.act(name, "stop", json!({})).unwrap()),
                    2 => drop(stage.act(name, "set_status", json!({"status": format!("\"{number}\" ä")})).unwrap()),
                    3 => {
                        let mut profile = (*body(&stage, name).profile).clone();
                        profile.name = format!("{name} {number}");
                        stage.region.set_profile(Arc::new(profile));
                    }
                    4 => {
                        let body = stage.region.leave(id_of(name)).unwrap();
                        stage.region.enter(body, stage.tick());
                    }
                    _ => stage.run(1),
                }
                for asker in names {
                    prop_assert_eq!(told(&stage, asker), told_afresh(&mut stage, asker));
                }
            }
        }
    }

    #[test]
    fn a_body_that_goes_elsewhere_is_told_to_be_there() {
        let mut stage = Stage::with(&[("ann", 10.0, 10.0), ("bob", 20.0, 10.0)]);
        assert!(told(&stage, "ann").contains("\"region\":\"plaza\""));
        let plan = stage.world.region("forest").unwrap().clone();
        let mut forest = RegionState::new(ShardId(2), plan, RATE, Vec::new());
        for name in ["ann", "bob"] {
            let body = stage.region.leave(id_of(name)).unwrap();
            forest.enter(body, stage.tick());
        }
        stage.region = forest;
        assert!(told(&stage, "ann").contains("\"region\":\"forest\""));
    }
}
