//! `/skill.md`: what teaches an agent to use this server from nothing, as Markdown and as a page, made for whoever asks from what the
//! server is.

mod base;
mod form;
mod html;
mod text;

pub use form::{Form, accepts, form_of};
pub use html::{around, policy};

use super::page::tagged;
use crate::transport::web::Web;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// `GET /skill.md`, `GET /SKILL.md`: Markdown, or a page for whoever asks for HTML.
pub async fn skill(web: Data<Web>, request: HttpRequest) -> HttpResponse {
    answer(&web, &request, form_of(&request).unwrap_or(Form::Markdown))
}

/// The guide in this form.
pub fn answer(web: &Web, request: &HttpRequest, form: Form) -> HttpResponse {
    let markdown = text::guide(&base::of(request, &web.config), &web.config);
    let body = match form {
        Form::Markdown => markdown,
        Form::Html => html::page(&markdown),
    };
    let hash: [u8; 32] = Sha256::digest(&body).into();
    let mut answer = tagged(request, Cow::Owned(body.into_bytes()), &hash, form.media_type());
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept"));
    if form == Form::Html
        && let Ok(policy) = HeaderValue::from_str(html::policy())
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}
