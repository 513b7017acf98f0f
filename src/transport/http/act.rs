//! Acting over HTTP, and what became of an earlier command. Source: `api.md` §3.

use super::{Bearer, Json, Problem};
use crate::base::limit::COMMAND_ID_MAX_CHARS;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::web::Web;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Adds the routes.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/agents/{agent_id}/action").route(web::post().to(act)))
        .service(
            web::resource("/api/v1/agents/{agent_id}/commands/{command_id}").route(web::get().to(command)),
        );
}

/// What to do. `params` stays as it was sent, so that the action itself reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    action: String,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(default)]
    command_id: Option<String>,
}

async fn act(
    request: HttpRequest,
    web: web::Data<Web>,
    bearer: Bearer,
    agent_id: web::Path<String>,
    Json(order): Json<Order>,
) -> Result<HttpResponse, Problem> {
    bearer.own(&web, &agent_id).await?;
    let command_id = command_id(&request, order.command_id)?;
    let params = order.params.as_deref().map_or("{}", RawValue::get);
    let receipt = web
        .gateway
        .act(&bearer.caller, &order.action, params, command_id)
        .await?;
    let mut response = HttpResponse::Ok();
    if receipt.replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(receipt))
}

/// The command's id from the body or from `Idempotency-Key`, a plain or a quoted text.
pub(super) fn command_id(request: &HttpRequest, of_body: Option<String>) -> Result<Option<String>, Refusal> {
    let mut headers = request.headers().get_all("idempotency-key");
    let of_header = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(value), None) => {
            let text = value
                .to_str()
                .map_err(|_reason| Refusal::invalid("Idempotency-Key must be plain ASCII"))?;
            let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            Some(quoted.unwrap_or(text).to_owned())
        }
        (Some(_), Some(_)) => {
            return Err(Refusal::new(
                Code::Malformed,
                "there is more than one Idempotency-Key",
            ));
        }
    };
    match (of_body, of_header) {
        (Some(one), Some(other)) if one != other => {
            Err(Refusal::invalid("command_id and Idempotency-Key differ"))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// The stored outcome of a command. Those of other agents do not exist. Source: security.md C9.
async fn command(
    web: web::Data<Web>,
    bearer: Bearer,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (agent_id, command_id) = path.into_inner();
    let no_command = || Refusal::new(Code::NotFound, "there is no outcome of such a command");
    if bearer.caller.handle.as_str() != agent_id
        || command_id.chars().count() > COMMAND_ID_MAX_CHARS
        || command_id.contains('\0')
    {
        return Err(no_command().into());
    }
    let (agent, id) = (bearer.caller.id, command_id.clone());
    let stored = web
        .gateway
        .node
        .database
        .read(move |reader| reader.find_command(agent, &id))
        .await?;
    let stored = stored.ok_or_else(no_command)?;
    let mut answer = json!({
        "command_id": command_id, "action": stored.action, "region": stored.region, "shard": stored.shard, "tick": stored.tick,
    });
    if let Some(fields) = answer.as_object_mut() {
        match stored.outcome {
            Ok(result) => {
                let durability = crate::domain::action::Durability::Durable.name();
                fields.extend([
                    ("status".to_owned(), json!("done")),
                    ("result".to_owned(), result),
                    ("seq".to_owned(), json!(stored.seq)),
                    ("durability".to_owned(), json!(durability)),
                ]);
            }
            Err(refusal) => {
                let error = json!({"code": refusal.code.name(), "detail": refusal.detail, "temporary": refusal.code.is_temporary()});
                fields.extend([
                    ("status".to_owned(), json!("refused")),
                    ("refusal".to_owned(), error),
                ]);
            }
        }
    }
    Ok(HttpResponse::Ok().json(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn check(header: &[&str], of_body: Option<&str>) -> Result<Option<String>, Code> {
        let request = header.iter().fold(TestRequest::post(), |request, value| {
            request.append_header(("idempotency-key", *value))
        });
        command_id(&request.to_http_request(), of_body.map(str::to_owned)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn command_id_comes_from_body_or_header_but_never_from_two_that_differ() {
        assert_eq!(check(&[], None), Ok(None));
        assert_eq!(check(&[], Some("a")), Ok(Some("a".to_owned())));
        assert_eq!(check(&["\"a\""], None), Ok(Some("a".to_owned())));
        assert_eq!(check(&["a"], Some("a")), Ok(Some("a".to_owned())));
        assert_eq!(check(&["b"], Some("a")), Err(Code::InvalidParameter));
        assert_eq!(check(&["a", "a"], None), Err(Code::Malformed));
    }

    #[test]
    fn parameters_stay_as_they_were_sent() {
        let order: Order =
            super::super::json::decode(br#"{"action":"pay","params":{"amount": 1e3}}"#).unwrap();
        assert_eq!(order.params.unwrap().get(), r#"{"amount": 1e3}"#);
        let unknown = super::super::json::decode::<Order>(br#"{"action":"pay","admin":true}"#).unwrap_err();
        assert_eq!(unknown.code, Code::InvalidParameter);
    }
}
