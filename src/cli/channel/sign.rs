//! Signatures by `ssh-keygen`, which knows keys in files, in agents and in hardware.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::failure::{Exit, Failure};
use super::session::variable;
use crate::guard::PublicKey;

/// What signatures are for: one for this is good for nothing else.
const NAMESPACE: &str = "claw.events";
/// The keys that are looked for when none is named.
const KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];
/// Longest file that is read as a public key. Units: bytes.
const FILE_MAX_BYTES: u64 = 16_384;
/// What helps who has no key.
const NO_KEY: &str = "make one: ssh-keygen -t ed25519, or name one";

/// The key to sign with. Errors: there is none.
pub fn key(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let fix = format!("{NO_KEY}: --key-path FILE");
    let key = found(named).ok_or_else(|| Failure::usage("there is no key to sign with").fix(&fix))?;
    if key.exists() {
        return Ok(key);
    }
    // An agent may hold what the public part names.
    let public = public_part(&key);
    if public.exists() {
        return Ok(public);
    }
    Err(Failure::usage(format!("{} is not there", key.display())).fix(fix))
}

/// The public part of a key, which may be named by either part. Errors: there is none; it is not a public key.
pub fn public_key(named: Option<PathBuf>) -> Result<PublicKey, Failure> {
    let key = found(named).ok_or_else(|| Failure::usage("there is no public key").fix(NO_KEY))?;
    let public = public_part(&key);
    let path = if public.exists() { public } else { key };
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("{} cannot be used: {error}", path.display())).fix(NO_KEY)
    };
    let mut text = String::new();
    let file = File::open(&path).map_err(|error| unusable(&error))?;
    let read = file.take(FILE_MAX_BYTES).read_to_string(&mut text);
    read.map_err(|error| unusable(&error))?;
    PublicKey::parse(text.trim()).map_err(|error| unusable(&error))
}

/// The key that is named, or the first that is there.
fn found(named: Option<PathBuf>) -> Option<PathBuf> {
    let named = named.or_else(|| variable("ROOKERY_SSH_KEY").map(PathBuf::from));
    named.or_else(|| {
        let folder = PathBuf::from(variable("HOME")?).join(".ssh");
        let mut paths = KEYS.iter().map(|name| folder.join(name));
        paths.find(|path| path.exists() || public_part(path).exists())
    })
}

/// Where `ssh-keygen` puts the public part of a key.
fn public_part(key: &Path) -> PathBuf {
    let mut path = key.as_os_str().to_owned();
    path.push(".pub");
    path.into()
}

/// Looks at what a server wants signed, before it is: nothing but this login.
/// Errors: it is something else.
pub fn check(message: &str, user: &str, key_name: &str, nonce: &str) -> Result<(), Failure> {
    let lines: Vec<&str> = message.lines().collect();
    let field = |line: &str, name: &str| line.strip_prefix(name).map(str::trim).map(str::to_owned);
    let is_login = match lines.as_slice() {
        [first, name, key, number, time] => {
            *first == "claw.events login"
                && field(name, "username:").as_deref() == Some(user)
                && field(key, "key:").as_deref() == Some(key_name)
                && field(number, "nonce:").as_deref() == Some(nonce)
                && field(time, "ts:").is_some_and(|time| time.bytes().all(|byte| byte.is_ascii_digit()))
        }
        _ => false,
    };
    if is_login {
        Ok(())
    } else {
        Err(Failure::new(
            Exit::Failed,
            "the server wants something signed that is not this login: nothing was signed",
        ))
    }
}

/// Signs a text. Errors: `ssh-keygen` is missing, or does not sign.
pub fn sign(key: &Path, message: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("could not run ssh-keygen: {error}"))
            .fix("install OpenSSH 8.1 or later")
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // One that ends before it has read all says why, and its status tells.
        let _ = input.write_all(message.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    let signature = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || !signature.starts_with("-----BEGIN SSH SIGNATURE-----") {
        let error = format!(
            "ssh-keygen did not sign with {}: {}",
            key.display(),
            output.status
        );
        return Err(Failure::new(Exit::Failed, error).fix("see what it says above"));
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_login_of_ours_is_signed() {
        let message = "claw.events login\nusername: alice\nkey: main\nnonce: n1\nts: 1750000000";
        assert!(check(message, "alice", "main", "n1").is_ok());
        assert!(check(&message.replace(": ", ":"), "alice", "main", "n1").is_ok());
        for (other, user, nonce) in [
            (message.to_owned(), "bob", "n1"),
            (message.to_owned(), "alice", "n2"),
            (format!("{message}\nand: more"), "alice", "n1"),
            (message.replace("login", "payment"), "alice", "n1"),
            (message.replace("1750000000", "now"), "alice", "n1"),
        ] {
            assert!(check(&other, user, "main", nonce).is_err(), "{other}");
        }
    }
}
