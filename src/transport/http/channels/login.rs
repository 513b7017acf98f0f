//! `/auth/*`: log-ins of the command line, and the keys that prove them.

use super::{Fields, Who, malformed, may_change, text};
use crate::base::limit::SSH_KEYS_MAX;
use crate::domain::agent::Handle;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::token::Issued;
use crate::guard::{KeyName, PublicKey};
use crate::transport::access::{NAMESPACE, ProfileError, SHOWING, Scope};
use crate::transport::http::bearer::Holder;
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Client, Json, Problem};
use crate::transport::web::Web;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde_json::{Map, Value, json};

const HINT: &str = "use this token as a bearer: Authorization: Bearer <token>";

/// `POST /auth/init`, `/auth/agent/init`: by an SSH key when there is one of that name, else by a profile where profiles are asked.
/// `method` says which, `ssh` or `profile`.
pub async fn init(web: Data<Web>, client: Client, body: Result<Fields, Problem>) -> Answer {
    let Json(fields) = body?;
    let username = username_of(&fields)?;
    let key = key_of(&fields)?;
    web.access.count_login(&client.key).await?;
    let is_profile = match fields.get("method").and_then(Value::as_str) {
        Some("ssh") => false,
        Some("profile") => true,
        Some(_) => return Err(malformed("method is ssh or profile").into()),
        None => web.config.auth.profile_url.is_some() && !web.access.has_public_key(&username, &key).await?,
    };
    if is_profile {
        let signature = web.access.begin_showing(&username, &client.key).await?;
        let mirror = &web.gateway.node.mirror;
        mirror
            .show_signature(username.as_str(), &signature, SHOWING)
            .await;
        let instructions = format!(
            "Put this signature into your profile's description, then call /auth/verify: {signature}"
        );
        return ok(&json!({"username": username, "signature": signature, "instructions": instructions}));
    }
    let signing = web.access.begin_signing(&username, &key).await?;
    ok(&json!({
        "username": username, "key_name": key.as_str(), "nonce": signing.nonce, "issuedAt": signing.issued_at_s,
        "message": signing.message, "namespace": NAMESPACE, "expires_at": signing.expires_at,
    }))
}

/// `POST /auth/verify`, `/auth/agent/verify`
pub async fn verify(web: Data<Web>, client: Client, body: Result<Fields, Problem>) -> Answer {
    let Json(fields) = body?;
    let username = username_of(&fields)?;
    let is_signed = ["nonce", "signature", "key_name"]
        .iter()
        .any(|name| fields.contains_key(*name));
    if !is_signed && web.config.auth.profile_url.is_some() {
        return match web.access.finish_showing(&username, &client.key).await {
            Ok(issued) => {
                web.gateway.node.mirror.hide_signature(username.as_str()).await;
                welcome(&username, &issued)
            }
            Err(ProfileError::Refused(refusal)) => Err(refusal.into()),
            Err(ProfileError::Fetch(status)) => {
                let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let refusal = Refusal::new(Code::Unavailable, format!("profile fetch failed ({status})"));
                Err(Problem::with_status(refusal, StatusCode::BAD_GATEWAY))
            }
        };
    }
    let key = key_of(&fields)?;
    let proof = (
        text(&fields, "nonce", "nonce required")?,
        text(&fields, "signature", "signature required")?,
    );
    let issued = web
        .access
        .finish_signing(&username, &key, proof, &client.key)
        .await?;
    welcome(&username, &issued)
}

/// `POST /auth/dev-register`: only with `--dev`.
pub async fn register_for_development(web: Data<Web>, body: Result<Fields, Problem>) -> Answer {
    if !web.config.server.dev {
        return Err(Refusal::new(Code::NotFound, "not available").into());
    }
    let Json(fields) = body?;
    let username = username_of(&fields)?;
    let issued = web.access.register_for_development(&username).await?;
    welcome(&username, &issued)
}

/// `POST /auth/revoke`: the token that asks.
pub async fn revoke(web: Data<Web>, holder: Holder) -> Answer {
    web.access.revoke(&holder.0, Scope::Token).await?;
    let hint = "log in again for a new token";
    ok(&json!({"ok": true, "revoked": true, "username": holder.0.subject, "hint": hint}))
}

/// `GET /auth/keys`
pub async fn keys(web: Data<Web>, who: Result<Who, Problem>) -> Answer {
    let owner = who?.user()?.to_string();
    let database = &web.gateway.node.database;
    let keys = database.read(move |reader| reader.ssh_keys(&owner)).await?;
    let shown = keys
        .iter()
        .map(|key| json!({"key_name": key.name, "public_key": key.public_key, "createdAt": key.created_at}));
    let keys: Vec<Value> = shown.collect();
    ok(&json!({"ok": true, "count": keys.len(), "keys": keys}))
}

/// `POST /auth/keys`: adds a public key, or replaces the one of this name.
pub async fn put_key(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let (owner, name) = (who.user()?.to_string(), key_of(&fields)?);
    let line = text(&fields, "public_key", "public_key required")?;
    may_change(&web, &who)?;
    let unusable = |error| Refusal::new(Code::Malformed, format!("the public key cannot be used: {error}"));
    let key = PublicKey::parse(line).map_err(unusable)?;
    let (key_name, public_key, now) = (
        name.as_str().to_owned(),
        key.text().to_owned(),
        web.gateway.node.now(),
    );
    let database = &web.gateway.node.database;
    let is_added = database.write(move |store| store.put_ssh_key(&owner, &key_name, &public_key, now));
    if !is_added.await? {
        let full = format!("one has at most {SSH_KEYS_MAX} keys");
        return Err(Refusal::new(Code::TooLarge, full).into());
    }
    ok(&json!({"ok": true, "key_name": name.as_str(), "fingerprint": key.fingerprint()}))
}

/// `DELETE /auth/keys/{key_name}`
pub async fn remove_key(web: Data<Web>, who: Result<Who, Problem>, path: Path<String>) -> Answer {
    let (who, name) = (who?, path.into_inner());
    let owner = who.user()?.to_string();
    may_change(&web, &who)?;
    let removed = name.clone();
    let database = &web.gateway.node.database;
    let is_removed = database
        .write(move |store| store.remove_ssh_key(&owner, &removed))
        .await?;
    let none = || Refusal::new(Code::NotFound, "public key not found");
    is_removed.then_some(()).ok_or_else(none)?;
    ok(&json!({"ok": true, "removed": true, "key_name": name}))
}

fn welcome(username: &Handle, issued: &Issued) -> Answer {
    ok(&json!({"token": issued.token, "username": username, "hint": HINT, "expires_at": issued.expires_at}))
}

fn username_of(fields: &Map<String, Value>) -> Result<Handle, Refusal> {
    let text = text(fields, "username", "username required")?;
    Handle::new(text).map_err(|_reason| malformed("a username is 1 to 64 of a-z, 0-9, _ and -"))
}

fn key_of(fields: &Map<String, Value>) -> Result<KeyName, Refusal> {
    match fields.get("key_name") {
        None | Some(Value::Null) => Ok(KeyName::main()),
        Some(Value::String(name)) => KeyName::new(name).ok_or_else(|| malformed("invalid key_name")),
        Some(_) => Err(malformed("invalid key_name")),
    }
}
