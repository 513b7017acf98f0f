//! The configuration of `rookery channel`: a file that only its owner reads.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The file in its folder.
const FILE: &str = "channel.json";
/// Largest file that is read. Units: bytes.
const FILE_MAX_BYTES: u64 = 64 * 1024;
/// Who may read the file and enter its folder: the owner.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// What is kept from one call to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Who is logged in, or is about to be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
    /// The token, a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
    /// The server.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server: Option<String>,
    /// The socket, where it is not the server's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ws: Option<String>,
    /// Until when the server takes no publications. Units: milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rate_limited_until: Option<i64>,
    /// What a later version keeps.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// Where the configuration is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    is_own_folder: bool,
}

impl Place {
    /// The place that is named, a file or a folder, else the user's own. Errors: the user has no home.
    pub fn of(named: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            return Ok(Self {
                path: own_folder()?.join(FILE),
                is_own_folder: true,
            });
        };
        let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let path = if is_folder {
            path.join(FILE)
        } else {
            path.to_owned()
        };
        Ok(Self {
            path,
            is_own_folder: false,
        })
    }

    /// Reads the file; one that is not there is empty. Errors: it cannot be read or understood.
    pub fn load(&self) -> anyhow::Result<Settings> {
        let shown = self.path.display();
        let size = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            found => found.with_context(|| format!("could not read {shown}"))?.len(),
        };
        ensure!(size <= FILE_MAX_BYTES, "{shown} is larger than a configuration");
        let text = fs::read_to_string(&self.path).with_context(|| format!("could not read {shown}"))?;
        serde_json::from_str(&text).with_context(|| format!("{shown} is not a configuration"))
    }

    /// Changes the file as it is now, whole or not at all; calls at the same time wait for one another.
    /// Errors: it cannot be read or written.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) -> anyhow::Result<Settings> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let doing = || format!("could not write {}", self.path.display());
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)
            .with_context(doing)?;
        if self.is_own_folder {
            fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)).with_context(doing)?;
        }
        // The lock is the folder's: the file itself is another one after each change.
        let lock = File::open(folder).with_context(doing)?;
        lock.lock().with_context(doing)?;
        let mut settings = self.load()?;
        change(&mut settings);
        self.write(&settings).with_context(doing)?;
        lock.sync_all().with_context(doing)?;
        Ok(settings)
    }

    fn write(&self, settings: &Settings) -> anyhow::Result<()> {
        let mut name = self.path.file_name().context("it has no name")?.to_owned();
        name.push(format!(".{}", std::process::id()));
        let fresh = self.path.with_file_name(name);
        let written = write_new(&fresh, &serde_json::to_vec_pretty(settings)?)
            .and_then(|()| fs::rename(&fresh, &self.path));
        if written.is_err() {
            // It may not even be there; what counts is why the write failed.
            let _ = fs::remove_file(&fresh);
        }
        Ok(written?)
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    let opened = match options.open(path) {
        // Left by a process of the same number that was ended: nobody else writes under the lock.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        opened => opened,
    };
    let mut file = opened?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn own_folder() -> anyhow::Result<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
    let base =
        base.context("neither XDG_CONFIG_HOME nor HOME names a folder; --config names the configuration")?;
    Ok(base.join("rookery"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_the_rest_and_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(Some(&folder.path().join("new/"))).unwrap();
        assert_eq!(place.path, folder.path().join("new/channel.json"));
        assert_eq!(place.load().unwrap(), Settings::default());
        place
            .change(|settings| settings.token = Some("t".to_owned()))
            .unwrap();
        fs::write(&place.path, r#"{"token":"t","later":1}"#).unwrap();
        fs::set_permissions(&place.path, Permissions::from_mode(0o644)).unwrap();
        let stale = place
            .path
            .with_file_name(format!("channel.json.{}", std::process::id()));
        fs::write(&stale, "half").unwrap();
        let changed = place
            .change(|settings| settings.username = Some("alice".to_owned()))
            .unwrap();
        assert_eq!(changed, place.load().unwrap());
        assert_eq!(
            (changed.token.as_deref(), &changed.others["later"]),
            (Some("t"), &Value::from(1))
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&place.path), mode(place.path.parent().unwrap())),
            (0o600, 0o700)
        );
        assert!(!stale.exists());
    }

    #[test]
    fn what_is_no_configuration_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(Some(folder.path())).unwrap();
        fs::write(&place.path, "not JSON").unwrap();
        assert!(place.change(|settings| settings.token = None).is_err());
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "not JSON");
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(Some(&folder.path().join("one.json"))).unwrap();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let place = &place;
                scope.spawn(move || {
                    for turn in 0..10 {
                        let key = format!("{number}-{turn}");
                        place
                            .change(|settings| drop(settings.others.insert(key, Value::Null)))
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(place.load().unwrap().others.len(), 40);
    }
}
