//! Apps: principals of users, each with a key that is shown once.

use super::{Fields, Who, malformed, may_change, text};
use crate::base::limit::APPS_PER_OWNER_MAX;
use crate::domain::channel::is_app_name;
use crate::domain::refusal::{Code, Refusal};
use crate::store::channel::{AppMade, AppRow, NewApp};
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

const HINT: &str = "keep this key: it is not shown again";

/// `POST /api/apps`
pub async fn create(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let owner = who.user()?.to_string();
    let name = text(&fields, "name", "name required")?;
    if !is_app_name(name) {
        return Err(malformed("an app's name is 3 to 32 of A-Z, a-z, 0-9 and _").into());
    }
    may_change(&web, &who)?;
    let key = web.access.make_app_key();
    let new = NewApp {
        name: name.to_owned(),
        owner: owner.clone(),
        key_hash: key.hash(),
    };
    let now = web.gateway.node.now();
    let made = new.clone();
    let database = &web.gateway.node.database;
    match database.write(move |store| store.make_app(&made, now)).await? {
        AppMade::Done => {}
        AppMade::Taken => return Err(Refusal::new(Code::AlreadyExists, "somebody has this name").into()),
        AppMade::Full => {
            let full = format!("a user has at most {APPS_PER_OWNER_MAX} apps");
            return Err(Refusal::new(Code::TooLarge, full).into());
        }
    }
    let app = AppRow {
        name: new.name,
        owner,
        key_hash: new.key_hash.to_vec(),
        created_at: now,
    };
    ok(&json!({"ok": true, "app": shown(&app), "key": key.expose(), "hint": HINT}))
}

/// `GET /api/apps`
pub async fn list(web: Data<Web>, who: Result<Who, Problem>) -> Answer {
    let owner = who?.user()?.to_string();
    let database = &web.gateway.node.database;
    let apps = database.read(move |reader| reader.apps(&owner)).await?;
    let apps: Vec<Value> = apps.iter().map(shown).collect();
    ok(&json!({"ok": true, "count": apps.len(), "apps": apps}))
}

/// `GET /api/apps/{app}`
pub async fn one(web: Data<Web>, who: Result<Who, Problem>, path: Path<String>) -> Answer {
    let app = own(&web, &who?, &path).await?;
    ok(&json!({"ok": true, "app": shown(&app)}))
}

/// `POST /api/apps/{app}/rotate`: the key before ends at once.
pub async fn rotate(web: Data<Web>, who: Result<Who, Problem>, path: Path<String>) -> Answer {
    let who = who?;
    may_change(&web, &who)?;
    let app = own(&web, &who, &path).await?;
    let key = web.access.make_app_key();
    let (name, owner, hash) = (app.name.clone(), app.owner.clone(), key.hash());
    let (now, until) = web.access.now_and_revoked_until();
    let database = &web.gateway.node.database;
    let rotated = database.write(move |store| store.rotate_app((&name, &owner), &hash, until, now));
    rotated.await?.then_some(()).ok_or_else(no_app)?;
    web.access.look_for_revocations().await;
    ok(&json!({"ok": true, "app": shown(&app), "key": key.expose(), "hint": HINT}))
}

/// `DELETE /api/apps/{app}`
pub async fn delete(web: Data<Web>, who: Result<Who, Problem>, path: Path<String>) -> Answer {
    let who = who?;
    may_change(&web, &who)?;
    let app = own(&web, &who, &path).await?;
    let (name, owner) = (app.name.clone(), app.owner.clone());
    let (now, until) = web.access.now_and_revoked_until();
    let database = &web.gateway.node.database;
    let deleted = database.write(move |store| store.delete_app((&name, &owner), until, now));
    let channels = deleted.await?.ok_or_else(no_app)?;
    web.gateway.node.note_rules_changed(&channels);
    web.access.look_for_revocations().await;
    ok(&json!({"ok": true, "deleted": true, "appName": app.name}))
}

/// An app of whoever asks. Errors: `not_found`, `not_owner`, `permission_missing`.
async fn own(web: &Web, who: &Who, name: &str) -> Result<AppRow, Refusal> {
    let owner = who.user()?;
    let name = name.to_owned();
    let database = &web.gateway.node.database;
    let app = database.read(move |reader| reader.app(&name)).await?;
    let app = app.ok_or_else(no_app)?;
    if app.owner != owner.as_str() {
        return Err(Refusal::new(Code::NotOwner, "that is somebody else's app"));
    }
    Ok(app)
}

fn no_app() -> Refusal {
    Refusal::new(Code::NotFound, "no such app")
}

fn shown(app: &AppRow) -> Value {
    json!({"name": app.name, "owner": app.owner, "createdAt": app.created_at})
}
