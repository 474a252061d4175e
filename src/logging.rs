//! Log lines, to standard error.

use crate::config::{LogConfig, LogFormat};
use anyhow::anyhow;
use std::io::{IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use tracing_subscriber::EnvFilter;

/// Installs the subscriber. `log.level` may be a level, or levels of modules.
pub(crate) fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.level)
        .map_err(|error| anyhow!("`log.level`: {error}; write such as info,sip_core=debug"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false);
    let installed = match config.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    installed.map_err(|error| anyhow!("log lines cannot be written: {error}"))
}

/// Lines that could not be written since the process began.
pub(crate) fn lines_lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

static LOST: AtomicU64 = AtomicU64::new(0);

/// Standard error, which may be a file on a full disk or a pipe that nobody reads any more. Calls go on
/// without it: a line that cannot be written is dropped and counted.
struct Lines;

impl Write for Lines {
    /// One event, whole; never fails.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if std::io::stderr().lock().write_all(line).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
