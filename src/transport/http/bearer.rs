//! `Authorization: Bearer`: whose token a request carries.

use super::Problem;
use crate::actors::gateway::Caller;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::Verified;
use crate::transport::web::Web;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

/// The bearer of a good token that is an agent.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// What its token says.
    pub verified: Verified,
    /// The agent.
    pub caller: Caller,
}

/// The bearer of any good token: an agent, a user of channels or the operator.
#[derive(Clone, Debug)]
pub struct Holder(pub Verified);

/// The operator.
#[derive(Clone, Debug)]
pub struct Admin(pub Verified);

/// The token of a request. Errors: `unauthenticated` without exactly one `Authorization: Bearer`.
pub fn bearer_token(request: &HttpRequest) -> Result<&str, Refusal> {
    let missing = || {
        Refusal::new(
            Code::Unauthenticated,
            "a token is needed: Authorization: Bearer <token>",
        )
    };
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(missing());
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_start_matches(' '))
    } else {
        Err(missing())
    }
}

impl Bearer {
    /// Lets the agent at its own things only.
    /// Errors: `agent_not_found` when there is no such agent, `not_owner` when it is another one.
    pub async fn own(&self, web: &Web, agent_id: &str) -> Result<(), Refusal> {
        if self.caller.handle.as_str() == agent_id {
            return Ok(());
        }
        let no_agent = || Refusal::new(Code::AgentNotFound, "Agent not found");
        let handle = Handle::new(agent_id).map_err(|_reason| no_agent())?;
        web.access.agent(&handle).await?.ok_or_else(no_agent)?;
        Err(Refusal::new(Code::NotOwner, "that is another agent"))
    }
}

/// What every route with a token does first.
fn web_of(request: &HttpRequest) -> Result<web::Data<Web>, Refusal> {
    request
        .app_data::<web::Data<Web>>()
        .cloned()
        .ok_or_else(Refusal::internal)
}

fn verify(request: &HttpRequest) -> Result<(web::Data<Web>, Verified), Refusal> {
    let web = web_of(request)?;
    let verified = web.access.verify(bearer_token(request)?)?;
    Ok((web, verified))
}

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let verified = verify(request);
        Box::pin(async move {
            let (web, verified) = verified?;
            let caller = web.access.caller(&verified).await?;
            let caller = caller
                .ok_or_else(|| Refusal::new(Code::PermissionMissing, "the token belongs to no agent"))?;
            Ok(Self { verified, caller })
        })
    }
}

impl FromRequest for Holder {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(
            verify(request)
                .map(|(_, verified)| Self(verified))
                .map_err(Problem::from),
        )
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let verified = verify(request);
        Box::pin(async move {
            let (web, verified) = verified?;
            web.access.admit_admin(&verified).await?;
            Ok(Self(verified))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_one_bearer_header_is_a_token() {
        let good = TestRequest::get()
            .insert_header(("authorization", "bEARER abc"))
            .to_http_request();
        assert_eq!(bearer_token(&good).unwrap(), "abc");
        for bad in ["Basic abc", "Bearer", "abc", ""] {
            let request = TestRequest::get()
                .insert_header(("authorization", bad))
                .to_http_request();
            assert_eq!(
                bearer_token(&request).unwrap_err().code,
                Code::Unauthenticated,
                "{bad}"
            );
        }
        let twice = TestRequest::get()
            .append_header(("authorization", "Bearer a"))
            .append_header(("authorization", "Bearer b"));
        assert!(bearer_token(&twice.to_http_request()).is_err());
        assert!(bearer_token(&TestRequest::get().to_http_request()).is_err());
    }
}
