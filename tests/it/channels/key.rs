//! Keys and signatures of the real `ssh-keygen`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A key pair in a folder of its own.
pub struct KeyPair {
    folder: TempDir,
}

impl KeyPair {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = Self { folder };
        run(Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "a comment", "-t", "ed25519", "-f"])
            .arg(pair.file()));
        pair
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// The public half, as one line.
    pub fn public(&self) -> String {
        fs::read_to_string(self.file().with_extension("pub")).expect("it was made")
    }

    /// A signature of a text under a namespace.
    pub fn sign(&self, namespace: &str, text: &str) -> String {
        let message = self.folder.path().join("message");
        fs::write(&message, text).expect("it is ours");
        let signature = self.folder.path().join("message.sig");
        let _ = fs::remove_file(&signature);
        run(Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(self.file())
            .arg(&message));
        fs::read_to_string(signature).expect("it was signed")
    }
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("ssh-keygen runs: apt-get install openssh-client");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}

/// Puts a user's public key into an operator's folder.
pub fn place(folder: &Path, username: &str, key_name: Option<&str>, pair: &KeyPair) {
    let file = match key_name {
        Some(name) => folder.join(username).join(format!("{name}.pub")),
        None => folder.join(format!("{username}.pub")),
    };
    fs::create_dir_all(file.parent().expect("a folder")).expect("it is ours");
    fs::write(file, pair.public()).expect("it is ours");
}
