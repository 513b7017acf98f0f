//! Whom a connection over TLS trusts, and as whom it is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redis::ClientTlsConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::Bus;

/// PEM texts that were found to be usable. Without any, a server's certificate must be signed by an authority that the
/// system trusts, and a server that asks for a certificate refuses the connection.
#[derive(Clone, Default)]
pub struct Certificates {
    authorities: Option<Vec<u8>>,
    own: Option<ClientTlsConfig>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A file cannot be read.
    #[error("could not read `bus.{key}` {}", path.display())]
    Unreadable {
        /// The setting that names it.
        key: &'static str,
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("`bus.{key}` must hold {what}, as PEM")]
    Unusable {
        /// The setting that names it.
        key: &'static str,
        /// What it should hold.
        what: &'static str,
    },
}

impl Certificates {
    /// Reads the files that the settings name.
    ///
    /// Errors: a file cannot be read, or holds no certificate or key that fits.
    pub fn read(settings: &Bus) -> Result<Self, CertificatesError> {
        let authorities = settings.ca_file.as_deref();
        let authorities = authorities.map(|path| read("ca_file", path)).transpose()?;
        let own = match (&settings.certificate_file, &settings.key_file) {
            (Some(certificate), Some(key)) => Some(ClientTlsConfig {
                client_cert: read("certificate_file", certificate)?,
                client_key: read("key_file", key)?,
            }),
            (_, _) => None,
        };
        let roots = roots(authorities.as_deref())?;
        if let Some(own) = &own {
            check_own(own, roots)?;
        }
        Ok(Self { authorities, own })
    }

    pub(super) fn authorities(&self) -> Option<Vec<u8>> {
        self.authorities.clone()
    }

    pub(super) fn own(&self) -> Option<ClientTlsConfig> {
        self.own.clone()
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, CertificatesError> {
    std::fs::read(path).map_err(|source| CertificatesError::Unreadable {
        key,
        path: path.to_owned(),
        source,
    })
}

fn unusable(key: &'static str, what: &'static str) -> CertificatesError {
    CertificatesError::Unusable { key, what }
}

fn roots(authorities: Option<&[u8]>) -> Result<RootCertStore, CertificatesError> {
    let unusable = || unusable("ca_file", "certificates of authorities");
    let mut roots = RootCertStore::empty();
    let Some(pem) = authorities else {
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_broken| unusable())?;
        roots.add(certificate).map_err(|_no_authority| unusable())?;
    }
    // With none, every server would be refused, long after the start.
    if roots.is_empty() {
        Err(unusable())
    } else {
        Ok(roots)
    }
}

fn check_own(own: &ClientTlsConfig, roots: RootCertStore) -> Result<(), CertificatesError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&own.client_cert)
        .collect::<Result<_, _>>()
        .map_err(|_broken| unusable("certificate_file", "a certificate"))?;
    let key =
        PrivateKeyDer::from_pem_slice(&own.client_key).map_err(|_broken| unusable("key_file", "a key"))?;
    let does_not_fit = || unusable("key_file", "the key of `bus.certificate_file`");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_unsupported| does_not_fit())?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|_unequal| does_not_fit())?;
    Ok(())
}
