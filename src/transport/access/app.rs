//! Apps: an app's key is good for channels, over HTTP and over a socket, until it is rotated.

use super::Access;
use crate::domain::agent::{Permissions, RevocationKind};
use crate::domain::channel::Subject;
use crate::domain::refusal::{Code, Refusal};
use crate::guard::{AppKey, TokenKind, Verified};
use crate::telemetry::metric;
use std::fmt::Write;

impl Access {
    /// Verifies what somebody shows: a token, or an app's key. Errors: as `verify`; temporary ones.
    pub async fn recognise(&self, shown: &str) -> Result<Verified, Refusal> {
        let Some(key) = AppKey::parse(shown) else {
            return self.verify(shown);
        };
        let hash = key.hash();
        let app = self.database.read(move |reader| reader.app_by_key(&hash)).await?;
        let app = app.ok_or_else(|| {
            metric::authentication_failures("app_key").increment(1);
            Refusal::new(Code::Unauthenticated, "the app's key is not a valid one")
        })?;
        Ok(Verified {
            subject: Subject::App(&app.name).to_string(),
            permissions: Some(Permissions::from_names([])),
            token_id: Some(token_id_of(&hash)),
            family: None,
            key_id: None,
            issued_at: None,
            expires_at: None,
            // As with those of the command line, its holder uses channels and never acts.
            kind: TokenKind::Cli,
            channels: Vec::new(),
            info: None,
        })
    }

    /// Closes the sockets that were opened with an app's key, on all nodes. Errors: temporary ones.
    pub async fn revoke_app_key(&self, key_hash: &[u8]) -> Result<(), Refusal> {
        self.revoke_id(RevocationKind::Token, token_id_of(key_hash))
            .await?;
        self.refresh_revocations().await
    }
}

/// By which revocations know a key: it is no secret.
fn token_id_of(key_hash: &[u8]) -> String {
    let mut id = String::with_capacity(key_hash.len().saturating_mul(2));
    for byte in key_hash {
        // A text takes everything.
        let _ = write!(id, "{byte:02x}");
    }
    id
}
