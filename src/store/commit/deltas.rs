//! What a commit changed of durable state, as its event carries it for replay. Pure.

use super::Commit;
use super::decide::Scratch;
use crate::base::id::ShardId;
use crate::domain::conversation::Phase;
use crate::domain::replay::{Delta, ObjectState, Place};
use crate::domain::write::Write;
use crate::store::sql_types::Doc;
use serde_json::json;

/// The deltas of a commit that is possible. None: it changed nothing that belongs to a shard.
pub(super) fn deltas_of(commit: &Commit, scratch: &Scratch) -> Option<Doc> {
    let mut deltas = Vec::new();
    if let Some(place) = &scratch.place {
        let place = Place {
            shard: ShardId(place.shard),
            region: place.region.clone(),
            at: place.at,
            hop: place.hop,
            is_in_world: place.is_in_world,
            carried: place.carried.clone(),
        };
        deltas.push(Delta::Agent(commit.agent, place));
    }
    for (id, object) in &scratch.objects {
        let state = ObjectState {
            version: object.version,
            state: object.state.clone(),
        };
        deltas.push(Delta::Object(id.clone(), state));
    }
    for write in &commit.writes {
        if let Write::Conversation(whole) = write {
            let open = (whole.phase != Phase::Closed).then(|| whole.clone());
            deltas.push(Delta::Conversation(whole.id, open));
        }
    }
    (!deltas.is_empty()).then(|| Doc(json!(deltas)))
}
