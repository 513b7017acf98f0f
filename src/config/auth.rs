//! `[auth]`.

use std::path::PathBuf;

use super::check::{secret, within};
use super::{ConfigError, Secret};
use crate::base::limit;

section! {
    /// Tokens and the hashing of keys.
    pub struct Auth in "auth" {
        /// Issuer (`iss`) of this server's tokens.
        issuer: String = String::from("rookery"),
        /// Audience (`aud`) of this server's tokens.
        audience: String = String::from("rookery"),
        /// Life of an access token, at most 86400. Units: seconds.
        access_ttl_s: u32 = 3_600,
        /// A refresh token ends when it was not used for so long. Units: days.
        refresh_idle_days: u32 = 7,
        /// A chain of refresh tokens ends after so long. Units: days.
        refresh_absolute_days: u32 = 30,
        /// Life of a command-line user's token, at most 30. Units: days.
        cli_token_ttl_days: u32 = 7,
        /// Folder of the public SSH keys that command-line users log in with: `<username>/<key_name>.pub`, and
        /// `<username>.pub` for the key `main`.
        ssh_keys_folder: Option<PathBuf> = None; example "/etc/rookery/ssh-keys",
        /// Server of the profiles in which command-line users show a signature to log in: `/agents/profile?name=` is
        /// asked under this address. By `https`, on port 443 or 8443, on the open internet.
        profile_url: Option<String> = None; example "https://www.moltbook.com/api/v1",
        /// Whether that server may be on a private network, on any port and by `http`.
        profile_is_private: bool = false,
        /// Shared secret of at least 32 bytes: tokens signed with HS256 are accepted too. Better from a file.
        token_hmac_secret: Option<Secret> = None; example "a random text of 32 bytes or more",
        /// Issuer that an HS256 token must have; without it the claim is not checked.
        hmac_issuer: Option<String> = None; example "my-backend",
        /// Audience that an HS256 token must have; without it the claim is not checked.
        hmac_audience: Option<String> = None; example "rookery",
        /// Secret of at least 32 bytes that is mixed into every key hash. Changing it makes all keys void.
        pepper: Option<Secret> = None; example "a random text of 32 bytes or more",
        /// Memory of one key hash (argon2id). Units: KiB.
        argon2_memory_kib: u32 = 19_456,
        /// Passes of one key hash.
        argon2_passes: u32 = 2,
        /// Lanes of one key hash.
        argon2_lanes: u32 = 1,
        /// Key hashes that run at once.
        argon2_permits: u32 = 4,
        /// Key hashes that may wait; more are answered 503.
        argon2_queue: u32 = 32,
    }
}

impl Auth {
    pub(super) fn check(&self, is_dev: bool) -> Result<(), ConfigError> {
        let names = [("auth.issuer", &self.issuer), ("auth.audience", &self.audience)];
        for (key, name) in names {
            if name.is_empty() || name.len() > 255 {
                return Err(ConfigError::Invalid {
                    key,
                    reason: "must be 1 to 255 bytes".to_owned(),
                });
            }
        }
        if let Some(url) = &self.profile_url {
            address(url)?;
        }
        let secrets = [
            ("auth.token_hmac_secret", &self.token_hmac_secret),
            ("auth.pepper", &self.pepper),
        ];
        for (key, value) in secrets {
            if let Some(value) = value {
                secret(key, value, is_dev)?;
            }
        }
        within(
            "auth.access_ttl_s",
            self.access_ttl_s.into(),
            1,
            limit::ACCESS_TTL_MAX_S.into(),
        )?;
        within(
            "auth.cli_token_ttl_days",
            self.cli_token_ttl_days.into(),
            1,
            limit::CLI_TOKEN_TTL_MAX_DAYS.into(),
        )?;
        within("auth.refresh_idle_days", self.refresh_idle_days.into(), 1, 365)?;
        within(
            "auth.refresh_absolute_days",
            self.refresh_absolute_days.into(),
            self.refresh_idle_days.into(),
            365,
        )?;
        within("auth.argon2_passes", self.argon2_passes.into(), 1, 16)?;
        within("auth.argon2_lanes", self.argon2_lanes.into(), 1, 16)?;
        // Argon2 needs 8 KiB a lane; less than 8 MiB is no hurdle for a guesser.
        let memory_min = if is_dev {
            8 * u64::from(self.argon2_lanes)
        } else {
            8_192
        };
        within(
            "auth.argon2_memory_kib",
            self.argon2_memory_kib.into(),
            memory_min,
            1_048_576,
        )?;
        within("auth.argon2_permits", self.argon2_permits.into(), 1, 64)?;
        within("auth.argon2_queue", self.argon2_queue.into(), 0, 10_000)
    }
}

/// Refuses a text that cannot be the address of a server; the rest is found out when it is first read as one.
fn address(url: &str) -> Result<(), ConfigError> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or_default();
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '@');
    if rest.is_empty() || rest.starts_with('/') || url.len() > 1_024 || rest.contains(is_odd) {
        return Err(ConfigError::Invalid {
            key: "auth.profile_url",
            reason: "must be an address such as \"https://example.org/api/v1\", without a user, a query or a fragment"
                .to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_profiles_is_plain() {
        let check = |url: &str| {
            let auth = Auth {
                profile_url: Some(url.to_owned()),
                ..Auth::default()
            };
            auth.check(false)
        };
        for good in [
            "https://example.org",
            "http://10.0.0.7:9000/api/v1/",
            "http://[::1]:80/a",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https:///a",
            "https://u:p@example.org",
            "https://example.org/?a",
            "https://example.org/#a",
            "https://example.org/a b",
        ] {
            let refusal = check(bad).unwrap_err().to_string();
            assert!(refusal.contains("`auth.profile_url`"), "{refusal}");
        }
        assert!(check(&format!("https://{}", "a".repeat(1_024))).is_err());
    }

    #[test]
    fn a_users_token_lives_1_to_30_days() {
        let check = |cli_token_ttl_days| {
            let auth = Auth {
                cli_token_ttl_days,
                ..Auth::default()
            };
            auth.check(false).is_ok()
        };
        assert_eq!([0, 1, 7, 30, 31].map(check), [false, true, true, true, false]);
    }
}
