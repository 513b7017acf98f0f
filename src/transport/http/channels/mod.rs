//! Channels over HTTP, as claw.events' tools ask for them: publishing, locks, grants, adverts, apps.
//!
//! Its clients match on the text of an error and on the order in which things are looked at, so bodies are taken as they come and
//! looked at field by field. Source: features.md §2b.

pub mod advert;
pub mod app;
pub mod list;
pub mod login;
pub mod proxy;
pub mod publish;
pub mod request;
pub mod rule;

use super::{Json, Problem, bearer_token};
use crate::actors::channels::count_change;
use crate::domain::agent::Handle;
use crate::domain::channel::{Namespace, Subject, Verb, check};
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

/// Who asks: an agent or a user by its token, or an app by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// An agent or a user of the command line.
    User(Handle),
    /// An app.
    App(String),
}

impl Who {
    /// As rights know it.
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::User(handle) => Subject::User(handle.as_str()),
            Self::App(name) => Subject::App(name),
        }
    }

    /// Its handle. Errors: `permission_missing` for an app.
    pub fn user(&self) -> Result<&Handle, Refusal> {
        match self {
            Self::User(handle) => Ok(handle),
            Self::App(_) => Err(Refusal::new(
                Code::PermissionMissing,
                "this is for users, not for apps",
            )),
        }
    }

    async fn of(web: &Web, token: &str) -> Result<Self, Refusal> {
        let verified = web.access.recognise(token).await?;
        let nameless = || Refusal::new(Code::PermissionMissing, "the token names nobody");
        match Subject::of(&verified.subject) {
            Subject::App(name) => Ok(Self::App(name.to_owned())),
            Subject::User(name) => Handle::new(name).map(Self::User).map_err(|_reason| nameless()),
            Subject::Nobody => Err(nameless()),
        }
    }
}

impl FromRequest for Who {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let web = request.app_data::<web::Data<Web>>().cloned();
        let token = bearer_token(request).map(str::to_owned);
        Box::pin(async move {
            let web = web.ok_or_else(Refusal::internal)?;
            Ok(Self::of(&web, &token?).await?)
        })
    }
}

/// A body whose fields are looked at one by one.
pub type Fields = Json<Map<String, Value>>;

/// A field that must be a text. Errors: `malformed` with this sentence.
fn text<'a>(fields: &'a Map<String, Value>, name: &str, missing: &'static str) -> Result<&'a str, Refusal> {
    let text = fields.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| malformed(missing))
}

/// The channel that a body names. Errors: `malformed`.
fn channel_of(fields: &Map<String, Value>) -> Result<&str, Refusal> {
    text(fields, "channel", "channel required")
}

/// The part of the name space that a channel is in. Errors: `malformed`.
fn namespace_of(channel: &str) -> Result<Namespace<'_>, Refusal> {
    Namespace::of(channel).map_err(|_reason| malformed("invalid channel format"))
}

/// Whether somebody may decide about a channel. Errors: `malformed`, `not_owner` with this sentence.
fn check_own(who: &Who, channel: &str, not_own: &'static str) -> Result<(), Refusal> {
    let namespace = namespace_of(channel)?;
    check(who.subject(), Verb::Own, &namespace, &Default::default())
        .map_err(|_reason| Refusal::new(Code::NotOwner, not_own))
}

/// Counts a change of whoever asks. Errors: `rate_limited`, `overloaded`.
fn may_change(web: &Web, who: &Who) -> Result<(), Refusal> {
    count_change(&web.gateway.node, &who.subject().to_string())
}

fn malformed(why: &'static str) -> Refusal {
    Refusal::new(Code::Malformed, why)
}

/// Whether a text may stand in an owner's place: a handle, or `app:<app>`.
fn is_name(text: &str) -> bool {
    Subject::of(text) != Subject::Nobody
}
