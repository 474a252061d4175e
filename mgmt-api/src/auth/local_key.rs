//! The key of whoever may read the data folder: the command line on the same machine.

use super::{equal_in_constant_time, random_hex, sha256_hex};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Name of the file in the data folder.
const FILE: &str = "local-api.key";

/// The local API key: made anew at each start, written to `local-api.key` in the data folder,
/// readable by the owner only. The process keeps its hash.
#[derive(Clone)]
pub struct LocalKey {
    hash: String,
}

/// Why the key cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalKeyError {
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LocalKey {
    /// Makes a key and writes it to the data folder.
    ///
    /// # Errors
    /// [`LocalKeyError`].
    pub fn create(data_directory: &Path) -> Result<Self, LocalKeyError> {
        let key = random_hex::<32>().map_err(LocalKeyError::Random)?;
        let path = data_directory.join(FILE);
        write(&path, &key).map_err(|source| LocalKeyError::Write { path, source })?;
        Ok(Self {
            hash: sha256_hex(&[&key]),
        })
    }

    pub(crate) fn matches(&self, key: &str) -> bool {
        equal_in_constant_time(&sha256_hex(&[key]), &self.hash)
    }
}

/// Puts a new file in the place of the old one, so that no reader finds half a key and no mode of
/// an older file is kept.
fn write(path: &Path, key: &str) -> io::Result<()> {
    let fresh = path.with_extension("key.new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(key.as_bytes())?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_key_is_new_at_each_start_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = LocalKey::create(folder.path()).unwrap();
        let old = std::fs::read_to_string(&path).unwrap();
        let second = LocalKey::create(folder.path()).unwrap();
        let new = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(first.matches(&old) && !first.matches(&new));
        assert!(second.matches(&new) && !second.matches(&old) && !second.matches(""));
        assert_eq!(new.len(), 64);
    }
}
