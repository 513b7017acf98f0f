//! Once a second: the copy of this shard for outside tools; and every half a minute a sign of life for open sessions.

use super::RegionActor;
use crate::actors::watch::{self, Stage};
use crate::base::id::SessionId;
use crate::base::time::Tick;
use crate::bus::mirror::{MirrorBatch, MirrorPosition, MirrorSession};
use crate::domain::region::weather::{time_at, weather_at};
use crate::domain::region::{Body, RegionState};
use crate::domain::space::Vec3;
use std::sync::Arc;

/// Seconds between two signs of life of a session.
const BEAT_S: f64 = 30.0;

impl RegionActor {
    /// Anyone at Redis reads the mirror, so regions that are not public are not in it.
    fn is_mirrored(&self) -> bool {
        self.node.mirror.is_on() && self.plan.is_public
    }

    /// Positions, sessions, time and weather.
    pub(super) fn mirror(&self, state: &RegionState, tick: Tick) {
        if !self.is_mirrored() {
            return;
        }
        let now = self.node.now();
        let position = |body: &Body| {
            let at = state.position(body, tick).rounded();
            let agent_id = body.profile.handle.to_string();
            MirrorPosition {
                agent_id,
                x: at.x,
                y: at.y,
                z: at.z,
                activity_ms: now.0,
            }
        };
        let session = |body: &Body| {
            let socket = self.node.directory.sockets(&body.profile.handle).pop()?;
            let at = state.position(body, tick).rounded();
            Some(MirrorSession {
                agent_id: body.profile.handle.to_string(),
                token_id: socket.token_id,
                position: [at.x, at.y, at.z],
                status: body.status.clone(),
                connected_at_ms: socket.connected_at.0,
            })
        };
        self.node.mirror.push(MirrorBatch {
            region: self.plan.name.clone(),
            tick: tick.0,
            time: time_at(now),
            weather: weather_at(
                self.node.directory.world().seed,
                &self.plan.name,
                self.plan.weather.as_deref(),
                now,
            ),
            positions: state.bodies().map(position).collect(),
            sessions: state.bodies().filter_map(session).collect(),
            ..MirrorBatch::default()
        });
    }

    /// An agent is not here any more; `is_out` when it left the world or the part of it that outside tools see, not
    /// only this region.
    pub(super) fn mirror_left(&self, handle: &str, is_out: bool) {
        if self.is_mirrored() {
            let (region, tick, left) = (
                self.plan.name.clone(),
                self.node.tick().0,
                vec![handle.to_owned()],
            );
            let ended = if is_out { left.clone() } else { Vec::new() };
            self.node.mirror.push(MirrorBatch {
                region,
                tick,
                left,
                ended,
                ..MirrorBatch::default()
            });
        }
    }

    /// The rows of open sessions say where their agents are, twice a minute.
    pub(super) fn beat(&mut self, state: &RegionState, tick: Tick, stage: &mut Stage<Self>) {
        if self
            .beat_at
            .is_some_and(|last| self.node.rate.seconds_between(last, tick) < BEAT_S)
        {
            return;
        }
        self.beat_at = Some(tick);
        let row = |body: &Body| {
            let at = state.position(body, tick);
            let sockets = self.node.directory.sockets(&body.profile.handle);
            sockets
                .into_iter()
                .map(move |socket| (socket.session, at))
                .collect::<Vec<_>>()
        };
        let region = &self.plan.name;
        let alive: Vec<(SessionId, String, Vec3)> = state
            .bodies()
            .flat_map(row)
            .map(|(session, at)| (session, region.clone(), at))
            .collect();
        if alive.is_empty() {
            return;
        }
        let node = Arc::clone(&self.node);
        let now = node.now();
        watch::then(
            stage,
            async move {
                node.database
                    .write(move |store| store.heartbeat(&alive, now))
                    .await
            },
            |_, beaten, _| {
                if let Err(refusal) = beaten {
                    tracing::warn!("signs of life of sessions were not written: {refusal}");
                }
            },
        );
    }
}
