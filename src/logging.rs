//! Log lines, to standard error.

use crate::config::{LogConfig, LogFormat};
use anyhow::anyhow;
use tracing_subscriber::EnvFilter;

/// Installs the subscriber. `log.level` may be a level, or levels of modules.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| anyhow!("`log.level`: {error}; write such as info,sip_core=debug"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = match config.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    installed.map_err(|error| anyhow!("log lines cannot be written: {error}"))
}
