//! `POST /api/lock`, `/api/unlock`, `/api/grant`, `/api/revoke`: an owner decides who may hear a channel.

use super::{Fields, Who, channel_of, check_own, is_name, malformed, may_change, text};
use crate::base::limit::{CHANNEL_GRANTS_MAX, CHANNEL_LOCKS_MAX};
use crate::domain::refusal::{Code, Refusal};
use crate::store::channel::Changed;
use crate::transport::http::reads::{Answer, ok};
use crate::transport::http::{Json, Problem};
use crate::transport::web::Web;
use actix_web::web::Data;
use serde_json::json;

/// `POST /api/lock`
pub async fn lock(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let channel = channel_of(&fields)?.to_owned();
    check_own(&who, &channel, "can only lock your own channels")?;
    may_change(&web, &who)?;
    let (name, owner, now) = (channel.clone(), who.subject().to_string(), web.gateway.node.now());
    let database = &web.gateway.node.database;
    let changed = database.write(move |store| store.lock_channel(&name, &owner, now));
    settle(&web, &channel, changed.await?, || {
        format!("an owner locks at most {CHANNEL_LOCKS_MAX} channels")
    })?;
    ok(&json!({"ok": true, "locked": true, "channel": channel}))
}

/// `POST /api/unlock`
pub async fn unlock(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let channel = channel_of(&fields)?.to_owned();
    check_own(&who, &channel, "can only unlock your own channels")?;
    may_change(&web, &who)?;
    let (name, now) = (channel.clone(), web.gateway.node.now());
    let database = &web.gateway.node.database;
    let changed = database.write(move |store| store.unlock_channel(&name, now));
    settle(&web, &channel, changed.await?, String::new)?;
    ok(&json!({"ok": true, "unlocked": true, "channel": channel}))
}

/// `POST /api/grant`
pub async fn grant(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let (target, channel) = target_and_channel(&fields)?;
    check_own(&who, &channel, "can only grant access to your own channels")?;
    may_change(&web, &who)?;
    let (name, owner, now) = (channel.clone(), who.subject().to_string(), web.gateway.node.now());
    let (whom, database) = (target.clone(), &web.gateway.node.database);
    let changed = database.write(move |store| store.grant_channel(&name, &owner, &whom, now));
    settle(&web, &channel, changed.await?, || {
        format!("an owner grants at most {CHANNEL_GRANTS_MAX} times")
    })?;
    ok(&json!({"ok": true, "granted": true, "target": target, "channel": channel}))
}

/// `POST /api/revoke`: whoever listens by that grant is unsubscribed within a second.
pub async fn revoke(web: Data<Web>, who: Result<Who, Problem>, body: Result<Fields, Problem>) -> Answer {
    let (who, Json(fields)) = (who?, body?);
    let (target, channel) = target_and_channel(&fields)?;
    check_own(&who, &channel, "can only revoke access to your own channels")?;
    may_change(&web, &who)?;
    let (name, whom, now) = (channel.clone(), target.clone(), web.gateway.node.now());
    let database = &web.gateway.node.database;
    let changed = database.write(move |store| store.revoke_channel(&name, &whom, now));
    settle(&web, &channel, changed.await?, String::new)?;
    ok(&json!({"ok": true, "revoked": true, "target": target, "channel": channel}))
}

fn target_and_channel(
    fields: &serde_json::Map<String, serde_json::Value>,
) -> Result<(String, String), Refusal> {
    const MISSING: &str = "target and channel required";
    let target = text(fields, "target", MISSING)?;
    let channel = text(fields, "channel", MISSING)?;
    if !is_name(target) {
        return Err(malformed("a target is a handle or app:<app>"));
    }
    Ok((target.to_owned(), channel.to_owned()))
}

/// Lets all nodes know of a change. Errors: `too_large` when there is no room for it.
fn settle(web: &Web, channel: &str, changed: Changed, full: impl FnOnce() -> String) -> Result<(), Refusal> {
    match changed {
        Changed::Done => web.gateway.node.note_rules_changed(&[channel.to_owned()]),
        Changed::Already => {}
        Changed::Full => return Err(Refusal::new(Code::TooLarge, full())),
    }
    Ok(())
}
