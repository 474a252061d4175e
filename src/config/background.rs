//! The settings of what works behind the API: secrets at rest.

use super::Config;
use mgmt_api::secrets::{KeySource, SecretText};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// `[secrets]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretsConfig {
    pub(crate) key_file: PathBuf,
    pub(crate) master_keys: Vec<String>,
}

/// The keys are not shown.
impl fmt::Debug for SecretsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsConfig")
            .field("key_file", &self.key_file)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Where the master keys come from.
    pub(crate) fn secret_keys(&self) -> KeySource {
        let secrets = &self.secrets;
        if !secrets.master_keys.is_empty() {
            return KeySource::Given(secrets.master_keys.iter().map(SecretText::new).collect());
        }
        if secrets.key_file.as_os_str().is_empty() {
            return KeySource::File(self.data_dir.join("secrets.key"));
        }
        KeySource::File(secrets.key_file.clone())
    }
}
