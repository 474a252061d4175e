//! TLS for connections (RFC 3261 §26.3.1, RFC 5922), with files that are read again when they
//! change.
//!
//! A handshake takes the certificate of its moment. Connections that stand keep theirs, so a
//! renewal drops nobody.

use arc_swap::ArcSwap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// What TLS needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Our certificate and what leads from it to a root, in PEM form, the certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM form: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// Who must have signed the certificate of a peer that connects to us, in PEM form. `None`:
    /// peers need none.
    pub client_roots: Option<PathBuf>,
    /// Who must have signed the certificate of a peer that we connect to, in PEM form. `None`: the
    /// authorities that the system trusts.
    pub server_roots: Option<PathBuf>,
    /// How far that certificate is checked.
    pub verification: ServerVerification,
}

/// How far the certificate of a peer that we connect to is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerVerification {
    /// It is signed by a known authority and made out to the address that we connect to.
    #[default]
    Name,
    /// It is signed by a known authority. For peers that are known by an address their
    /// certificate does not have.
    Chain,
    /// Not at all: the connection is encrypted, but to whom is not known.
    Nothing,
}

/// Why TLS cannot be spoken.
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
    /// A file of certificates holds none.
    #[error("{path} holds no certificate")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key is of no known kind or another certificate's, or an authority is no good.
    #[error("the certificates and the key cannot be used")]
    Unusable(#[source] Error),
    /// No authority that may sign is of use.
    #[error("{path} holds no authority that can be used")]
    NoAuthority {
        /// The file.
        path: PathBuf,
    },
}

/// TLS as it is at the moment.
#[derive(Debug)]
pub struct Tls {
    settings: TlsSettings,
    current: ArcSwap<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When a file cannot be read or what is in it cannot be used.
    pub fn read(settings: TlsSettings) -> Result<Arc<Self>, TlsError> {
        let current = ArcSwap::from_pointee(Current::read(&settings)?);
        Ok(Arc::new(Self { settings, current }))
    }

    /// Reads the files again, for handshakes from now on.
    ///
    /// # Errors
    /// As [`Self::read`]; what was in use stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(Current::read(&self.settings)?));
        Ok(())
    }

    /// Looks at the files for ever and takes what is new. What cannot be read changes nothing.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.stamps();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let stamps = self.stamps();
            if stamps == seen {
                continue;
            }
            seen = stamps;
            match self.reload() {
                Ok(()) => tracing::info!("took the new TLS certificate for SIP"),
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate for SIP is no good; the old one stays");
                }
            }
        }
    }

    /// When the files changed.
    fn stamps(&self) -> Vec<Option<SystemTime>> {
        let files = [
            Some(&self.settings.certificate),
            Some(&self.settings.key),
            self.settings.client_roots.as_ref(),
            self.settings.server_roots.as_ref(),
        ];
        let stamp = |path: &PathBuf| {
            std::fs::metadata(path)
                .and_then(|data| data.modified())
                .ok()
        };
        files.into_iter().flatten().map(stamp).collect()
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.load().acceptor.clone()
    }

    pub(super) fn connector(&self) -> TlsConnector {
        self.current.load().connector.clone()
    }
}

impl Current {
    fn read(settings: &TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(server_config(settings, &provider)?)),
            connector: TlsConnector::from(Arc::new(client_config(settings, &provider)?)),
        })
    }
}

fn server_config(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let builder = match &settings.client_roots {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(roots_of(path)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
            builder.with_client_cert_verifier(
                verifier.map_err(|_| TlsError::NoAuthority { path: path.clone() })?,
            )
        }
    };
    let (chain, key) = identity(settings)?;
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    // A SIP connection lives for hours; what would resume it is memory for nothing.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn client_config(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let (chain, key) = identity(settings)?;
    builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PeerVerifier::new(settings, provider)?))
        .with_client_auth_cert(chain, key)
        .map_err(TlsError::Unusable)
}

/// Checks as far as the settings say.
#[derive(Debug)]
struct PeerVerifier {
    provider: Arc<CryptoProvider>,
    /// `None` when there is no authority to trust.
    chain: Option<Arc<WebPkiServerVerifier>>,
    verification: ServerVerification,
}

impl PeerVerifier {
    fn new(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let is_checked = settings.verification != ServerVerification::Nothing;
        let roots = match &settings.server_roots {
            _ if !is_checked => None,
            Some(path) => Some(roots_of(path)?),
            None => Some(roots_of_system()).filter(|roots| !roots.is_empty()),
        };
        let chain = roots
            .map(|roots| {
                let provider = Arc::clone(provider);
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()
            })
            .transpose();
        let path = settings.server_roots.clone().unwrap_or_default();
        Ok(Self {
            provider: Arc::clone(provider),
            chain: chain.map_err(|_| TlsError::NoAuthority { path })?,
            verification: settings.verification,
        })
    }

    fn has_passed(&self, error: &Error) -> bool {
        let is_name = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        is_name && self.verification == ServerVerification::Chain
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            // A system without any authority trusts nobody.
            return match self.verification {
                ServerVerification::Nothing => Ok(ServerCertVerified::assertion()),
                _ => Err(CertificateError::UnknownIssuer.into()),
            };
        };
        chain
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .or_else(|error| match self.has_passed(&error) {
                true => Ok(ServerCertVerified::assertion()),
                false => Err(error),
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(settings: &TlsSettings) -> Result<Identity, TlsError> {
    let chain = certificates(&settings.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&settings.key).map_err(unreadable(&settings.key))?;
    Ok((chain, key))
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    Ok(roots)
}

fn roots_of_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable(path))?;
    match found.is_empty() {
        true => Err(TlsError::NoCertificate {
            path: path.to_owned(),
        }),
        false => Ok(found),
    }
}

fn unreadable(path: &Path) -> impl FnOnce(pem::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::File { path, source }
}
