//! `disconnect` and `unsubscribe`: a user's sockets, on whichever node they are.

use super::command::decode;
use super::failure::Failure;
use super::{Done, channel_of};
use crate::actors::peer::message::{UserAct, UserOrder};
use crate::base::id::SessionId;
use crate::transport::web::Web;
use crate::wire::Disconnect;
use serde::Deserialize;
use uuid::Uuid;

/// Most sockets that are spared by one order.
const SPARED_MAX: usize = 128;

#[derive(Debug, Deserialize)]
struct Whose {
    #[serde(default)]
    user: String,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    whitelist: Option<Vec<String>>,
    #[serde(default)]
    disconnect: Option<Reason>,
    #[serde(default)]
    channel: String,
}

/// Why a socket is closed. The text is the code's own, whatever a backend writes.
#[derive(Debug, Deserialize)]
struct Reason {
    code: u16,
}

impl Whose {
    fn order(self, what: UserAct) -> Result<UserOrder, Failure> {
        if self.user.is_empty() {
            return Err(Failure::bad_request("user required"));
        }
        if self.session.is_some_and(|session| !session.is_empty()) {
            return Err(Failure::not_available("session"));
        }
        let spared = self.whitelist.unwrap_or_default();
        if spared.len() > SPARED_MAX {
            return Err(Failure::bad_request(format!(
                "whitelist has at most {SPARED_MAX} clients"
            )));
        }
        // Who is named and is no socket of this server is nobody.
        let nobody = SessionId(Uuid::nil());
        let only = self.client.filter(|client| !client.is_empty());
        Ok(UserOrder {
            user: self.user,
            only: only.map(|client| session_of(&client).unwrap_or(nobody)),
            except: spared.iter().filter_map(|client| session_of(client)).collect(),
            what,
        })
    }
}

fn session_of(client: &str) -> Option<SessionId> {
    client.parse().ok().map(SessionId)
}

/// Closes a user's sockets.
pub(super) async fn disconnect(web: &Web, params: &str) -> Done {
    let order = disconnecting(params)?;
    web.gateway.node.order_user(order).await?;
    Ok(b"{}".to_vec())
}

/// Ends a user's subscriptions to a channel.
pub(super) async fn unsubscribe(web: &Web, params: &str) -> Done {
    let order = unsubscribing(params)?;
    web.gateway.node.order_user(order).await?;
    Ok(b"{}".to_vec())
}

fn disconnecting(params: &str) -> Result<UserOrder, Failure> {
    let whose: Whose = decode(params)?;
    let code = whose
        .disconnect
        .as_ref()
        .map_or(Disconnect::FORCE_DISCONNECT.code, |reason| reason.code);
    let unknown = || Failure::bad_request("disconnect.code is one of Centrifuge's or 4000 to 4999");
    let reason = Disconnect::of(code).ok_or_else(unknown)?;
    whose.order(UserAct::Disconnect(reason.code))
}

fn unsubscribing(params: &str) -> Result<UserOrder, Failure> {
    let whose: Whose = decode(params)?;
    channel_of(&whose.channel)?;
    let what = UserAct::Unsubscribe(whose.channel.as_str().into());
    whose.order(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "0192f5a0-0000-7000-8000-000000000001";

    #[test]
    fn an_order_to_disconnect_names_a_user_a_code_and_who_is_spared() {
        let order = disconnecting(r#"{"user":"alice"}"#).unwrap();
        assert_eq!(
            (order.user.as_str(), order.only, order.except.len()),
            ("alice", None, 0)
        );
        assert!(matches!(order.what, UserAct::Disconnect(3503)));
        let params = format!(
            r#"{{"user":"alice","client":"","whitelist":["{CLIENT}","x"],"disconnect":{{"code":4001,"reason":"r"}}}}"#
        );
        let order = disconnecting(&params).unwrap();
        let client = session_of(CLIENT).unwrap();
        assert!(order.only.is_none() && order.except == [client]);
        assert!(!order.means(client) && order.means(SessionId(Uuid::from_u128(7))));
        assert!(matches!(order.what, UserAct::Disconnect(4001)));
        // A client that is none of ours is nobody, not everybody.
        let order = disconnecting(r#"{"user":"alice","client":"x"}"#).unwrap();
        assert!(!order.means(client));
    }

    #[test]
    fn orders_that_make_no_sense_are_refused() {
        let code = |order: Result<UserOrder, Failure>| order.err().map(|failure| failure.code);
        for (params, expected) in [
            ("{}", 107),
            (r#"{"user":""}"#, 107),
            (r#"{"user":7}"#, 107),
            (r#"{"user":"a","disconnect":{"code":1000}}"#, 107),
            (r#"{"user":"a","disconnect":{"code":5000}}"#, 107),
            (r#"{"user":"a","session":"s"}"#, 108),
        ] {
            assert_eq!(code(disconnecting(params)), Some(expected), "{params}");
        }
        for (params, expected) in [
            (r#"{"user":"a"}"#, 107),
            (r#"{"channel":"public.a"}"#, 107),
            (r#"{"user":"a","channel":"nowhere.a"}"#, 102),
            (r#"{"user":"a","channel":"region:main"}"#, 103),
            (r##"{"user":"a","channel":"#a"}"##, 103),
        ] {
            assert_eq!(code(unsubscribing(params)), Some(expected), "{params}");
        }
        assert!(unsubscribing(r#"{"user":"a","channel":"public.a"}"#).is_ok());
    }
}
