//! Which pages may call from a browser. Source: security.md §4.3.

use actix_cors::Cors;
use actix_web::http::header;

/// How long a browser may keep the answer to a preflight. Units: seconds. Source: security.md §4.3.
const MAX_AGE_S: usize = 600;

/// Lets exactly these origins pass, without credentials. Others get no header, so their browsers keep the answer back.
pub fn cors(origins: &[String]) -> Cors {
    let listed = |cors: Cors, origin: &String| cors.allowed_origin(origin);
    let cors = Cors::default()
        .block_on_origin_mismatch(false)
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
        .allowed_headers([
            "idempotency-key",
            "x-api-key",
            "mcp-protocol-version",
            "mcp-session-id",
            "last-event-id",
        ])
        .expose_headers([
            "x-request-id",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "idempotency-replayed",
            "mcp-session-id",
        ])
        .max_age(MAX_AGE_S);
    origins.iter().fold(cors, listed)
}
