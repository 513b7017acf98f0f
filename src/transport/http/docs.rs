//! The explorer of the interface: Swagger UI from the program itself, so that it works without the internet.

use super::Problem;
use super::reads::Answer;
use crate::domain::refusal::{Code, Refusal};
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::Path;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// No script but ours. The explorer sets styles on its elements, which needs the word for styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// No query parameter may point the explorer at another document.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(
        Config::from("/openapi.json")
            .query_config_enabled(false)
            .use_base_layout(),
    )
});

/// `GET /docs`: to the folder, so that its files are found.
pub async fn folder() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, "/docs/"))
        .finish()
}

/// `GET /docs/{file}`
pub async fn file(path: Path<String>) -> Answer {
    let file = utoipa_swagger_ui::serve(&path, Arc::clone(&CONFIG)).map_err(|error| {
        tracing::error!(error = %error, "the explorer could not be served");
        Refusal::internal()
    })?;
    let file = file.ok_or_else(|| Problem::from(Refusal::new(Code::NotFound, "there is nothing here")))?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "max-age=3600"));
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(file.bytes.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn explorer_reads_our_document_and_has_no_inline_script() {
        let page = file(Path::from(String::new())).await.unwrap();
        assert!(
            page.headers()
                .get(CONTENT_SECURITY_POLICY)
                .unwrap()
                .to_str()
                .unwrap()
                .contains("script-src 'self';")
        );
        let page = text(page).await;
        assert!(
            page.matches("<script").count() == page.matches("<script src=\"./").count(),
            "{page}"
        );
        let start = text(
            file(Path::from("swagger-initializer.js".to_owned()))
                .await
                .unwrap(),
        )
        .await;
        assert!(
            start.contains("/openapi.json") && !start.contains("petstore"),
            "{start}"
        );
        assert!(file(Path::from("../Cargo.toml".to_owned())).await.is_err());
    }

    async fn text(answer: HttpResponse) -> String {
        String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap()
    }
}
