//! Where a request comes from, as limits and refresh tokens see it.

use crate::transport::web::Web;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};

/// Longest part of a user agent that counts. Units: bytes.
const USER_AGENT_MAX_BYTES: usize = 256;

/// The client behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address that limits are kept by.
    pub key: String,
    /// What it calls itself.
    pub user_agent: String,
}

impl Client {
    /// The client of a request.
    pub fn of(request: &HttpRequest) -> Self {
        let forwarded: Vec<&str> = request
            .headers()
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .collect();
        let peer = request.peer_addr().map(|address| address.ip());
        let key = request
            .app_data::<web::Data<Web>>()
            .map(|web| web.client_key(peer, &forwarded));
        let user_agent = request
            .headers()
            .get(header::USER_AGENT)
            .map(|value| value.as_bytes())
            .unwrap_or_default();
        let user_agent = user_agent.get(..USER_AGENT_MAX_BYTES).unwrap_or(user_agent);
        Self {
            key: key.unwrap_or_else(|| "unknown".to_owned()),
            user_agent: String::from_utf8_lossy(user_agent).into_owned(),
        }
    }
}

impl FromRequest for Client {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
