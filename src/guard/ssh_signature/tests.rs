//! Keys and signatures of the real `ssh-keygen`.

use super::*;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const MESSAGE: &str = "claw.events login\nusername: alice\nkey: main\nnonce: 00ff\nts: 1700000000\n";

/// A key pair in a folder of its own.
struct Signer {
    folder: TempDir,
}

impl Signer {
    fn new(kind: &str, bits: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let mut arguments = vec!["-q", "-N", "", "-C", "alice@desk of hers", "-t", kind];
        arguments.extend(bits.map(|bits| ["-b", bits]).into_iter().flatten());
        ssh_keygen(&arguments, "-f", &file);
        Self { folder }
    }

    fn line(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("key.pub")).unwrap()
    }

    fn key(&self) -> PublicKey {
        PublicKey::parse(&self.line()).unwrap()
    }

    fn sign(&self, namespace: &str, message: &str, options: &[&str]) -> String {
        let file = self.folder.path().join("message");
        let signature = self.folder.path().join("message.sig");
        std::fs::write(&file, message).unwrap();
        if signature.exists() {
            std::fs::remove_file(&signature).unwrap();
        }
        let key: PathBuf = self.folder.path().join("key");
        let mut arguments = vec!["-q", "-Y", "sign", "-n", namespace, "-f", key.to_str().unwrap()];
        arguments.extend(options);
        ssh_keygen(&arguments, "", &file);
        std::fs::read_to_string(signature).unwrap()
    }
}

/// Runs `ssh-keygen` with the file as its last argument.
fn ssh_keygen(arguments: &[&str], flag: &str, file: &Path) {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments);
    if !flag.is_empty() {
        command.arg(flag);
    }
    let output = command
        .arg(file)
        .output()
        .expect("ssh-keygen runs: apt-get install openssh-client");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {told}");
}

/// The same bytes of a signature with one byte replaced, written anew as PEM.
fn with_byte(signature: &str, at: usize, byte: u8) -> String {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let body: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let mut bytes = engine.decode(body).unwrap();
    bytes[at] = byte;
    let text = engine.encode(bytes);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", lines.join("\n"))
}

#[track_caller]
fn check(
    signer: &Signer,
    namespace: &str,
    message: &str,
    signature: &str,
    expected: Result<(), SignatureError>,
) {
    assert_eq!(
        signer.key().verify(namespace, message.as_bytes(), signature),
        expected,
        "{signature:.200}"
    );
}

#[test]
fn a_real_signature_of_each_kind_of_key_counts_for_its_message_alone() {
    let kinds = [
        ("ed25519", None),
        ("ecdsa", Some("256")),
        ("ecdsa", Some("384")),
        ("rsa", Some("2048")),
    ];
    for (kind, bits) in kinds {
        let signer = Signer::new(kind, bits);
        for options in [&[][..], &["-O", "hashalg=sha256"]] {
            let signature = signer.sign(LOGIN_NAMESPACE, MESSAGE, options);
            check(&signer, LOGIN_NAMESPACE, MESSAGE, &signature, Ok(()));
            check(
                &signer,
                LOGIN_NAMESPACE,
                MESSAGE,
                &format!("\n {signature} \n"),
                Ok(()),
            );
            check(
                &signer,
                LOGIN_NAMESPACE,
                MESSAGE,
                &signature.replace('\n', "\r\n"),
                Ok(()),
            );
            let other = MESSAGE.replace("alice", "alicf");
            check(
                &signer,
                LOGIN_NAMESPACE,
                &other,
                &signature,
                Err(SignatureError::Wrong),
            );
            check(
                &signer,
                LOGIN_NAMESPACE,
                MESSAGE.trim_end(),
                &signature,
                Err(SignatureError::Wrong),
            );
        }
    }
}

#[test]
fn a_signature_for_another_namespace_or_of_another_key_is_refused() {
    let signer = Signer::new("ed25519", None);
    let foreign = signer.sign("file", MESSAGE, &[]);
    check(
        &signer,
        LOGIN_NAMESPACE,
        MESSAGE,
        &foreign,
        Err(SignatureError::Namespace),
    );
    check(
        &signer,
        "claw.event",
        MESSAGE,
        &foreign,
        Err(SignatureError::Namespace),
    );
    check(&signer, "file", MESSAGE, &foreign, Ok(()));
    let signature = signer.sign(LOGIN_NAMESPACE, MESSAGE, &[]);
    let other = Signer::new("ed25519", None);
    check(
        &other,
        LOGIN_NAMESPACE,
        MESSAGE,
        &signature,
        Err(SignatureError::Key),
    );
    let of_other_kind = Signer::new("ecdsa", Some("256"));
    check(
        &of_other_kind,
        LOGIN_NAMESPACE,
        MESSAGE,
        &signature,
        Err(SignatureError::Key),
    );
}

#[test]
fn no_changed_byte_of_a_signature_counts() {
    let signer = Signer::new("ed25519", None);
    let signature = signer.sign(LOGIN_NAMESPACE, MESSAGE, &[]);
    let body: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let len = body.len() / 4 * 3 - body.matches('=').count();
    let key = signer.key();
    check(
        &signer,
        LOGIN_NAMESPACE,
        MESSAGE,
        &with_byte(&signature, 0, b'S'),
        Ok(()),
    );
    for at in 0..len {
        for byte in [0, 1, 0x7f, 0xff] {
            let changed = with_byte(&signature, at, byte);
            if changed != with_byte(&signature, 0, b'S') {
                let answer = key.verify(LOGIN_NAMESPACE, MESSAGE.as_bytes(), &changed);
                assert!(answer.is_err(), "byte {at} as {byte}");
            }
        }
    }
}

