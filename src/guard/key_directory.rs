//! Public keys of users as files, which the operator puts into a folder: `<username>/<key_name>.pub`, and
//! `<username>.pub` for the key `main`.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::ssh_signature::{KEY_MAX_BYTES, PublicKey, PublicKeyError};
use crate::config::Auth;
use crate::domain::agent::Handle;

/// The key that is meant when none is named. Source: features.md CE-11.
pub const MAIN_KEY: &str = "main";
/// Longest name of a key. Units: bytes.
pub const KEY_NAME_MAX_BYTES: usize = 64;

/// The name of one of a user's keys: 1 to 64 of `[A-Za-z0-9_.-]`, the first a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Checks and wraps a name; none for anything else.
    pub fn new(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_name = (1..=KEY_NAME_MAX_BYTES).contains(&text.len())
            && text.bytes().all(is_allowed)
            && text.starts_with(|first: char| first.is_ascii_alphanumeric());
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name that is meant when none is given.
    pub fn main() -> Self {
        Self(MAIN_KEY.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The operator's folder of public keys.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    folder: PathBuf,
}

/// Why a file of the folder gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyDirectoryError {
    /// The folder, or a file that is there, cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is a link that leads out of the folder.
    #[error("{} leads out of the folder of keys", path.display())]
    Outside {
        /// Which one.
        path: PathBuf,
    },
    /// The file is a folder, a pipe or a device.
    #[error("{} is no file", path.display())]
    NoFile {
        /// Which one.
        path: PathBuf,
    },
    /// The file holds no usable key.
    #[error("{} holds no usable key", path.display())]
    Key {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: PublicKeyError,
    },
}

impl KeyDirectory {
    /// The folder that the settings name, if they do.
    pub fn of(settings: &Auth) -> Option<Self> {
        settings.ssh_keys_folder.clone().map(Self::new)
    }

    /// Keys in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// A user's key; none where there is no file. **Blocks**: to be called on the blocking pool.
    /// Links are followed within the folder only.
    /// Errors: see [`KeyDirectoryError`].
    pub fn find(&self, username: &Handle, name: &KeyName) -> Result<Option<PublicKey>, KeyDirectoryError> {
        let root = fs::canonicalize(&self.folder).map_err(|source| unreadable(&self.folder, source))?;
        let own = root
            .join(username.as_str())
            .join(format!("{}.pub", name.as_str()));
        let short = root.join(format!("{username}.pub"));
        match read(&root, &own)? {
            None if name.as_str() == MAIN_KEY => read(&root, &short),
            found => Ok(found),
        }
    }
}

fn unreadable(path: &Path, source: io::Error) -> KeyDirectoryError {
    KeyDirectoryError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Reads the key at a path below `root`, which has no links in it.
fn read(root: &Path, path: &Path) -> Result<Option<PublicKey>, KeyDirectoryError> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    if !target.starts_with(root) {
        return Err(KeyDirectoryError::Outside {
            path: path.to_owned(),
        });
    }
    // The target has no links; one that came since is not followed, and nobody waits at a pipe.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(&target)
        .map_err(|source| unreadable(path, source))?;
    let is_file = file
        .metadata()
        .map_err(|source| unreadable(path, source))?
        .is_file();
    if !is_file {
        return Err(KeyDirectoryError::NoFile {
            path: path.to_owned(),
        });
    }
    let unusable = |source| KeyDirectoryError::Key {
        path: path.to_owned(),
        source,
    };
    let most = u64::try_from(KEY_MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|source| unreadable(path, source))?;
    let line = String::from_utf8(bytes).map_err(|_not_text| unusable(PublicKeyError::Unreadable))?;
    PublicKey::parse(&line).map(Some).map_err(unusable)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti user@example.com\n";

    fn folder() -> (TempDir, KeyDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let directory = KeyDirectory::new(folder.path().join("keys"));
        fs::create_dir_all(folder.path().join("keys/alice")).unwrap();
        (folder, directory)
    }

    fn find(
        directory: &KeyDirectory,
        username: &str,
        name: &str,
    ) -> Result<Option<PublicKey>, KeyDirectoryError> {
        directory.find(&Handle::new(username).unwrap(), &KeyName::new(name).unwrap())
    }

    #[test]
    fn a_key_is_found_by_its_name_and_the_main_one_in_two_places() {
        let (folder, directory) = folder();
        let keys = folder.path().join("keys");
        let expected = PublicKey::parse(ONE).unwrap();
        assert!(find(&directory, "alice", "desk").unwrap().is_none());
        fs::write(keys.join("alice/desk.pub"), ONE).unwrap();
        assert_eq!(find(&directory, "alice", "desk").unwrap(), Some(expected.clone()));
        assert!(find(&directory, "alice", "main").unwrap().is_none());
        fs::write(keys.join("alice.pub"), ONE).unwrap();
        assert_eq!(find(&directory, "alice", "main").unwrap(), Some(expected.clone()));
        assert!(find(&directory, "alice", "other").unwrap().is_none());
        // The one in the user's own folder comes first.
        fs::write(keys.join("alice/main.pub"), "nothing").unwrap();
        assert!(find(&directory, "alice", "main").is_err());
        fs::write(keys.join("bob.pub"), ONE).unwrap();
        assert_eq!(find(&directory, "bob", "main").unwrap(), Some(expected));
        assert!(find(&directory, "carol", "main").unwrap().is_none());
    }

    #[test]
    fn no_name_is_a_path() {
        for bad in [
            "", ".", "..", ".hidden", "-n", "a/b", "../x", "a\\b", "a\0", "a b", "ä", "a\n", "%2e",
        ] {
            assert!(KeyName::new(bad).is_none(), "{bad:?}");
        }
        assert!(KeyName::new(&"k".repeat(65)).is_none());
        for good in ["main", "work.laptop-2_a", "A", &"k".repeat(64)] {
            assert_eq!(KeyName::new(good).unwrap().as_str(), good);
        }
        assert_eq!(KeyName::main().as_str(), "main");
    }

    #[test]
    fn links_lead_nowhere_outside() {
        let (folder, directory) = folder();
        let keys = folder.path().join("keys");
        fs::write(folder.path().join("secret.pub"), ONE).unwrap();
        fs::create_dir(folder.path().join("dave")).unwrap();
        fs::write(folder.path().join("dave/main.pub"), ONE).unwrap();
        symlink(folder.path().join("secret.pub"), keys.join("alice/out.pub")).unwrap();
        symlink("../../secret.pub", keys.join("alice/up.pub")).unwrap();
        symlink("../dave", keys.join("dave")).unwrap();
        for (username, name) in [("alice", "out"), ("alice", "up"), ("dave", "main")] {
            let refusal = find(&directory, username, name).unwrap_err();
            assert!(matches!(refusal, KeyDirectoryError::Outside { .. }), "{refusal}");
        }
        // As the secrets of a container are mounted: links inside the folder, which is itself behind one.
        fs::write(keys.join("stored.pub"), ONE).unwrap();
        symlink("../stored.pub", keys.join("alice/in.pub")).unwrap();
        symlink(&keys, folder.path().join("link")).unwrap();
        let behind = KeyDirectory::new(folder.path().join("link"));
        for directory in [&directory, &behind] {
            assert!(find(directory, "alice", "in").unwrap().is_some());
        }
        symlink("nowhere", keys.join("alice/dangling.pub")).unwrap();
        assert!(find(&directory, "alice", "dangling").unwrap().is_none());
    }

    #[test]
    fn what_is_no_small_file_with_a_key_is_an_error() {
        let (folder, directory) = folder();
        let keys = folder.path().join("keys");
        fs::create_dir(keys.join("alice/folder.pub")).unwrap();
        nix::unistd::mkfifo(&keys.join("alice/pipe.pub"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in ["folder", "pipe"] {
            let refusal = find(&directory, "alice", name).unwrap_err();
            assert!(matches!(refusal, KeyDirectoryError::NoFile { .. }), "{refusal}");
        }
        let cases = [
            ("empty", Vec::new(), PublicKeyError::Unreadable),
            ("bytes", vec![0xff; 40], PublicKeyError::Unreadable),
            ("two", ONE.repeat(2).into_bytes(), PublicKeyError::Unreadable),
            ("huge", vec![b' '; 1 << 20], PublicKeyError::TooLong),
        ];
        for (name, bytes, expected) in cases {
            fs::write(keys.join(format!("alice/{name}.pub")), bytes).unwrap();
            match find(&directory, "alice", name).unwrap_err() {
                KeyDirectoryError::Key { source, .. } => assert_eq!(source, expected, "{name}"),
                other => panic!("{name}: {other}"),
            }
        }
        let missing = KeyDirectory::new(folder.path().join("missing"));
        assert!(matches!(
            find(&missing, "alice", "main"),
            Err(KeyDirectoryError::Read { .. })
        ));
    }

    #[test]
    fn only_a_named_folder_is_looked_into() {
        assert!(KeyDirectory::of(&Auth::default()).is_none());
        let (folder, _) = folder();
        let settings = Auth {
            ssh_keys_folder: Some(folder.path().join("keys")),
            ..Auth::default()
        };
        fs::write(folder.path().join("keys/alice.pub"), ONE).unwrap();
        assert!(
            find(&KeyDirectory::of(&settings).unwrap(), "alice", "main")
                .unwrap()
                .is_some()
        );
    }
}
