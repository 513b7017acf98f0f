//! TLS of a client: a server must have a certificate of an authority that the system trusts.

use anyhow::{Context, ensure};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;

/// A blocking connection. Errors: no authority is known, or the name cannot have a certificate.
pub fn blocking(stream: TcpStream, name: &str) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let connection = ClientConnection::new(settings()?, server_name(name)?)?;
    Ok(StreamOwned::new(connection, stream))
}

/// A connection that is awaited.
/// Errors: no authority is known, the name cannot have a certificate, the server is not trusted or goes away.
pub async fn awaited(
    stream: tokio::net::TcpStream,
    name: &str,
) -> anyhow::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let connector = TlsConnector::from(settings()?);
    Ok(connector.connect(server_name(name)?, stream).await?)
}

fn server_name(name: &str) -> anyhow::Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).with_context(|| format!("{name} is no name of a server"))
}

/// Whom this process trusts, read once: `SSL_CERT_FILE` and `SSL_CERT_DIR`, else what the system has.
fn settings() -> anyhow::Result<Arc<ClientConfig>> {
    static READ: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(settings) = READ.get() {
        return Ok(Arc::clone(settings));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system's list may hold old authorities in forms that nobody reads any more.
    let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
    ensure!(
        added > 0,
        "this system has no list of certificate authorities: SSL_CERT_FILE may name one"
    );
    let settings = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(READ.get_or_init(|| Arc::new(settings))))
}
