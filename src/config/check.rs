//! Checks that several sections share.

use super::{ConfigError, Secret};

/// Words that are no secrets, however often they are repeated.
const KNOWN_BAD: [&str; 15] = [
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "default",
    "test",
    "example",
    "rookery",
    "admin",
    "letmein",
    "qwerty",
    "0123456789",
    "a random text of 32 bytes or more",
    "a-random-text-of-32-bytes-or-more",
];

/// Shortest secret. Units: bytes. Source: security.md §4.2.
const SECRET_MIN_BYTES: usize = 32;

/// Refuses a number outside `min..=max`.
pub(super) fn within(key: &'static str, value: u64, min: u64, max: u64) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        key,
        reason: format!("must be {min} to {max}, not {value}"),
    })
}

/// Refuses a text that is not exactly what a browser sends as `Origin`.
pub(super) fn origin(key: &'static str, text: &str) -> Result<(), ConfigError> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or_default();
    let is_host =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if !host.is_empty() && text.len() <= 255 && host.chars().all(is_host) {
        return Ok(());
    }
    let reason = format!(
        "must hold origins such as \"https://example.org:8443\", in lower case and without a path, not {text:?}"
    );
    Err(ConfigError::Invalid { key, reason })
}

/// Refuses an address whose scheme is not one of `schemes`, without showing it.
pub(super) fn scheme(key: &'static str, address: &Secret, schemes: &[&str]) -> Result<(), ConfigError> {
    let given = address.expose().split_once("://").map(|(scheme, _)| scheme);
    if given.is_some_and(|given| schemes.contains(&given)) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        key,
        reason: format!("must begin with {}://", schemes.join(":// or ")),
    })
}

/// Refuses a secret that is short, a known default or one thing repeated; `is_dev` lets all but an empty one pass.
pub(super) fn secret(key: &'static str, secret: &Secret, is_dev: bool) -> Result<(), ConfigError> {
    let text = secret.expose().trim();
    if text.is_empty() {
        return Err(ConfigError::Invalid {
            key,
            reason: "must not be empty".to_owned(),
        });
    }
    if is_dev {
        return Ok(());
    }
    let weak = |reason: String| Err(ConfigError::WeakSecret { key, reason });
    let lower = text.to_lowercase();
    if KNOWN_BAD.iter().any(|word| is_mostly(&lower, word)) {
        return weak("is a known default".to_owned());
    }
    if text.len() < SECRET_MIN_BYTES {
        return weak(format!("has {} bytes, fewer than {SECRET_MIN_BYTES}", text.len()));
    }
    if is_repetition(text.as_bytes()) {
        return weak("repeats itself".to_owned());
    }
    Ok(())
}

/// Whether little is left of the text without the word, such as the year in `changeme2024`.
fn is_mostly(text: &str, word: &str) -> bool {
    text.contains(word)
        && text
            .replace(word, "")
            .chars()
            .filter(|c| c.is_alphanumeric())
            .count()
            <= 4
}

/// Whether the bytes are one block of at most a quarter of them, over and over.
fn is_repetition(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 4).any(|period| {
        bytes
            .iter()
            .zip(bytes.iter().skip(period))
            .all(|(one, two)| one == two)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessable_secrets_are_refused_unless_in_development() {
        let weak = [
            "changeme",
            "Secret",
            "password",
            "default123",
            "test",
            "short-but-random-9f3a",
            "secretsecretsecretsecretsecretsecret",
            "changeme-changeme-changeme-changeme-1",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abc1abc1abc1abc1abc1abc1abc1abc1abc1",
            "00000000000000000000000000000000",
            "a random text of 32 bytes or more",
        ];
        for text in weak {
            let refusal = secret("auth.pepper", &Secret::new(text), false).unwrap_err();
            assert!(matches!(refusal, ConfigError::WeakSecret { .. }), "{text}");
            assert!(
                !refusal.to_string().contains(text),
                "the refusal shows the secret: {refusal}"
            );
            assert!(secret("auth.pepper", &Secret::new(text), true).is_ok(), "{text}");
        }
        assert!(secret("auth.pepper", &Secret::new("  "), true).is_err());
    }

    #[test]
    fn random_secret_is_accepted() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "73928461059283746510298374650192",
            "kX2-vv9_Qm4rT7bN1sLw8ZpYc3HdJf6G",
        ] {
            assert!(secret("auth.pepper", &Secret::new(text), false).is_ok(), "{text}");
        }
    }

    #[test]
    fn only_exact_origins_are_accepted() {
        for text in [
            "https://example.org",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
        ] {
            assert!(origin("server.cors_origins", text).is_ok(), "{text}");
        }
        for text in [
            "*",
            "null",
            "",
            "example.org",
            "https://",
            "https://a.org/",
            "https://*.a.org",
            "https://A.org",
            "ftp://a.org",
        ] {
            assert!(origin("server.cors_origins", text).is_err(), "{text}");
        }
    }

    #[test]
    fn wrong_scheme_is_refused_without_showing_the_address() {
        let address = Secret::new("http://user:hunter2@host");
        let refusal = scheme("store.database", &address, &["postgres", "postgresql"]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "`store.database` must begin with postgres:// or postgresql://"
        );
    }
}
