//! Channels over the socket: what a command names, and who asks.

mod asking;
mod publishing;
mod right;
mod subscribing;

pub use asking::history_result;

use super::super::session::Session;
use crate::actors::channels::Kept;
use crate::base::limit::CHANNEL_NAME_MAX_BYTES;
use crate::domain::channel::Namespace;
use crate::domain::refusal::{Code, Refusal};
use crate::wire::push::{ClientInfo, Publication};
use crate::wire::{ClientError, Disconnect};
use bytes::Bytes;

impl Session {
    /// The name by which channels know this user: a handle, of an agent or of a user of a backend's token, or `app:<app>`.
    pub(crate) fn user(&self) -> String {
        match (&self.caller, &self.verified) {
            (Some(caller), _) => caller.handle.to_string(),
            (None, Some(verified)) => verified.subject.clone(),
            (None, None) => String::new(),
        }
    }

    pub(super) fn info(&self) -> ClientInfo {
        let conn_info = self.verified.as_ref().and_then(|verified| verified.info.as_ref());
        let conn_info = conn_info
            .map(|info| Bytes::copy_from_slice(info.get().as_bytes()))
            .unwrap_or_default();
        ClientInfo {
            user: self.user(),
            client: self.id.to_string(),
            conn_info,
            ..ClientInfo::default()
        }
    }

    /// Reads a channel's name, or answers the error.
    fn namespace<'a>(&mut self, id: u32, channel: &'a str) -> Option<Namespace<'a>> {
        if channel.is_empty() {
            self.close(Disconnect::BAD_REQUEST);
            return None;
        }
        if channel.len() > CHANNEL_NAME_MAX_BYTES {
            self.error(id, ClientError::BAD_REQUEST);
            return None;
        }
        match Namespace::of(channel) {
            Ok(namespace) => Some(namespace),
            Err(refusal) if refusal.code == Code::NotFound => {
                self.error(id, ClientError::UNKNOWN_CHANNEL);
                None
            }
            Err(_) => {
                self.error(id, ClientError::BAD_REQUEST);
                None
            }
        }
    }

    /// Answers that something is not permitted, with the protocol's own code; what is temporary keeps its own.
    fn deny(&self, id: u32, refusal: &Refusal) {
        if refusal.code.is_temporary() {
            self.refuse(id, refusal);
        } else {
            self.error(id, ClientError::PERMISSION_DENIED);
        }
    }

    fn has_channel(&self, name: &str) -> bool {
        let is_inbox = || {
            self.caller
                .as_ref()
                .is_some_and(|caller| name.strip_prefix('#') == Some(caller.handle.as_str()))
        };
        let is_region = || {
            name.strip_prefix("region:")
                .is_some_and(|region| self.region.borrow().as_deref() == Some(region))
        };
        self.channels.borrow().contains_key(name) || is_inbox() || is_region()
    }

    /// Subscriptions here have no token of their own to refresh.
    pub(super) fn sub_refresh(&mut self, id: u32, channel: &str) {
        if self.channels.borrow().contains_key(channel) {
            self.close(Disconnect::BAD_REQUEST);
        } else {
            self.error(id, ClientError::PERMISSION_DENIED);
        }
    }
}

fn publication_of(kept: &Kept) -> Publication {
    Publication {
        data: kept.data.clone(),
        offset: kept.offset,
        info: kept.publisher.clone().map(Box::new),
        time: kept.at.0,
        ..Publication::default()
    }
}
