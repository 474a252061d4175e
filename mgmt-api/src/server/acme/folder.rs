//! What is kept on disk: the account's key, and the certificate with its key.

use super::AcmeError;
use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

const ACCOUNT: &str = "account.json";
const CERTIFICATE: &str = "certificate.pem";

/// Largest file that is read, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// An account, and whose it is.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAccount {
    pub(super) directory: String,
    pub(super) credentials: AccountCredentials,
}

impl Folder {
    /// # Errors
    /// [`AcmeError::File`] when it cannot be made.
    pub(super) fn open(path: PathBuf) -> Result<Self, AcmeError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        match made {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(AcmeError::File { path, source }),
        }
    }

    /// The account at that authority, when there is one.
    pub(super) fn account(&self, directory: &str) -> Result<Option<KeptAccount>, AcmeError> {
        let path = self.0.join(ACCOUNT);
        let Some(text) = read(&path)? else {
            return Ok(None);
        };
        let kept: KeptAccount =
            serde_json::from_slice(&text).map_err(|error| AcmeError::Damaged {
                path,
                reason: error.to_string(),
            })?;
        Ok(Some(kept).filter(|kept| kept.directory == directory))
    }

    pub(super) fn put_account(&self, account: &KeptAccount) -> Result<(), AcmeError> {
        let text = serde_json::to_vec(account).map_err(|error| AcmeError::Damaged {
            path: self.0.join(ACCOUNT),
            reason: error.to_string(),
        })?;
        self.put(ACCOUNT, &text)
    }

    /// The certificate with its key, when there is one.
    pub(super) fn certificate(&self) -> Result<Option<CertifiedKey>, AcmeError> {
        let path = self.0.join(CERTIFICATE);
        let Some(bundle) = read(&path)? else {
            return Ok(None);
        };
        let key = read_bundle(&bundle);
        key.map(Some)
            .map_err(|reason| AcmeError::Damaged { path, reason })
    }

    pub(super) fn put_certificate(&self, bundle: &[u8]) -> Result<(), AcmeError> {
        self.put(CERTIFICATE, bundle)
    }

    /// Writes a file whole, or not at all.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), AcmeError> {
        let (new, path) = (self.0.join(format!("{name}.new")), self.0.join(name));
        let written = (|| {
            // One that a crash left may have other rights.
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&self.0)?.sync_all()
        })();
        written.map_err(|source| AcmeError::File { path, source })
    }
}

/// A file's bytes; `None` when it is not there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, AcmeError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AcmeError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A key and a chain of certificates, in PEM form in one text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read_bundle(bundle: &[u8]) -> Result<CertifiedKey, String> {
    let certificates = CertificateDer::pem_slice_iter(bundle).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(bundle).map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate".into());
    }
    CertifiedKey::from_der(certificates, key, &ring::default_provider())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_kept_is_the_users_only_and_is_read_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("acme");
        let folder = Folder::open(path.clone()).unwrap();
        assert!(folder.certificate().unwrap().is_none());
        let made = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let bundle = [made.signing_key.serialize_pem(), made.cert.pem()].concat();
        // What a crash left in the middle.
        std::fs::write(path.join("certificate.pem.new"), "half").unwrap();
        folder.put_certificate(bundle.as_bytes()).unwrap();
        folder.put_certificate(bundle.as_bytes()).unwrap();
        assert!(folder.certificate().unwrap().is_some());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(CERTIFICATE)), 0o600);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::open(parent.path().join("acme")).unwrap();
        folder.put_certificate(b"nonsense").unwrap();
        let text = folder.certificate().unwrap_err().to_string();
        assert!(text.contains("certificate.pem is damaged"), "{text}");
        std::fs::write(parent.path().join("acme").join(ACCOUNT), "{}").unwrap();
        let text = folder.account("https://ca.example").err().unwrap();
        assert!(text.to_string().contains("account.json is damaged"));
    }
}
