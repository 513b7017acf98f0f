//! Settings from `ROOKERY_*` variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::load::read_file;
use super::nearest::nearest;
use super::setting::{Kind, Section};

/// What all variables begin with.
const PREFIX: &str = "ROOKERY_";
/// The variable that names the settings file.
const CONFIG: &str = "ROOKERY_CONFIG";

/// Short names of settings: variable, section, key.
pub(super) const SHORT: [(&str, &str, &str); 11] = [
    ("ROOKERY_LISTEN", "server", "listen"),
    ("ROOKERY_ADMIN_LISTEN", "server", "admin_listen"),
    ("ROOKERY_DATA", "server", "data"),
    ("ROOKERY_NODE", "server", "node"),
    ("ROOKERY_DEV", "server", "dev"),
    ("ROOKERY_DATABASE", "store", "database"),
    ("ROOKERY_REDIS", "bus", "redis"),
    ("ROOKERY_TOKEN_HMAC_SECRET", "auth", "token_hmac_secret"),
    ("ROOKERY_WORLD", "world", "file"),
    ("ROOKERY_DEMO", "world", "demo"),
    ("ROOKERY_UNLIMITED", "limits", "unlimited"),
];

/// Variables of the tests' own, which a server that a test starts inherits.
const TESTS: [&str; 3] = ["ROOKERY_BLESS", "ROOKERY_FAULT", "ROOKERY_MUTANT"];

/// Variables of `rookery channel`, of the examples and of the page's test: whoever runs them may start a world from the same shell.
const CLIENTS: [&str; 8] = [
    "ROOKERY_SERVER",
    "ROOKERY_SSH_KEY",
    "ROOKERY_TOKEN",
    "ROOKERY_WS",
    "ROOKERY_URL",
    "ROOKERY_PROTOCOL",
    "ROOKERY_SECONDS",
    "ROOKERY_KEY_FILE",
];

/// One setting from the environment.
#[derive(Debug, PartialEq)]
pub(super) struct Given {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    pub(super) variable: String,
    pub(super) text: String,
}

struct Target {
    section: &'static str,
    key: &'static str,
    kind: Kind,
    /// Whether the variable holds the path of a file with the value.
    is_file: bool,
}

/// Reads the settings and the path of the settings file from the variables. Empty variables count as unset.
///
/// Errors: unknown `ROOKERY_*` variables, the same setting twice, secret files that cannot be read.
pub(super) fn read(
    variables: impl IntoIterator<Item = (String, String)>,
    sections: &[Section],
) -> Result<(Vec<Given>, Option<PathBuf>), ConfigError> {
    let known = known(sections);
    let mut given: Vec<Given> = Vec::new();
    let mut config = None;
    let ours = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX));
    for (name, text) in ours {
        if name == CONFIG {
            config = Some(text).filter(|text| !text.is_empty()).map(PathBuf::from);
            continue;
        }
        let Some(target) = known.get(&name) else {
            let is_for_others = TESTS.contains(&name.as_str()) || CLIENTS.contains(&name.as_str());
            if is_for_others || is_from_kubernetes(&name, &text) {
                continue;
            }
            let names = known.keys().map(String::as_str).chain([CONFIG]);
            let nearest = nearest(&name, names).map(str::to_owned);
            return Err(ConfigError::UnknownVariable { name, nearest });
        };
        if text.is_empty() {
            continue;
        }
        let same = |other: &&Given| (other.section, other.key) == (target.section, target.key);
        if let Some(other) = given.iter().find(same) {
            return Err(ConfigError::Twice {
                first: other.variable.clone(),
                second: name,
            });
        }
        let text = if target.is_file {
            secret_from_file(Path::new(&text))?
        } else {
            text
        };
        let &Target {
            section, key, kind, ..
        } = target;
        given.push(Given {
            section,
            key,
            kind,
            variable: name,
            text,
        });
    }
    Ok((given, config))
}

fn secret_from_file(path: &Path) -> Result<String, ConfigError> {
    // Editors and `echo` end a file with a line break that is not part of the secret.
    read_file(path).map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
}

fn known(sections: &[Section]) -> BTreeMap<String, Target> {
    let mut known = BTreeMap::new();
    for section in sections {
        for key in &section.keys {
            let short = SHORT
                .iter()
                .filter(|(_, table, name)| (*table, *name) == (section.name, key.name));
            let names = short.map(|(variable, _, _)| (*variable).to_owned());
            for name in names.chain([long_name(section.name, key.name)]) {
                let target = |is_file| Target {
                    section: section.name,
                    key: key.name,
                    kind: key.kind,
                    is_file,
                };
                if key.kind == Kind::Secret {
                    known.insert(format!("{name}_FILE"), target(true));
                }
                known.insert(name, target(false));
            }
        }
    }
    known
}

/// The variable of a setting: `ROOKERY_LIMITS__ACTIONS_PER_MIN`.
pub(super) fn long_name(section: &str, key: &str) -> String {
    let section = section.replace('.', "__").to_uppercase();
    format!("{PREFIX}{section}__{}", key.to_uppercase())
}

