//! Breaches of floors, rooms and purity.

use super::*;

#[test]
fn a_higher_or_sibling_floor_is_caught_however_it_is_written() {
    check(rules::floors, "src/base/id.rs", "use crate::domain::Event;", &[1]);
    check(
        rules::floors,
        "src/store/mod.rs",
        "use crate::{\n    base,\n    bus::{Topic},\n};",
        &[3],
    );
    check(
        rules::floors,
        "src/store/fence.rs",
        "fn f() { super::super::bus::publish(); }",
        &[1],
    );
    check(rules::floors, "src/bus/mod.rs", "use super::brain;", &[1]);
    check(
        rules::floors,
        "src/domain/act.rs",
        "fn f(_: &crate::host::clock::Clock) {}",
        &[1],
    );
    check(
        rules::floors,
        "src/actors/hub.rs",
        "\nuse crate::transport::ws;",
        &[2],
    );
    check(
        rules::floors,
        "src/transport/ws/pipe.rs",
        "use crate::app::App;",
        &[1],
    );
    check(rules::floors, "src/wire/codec.rs", "use crate::base::id;", &[1]);
    check(
        rules::floors,
        "src/config/mod.rs",
        "use crate::domain::Event;",
        &[1],
    );
    check(rules::floors, "src/domain/act.rs", "use crate::*;", &[1]);
    check(
        rules::floors,
        "src/domain/act.rs",
        "macro_rules! m { () => { $crate::bus::x() } }",
        &[1],
    );
    check(rules::floors, "src/attic/mod.rs", "", &[0]);
}

#[test]
fn lower_floors_and_own_modules_are_free() {
    check(
        rules::floors,
        "src/store/fence.rs",
        "use crate::{base::id, domain::Event, host, store::Conn};",
        &[],
    );
    check(
        rules::floors,
        "src/actors/mod.rs",
        "use crate::{bus, store, wire, brain, outbound};",
        &[],
    );
    check(
        rules::floors,
        "src/transport/http/mod.rs",
        "use crate::actors::hub; use super::ws;",
        &[],
    );
    check(
        rules::floors,
        "src/app.rs",
        "use crate::{actors, transport, cli};",
        &[],
    );
    check(rules::floors, "src/store/note/mod.rs", "use super::bus;", &[]);
    check(
        rules::floors,
        "src/base/id.rs",
        "// crate::domain\nconst TEXT: &str = \"crate::domain::x\";",
        &[],
    );
    check(rules::floors, "tests/it/main.rs", "use crate::services;", &[]);
}

#[test]
fn a_crate_outside_its_room_is_caught() {
    check(
        rules::rooms,
        "src/actors/hub.rs",
        "use diesel::prelude::*;\nuse diesel_async::x;",
        &[1, 2],
    );
    check(
        rules::rooms,
        "src/actors/hub.rs",
        "#[derive(diesel::Queryable)]\nstruct Row;",
        &[1],
    );
    check(
        rules::rooms,
        "src/store/mod.rs",
        "use {redis::Client, bb8};",
        &[1, 1],
    );
    check(
        rules::rooms,
        "src/transport/session/mod.rs",
        "use actix_web_actors as ws;",
        &[1],
    );
    check(
        rules::rooms,
        "src/transport/http/mod.rs",
        "async fn f() { reqwest::get(user).await; }",
        &[1],
    );
    check(
        rules::rooms,
        "src/bus/mod.rs",
        "fn f() { actix::System::new(); }",
        &[1],
    );
    check(
        rules::rooms,
        "src/main.rs",
        "#[actix::main]\nasync fn main() {}",
        &[1],
    );
}

#[test]
fn a_crate_in_its_room_and_namesakes_are_free() {
    check(
        rules::rooms,
        "src/store/commit.rs",
        "use diesel::prelude::*;",
        &[],
    );
    check(
        rules::rooms,
        "src/bus/redis.rs",
        "use redis::Client; use bb8_redis::bb8;",
        &[],
    );
    check(
        rules::rooms,
        "src/transport/ws/pipe.rs",
        "use actix_web_actors::ws;",
        &[],
    );
    check(
        rules::rooms,
        "src/outbound/fetcher.rs",
        "use reqwest::Client;",
        &[],
    );
    check(rules::rooms, "src/cli/serve.rs", "use actix::System;", &[]);
    check(
        rules::rooms,
        "src/config/mod.rs",
        "mod redis;\npub use redis::Redis;",
        &[],
    );
    check(
        rules::rooms,
        "src/app.rs",
        "use crate::bus::{local, redis::Bus}; use crate::bus::redis;",
        &[],
    );
    check(
        rules::rooms,
        "src/transport/http.rs",
        "use actix_web::web; // diesel::x",
        &[],
    );
}

#[test]
fn io_clocks_and_chance_in_pure_code_are_caught() {
    let base = "use std::{collections::BTreeMap,\n fs};\nuse std::net::IpAddr;\nfn f() { std::time::Instant::now(); }";
    check(rules::purity, "src/base/time.rs", base, &[2, 3, 4]);
    let domain =
        "use tokio::sync;\nuse tracing::info;\nuse rand::Rng;\nfn f() { SystemTime::now(); Uuid::now_v7(); }";
    check(rules::purity, "src/domain/act.rs", domain, &[1, 2, 3, 4, 4]);
    check(
        rules::purity,
        "src/wire/frame.rs",
        "use actix_web::web;\nuse diesel_async::x;\nuse redis;",
        &[1, 2, 3],
    );
}

#[test]
fn plain_values_in_pure_code_are_free() {
    let text = "use std::time::Duration; use crate::base::rand; // Instant::now()\nfn f(now: Instant) { now.elapsed(); }";
    check(rules::purity, "src/base/time.rs", text, &[]);
    check(
        rules::purity,
        "src/host/clock.rs",
        "fn f() { std::time::Instant::now(); }",
        &[],
    );
}
