//! CE-44: what owners decided is backed up, sealed, and put back, by the real program beside a running world.

use super::key::KeyPair;
use super::{Somebody, payload, put_off};
use crate::services::Postgres;
use crate::world::{Settings, TestWorld, until};
use nix::sys::signal::Signal;
use rookery::host::clock::Clock;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

/// The code by which the server ends a subscription for good.
const UNSUBSCRIBED: u32 = 2000;
const SECRET: &str = "of-backups-in-tests-9f86d081884c7d65";
const OTHER_SECRET: &str = "of-nothing-at-all-73928461059283746510";

fn settings(database: Option<String>) -> Settings {
    Settings {
        database,
        variables: vec![
            ("ROOKERY_BACKUP__SECRET", SECRET.to_owned()),
            ("ROOKERY_SERVER__DEV", "true".to_owned()),
        ],
        ..Settings::default()
    }
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a path of ours")
}

fn back_up(world: &TestWorld, folder: &TempDir, name: &str) -> PathBuf {
    let file = folder.path().join(name);
    world.run(&["backup", "--channels", path(&file)]);
    file
}

/// What a file holds, as the program tells it, without its name and time.
fn held(world: &TestWorld, file: &Path) -> String {
    let said = world.run(&["restore-channels", "--check", path(file)]);
    let held = said.split_once(" is whole: ").expect("it is whole").1;
    held.split_once(", of 20").expect("a time").0.to_owned()
}

/// All that can be asked of what two owners decided.
async fn shown(owners: [&Somebody<'_>; 2], app: &Somebody<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for owner in owners {
        let of_all = ["/api/apps".to_owned(), "/auth/keys".to_owned()];
        let named = ["locks", "advertise", "profile"].map(|what| format!("/api/{what}/{}", owner.name));
        for path in of_all.iter().chain(&named) {
            all.push(owner.get(path).await.ok());
        }
    }
    all.push(app.get(&format!("/api/advertise/{}", app.name)).await.ok());
    all
}

async fn comes_back_as_it_was(settings: Settings) {
    let (world, folder) = (TestWorld::start(settings), tempfile::tempdir().expect("a folder"));
    let agent = Somebody::agent(&world, "owner").await;
    let reader = Somebody::agent(&world, "reader").await;
    let user = Somebody::user(&world, "user").await;
    let empty = back_up(&world, &folder, "empty.enc");
    let app = user.app().await;
    let secret = format!("agent.{}.secret", agent.name);
    let news = format!("app.{}.news", app.app_name());
    agent.lock(&secret).await;
    agent.grant(&user.name, &secret).await;
    agent.grant(&app.name, &secret).await;
    app.lock(&news).await;
    app.grant(&reader.name, &news).await;
    for (owner, channel) in [(&agent, &secret), (&app, &news)] {
        let schema = json!({"type": "number", "title": "ü 🦀"});
        let body = json!({"channel": channel, "description": "what\nthere is", "schema": schema});
        owner.post("/api/advertise", body).await.ok();
    }
    let key = KeyPair::new().public();
    for owner in [&agent, &user] {
        let body = json!({"key_name": "laptop", "public_key": key});
        owner.post("/auth/keys", body).await.ok();
    }
    let before = shown([&agent, &user], &app).await;
    let full = back_up(&world, &folder, "full.enc");
    let mode = fs::metadata(&full).expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = fs::read(&full).expect("it was made");
    let is_in = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!is_in(&agent.name) && !is_in("secret"), "it can be read");
    assert!(
        world
            .refused(&["backup", "--channels", path(&full)])
            .contains("full.enc")
    );

    // All of it is gone, and the channels are open, to those who listen by now as well.
    world.run(&["restore-channels", path(&empty), "--replace"]);
    assert_ne!(shown([&agent, &user], &agent).await[..10], before[..10]);
    app.publish(&news, json!(1)).await.refused("unauthenticated");
    let mut socket = reader.socket().await;
    until("the channel is open", async || {
        socket.subscribe(&secret).await.ok()
    })
    .await;
    assert_eq!(
        held(&world, &back_up(&world, &folder, "gone.enc")),
        held(&world, &empty)
    );

    // It is back, and who may not hear is put off; who was granted may.
    let said = world.run(&["restore-channels", path(&full)]);
    let all = "2 locks, 3 grants, 2 adverts, 1 apps, 2 public keys";
    assert!(said.starts_with(&format!("restored: {all}, 0 users")), "{said}");
    assert_eq!(put_off(&mut socket, &secret).await, UNSUBSCRIBED);
    until("the grant counts", async || socket.subscribe(&news).await.ok()).await;
    assert_eq!(shown([&agent, &user], &app).await, before);
    app.publish(&news, json!(7)).await.ok();
    assert_eq!(payload(&socket.publication(&news).await), json!(7));
    app.publish(&news, json!("no number"))
        .await
        .refused("schema_violated");
    let again = back_up(&world, &folder, "again.enc");
    assert_eq!(held(&world, &again), held(&world, &full));
    assert!(held(&world, &full).starts_with(all));
    assert_ne!(fs::read(&again).expect("it was made"), bytes);
}

