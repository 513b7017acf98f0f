//! What a backup of channels consists of.

use crate::base::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// One piece of a backup. A name stands before what mentions it, and an app before what it owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it; columns of the tables of channels")]
pub enum Record {
    /// Whose a name was.
    Name { name: String, holder: Holder },
    /// An app, with the hash of its key.
    App {
        /// As its owner wrote it.
        name: String,
        owner: String,
        /// SHA-256 of the key.
        key_hash: [u8; 32],
        created_at: Timestamp,
        rotated_at: Timestamp,
    },
    /// A public key that somebody logs in with.
    SshKey {
        owner: String,
        name: String,
        public_key: String,
        created_at: Timestamp,
    },
    /// A lock.
    Lock {
        channel: String,
        owner: String,
        locked_at: Timestamp,
    },
    /// A grant.
    Grant {
        channel: String,
        owner: String,
        target: String,
        granted_at: Timestamp,
    },
    /// An advert with its schema.
    Advert {
        channel: String,
        owner: String,
        description: Option<String>,
        schema: Option<String>,
        updated_at: Timestamp,
    },
}

/// Whose a name was. What is restored is for the same ones only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Holder {
    /// A user of the command line.
    User {
        /// When the name was taken.
        since: Timestamp,
    },
    /// This agent.
    Agent {
        /// Its id: another agent of the same handle is somebody else.
        id: Uuid,
    },
    /// Nobody of this world: somebody whom a backend's tokens name.
    Elsewhere,
}

impl Record {
    /// Its key in its table: what pages and comparisons go by.
    pub(super) fn key(&self) -> (String, String) {
        let (first, second) = match self {
            Record::Name { name, .. } => (name.clone(), ""),
            Record::App { name, .. } => (name.to_lowercase(), ""),
            Record::SshKey { owner, name, .. } => (owner.clone(), name.as_str()),
            Record::Lock { channel, .. } | Record::Advert { channel, .. } => (channel.clone(), ""),
            Record::Grant { channel, target, .. } => (channel.clone(), target.as_str()),
        };
        (first, second.to_owned())
    }

    /// Whose it is, but for names.
    pub(super) fn owner(&self) -> Option<&str> {
        match self {
            Record::Name { .. } => None,
            Record::App { owner, .. }
            | Record::SshKey { owner, .. }
            | Record::Lock { owner, .. }
            | Record::Grant { owner, .. }
            | Record::Advert { owner, .. } => Some(owner),
        }
    }

    /// Everybody that it is about: all of them must be who they were.
    pub(super) fn mentions(&self) -> impl Iterator<Item = &str> {
        let target = match self {
            Record::Grant { target, .. } => Some(target.as_str()),
            _ => None,
        };
        self.owner().into_iter().chain(target)
    }
}

/// How many of each there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Tally {
    pub users: u64,
    pub apps: u64,
    pub ssh_keys: u64,
    pub locks: u64,
    pub grants: u64,
    pub adverts: u64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, record: &Record) {
        let number = match record {
            Record::Name { holder, .. } => match holder {
                Holder::User { .. } => &mut self.users,
                Holder::Agent { .. } | Holder::Elsewhere => return,
            },
            Record::App { .. } => &mut self.apps,
            Record::SshKey { .. } => &mut self.ssh_keys,
            Record::Lock { .. } => &mut self.locks,
            Record::Grant { .. } => &mut self.grants,
            Record::Advert { .. } => &mut self.adverts,
        };
        *number = number.saturating_add(1);
    }

    /// Counts what another one has counted.
    pub(super) fn extend(&mut self, more: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.users, more.users);
        add(&mut self.apps, more.apps);
        add(&mut self.ssh_keys, more.ssh_keys);
        add(&mut self.locks, more.locks);
        add(&mut self.grants, more.grants);
        add(&mut self.adverts, more.adverts);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            users,
            apps,
            ssh_keys,
            locks,
            grants,
            adverts,
        } = self;
        write!(
            f,
            "{locks} locks, {grants} grants, {adverts} adverts, {apps} apps, {ssh_keys} public keys, {users} users"
        )
    }
}