/// Kubernetes gives every pod the addresses of the services beside it: a service called `rookery` or
/// `rookery-redis` brings `ROOKERY_SERVICE_HOST` or `ROOKERY_REDIS_PORT_6379_TCP`, which are no settings.
fn is_from_kubernetes(name: &str, text: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.contains("_PORT") && (text.starts_with("tcp://") || text.starts_with("udp://")))
        || name
            .rsplit_once("_PORT_")
            .is_some_and(|(_, rest)| rest.contains("_TCP") || rest.contains("_UDP"))
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> Result<(Vec<Given>, Option<PathBuf>), ConfigError> {
        let variables = variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        read(variables, &Config::sections())
    }

    #[test]
    fn short_and_long_names_reach_their_setting() {
        let (given, config) = read_all(&[
            ("ROOKERY_LISTEN", "127.0.0.1:1"),
            ("ROOKERY_LIMITS__ACTIONS_PER_MIN", "7"),
            ("ROOKERY_CONFIG", "here.toml"),
            ("ROOKERY_CHANNEL__PUBLIC__LATEST_ONLY", "1s"),
            ("ROOKERY_REDIS", ""),
            ("PATH", "/bin"),
        ])
        .unwrap();
        let keys: Vec<_> = given
            .iter()
            .map(|one| (one.section, one.key, one.text.as_str()))
            .collect();
        assert_eq!(
            keys,
            [
                ("server", "listen", "127.0.0.1:1"),
                ("limits", "actions_per_min", "7"),
                ("channel.public", "latest_only", "1s")
            ]
        );
        assert_eq!(config, Some(PathBuf::from("here.toml")));
    }

    #[test]
    fn every_short_name_is_a_setting() {
        let sections = Config::sections();
        let known = known(&sections);
        for (variable, section, key) in SHORT {
            let target = known
                .get(variable)
                .unwrap_or_else(|| panic!("{variable} names nothing"));
            assert_eq!((target.section, target.key), (section, key));
        }
    }

    #[test]
    fn unknown_variable_is_refused_with_the_nearest_name() {
        let refusal = read_all(&[("ROOKERY_LISTN", "x")]).unwrap_err().to_string();
        assert_eq!(
            refusal,
            "unknown environment variable ROOKERY_LISTN; did you mean `ROOKERY_LISTEN`?"
        );
        let refusal = read_all(&[("ROOKERY_LIMITS__ACTION_PER_MIN", "x")])
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("`ROOKERY_LIMITS__ACTIONS_PER_MIN`"), "{refusal}");
        assert!(read_all(&[("ROOKERY_LIMITS_ACTIONS_PER_MIN", "1")]).is_err());
        assert!(
            read_all(&[("ROOKERY_LISTEN_FILE", "x")]).is_err(),
            "only secrets come from files"
        );
    }

    #[test]
    fn variables_of_kubernetes_and_of_the_examples_are_passed_over() {
        let (given, _) = read_all(&[
            ("ROOKERY_URL", "http://127.0.0.1:8000"),
            ("ROOKERY_SERVER", "http://127.0.0.1:8000"),
            ("ROOKERY_TOKEN", "t"),
            ("ROOKERY_SERVICE_HOST", "10.0.0.1"),
            ("ROOKERY_SERVICE_PORT", "8000"),
            ("ROOKERY_SERVICE_PORT_HTTP", "8000"),
            ("ROOKERY_PORT", "tcp://10.0.0.1:8000"),
            ("ROOKERY_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
            ("ROOKERY_PORT_8000_TCP_ADDR", "10.0.0.1"),
            ("ROOKERY_REDIS_SERVICE_HOST", "10.0.0.2"),
        ])
        .unwrap();
        assert_eq!(given, []);
        assert!(
            read_all(&[("ROOKERY_PORT", "8000")]).is_err(),
            "this one was meant as a setting"
        );
    }

    #[test]
    fn same_setting_twice_is_refused() {
        let refusal = read_all(&[("ROOKERY_LISTEN", "a"), ("ROOKERY_SERVER__LISTEN", "b")]).unwrap_err();
        assert!(matches!(refusal, ConfigError::Twice { .. }));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "x").unwrap();
        let file = file.to_str().unwrap();
        let refusal = read_all(&[("ROOKERY_DATABASE", "a"), ("ROOKERY_DATABASE_FILE", file)]).unwrap_err();
        assert!(matches!(refusal, ConfigError::Twice { .. }));
    }

    #[test]
    fn secret_is_read_from_a_file_without_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "from the file\n").unwrap();
        let (given, _) = read_all(&[("ROOKERY_TOKEN_HMAC_SECRET_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(given[0].text, "from the file");
        let missing = folder.path().join("missing");
        let refusal = read_all(&[("ROOKERY_AUTH__PEPPER_FILE", missing.to_str().unwrap())]).unwrap_err();
        assert!(refusal.to_string().contains("missing"), "{refusal}");
    }
}
