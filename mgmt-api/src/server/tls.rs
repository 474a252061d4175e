//! TLS with a certificate from files, which are read again when they change, or by ACME.

use super::{AcmeError, BindError};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The protocol in which an authority asks for the proof of a domain (RFC 8737 §4).
pub(super) const PROOF_PROTOCOL: &[u8] = b"acme-tls/1";

/// Where the certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and what leads from it to a root, in PEM form, the certificate first.
    pub certificate: PathBuf,
    /// The certificate's private key in PEM form: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds no such thing.
    #[error("{path} cannot be read as PEM")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The certificate's file holds no certificate.
    #[error("{path} holds no certificate")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key is of no known kind, or is another certificate's.
    #[error("the certificate and the key do not fit together")]
    Key(#[source] tokio_rustls::rustls::Error),
    /// What certificates are got with cannot be set up.
    #[error(transparent)]
    Acme(#[from] AcmeError),
    /// The address is taken.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// The certificate in use; a handshake takes the one of its moment.
#[derive(Debug)]
pub(super) struct Certificate {
    /// Where it comes from; `None`: from an authority, by ACME.
    files: Option<TlsFiles>,
    /// `None` before the first one was issued: handshakes fail.
    current: ArcSwapOption<CertifiedKey>,
    /// What proves a domain to the authority that asks for it at the moment, by domain.
    proofs: ArcSwap<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl Certificate {
    /// Reads the files.
    pub(super) fn read(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let current = load(&files)?;
        Ok(Self::new(Some(files), Some(current)))
    }

    /// One that an authority issues, or has issued.
    pub(super) fn by_acme(kept: Option<CertifiedKey>) -> Arc<Self> {
        Self::new(None, kept)
    }

    fn new(files: Option<TlsFiles>, current: Option<CertifiedKey>) -> Arc<Self> {
        Arc::new(Self {
            files,
            current: ArcSwapOption::from_pointee(current),
            proofs: ArcSwap::default(),
        })
    }

    /// The certificate itself, without what leads to a root.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        let current = self.current.load();
        current.as_ref()?.cert.first().cloned()
    }

    /// New handshakes get this one.
    pub(super) fn put(&self, key: CertifiedKey) {
        self.current.store(Some(Arc::new(key)));
    }

    /// The authority's handshakes for a domain get this one.
    pub(super) fn put_proof(&self, domain: &str, proof: Arc<CertifiedKey>) {
        self.proofs.rcu(|proofs| {
            let mut proofs = BTreeMap::clone(proofs);
            proofs.insert(domain.to_lowercase(), Arc::clone(&proof));
            proofs
        });
    }

    pub(super) fn forget_proofs(&self) {
        self.proofs.store(Arc::default());
    }

    /// What turns a connection into a TLS connection.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Key)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.files.is_none() {
            config.alpn_protocols.push(PROOF_PROTOCOL.to_vec());
        }
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the files for ever and takes what is new. What cannot be read changes nothing.
    pub(super) async fn follow(&self) {
        let Some(files) = &self.files else {
            return std::future::pending().await;
        };
        let mut seen = stamps(files);
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let stamps = stamps(files);
            if stamps == seen {
                continue;
            }
            seen = stamps;
            match load(files) {
                Ok(key) => {
                    self.put(key);
                    tracing::info!("took the new TLS certificate");
                }
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate is no good; the old one stays");
                }
            }
        }
    }
}

/// When the files changed.
fn stamps(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    let stamp = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|data| data.modified())
            .ok()
    };
    [stamp(&files.certificate), stamp(&files.key)]
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut protocols = hello.alpn().into_iter().flatten();
        let is_proof = protocols.any(|protocol| protocol == PROOF_PROTOCOL);
        if !is_proof {
            return self.current.load_full();
        }
        let domain = hello.server_name()?.to_lowercase();
        self.proofs.load().get(&domain).cloned()
    }
}

fn load(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::File { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable(&files.certificate))?;
    if certificates.is_empty() {
        let path = files.certificate.clone();
        return Err(TlsError::NoCertificate { path });
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable(&files.key))?;
    CertifiedKey::from_der(certificates, key, &ring::default_provider()).map_err(TlsError::Key)
}
