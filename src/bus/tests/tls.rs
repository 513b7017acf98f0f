//! Connections over TLS trust whom they should, and nobody else.

use super::authority::Authority;
use super::server::{Manner, Server, config_at};
use super::*;
use crate::bus::servers::{Connection, Servers, plain};
use crate::bus::{Certificates, CertificatesError};
use crate::config;
use std::sync::Arc;

/// Why there is no connection, if there is none.
async fn refusal(port: u16, certificates: Certificates, scheme: &str) -> Option<String> {
    let config = BusConfig {
        certificates,
        ..config_at(&format!("{scheme}://127.0.0.1:{port}"), 1)
    };
    let servers = Servers::new(&config).unwrap();
    for _ in 0..PATIENCE.as_secs() {
        let opened = async { Connection::open(&servers, &plain()).await?.check().await };
        match opened.await.map_err(|error| error.to_string()) {
            // A busy machine is no reason to trust anybody, or not to.
            Err(why) if why.contains("timed out") => {}
            outcome => return outcome.err(),
        }
    }
    panic!("no answer");
}

async fn server_of(authority: Authority) -> (Arc<Authority>, Server) {
    let authority = Arc::new(authority);
    let manner = Manner {
        authority: Some(Arc::clone(&authority)),
        ..Manner::default()
    };
    (authority, Server::start_as(manner).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_certificate_of_the_authority_is_trusted_and_ours_is_shown() {
    let (authority, server) = server_of(Authority::new()).await;
    let port = server.port();
    assert_eq!(refusal(port, authority.certificates(), "rediss").await, None);

    let stranger = Authority::new();
    let other = config::Bus {
        ca_file: Some(stranger.authorities()),
        ..authority.settings()
    };
    let why = refusal(port, Certificates::read(&other).unwrap(), "rediss").await;
    assert!(
        why.as_ref()
            .is_some_and(|why| why.contains("invalid peer certificate")),
        "{why:?}"
    );
    let why = refusal(port, Certificates::default(), "rediss").await;
    assert!(
        why.as_ref()
            .is_some_and(|why| why.contains("invalid peer certificate")),
        "{why:?}"
    );

    let nameless = config::Bus {
        certificate_file: None,
        key_file: None,
        ..authority.settings()
    };
    assert!(
        refusal(port, Certificates::read(&nameless).unwrap(), "rediss")
            .await
            .is_some()
    );
    assert!(refusal(port, Certificates::default(), "redis").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_not_trusted() {
    let authority = Arc::new(Authority::signing_for("DNS:redis.example.org"));
    let manner = Manner {
        authority: Some(Arc::clone(&authority)),
        ..Manner::default()
    };
    let server = Server::start_distrusted(manner).await;
    let why = refusal(server.port(), authority.certificates(), "rediss").await;
    assert!(
        why.as_ref().is_some_and(|why| why.contains("not valid for name")),
        "{why:?}"
    );
}

#[test]
fn files_that_hold_no_fitting_certificate_are_refused_at_the_start() {
    let (authority, other) = (Authority::new(), Authority::new());
    let cases = [
        (
            config::Bus {
                ca_file: Some("/no/such/file".into()),
                ..authority.settings()
            },
            "ca_file",
        ),
        (
            config::Bus {
                ca_file: Some(authority.key()),
                ..authority.settings()
            },
            "ca_file",
        ),
        (
            config::Bus {
                certificate_file: Some(authority.key()),
                ..authority.settings()
            },
            "key_file",
        ),
        (
            config::Bus {
                key_file: Some(authority.certificate()),
                ..authority.settings()
            },
            "key_file",
        ),
        (
            config::Bus {
                key_file: Some(other.key()),
                ..authority.settings()
            },
            "key_file",
        ),
    ];
    for (settings, named) in cases {
        let error = Certificates::read(&settings).err().expect("it is refused");
        match &error {
            CertificatesError::Unreadable { key, .. } | CertificatesError::Unusable { key, .. } => {
                assert_eq!(*key, named, "{error}");
            }
        }
    }
}
