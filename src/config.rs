//! The configuration file: typed, commented in `configs/didtron.toml`, overridable by `DIDTRON_*`.
//!
//! [`Config::load`] lays the file over the built-in defaults, then the environment over both, and
//! checks every value. It binds nothing and reads no other file. Problems are collected, so that
//! one run shows all of them.

mod background;
mod dns;
mod listener;
mod overlay;
mod validate;

use background::{
    CdrArchiveConfig, ClickHouseConfig, JobsConfig, MailConfig, MailDriverName,
    NotificationsConfig, SecretsConfig,
};
pub(crate) use dns::{DnsConfig, DnsSettings};
pub(crate) use listener::{Listener, sip_transport};

use mgmt_api::AcmeSettings;
use serde::Deserialize;
use sip_core::digest::Algorithm;
use sip_core::transport::tls::ServerVerification;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use store::{DatabaseLocation, LocationError};

/// The commented file with every key at its default; the one source of both.
pub(crate) const DEFAULTS: &str = include_str!("../configs/didtron.toml");

/// Everything `didtron serve` can be told. Units and bounds are in `configs/didtron.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) database: DatabaseConfig,
    pub(crate) secrets: SecretsConfig,
    pub(crate) jobs: JobsConfig,
    pub(crate) cdr_archive: CdrArchiveConfig,
    pub(crate) notifications: NotificationsConfig,
    pub(crate) mail: MailConfig,
    pub(crate) node: NodeConfig,
    pub(crate) sip: SipConfig,
    pub(crate) dns: DnsConfig,
    pub(crate) defence: DefenceConfig,
    pub(crate) trace: TraceConfig,
    pub(crate) calls: CallsConfig,
    pub(crate) media: MediaConfig,
    pub(crate) journal: JournalConfig,
    pub(crate) cdr: CdrConfig,
    pub(crate) clickhouse: ClickHouseConfig,
    pub(crate) http: HttpConfig,
    pub(crate) drain: DrainConfig,
    pub(crate) log: LogConfig,
}

/// `[database]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    pub(crate) url: String,
}

/// The address may hold a password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").finish_non_exhaustive()
    }
}

/// `[node]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeConfig {
    pub(crate) name: String,
    pub(crate) shards: u16,
}

/// `[sip]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SipConfig {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) user_agent: String,
    pub(crate) t1_ms: u32,
    pub(crate) t2_ms: u32,
    pub(crate) t4_ms: u32,
    pub(crate) socket_buffer_kib: u32,
    pub(crate) gather_us: u32,
    pub(crate) tcp_connections_max: u32,
    pub(crate) tcp_idle_timeout_s: u32,
    pub(crate) keepalive_interval_s: u32,
    pub(crate) tcp_connections_per_address_max: u32,
    pub(crate) tcp_message_timeout_s: u32,
    pub(crate) tcp_queue_max: u32,
    pub(crate) message_bytes_max: u16,
    pub(crate) header_fields_max: u8,
    pub(crate) header_value_bytes_max: u16,
    pub(crate) tls: SipTlsConfig,
    pub(crate) digest: SipDigestConfig,
}

/// `[sip.digest]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SipDigestConfig {
    pub(crate) realm: String,
    pub(crate) algorithms: Vec<DigestName>,
    pub(crate) nonce_lifetime_s: u32,
}

/// A hash of digest authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum DigestName {
    #[serde(rename = "SHA-512-256")]
    Sha512_256,
    #[serde(rename = "SHA-256")]
    Sha256,
    #[serde(rename = "MD5")]
    Md5,
}

impl From<DigestName> for Algorithm {
    fn from(name: DigestName) -> Self {
        match name {
            DigestName::Sha512_256 => Self::Sha512_256,
            DigestName::Sha256 => Self::Sha256,
            DigestName::Md5 => Self::Md5,
        }
    }
}

