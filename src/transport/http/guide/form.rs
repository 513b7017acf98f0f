//! In which form somebody wants to read.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderMap};

/// A form of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For agents.
    Markdown,
    /// For people.
    Html,
}

impl Form {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// The form that a request asks for: by `?format=md` or `?format=html`, else by `Accept`, where HTML goes before Markdown, as browsers
/// name it. None: it names neither.
pub fn form_of(request: &HttpRequest) -> Option<Form> {
    let asked = request
        .query_string()
        .split('&')
        .find_map(|pair| pair.strip_prefix("format="));
    match asked {
        Some("md") => Some(Form::Markdown),
        Some("html") => Some(Form::Html),
        _ if accepts(request.headers(), "text/html") => Some(Form::Html),
        _ if accepts(request.headers(), "text/markdown") => Some(Form::Markdown),
        _ => None,
    }
}

/// Whether `Accept` names a media type.
pub fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let lists = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let name = one.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_query_goes_before_what_is_accepted() {
        let form = |uri: &str, accept: &str| {
            let request = TestRequest::with_uri(uri).insert_header(("accept", accept));
            form_of(&request.to_http_request())
        };
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        for (uri, accept, expected) in [
            ("/", "*/*", None),
            ("/", "", None),
            ("/", "application/json", None),
            ("/", "text/markdown", Some(Form::Markdown)),
            ("/", "Text/Markdown;q=0.9, */*;q=0.1", Some(Form::Markdown)),
            ("/", browser, Some(Form::Html)),
            ("/", "text/markdown, text/html;q=0.5", Some(Form::Html)),
            ("/?format=md", browser, Some(Form::Markdown)),
            ("/?a=b&format=html", "text/markdown", Some(Form::Html)),
            ("/?format=pdf", "text/markdown", Some(Form::Markdown)),
            ("/?informat=md", "*/*", None),
        ] {
            assert_eq!(form(uri, accept), expected, "{uri} {accept}");
        }
    }
}
