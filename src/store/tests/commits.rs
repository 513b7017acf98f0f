//! Group commit: the fence, numbers, repeats, inboxes, places, items.

mod fence;
mod once;
mod rows;

use super::*;
use crate::domain::chat::Volume;

fn say(stage: &Stage, who: &str, id: &str, text: &str) -> Commit {
    let event = Event::new(EventKind::Speech, Some(handle(who)), json!({"message": text})).public();
    stage.act(
        who,
        id,
        "say",
        event,
        vec![Write::Chat {
            recipient: None,
            message: text.to_owned(),
            volume: Volume::Normal,
        }],
    )
}

fn whisper(stage: &Stage, who: &str, to: &str, id: &str) -> Commit {
    let event = Event::new(EventKind::Whisper, Some(handle(who)), json!({"message": "psst"}))
        .about(handle(to))
        .to_inbox(handle(to));
    let write = Write::Chat {
        recipient: Some(handle(to)),
        message: "psst".to_owned(),
        volume: Volume::Normal,
    };
    stage.act(who, id, "whisper", event, vec![write])
}
