//! Where master keys come from.

use super::SecretText;
use super::key::{KeyFault, KeyRing, MasterKey};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bits of a file's mode that let others than its owner in.
const OTHERS: u32 = 0o077;
/// A key file is a few lines; what is longer is another file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

const HEADER: &str = "\
# Master keys of the secrets in the database: 64 hexadecimal digits on a line.
# The first seals; the others only open what was sealed before a rotation.
# Keep a copy apart from the backups of the database: without it no secret opens.
";

const RETIRED_HEADER: &str = "\
# Master keys that no secret needs any more. Backups from before their rotation do: add a key
# below the first line of the key file to read such a backup. Delete this file with the last one.
";

/// Where master keys come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file, one key on a line, the one in use first. Only its owner may have access.
    File(PathBuf),
    /// Keys given by the configuration or the environment, the one in use first.
    Given(Vec<SecretText>),
}

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The file cannot be read.
    #[error("the key file {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the key file {path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the key file {path} is open to others (mode {mode:03o}): run `chmod 600` on it")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The keys are not written as they should be.
    #[error("{origin}: {fault}")]
    Fault {
        /// The file or the setting.
        origin: String,
        /// What is wrong.
        fault: KeyFault,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

impl KeySourceError {
    pub(super) fn is_missing_file(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Given(_) => f.write_str("`secrets.master_keys`"),
        }
    }
}

impl KeySource {
    /// Reads the keys.
    pub(super) fn load(&self) -> Result<KeyRing, KeySourceError> {
        let parsed = match self {
            Self::Given(keys) => KeyRing::parse(keys.iter().map(SecretText::expose)),
            Self::File(path) => {
                let text = read(path)?;
                KeyRing::parse(lines(&text))
            }
        };
        parsed.map_err(|fault| KeySourceError::Fault {
            origin: self.to_string(),
            fault,
        })
    }

    /// Makes the file with one fresh key. Given keys are never made up.
    pub(super) fn create(&self) -> Result<KeyRing, KeySourceError> {
        let Self::File(path) = self else {
            return self.load();
        };
        let ring = KeyRing::of(MasterKey::generate()?);
        write(path, HEADER, ring.all())?;
        Ok(ring)
    }
}

/// The lines that hold keys.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeySourceError> {
    let failed = |source| KeySourceError::Read {
        path: path.into(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(KeySourceError::Exposed {
            path: path.into(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

/// Puts a new file in the place of the old one: a reader finds the one or the other whole, also
/// after a power cut.
pub(super) fn replace(path: &Path, keys: &[MasterKey]) -> Result<(), KeySourceError> {
    write(path, HEADER, keys)
}

/// Keeps keys that no secret needs any more beside the file, for backups that do.
pub(super) fn keep_retired(path: &Path, retired: &[MasterKey]) -> Result<(), KeySourceError> {
    let beside = retired_path(path);
    let mut keys = match read(&beside) {
        Err(error) if error.is_missing_file() => Vec::new(),
        other => lines(&other?)
            .map(str::to_owned)
            .map(Zeroizing::new)
            .collect(),
    };
    for key in retired {
        if !keys.iter().any(|kept| **kept == *key.to_text()) {
            keys.push(key.to_text());
        }
    }
    write_texts(&beside, RETIRED_HEADER, &keys)
}

pub(super) fn retired_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".retired");
    name.into()
}

fn write(path: &Path, header: &str, keys: &[MasterKey]) -> Result<(), KeySourceError> {
    let texts: Vec<_> = keys.iter().map(MasterKey::to_text).collect();
    write_texts(path, header, &texts)
}

fn write_texts(
    path: &Path,
    header: &str,
    keys: &[Zeroizing<String>],
) -> Result<(), KeySourceError> {
    let mut text = Zeroizing::new(header.to_owned());
    for key in keys {
        text.push_str(key);
        text.push('\n');
    }
    write_durably(path, text.as_bytes()).map_err(|source| KeySourceError::Write {
        path: path.into(),
        source,
    })
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