#[tokio::test]
async fn all_comes_back_on_sqlite_while_the_world_runs() {
    comes_back_as_it_was(settings(None)).await;
}

#[tokio::test]
async fn all_comes_back_on_postgres_while_the_world_runs() {
    comes_back_as_it_was(settings(Some(Postgres::shared().fresh_database()))).await;
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_made_or_of_another_secret_changes_nothing() {
    let (world, folder) = (
        TestWorld::start(settings(None)),
        tempfile::tempdir().expect("a folder"),
    );
    let user = Somebody::user(&world, "user").await;
    for n in 0..30 {
        user.lock(&format!("agent.{}.{n}", user.name)).await;
    }
    let good = back_up(&world, &folder, "good.enc");
    user.lock(&format!("agent.{}.later", user.name)).await;
    let locks = user.get(&format!("/api/locks/{}", user.name)).await.ok();
    let bytes = fs::read(&good).expect("it was made");
    let file = folder.path().join("changed.enc");
    let refused = |content: &[u8]| {
        fs::write(&file, content).expect("it is ours");
        world.refused(&["restore-channels", path(&file), "--replace"])
    };
    let changed = |place: usize| {
        let mut content = bytes.clone();
        content[place] ^= 0x20;
        refused(&content)
    };
    for (said, expected) in [
        (changed(90), "it was changed or cut"),
        (changed(bytes.len() - 1), "it was changed or cut"),
        (refused(&bytes[..bytes.len() - 1]), "it was changed or cut"),
        (changed(20), "sealed with another secret, or its beginning"),
        (changed(0), "no sealed file of Rookery"),
        (refused(b""), "no sealed file of Rookery"),
    ] {
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("nothing was written"), "{said}");
    }
    assert_eq!(user.get(&format!("/api/locks/{}", user.name)).await.ok(), locks);
    // Another world, with another secret, and with none.
    let with = |secret: Option<&str>| {
        let secret = secret.map(|secret| ("ROOKERY_BACKUP__SECRET", secret.to_owned()));
        TestWorld::start(Settings {
            variables: secret.into_iter().collect(),
            ..Settings::default()
        })
    };
    let said = with(Some(OTHER_SECRET)).refused(&["restore-channels", path(&good)]);
    assert!(said.contains("sealed with another secret"), "{said}");
    for arguments in [["restore-channels", path(&good)], ["backup", "--channels"]] {
        let mut arguments = arguments.to_vec();
        arguments.extend((arguments[0] == "backup").then_some("new.enc"));
        let said = with(None).refused(&arguments);
        assert!(said.contains("need a secret"), "{said}");
    }
    world.run(&["restore-channels", path(&good), "--replace"]);
    let locks = user.get(&format!("/api/locks/{}", user.name)).await.ok();
    assert_eq!(locks["count"], 30, "{locks}");
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths
        .filter(|path| path.extension() == Some("enc".as_ref()))
        .collect()
}

#[tokio::test]
async fn the_daily_backup_is_made_up_for_by_the_node_that_holds_the_first_shard() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    // Half a day away: no other day becomes due while the test runs.
    let hour = Clock::system().now_ms().div_euclid(3_600_000) + 12;
    let far = format!("{:02}:00", hour.rem_euclid(24));
    let settings = |folder: &Path| {
        let mut settings = settings(Some(String::new()));
        settings
            .variables
            .push(("ROOKERY_BACKUP__CHANNELS", path(folder).to_owned()));
        settings
            .variables
            .push(("ROOKERY_STORE__LEASE_TTL_MS", "1500".to_owned()));
        settings.variables.push(("ROOKERY_BACKUP__AT", far.clone()));
        settings
    };
    let database = Some(Postgres::shared().fresh_database());
    let mut first = TestWorld::start(Settings {
        database: database.clone(),
        ..settings(&one)
    });
    let second = TestWorld::stand_by(Settings {
        database,
        ..settings(&other)
    });
    let made = |folder: PathBuf| until("there is a backup", async move || backups(&folder).pop());
    let file = made(one.clone()).await;
    assert!(held(&second, &file).starts_with("0 locks"));
    // Tests' own client first: it brings the TLS that any client wants to have.
    first.get("/health/live").await.ok();
    until("it is counted", async || {
        let metrics = reqwest::get(first.url("http", "/metrics")).await;
        let metrics = metrics.expect("metrics are shown").text().await.expect("as text");
        metrics
            .contains("rookery_channel_backups_total{outcome=\"made\"} 1")
            .then_some(())
    })
    .await;
    assert!(backups(&other).is_empty());
    // Who stands by looks each second, and makes none before its time has come.
    let killed_at = Clock::system().now_ms();
    first.stop(Signal::SIGKILL);
    let file = made(other).await;
    let written = fs::metadata(&file).and_then(|file| file.modified());
    let written_at = written.expect("it is there").duration_since(UNIX_EPOCH);
    let written_at = written_at.expect("after 1970").as_millis();
    assert!(
        i64::try_from(written_at).expect("a time") > killed_at,
        "{written_at}"
    );
    assert!(held(&second, &file).starts_with("0 locks"));
    assert_eq!(backups(&one).len(), 1);
}
