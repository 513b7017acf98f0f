//! Apps: an app's key is good for channels, over HTTP and over a socket, until it is rotated.

use super::Access;
use crate::domain::agent::Permissions;
use crate::domain::channel::{Subject, app_key_id};
use crate::domain::refusal::{Code, Refusal};
use crate::guard::{AppKey, TokenError, TokenKind, Verified};
use crate::telemetry::metric;

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
        let verified = Verified {
            subject: Subject::App(&app.name).to_string(),
            permissions: Some(Permissions::from_names([])),
            token_id: Some(app_key_id(&hash)),
            family: None,
            key_id: None,
            issued_at: None,
            expires_at: None,
            // As with those of the command line, its holder uses channels and never acts.
            kind: TokenKind::Cli,
            channels: Vec::new(),
            info: None,
        };
        // A backup may bring an app back whose key was ended since.
        if self.is_revoked(&verified, self.now()) {
            return Err(TokenError::Revoked.into());
        }
        Ok(verified)
    }
}
