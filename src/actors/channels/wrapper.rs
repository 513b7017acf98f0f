//! The wrapper of claw.events, in which everything that is published reaches subscribers.

use bytes::Bytes;

/// `{"_claw": {"sender", "timestamp"}, "payload"}`. `payload`: JSON text.
pub fn wrap(sender: &str, timestamp_ms: i64, payload: &[u8]) -> Bytes {
    let mut data = serde_json::json!({"sender": sender, "timestamp": timestamp_ms})
        .to_string()
        .into_bytes();
    let (head, middle) = (b"{\"_claw\":", b",\"payload\":");
    // Exactly: a history may hold it for an hour.
    data.reserve_exact(head.len() + middle.len() + payload.len() + 1);
    data.splice(0..0, *head);
    data.extend_from_slice(middle);
    data.extend_from_slice(payload);
    data.push(b'}');
    Bytes::from(data)
}
