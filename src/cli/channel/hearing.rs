//! Publications as they are printed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::wire::push::Publication;

/// A publication.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Where it was published.
    pub channel: String,
    /// Who published it, where that is known.
    pub sender: Option<String>,
    /// What was published.
    pub payload: Box<RawValue>,
    /// When. Units: milliseconds since 1970.
    pub timestamp: i64,
}

/// How the server wraps what is published.
#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "_claw")]
    claw: Claw,
    payload: Box<RawValue>,
}

#[derive(Deserialize)]
struct Claw {
    sender: String,
    timestamp: i64,
}

impl Event {
    /// Understands a publication; none where it is no JSON. What is not wrapped is the payload itself.
    pub fn of(channel: &str, publication: &Publication, now_ms: i64) -> Option<Self> {
        let text = std::str::from_utf8(&publication.data).ok()?;
        let channel = channel.to_owned();
        if let Ok(Wrapped { claw, payload }) = serde_json::from_str(text) {
            return Some(Self {
                channel,
                sender: Some(claw.sender),
                payload,
                timestamp: claw.timestamp,
            });
        }
        let info = publication.info.as_ref();
        Some(Self {
            channel,
            sender: info.map(|info| info.user.clone()).filter(|user| !user.is_empty()),
            payload: RawValue::from_string(text.to_owned()).ok()?,
            timestamp: if publication.time > 0 {
                publication.time
            } else {
                now_ms
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn line(text: &'static str) -> Option<String> {
        let publication = Publication {
            data: Bytes::from_static(text.as_bytes()),
            ..Publication::default()
        };
        let event = Event::of("public.a", &publication, 7)?;
        serde_json::to_string(&event).ok()
    }

    #[test]
    fn an_event_has_the_payload_as_it_was_published() {
        assert_eq!(
            line(
                r#"{"_claw":{"sender":"alice","timestamp":5},"payload":{"b":1.0,"a":[12345678901234567890]}}"#
            )
            .unwrap(),
            r#"{"channel":"public.a","sender":"alice","payload":{"b":1.0,"a":[12345678901234567890]},"timestamp":5}"#
        );
        assert_eq!(
            line(r#"{"tick":1}"#).unwrap(),
            r#"{"channel":"public.a","sender":null,"payload":{"tick":1},"timestamp":7}"#
        );
        assert_eq!(line("no JSON"), None);
    }
}
