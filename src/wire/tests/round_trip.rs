//! Every message survives both encodings, alone and joined.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use prost::Message;
use serde::de::DeserializeOwned;

use crate::wire::json::{self, Value};
use crate::wire::protobuf;
use crate::wire::push::*;
use crate::wire::reply::*;
use crate::wire::request::*;
use crate::wire::subscription::*;
use crate::wire::tests::sample::{Sample, Source};
use crate::wire::*;

const ENCODINGS: [Encoding; 2] = [Encoding::Json, Encoding::Protobuf];

/// Checks one message that `bytes` make, and returns whether it had any field set.
fn check<M>(bytes: &[u8]) -> bool
where
    M: Message + Default + Value + DeserializeOwned + Sample + PartialEq + std::fmt::Debug,
{
    let message = M::sample(&mut Source::new(bytes.to_vec()));

    let text = json::encode(&message);
    assert!(!text.contains(&b'\n'));
    let text = std::str::from_utf8(&text).expect("UTF-8");
    assert_eq!(serde_json::from_str::<M>(text).expect(text), message);
    assert!(
        serde_json::from_str::<serde_json::Value>(text)
            .expect(text)
            .is_object()
    );

    let binary = protobuf::encode(&message);
    let mut rest = &binary[..];
    assert_eq!(protobuf::decode_next::<M>(&mut rest).expect("protobuf"), message);
    assert!(rest.is_empty());
    message != M::default()
}

macro_rules! every_message {
    ($($kind:ident)*) => {
        proptest! {
            #[test]
            fn every_message_survives_both_encodings(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
                $(check::<$kind>(&bytes);)*
            }
        }

        #[test]
        fn samples_are_not_all_empty() {
            let with_fields = [$(check::<$kind>(&[1; 200])),*].into_iter().filter(|is_set| *is_set).count();
            let without_fields = ["PingRequest", "PingResult", "PublishResult", "UnsubscribeResult"].len();
            assert_eq!(with_fields, [$(stringify!($kind)),*].len() - without_fields);
        }
    };
}

every_message! {
    Command ConnectRequest SubscribeRequest FilterNode UnsubscribeRequest PublishRequest PresenceRequest
    PresenceStatsRequest StreamPosition HistoryRequest PingRequest SendRequest RpcRequest RefreshRequest
    SubRefreshRequest TrackBatch KeyedItem
    Reply Error ConnectResult Dictionary SubscribeResult UnsubscribeResult PublishResult PresenceResult
    PresenceStatsResult HistoryResult PingResult RpcResult RefreshResult SubRefreshResult
    Push ClientInfo Publication Join Leave Unsubscribe Message_ Subscribe Connect Disconnect_ Refresh
}

type Message_ = crate::wire::push::Message;
type Disconnect_ = crate::wire::push::Disconnect;

fn joined(encoding: Encoding, pieces: Vec<Bytes>) -> BytesMut {
    let mut out = BytesMut::new();
    join(encoding, &pieces, &mut out);
    out
}

proptest! {
    #[test]
    fn frames_of_many_messages_come_back_in_order(
        seeds in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 1..8),
    ) {
        for encoding in ENCODINGS {
            let commands: Vec<_> =
                seeds.iter().map(|seed| Command::sample(&mut Source::new(seed.clone()))).collect();
            let frame = joined(encoding, commands.iter().map(|command| encode_command(encoding, command)).collect());
            prop_assert_eq!(decode_commands(encoding, &frame, 8).expect("commands").to_vec(), commands);

            let replies: Vec<_> = seeds.iter().map(|seed| Reply::sample(&mut Source::new(seed.clone()))).collect();
            let frame = joined(encoding, replies.iter().map(|reply| encode_reply(encoding, reply)).collect());
            prop_assert_eq!(decode_replies(encoding, &frame, 8).expect("replies").to_vec(), replies);
        }
    }

    #[test]
    fn a_borrowed_publication_has_the_bytes_of_the_reply(
        seed in proptest::collection::vec(any::<u8>(), 0..60),
        data_len in 0_usize..300,
        offset in proptest::option::of(any::<u64>()),
    ) {
        let mut source = Source::new(seed);
        let channel = String::sample(&mut source);
        let info = Option::<Box<ClientInfo>>::sample(&mut source);
        let data = if data_len == 0 { Bytes::new() } else { Bytes::from(format!("\"{}\"", "x".repeat(data_len))) };
        let publication = Publication {
            data: data.clone(),
            info: info.clone(),
            offset: offset.unwrap_or_default(),
            ..Publication::default()
        };
        let reply = Reply::push(Push::of(channel.as_str(), PushBody::Publication(Box::new(publication))));
        for encoding in ENCODINGS {
            prop_assert_eq!(
                encode_publication(encoding, &channel, &data, offset, info.as_deref()),
                encode_reply(encoding, &reply),
            );
        }
    }

    #[test]
    fn a_body_comes_out_of_its_envelope(seed in proptest::collection::vec(any::<u8>(), 0..200)) {
        let command = Command::sample(&mut Source::new(seed.clone()));
        if let Some(body) = command.clone().into_body() {
            prop_assert_eq!(Command::of(command.id, body.clone()).into_body(), Some(body));
        }
        let push = Push::sample(&mut Source::new(seed));
        if let Some(body) = push.clone().into_body() {
            prop_assert_eq!(Push::of(push.channel, body.clone()).into_body(), Some(body));
        }
    }
}
