//! The configuration, and what comes before it.

use super::scripted_server::ScriptedServer;
use super::{User, done};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_token_is_kept_for_its_owner_alone() {
    let user = User::of("http://127.0.0.1:1");
    user.log_in("secret");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&user.config()), mode(user.config().parent().unwrap())),
        (0o600, 0o700)
    );
    let kept: Value = serde_json::from_str(&fs::read_to_string(user.config()).unwrap()).unwrap();
    assert_eq!(kept, json!({"token": "secret", "server": "http://127.0.0.1:1"}));
    user.run(&["logout"]).ok();
    assert!(!fs::read_to_string(user.config()).unwrap().contains("secret"));
    assert!(user.run(&["whoami"]).failed(3).contains("not logged in"));
}

#[test]
fn a_flag_beats_the_environment_and_that_the_configuration() {
    let servers: Vec<ScriptedServer> = (0..3)
        .map(|_| ScriptedServer::always(200, json!({"ok": true})))
        .collect();
    let user = User::of(&servers[1].url);
    let publish = ["pub", "public.a", "x"];
    let mut configure = user.command(&["config", "--server", &servers[2].url]);
    done(configure.env_remove("ROOKERY_SERVER")).ok();
    done(
        user.command(&["login", "--token", "kept"])
            .env_remove("ROOKERY_SERVER"),
    )
    .ok();
    done(user.command(&publish).env_remove("ROOKERY_SERVER")).ok();
    assert_eq!(servers[2].one().token.as_deref(), Some("kept"));
    // The kept token is for the kept server only.
    user.run(&publish).failed(3);
    done(
        user.command(&publish)
            .env("ROOKERY_TOKEN", "of the shell".replace(' ', "-")),
    )
    .ok();
    assert_eq!(servers[1].one().token.as_deref(), Some("of-the-shell"));
    let flags = ["--server", &servers[0].url, "--token", "given"];
    done(
        user.command(&[&publish[..], &flags].concat())
            .env("ROOKERY_TOKEN", "shell"),
    )
    .ok();
    assert_eq!(servers[0].one().token.as_deref(), Some("given"));
}

#[test]
fn the_configuration_is_where_it_is_said_to_be() {
    let user = User::of("http://127.0.0.1:1");
    let folder = user.home().join("elsewhere");
    let text = folder.to_str().unwrap();
    done(
        user.command(&["login", "--token", "x"])
            .env("XDG_CONFIG_HOME", &folder),
    )
    .ok();
    assert!(folder.join("rookery/channel.json").exists() && !user.config().exists());
    user.run(&["login", "--token", "y", "--config", &format!("{text}/")])
        .ok();
    let shown = user.run(&["config", "--show", "-j", "-c", text]).json();
    assert_eq!(shown["data"]["path"], json!(folder.join("channel.json")));
    assert_eq!(
        (&shown["data"]["has_token"], &shown["data"]["server"]),
        (&json!(true), &json!("http://127.0.0.1:1"))
    );
    assert!(!shown.to_string().contains("\"y\""), "tokens are not shown");
    fs::write(user.home().join("broken"), "{").unwrap();
    assert!(
        user.run(&["whoami", "-c", "broken"])
            .failed(1)
            .contains("is not a configuration")
    );
    for bad in [["--server", "nowhere"], ["--ws", "nowhere"]] {
        user.run(&[&["config"], &bad[..]].concat()).failed(2);
    }
}

#[test]
fn a_command_that_makes_no_sense_ends_with_2() {
    let user = User::of("http://127.0.0.1:1");
    for line in [
        &["fly"][..],
        &["sub"],
        &["grant", "bob"],
        &["login"],
        &["subexec", "public.a"],
    ] {
        user.run(line).failed(2);
    }
    let help = user.run(&["--help"]).ok();
    assert!(
        help.contains("Exit status:") && help.contains("ROOKERY_TOKEN"),
        "{help}"
    );
}

#[test]
fn shells_and_manuals_know_the_verbs() {
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(super::PROGRAM);
        done(command.args(arguments))
    };
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).ok();
        assert!(
            script.contains("subexec") && script.contains("key-path"),
            "{shell}"
        );
    }
    let page = run(&["man", "channel"]).ok();
    assert!(
        page.contains("Exit status") && page.contains("channel\\-subexec"),
        "{page}"
    );
    let page = run(&["man", "channel", "subexec"]).ok();
    assert!(
        page.contains("\\-\\-buffer") && page.contains("\\-\\-server"),
        "{page}"
    );
    run(&["man", "fly"]).failed(1);
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--folder", folder.path().to_str().unwrap()]).ok();
    assert!(folder.path().join("rookery-channel-sub.1").exists() && folder.path().join("rookery.1").exists());
}
