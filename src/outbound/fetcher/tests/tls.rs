//! Servers over TLS with certificates of the test's own.

use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// A certificate for one name, which is its own authority.
fn certificate(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=test",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args([
            "-addext",
            &format!("subjectAltName={name}"),
            "-keyout",
            "own.key",
            "-out",
            "own.pem",
        ])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .status()
        .expect("the test needs openssl: apt-get install openssl");
    assert!(outcome.success());
    (
        CertificateDer::from_pem_file(folder.path().join("own.pem")).unwrap(),
        PrivateKeyDer::from_pem_file(folder.path().join("own.key")).unwrap(),
    )
}

/// Answers one request over TLS with `ok`.
fn serve_tls(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        // A client that does not trust the certificate goes away in the middle.
        let mut head = [0; 4_096];
        if tls.read(&mut head).is_ok() {
            let _ = tls.write_all(&answer("200 OK", "content-length: 2\r\n", b"ok"));
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    port
}

async fn fetch_tls(name: &str, is_known: bool) -> Result<Bytes, FetchError> {
    let (certificate, key) = certificate(name);
    let mut roots = RootCertStore::empty();
    if is_known {
        roots.add(certificate.clone()).unwrap();
    }
    let port = serve_tls(certificate, key);
    let url = format!("https://localhost:{port}/");
    let fetcher = Fetcher::with(&url, Reach::Anywhere, roots).unwrap();
    fetcher.get(&url).await
}

#[tokio::test]
async fn a_certificate_must_be_known_and_name_the_server() {
    assert_eq!(&*fetch_tls("DNS:localhost", true).await.unwrap(), b"ok");
    for (name, is_known) in [("DNS:localhost", false), ("DNS:other.example", true)] {
        let error = fetch_tls(name, is_known).await.unwrap_err();
        assert!(matches!(error, FetchError::Transport(_)), "{name}: {error}");
    }
}
