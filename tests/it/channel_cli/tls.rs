//! A server behind TLS.

use super::scripted_server::ScriptedServer;
use super::{User, done};
use crate::world::TestWorld;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Makes an authority and a certificate that it signed for 127.0.0.1; gives the authority's file.
fn certificates(folder: &Path) -> PathBuf {
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        let fixed = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ];
        done(command.args(fixed).args(arguments).current_dir(folder)).ok();
    };
    openssl(&["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=tests"]);
    let own = [
        "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=own", "-keyout", "own.key", "-out", "own.pem",
    ];
    let extensions = [
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ];
    openssl(&[&own[..], &extensions].concat());
    folder.join("ca.pem")
}

/// Speaks TLS and passes on what comes; gives its port. It goes with the test's runtime.
async fn proxy(folder: &Path, behind: String) -> u16 {
    let chain = CertificateDer::pem_file_iter(folder.join("own.pem")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("own.key")).unwrap();
    let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let settings = settings.with_safe_default_protocol_versions().unwrap();
    let settings = settings
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                // A client that does not trust us goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut inner = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut inner).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_sockets_go_over_tls_to_a_server_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authorities = certificates(folder.path());
    let server = ScriptedServer::always(200, json!({"ok": true}));
    let port = proxy(folder.path(), server.url.trim_start_matches("http://").to_owned()).await;
    let user = User::of(&format!("https://127.0.0.1:{port}"));
    user.log_in("t");
    let publish = ["pub", "public.a", "x"];
    done(user.command(&publish).env("SSL_CERT_FILE", &authorities)).ok();
    assert_eq!(server.one().token.as_deref(), Some("t"));
    let world = TestWorld::shared();
    let port = proxy(folder.path(), format!("127.0.0.1:{}", world.port())).await;
    let user = User::of(&format!("https://127.0.0.1:{port}"));
    let mut sub = user.command(&["sub", "nowhere.at.all"]);
    let said = done(sub.env("SSL_CERT_FILE", &authorities)).failed(1);
    assert!(said.contains("unknown channel"), "{said}");
    // Another authority's word is none.
    let other = tempfile::tempdir().unwrap();
    let others = certificates(other.path());
    for verb in [&publish[..], &["sub", "public.a"]] {
        let said = done(
            user.command(verb)
                .env("SSL_CERT_FILE", &others)
                .env("ROOKERY_TOKEN", "t"),
        )
        .failed(6);
        assert!(said.contains("certificate"), "{said}");
    }
}
