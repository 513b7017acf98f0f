use super::super::LogFormat;
use super::*;

/// Loads with a settings file of this text, these variables and flags.
fn load(file: Option<&str>, variables: &[(&str, &str)], flags: Flags) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rookery.toml");
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
    }
    let variables = variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::from_layers(&flags, variables, &path)
}

fn refusal(file: &str) -> String {
    load(Some(file), &[], Flags::default())
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn without_anything_the_defaults_hold() {
    let config = load(None, &[], Flags::default()).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8000");
    assert!(!config.server.dev);
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nnode = \"file\"\n[world]\ntick_ms = 50\ndemo = 1\n";
    let variables = [
        ("ROOKERY_LISTEN", "127.0.0.1:2"),
        ("ROOKERY_NODE", "1234"),
        ("ROOKERY_WORLD__DEMO", "2"),
    ];
    let flags = Flags {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        ..Flags::default()
    };
    let config = load(Some(file), &variables, flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(
        config.server.node, "1234",
        "a text stays a text, whatever it looks like"
    );
    assert_eq!(
        (config.world.demo, config.world.tick_ms, config.world.seed),
        (2, 50, 1)
    );
}

#[test]
fn settings_of_a_namespace_come_from_file_and_environment() {
    let file = "[channel.public]\nlatest_only = \"100ms\"\n[channel.agent]\nlatest_only = \"2s\"\n";
    let variables = [("ROOKERY_CHANNEL__AGENT__LATEST_ONLY", "1m")];
    let channel = load(Some(file), &variables, Flags::default()).unwrap().channel;
    let ms = [channel.public, channel.agent, channel.app, channel.system]
        .map(|settings| settings.latest_only.map(super::super::Period::as_ms));
    assert_eq!(ms, [Some(100), Some(60_000), None, None]);
    for (file, word) in [
        ("[channel.publik]\nlatest_only = \"1s\"", "`channel.public`"),
        ("[channel.public]\nlatest = \"1s\"", "channel.public.latest"),
        ("[channel.public]\nlatest_only = 5", "channel.public.latest_only"),
        ("[channel.public]\nlatest_only = \"5\"", "100ms"),
        ("[channel]\npublic = 5", "channel.public"),
        ("channel = 5", "channel"),
    ] {
        assert!(refusal(file).contains(word), "{file}: {}", refusal(file));
    }
}

#[test]
fn all_flags_arrive() {
    let flags = Flags {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        admin_listen: Some("127.0.0.1:4".parse().unwrap()),
        store: super::super::StoreFlags {
            config: None,
            data: Some("/tmp/d".into()),
            database: Some("postgres://u@h/d".to_owned()),
            dev: true,
        },
        redis: Some("redis://h".to_owned()),
        world: Some("w.toml".into()),
        node: Some("n".to_owned()),
        demo: Some(24),
        unlimited: true,
    };
    let config = load(None, &[], flags).unwrap();
    assert_eq!(config.server.admin_listen.unwrap().port(), 4);
    assert_eq!(config.server.data, PathBuf::from("/tmp/d"));
    assert_eq!(config.store.database.unwrap().expose(), "postgres://u@h/d");
    assert_eq!(config.bus.redis.unwrap().expose(), "redis://h");
    assert_eq!(config.world.file, Some(PathBuf::from("w.toml")));
    assert_eq!((config.server.node.as_str(), config.world.demo), ("n", 24));
    assert!(config.server.dev && config.limits.unlimited);
}

#[test]
fn lists_switches_and_words_come_from_the_environment() {
    let variables = [
        ("ROOKERY_SERVER__CORS_ORIGINS", "https://a.org, https://b.org,"),
        ("ROOKERY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8"),
        ("ROOKERY_UNLIMITED", "1"),
        ("ROOKERY_BUS__MIRROR", "off"),
        ("ROOKERY_LOG__FORMAT", "json"),
    ];
    let config = load(None, &variables, Flags::default()).unwrap();
    assert_eq!(config.server.cors_origins, ["https://a.org", "https://b.org"]);
    assert!(config.server.trusted_proxies[0].contains("10.1.2.3".parse().unwrap()));
    assert!(config.limits.unlimited && !config.bus.mirror);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let text = refusal("[world]\ntickms = 50\n");
    assert!(
        text.ends_with("unknown key `world.tickms`; did you mean `tick_ms`?"),
        "{text}"
    );
    let text = refusal("[wrold]\ntick_ms = 50\n");
    assert!(
        text.ends_with("unknown key `wrold`; did you mean `world`?"),
        "{text}"
    );
    let text = refusal("[world]\nbananas = 50\n");
    assert!(text.ends_with("unknown key `world.bananas`"), "{text}");
}

#[test]
fn values_of_the_wrong_kind_or_range_are_refused() {
    let cases = [
        (
            "[world]\ntick_ms = \"fast\"",
            "`world.tick_ms` must be a whole number",
        ),
        ("[world]\ndemo = -1", "`world.demo` must be a whole number"),
        ("[world]\ndemo = 4294967296", "demo"),
        (
            "[world]\ntick_ms = 32",
            "`world.tick_ms` must be 33 to 1000, not 32",
        ),
        ("[world]\ntick_ms = 1001", "`world.tick_ms` must be 33 to 1000"),
        (
            "[auth]\naccess_ttl_s = 86401",
            "`auth.access_ttl_s` must be 1 to 86400",
        ),
        ("[server]\ndev = 1", "`server.dev` must be true or false"),
        ("[server]\nlisten = \"nowhere\"", "listen"),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]", "10.0.0.0/99"),
        ("[server]\ncors_origins = [\"*\"]", "`server.cors_origins`"),
        ("[server]\nnode = \"a b\"", "`server.node`"),
        (
            "[store]\ndatabase = \"mysql://h\"",
            "`store.database` must begin with postgres://",
        ),
        ("[log]\nformat = \"xml\"", "xml"),
        ("world = 1", "`world` must be a section"),
        ("[world\n", "line 1"),
        ("[world]\n\ndemo == 1\n", "line 3"),
        ("[auth]\nargon2_memory_kib = 64", "`auth.argon2_memory_kib`"),
        (
            "[retention]\ncommands_hours = 1",
            "`retention.commands_hours` must be 48",
        ),
    ];
    for (file, expected) in cases {
        let text = refusal(file);
        assert!(text.contains(expected), "{file:?}: {text}");
    }
    let text = load(None, &[("ROOKERY_DEMO", "many")], Flags::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "ROOKERY_DEMO: `world.demo` must be a whole number that is not negative"
    );
    assert!(load(None, &[("ROOKERY_DEV", "maybe")], Flags::default()).is_err());
}

#[test]
fn known_bad_secret_is_refused_unless_in_development() {
    let weak = [("ROOKERY_TOKEN_HMAC_SECRET", "changeme")];
    let text = load(None, &weak, Flags::default()).unwrap_err().to_string();
    assert!(
        text.contains("`auth.token_hmac_secret` is a known default"),
        "{text}"
    );
    let text = refusal("[auth]\npepper = \"too short 81730\"\n");
    assert!(text.contains("`auth.pepper` has 15 bytes"), "{text}");
    let dev = [("ROOKERY_TOKEN_HMAC_SECRET", "changeme"), ("ROOKERY_DEV", "true")];
    let config = load(None, &dev, Flags::default()).unwrap();
    assert_eq!(config.auth.token_hmac_secret.unwrap().expose(), "changeme");
}

#[test]
fn refusals_and_debug_texts_show_no_secret() {
    let secret = "3141592653589793238462643383279502884197";
    let files = [
        format!("[auth]\ntoken_hmac_secret = {secret}0\n"),
        "[auth]\ntoken_hmac_secret = 31415926535897\n".to_owned(),
        format!("[auth]\ntoken_hmac_secret = \"{secret}\n"),
        format!("[auth]\ntoken_hmac_secret = [\"{secret}\"]\n"),
        format!("[store]\ndatabase = \"mysql://u:{secret}@h\"\n"),
    ];
    for file in files {
        let text = refusal(&file);
        assert!(!text.contains("3141592"), "{text}");
    }
    let config = load(None, &[("ROOKERY_TOKEN_HMAC_SECRET", secret)], Flags::default()).unwrap();
    assert_eq!(
        config.auth.token_hmac_secret.as_ref().unwrap().expose(),
        secret,
        "digits stay a text"
    );
    assert!(!format!("{config:?}").contains("3141592"));
}

#[test]
fn only_a_named_file_must_exist() {
    let missing = PathBuf::from("/nonexistent/rookery.toml");
    let store = super::super::StoreFlags {
        config: Some(missing),
        ..Default::default()
    };
    let text = load(None, &[], store.into()).unwrap_err().to_string();
    assert_eq!(text, "could not read /nonexistent/rookery.toml");
    let variables = [("ROOKERY_CONFIG", "/nonexistent/other.toml")];
    assert!(load(None, &variables, Flags::default()).is_err());
}

#[test]
fn huge_file_is_refused() {
    let text = "#".repeat(usize::try_from(limit::CONFIG_FILE_MAX_BYTES).unwrap() + 1);
    assert!(refusal(&text).contains("is larger than"));
}
