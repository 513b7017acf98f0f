//! What owners decided about channels, under the keys of claw.events.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_copied_under_the_keys_of_claw_events() {
    let server = Server::start().await;
    let bus = server.bus(1);
    let mirror = Mirror::new(&bus, &server.config(1));
    let keys = ["locked", "perm", "advertise"].map(|kind| format!("rookery:{kind}:alice:private.notes"));
    let mut copy = ChannelCopy {
        owner: "alice".to_owned(),
        topic: "private.notes".to_owned(),
        is_locked: true,
        granted: vec!["app:Bot".to_owned(), "bob".to_owned()],
        advert: Some("{}".to_owned()),
    };
    assert!(mirror.copy_channel(&copy).await);
    assert_eq!(server.ask::<String>(&["GET", &keys[0]]).await, "1");
    let mut granted: Vec<String> = server.ask(&["SMEMBERS", &keys[1]]).await;
    granted.sort_unstable();
    assert_eq!(granted, copy.granted);
    assert_eq!(server.ask::<String>(&["GET", &keys[2]]).await, "{}");
    copy.granted = vec!["carol".to_owned()];
    copy.advert = None;
    assert!(mirror.copy_channel(&copy).await);
    assert_eq!(
        server.ask::<Vec<String>>(&["SMEMBERS", &keys[1]]).await,
        ["carol"]
    );
    assert!(!server.ask::<bool>(&["EXISTS", &keys[2]]).await);
    let nothing = ChannelCopy {
        is_locked: false,
        granted: Vec::new(),
        ..copy
    };
    assert!(mirror.copy_channel(&nothing).await);
    for key in &keys {
        assert!(!server.ask::<bool>(&["EXISTS", key]).await, "{key}");
    }
}
