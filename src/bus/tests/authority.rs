//! An authority of the test's own, and a certificate that it signed for 127.0.0.1.

use crate::bus::Certificates;
use crate::config;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Certificates in a folder that goes with the value.
pub(in crate::bus) struct Authority(tempfile::TempDir);

impl Authority {
    /// Signs for servers and clients at 127.0.0.1.
    pub fn new() -> Self {
        Self::signing_for("IP:127.0.0.1")
    }

    /// Signs for another name.
    pub fn signing_for(name: &str) -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        authority.openssl(&["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=tests"]);
        let name = format!("subjectAltName={name}");
        let signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=redis"];
        let files = ["-keyout", "own.key", "-out", "own.pem"];
        let extensions = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", &name];
        authority.openssl(&[signed.as_slice(), &files, &extensions].concat());
        authority
    }

    fn openssl(&self, arguments: &[&str]) {
        let outcome = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args(["-days", "2"])
            .args(arguments)
            .current_dir(self.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the test needs openssl: apt-get install openssl");
        assert!(outcome.success(), "openssl {arguments:?}");
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn authorities(&self) -> PathBuf {
        self.folder().join("ca.pem")
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder().join("own.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder().join("own.key")
    }

    /// Settings of a node that trusts the authority and has its certificate.
    pub fn settings(&self) -> config::Bus {
        config::Bus {
            ca_file: Some(self.authorities()),
            certificate_file: Some(self.certificate()),
            key_file: Some(self.key()),
            ..config::Bus::default()
        }
    }

    pub fn certificates(&self) -> Certificates {
        Certificates::read(&self.settings()).unwrap()
    }
}