/// `[sip.tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SipTlsConfig {
    pub(crate) certificate_file: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) client_roots_file: PathBuf,
    pub(crate) server_roots_file: PathBuf,
    pub(crate) verify_servers: VerifyServers,
}

/// How far a carrier's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerifyServers {
    Name,
    Chain,
    Nothing,
}

impl From<VerifyServers> for ServerVerification {
    fn from(verify: VerifyServers) -> Self {
        match verify {
            VerifyServers::Name => Self::Name,
            VerifyServers::Chain => Self::Chain,
            VerifyServers::Nothing => Self::Nothing,
        }
    }
}

/// `[defence]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefenceConfig {
    pub(crate) known_source_messages_per_second: u32,
    pub(crate) unknown_source_messages_per_second: u32,
    pub(crate) unknown_messages_per_second: u32,
    pub(crate) ban_after_messages: u32,
    pub(crate) ban_s: u32,
    pub(crate) scanner_agents: Vec<String>,
    pub(crate) lag_max_ms: u32,
    pub(crate) retry_after_s: u16,
}

/// `[trace]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceConfig {
    pub(crate) recent_mib: u32,
    pub(crate) kept_mib: u32,
    pub(crate) homer: HomerConfig,
}

/// `[trace.homer]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HomerConfig {
    pub(crate) address: String,
    pub(crate) agent_id: u32,
    pub(crate) password: String,
}

/// The password is nobody's business.
impl fmt::Debug for HomerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HomerConfig");
        shown
            .field("address", &self.address)
            .field("agent_id", &self.agent_id);
        shown.finish_non_exhaustive()
    }
}

/// `[calls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallsConfig {
    pub(crate) max_per_shard: u32,
    pub(crate) max_attempts: u16,
    pub(crate) max_duration_s: u32,
    pub(crate) unknown_source_replies_per_second: u32,
    pub(crate) unknown_source_cdrs_per_second: u32,
    pub(crate) same_numbers_in_setup_max: u32,
    pub(crate) held_per_shard_max: u32,
}

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaConfig {
    pub(crate) address: IpAddr,
    pub(crate) advertised_address: String,
    pub(crate) port_min: u16,
    pub(crate) port_max: u16,
    pub(crate) threads: u16,
    pub(crate) inactivity_timeout_s: u32,
    pub(crate) refused_networks: Vec<String>,
    pub(crate) ng: MediaNgConfig,
}

/// `[media.ng]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaNgConfig {
    pub(crate) listen: String,
    pub(crate) allowed: Vec<String>,
    pub(crate) calls_max: u16,
    pub(crate) max_duration_s: u32,
    pub(crate) silent_timeout_s: u32,
}

/// `[journal]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalConfig {
    pub(crate) sync_interval_ms: u32,
    pub(crate) segment_mib: u32,
    pub(crate) free_space_min_mib: u32,
}

/// `[cdr]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CdrConfig {
    pub(crate) load_interval_ms: u32,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpConfig {
    pub(crate) address: SocketAddr,
    pub(crate) connections_max: u32,
    pub(crate) connections_per_address_max: u32,
    pub(crate) header_timeout_s: u32,
    pub(crate) idle_timeout_s: u32,
    pub(crate) body_timeout_s: u32,
    pub(crate) write_timeout_s: u32,
    pub(crate) behind_tls_proxy: bool,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) rate_limits: HttpRateLimitsConfig,
    pub(crate) public_url: String,
    pub(crate) tls: HttpTlsConfig,
    pub(crate) acme: HttpAcmeConfig,
}

/// `[http.rate_limits]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpRateLimitsConfig {
    pub(crate) read_per_minute: u32,
    pub(crate) write_per_minute: u32,
    pub(crate) heavy_per_minute: u32,
    pub(crate) sign_in_per_minute: u32,
}

/// `[http.tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpTlsConfig {
    pub(crate) address: String,
    pub(crate) certificate_file: PathBuf,
    pub(crate) key_file: PathBuf,
}