#[test]
fn a_broken_truncated_or_huge_signature_is_refused() {
    let signer = Signer::new("ed25519", None);
    let signature = signer.sign(LOGIN_NAMESPACE, MESSAGE, &[]);
    for len in 0..signature.trim_end().len() {
        let part: String = signature.chars().take(len).collect();
        check(
            &signer,
            LOGIN_NAMESPACE,
            MESSAGE,
            &part,
            Err(SignatureError::Unreadable),
        );
    }
    let mut lines: Vec<&str> = signature.lines().collect();
    lines.remove(2);
    for bad in [
        lines.join("\n"),
        format!("words before\n{signature}"),
        format!("{signature}words after"),
        format!("{signature}{signature}"),
        signature.replace("SSH SIGNATURE", "SSH PRIVATE KEY"),
        format!("{PEM_BEGIN}\n{PEM_END}"),
        signer.line(),
    ] {
        check(
            &signer,
            LOGIN_NAMESPACE,
            MESSAGE,
            &bad,
            Err(SignatureError::Unreadable),
        );
    }
    let padded = format!("{signature}{}", " ".repeat(SIGNATURE_MAX_BYTES));
    check(
        &signer,
        LOGIN_NAMESPACE,
        MESSAGE,
        &padded,
        Err(SignatureError::TooLong),
    );
}

#[test]
fn equal_keys_have_one_text_and_the_fingerprint_that_ssh_keygen_shows() {
    let signer = Signer::new("ed25519", None);
    let key = signer.key();
    let words: Vec<String> = signer.line().split(' ').take(2).map(str::to_owned).collect();
    assert_eq!(key.text(), words.join(" "));
    assert_eq!(PublicKey::parse(key.text()).unwrap(), key);
    assert_eq!(
        PublicKey::parse(&format!("  {} other comment\n", key.text())).unwrap(),
        key
    );
    let shown = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(signer.folder.path().join("key.pub"))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.split(' ').nth(1).unwrap(), key.fingerprint());
    assert_ne!(key, Signer::new("ed25519", None).key());
    assert_eq!(format!("{key:?}"), format!("PublicKey({})", key.fingerprint()));
}

#[test]
fn keys_of_other_kinds_and_sizes_are_refused() {
    let parse = |kind, bits| PublicKey::parse(&Signer::new(kind, Some(bits)).line()).unwrap_err();
    assert_eq!(parse("ecdsa", "521"), PublicKeyError::Unsupported);
    assert_eq!(parse("rsa", "1024"), PublicKeyError::Weak);
    assert_eq!(parse("rsa", "2047"), PublicKeyError::Weak);
    // A key of a security device, and an Ed25519 point that verifies anything.
    let device = ssh_key::public::SkEd25519::new(ssh_key::public::Ed25519PublicKey([9; 32]), "ssh:");
    let neutral = std::iter::once(1).chain([0; 31]).collect::<Vec<u8>>();
    let neutral = ssh_key::public::Ed25519PublicKey(neutral.try_into().unwrap());
    let line = |key: ssh_key::PublicKey| key.to_openssh().unwrap();
    assert_eq!(
        PublicKey::parse(&line(device.into())).unwrap_err(),
        PublicKeyError::Unsupported
    );
    assert_eq!(
        PublicKey::parse(&line(neutral.into())).unwrap_err(),
        PublicKeyError::Weak
    );
}

#[test]
fn rsa_keys_have_their_bits_and_an_odd_exponent() {
    let key = |bits: usize, exponent: &[u8]| {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= bits.div_ceil(8) * 8 - bits;
        RsaPublicKey {
            e: ssh_key::Mpint::from_positive_bytes(exponent).unwrap(),
            n: ssh_key::Mpint::from_positive_bytes(&modulus).unwrap(),
        }
    };
    let usual = [1, 0, 1];
    for (bits, is_strong) in [
        (8, false),
        (2_047, false),
        (2_048, true),
        (4_096, true),
        (4_097, false),
    ] {
        assert_eq!(is_strong_rsa(&key(bits, &usual)), is_strong, "{bits}");
    }
    for bad in [&[][..], &[1], &[2], &[1, 0, 0, 0, 1]] {
        assert!(!is_strong_rsa(&key(2_048, bad)), "{bad:?}");
    }
    assert!(is_strong_rsa(&key(2_048, &[3])));
}

#[test]
fn a_line_that_is_no_key_is_refused() {
    let line = Signer::new("ed25519", None).line();
    let bare = PublicKey::parse(&line).unwrap().text().to_owned();
    let stem: String = bare.chars().take(bare.len() - 4).collect();
    for bad in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        &stem,
        &format!("{line}{line}"),
        &format!("no-pty {line}"),
        &format!("cert-authority {line}"),
        &bare.replacen("ssh-ed25519", "ssh-rsa", 1),
        &format!("{bare}\0"),
    ] {
        assert_eq!(PublicKey::parse(bad), Err(PublicKeyError::Unreadable), "{bad:?}");
    }
    let long = format!("{bare} {}", "c".repeat(KEY_MAX_BYTES));
    assert_eq!(PublicKey::parse(&long), Err(PublicKeyError::TooLong));
}