/// `[http.acme]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpAcmeConfig {
    pub(crate) domains: Vec<String>,
    pub(crate) directory: String,
    pub(crate) contact: String,
    pub(crate) terms_of_service_agreed: bool,
    pub(crate) roots_file: PathBuf,
}

/// `[drain]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrainConfig {
    pub(crate) grace_s: u32,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogConfig {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// One thing that is wrong with the configuration: where it was written, which key, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigProblem {
    /// A file with a line, or an environment variable.
    pub(crate) origin: String,
    /// Dotted path of the key; empty when the text could not be read at all.
    pub(crate) key: String,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.origin, self.message)
        } else {
            write!(f, "{}: `{}`: {}", self.origin, self.key, self.message)
        }
    }
}

impl Config {
    /// Reads `path` (or only the defaults when `None`), lays `environment` over it, and checks it.
    pub(crate) fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let text = match path {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                vec![ConfigProblem {
                    origin: path.display().to_string(),
                    key: String::new(),
                    message: format!("cannot be read: {error}"),
                }]
            })?,
        };
        let name = path.map_or_else(|| "defaults".to_owned(), |path| path.display().to_string());
        Self::from_text(&name, &text, environment)
    }

    fn from_text(
        name: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let merged = overlay::merge(DEFAULTS, name, text, environment)?;
        let origins = merged.origins;
        let config: Self =
            toml::Value::Table(merged.table)
                .try_into()
                .map_err(|error: toml::de::Error| {
                    vec![ConfigProblem {
                        origin: name.to_owned(),
                        key: String::new(),
                        message: error.message().to_owned(),
                    }]
                })?;
        let problems = validate::problems(&config, &origins);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(problems)
        }
    }

    /// Where the database is.
    ///
    /// # Errors
    /// When the setting is no location, which [`load`](Self::load) has refused before.
    pub(crate) fn database(&self) -> Result<DatabaseLocation, LocationError> {
        if self.database.url.is_empty() {
            return Ok(DatabaseLocation::sqlite(self.data_dir.join("didtron.db")));
        }
        self.database.url.parse()
    }

    /// What a SIP message may be.
    pub(crate) fn message_limits(&self) -> sip_core::Limits {
        sip_core::Limits {
            message_bytes: self.sip.message_bytes_max,
            header_fields: self.sip.header_fields_max,
            header_value_bytes: self.sip.header_value_bytes_max,
        }
    }

    /// The directory of the CDR journal.
    pub(crate) fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// Worker threads, with 0 resolved to the number of cores.
    pub(crate) fn shard_count(&self) -> u16 {
        if self.node.shards > 0 {
            return self.node.shards;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        u16::try_from(cores.min(64)).unwrap_or(64)
    }

    /// Where browsers reach the console, when somebody said it.
    pub(crate) fn public_url(&self) -> Option<String> {
        Some(self.http.public_url.clone()).filter(|url| !url.is_empty())
    }

    /// The address that speaks TLS, when there is one.
    pub(crate) fn http_tls_address(&self) -> Option<SocketAddr> {
        self.http.tls.address.parse().ok()
    }

    /// How the certificate of the API is got by ACME, when it is.
    pub(crate) fn acme_settings(&self) -> Option<AcmeSettings> {
        let acme = &self.http.acme;
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let domains = acme.domains.iter().map(|domain| domain.to_lowercase());
        let roots_file = Some(acme.roots_file.clone());
        (!acme.domains.is_empty()).then(|| AcmeSettings {
            directory: acme.directory.clone(),
            domains: domains.collect(),
            contact: given(&acme.contact),
            folder: self.data_dir.join("acme"),
            roots_file: roots_file.filter(|path| !path.as_os_str().is_empty()),
        })
    }

    /// The address written into SDP.
    pub(crate) fn media_advertised(&self) -> IpAddr {
        self.media
            .advertised_address
            .parse()
            .unwrap_or(self.media.address)
    }
}

#[cfg(test)]
mod tests;
